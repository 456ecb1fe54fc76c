"""What a transform is, and its inverse."""

from __future__ import annotations

import copy
import weakref
from typing import Any

from ...core.graph import tick
from ...core.modes import is_grad_enabled
from ...core.tensor import Tensor
from ...core.writes import overwritten
from .. import constraints

__all__ = ["InverseTransform", "Transform"]


class Transform:
    """A function with an inverse and a known logarithm of the determinant of its Jacobian.

    A transform derives from it, sets ``domain`` and ``codomain`` to constraints, and writes ``_call`` and ``_inverse``;
    one with ``bijective = True`` writes ``log_abs_det_jacobian`` as well, and one of numbers has a ``sign``: 1 if it
    increases, -1 if it falls.

    With ``cache_size=1`` the last pair of input and output is remembered, for inverses that are expensive or lose
    precision: ``t.inv(y)`` of the very Tensor ``y = t(x)`` is the very Tensor ``x``. What was remembered is not used
    where it would be wrong: after either was overwritten in place, or where a gradient would be lost because the pair
    was computed inside ``no_grad()``, as by ``sample()``. (PyTorch uses it there too.)

    Args:
        cache_size: 0 or 1, how many pairs are remembered.
    """

    bijective: Any = False
    domain: Any = constraints.dependent
    codomain: Any = constraints.dependent

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError(f"cache_size is 0 or 1, got {cache_size!r}")
        self._cache_size = cache_size

    # The state of the cache and of the inverse has defaults here, for copies and for classes that call no constructor.
    _cache_size: int = 0
    _pair: Any = None  # input, output, when, and whether with a graph
    _inverse_reference: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_pair", "_inverse_reference")}

    # --- what it is ---------------------------------------------------------------------------------------------------
    @property
    def event_dim(self) -> Any:
        """How many of the last dimensions are transformed together."""
        before, after = self.domain.event_dim, self.codomain.event_dim
        if before != after:
            raise ValueError(
                f"{self!r} turns events of {before} dimensions into those of {after}; ask its .domain.event_dim or "
                ".codomain.event_dim"
            )
        return before

    @property
    def inv(self) -> Any:
        """The inverse, whose own inverse is this very transform."""
        inverse = None if self._inverse_reference is None else self._inverse_reference()
        if inverse is None:
            inverse = self._make_inverse()
            self._inverse_reference = weakref.ref(inverse)  # weak, since the inverse refers back
        return inverse

    def _make_inverse(self) -> Transform:
        return InverseTransform(self)

    @property
    def sign(self) -> Any:
        """1 where it increases, -1 where it falls: a number or a Tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no sign")

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of the cache."""
        if self._cache_size == cache_size:
            return self
        new = copy.copy(self)
        Transform.__init__(new, cache_size)
        return new

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._equals(other))

    def _equals(self, other: Any) -> bool:
        """Whether another transform of the same class has the same parameters."""
        return False

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    # --- what it does -------------------------------------------------------------------------------------------------
    def __call__(self, x: Any) -> Any:
        """The image of ``x``."""
        x = x if isinstance(x, Tensor) else Tensor(x)
        if self._cache_size == 0:
            return self._call(x)
        known = self._remembered(0, x)
        return self._remember(x, self._call(x))[1] if known is None else known

    def _inv_call(self, y: Any) -> Any:
        """What ``y`` is the image of."""
        y = y if isinstance(y, Tensor) else Tensor(y)
        if self._cache_size == 0:
            return self._inverse(y)
        known = self._remembered(1, y)
        return self._remember(self._inverse(y), y)[0] if known is None else known

    def _remember(self, x: Any, y: Any) -> tuple[Any, Any]:
        self._pair = (x, y, tick(), is_grad_enabled())
        return x, y

    def _remembered(self, side: int, value: Any) -> Any:
        """The partner of ``value``, if they are the last pair, and nothing happened that makes it wrong."""
        if self._pair is None or self._pair[side] is not value:
            return None
        *values, since, recorded = self._pair
        if any(overwritten(v.detach().numpy(), since) for v in values):
            return None
        if not recorded and is_grad_enabled() and (value.requires_grad or requires_grad(self)):
            return None
        return values[1 - side]

    def _call(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _call(x)")

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no inverse: it does not define _inverse(y)")

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |dy/dx|, or of the determinant's magnitude, at ``x`` and its image ``y``."""
        raise NotImplementedError(f"{type(self).__name__} does not define log_abs_det_jacobian(x, y)")

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        return shape

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what has an image of ``shape``."""
        return shape


def requires_grad(thing: Any) -> bool:
    """Whether a transform, a distribution or a layer has parameters that require grad."""
    if isinstance(thing, Tensor):
        return thing.requires_grad
    if isinstance(thing, (list, tuple)):
        return any(map(requires_grad, thing))
    if callable(getattr(thing, "parameters", None)):
        return any(p.requires_grad for p in thing.parameters())
    if isinstance(thing, Transform) or hasattr(thing, "log_prob"):
        return any(requires_grad(value) for name, value in vars(thing).items() if name != "_pair")
    return False


class InverseTransform(Transform):
    """The inverse of a transform, which remembers the pairs for both."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(transform._cache_size)
        self._forward = transform

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Where it is defined: the codomain of the transform."""
        return self._forward.codomain

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """What it maps to: the domain of the transform."""
        return self._forward.domain

    @property
    def bijective(self) -> Any:
        """Whether it maps one to one."""
        return self._forward.bijective

    @property
    def event_dim(self) -> Any:
        """How many of the last dimensions are transformed together."""
        return self._forward.event_dim

    @property
    def sign(self) -> Any:
        """1 where it increases, -1 where it falls."""
        return self._forward.sign

    @property
    def inv(self) -> Any:
        """The transform that this is the inverse of."""
        return self._forward

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of the cache."""
        return self._forward.with_cache(cache_size).inv

    def _equals(self, other: Any) -> bool:
        return bool(self._forward == other._forward)

    def __repr__(self) -> str:
        return f"InverseTransform({self._forward!r})"

    def __call__(self, x: Any) -> Any:
        """What ``x`` is the image of."""
        return self._forward._inv_call(x)

    def _inv_call(self, y: Any) -> Any:
        return self._forward(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |dy/dx|, where ``x`` is the image of ``y`` under the transform."""
        return -self._forward.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what has an image of ``shape``."""
        return self._forward.inverse_shape(shape)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        return self._forward.forward_shape(shape)


def at_least(transform: Transform, shape: tuple[int, ...], event_dim: int) -> None:
    """Refuse what has fewer dimensions than an event."""
    if len(shape) < event_dim:
        raise ValueError(f"{transform!r} transforms events of {event_dim} dimensions, got shape {shape}")
