"""Transforms that are made of others: one after the other, or over more dimensions."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from ...core.tensor import Tensor
from ...ops.creation import zeros_like
from .. import constraints
from ..utils import lazy_property, sum_rightmost
from .base import Transform, at_least

__all__ = ["ComposeTransform", "IndependentTransform", "identity_transform"]


class ComposeTransform(Transform):
    """Transforms one after the other.

    Args:
        parts: the transforms, the first to be applied first; none for the identity.
        cache_size: of the parts.

    Example:
        >>> from minigrad.distributions import AffineTransform, ComposeTransform, ExpTransform
        >>> ComposeTransform([AffineTransform(1.0, 2.0), ExpTransform()])(Tensor([-0.5]))
        Tensor([1.])
    """

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) if cache_size else part for part in parts]

    def _equals(self, other: Any) -> bool:
        return bool(self.parts == other.parts)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Where it is defined: the domain of the first, with as many dimensions as any part looks at."""
        if not self.parts:
            return constraints.real
        event_dim = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            event_dim = max(event_dim + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim)
        return _widened(self.parts[0].domain, event_dim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """What it maps to: the codomain of the last, with as many dimensions as any part looks at."""
        if not self.parts:
            return constraints.real
        event_dim = self.parts[0].domain.event_dim
        for part in self.parts:
            event_dim = max(event_dim + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim)
        return _widened(self.parts[-1].codomain, event_dim)

    @lazy_property
    def bijective(self) -> Any:
        """Whether all parts map one to one."""
        return all(part.bijective for part in self.parts)

    @lazy_property
    def sign(self) -> Any:
        """The product of the signs of the parts."""
        return functools.reduce(operator.mul, [part.sign for part in self.parts], 1)

    def _make_inverse(self) -> Transform:
        return _InverseOfParts(self)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of the cache of its parts."""
        return self if self._cache_size == cache_size else ComposeTransform(self.parts, cache_size)

    def __call__(self, x: Any) -> Any:
        """The image of ``x``; the parts remember their pairs themselves."""
        for part in self.parts:
            x = part(x)
        return x if isinstance(x, Tensor) else Tensor(x)

    def _inv_call(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part.inv(y)
        return y if isinstance(y, Tensor) else Tensor(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The sum of what the parts say, over the dimensions that make up an event of the whole."""
        if not self.parts:
            return zeros_like(x)
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        terms, event_dim = [], self.domain.event_dim
        for part, before, after in zip(self.parts, values[:-1], values[1:], strict=True):
            term = part.log_abs_det_jacobian(before, after)
            terms.append(sum_rightmost(term, event_dim - part.domain.event_dim))
            event_dim += part.codomain.event_dim - part.domain.event_dim
        return functools.reduce(operator.add, terms)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what has an image of ``shape``."""
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        inner = ",\n    ".join(map(repr, self.parts))
        return f"ComposeTransform(\n    {inner}\n)"


class _InverseOfParts(ComposeTransform):
    """The inverses of the parts, the last one first; it knows what it is the inverse of."""

    def __init__(self, forward: ComposeTransform) -> None:
        super().__init__([part.inv for part in reversed(forward.parts)])
        self._forward = forward

    @property
    def inv(self) -> Any:
        """The transform that this is the inverse of."""
        return self._forward


def _widened(constraint: Any, event_dim: int) -> Any:
    missing = event_dim - constraint.event_dim
    return constraints.independent(constraint, missing) if missing > 0 else constraint


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform applied to every part of an event of more dimensions, over which its log-determinants are summed.

    Args:
        base_transform: the transform.
        reinterpreted_batch_ndims: how many more dimensions make up an event.
        cache_size: 0 or 1.
    """

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of the cache."""
        if self._cache_size == cache_size:
            return self
        return IndependentTransform(self.base_transform, self.reinterpreted_batch_ndims, cache_size)

    def _equals(self, other: Any) -> bool:
        return bool(
            self.base_transform == other.base_transform
            and self.reinterpreted_batch_ndims == other.reinterpreted_batch_ndims
        )

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Where it is defined."""
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """What it maps to."""
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def bijective(self) -> Any:
        """Whether it maps one to one."""
        return self.base_transform.bijective

    @property
    def sign(self) -> Any:
        """1 where it increases, -1 where it falls."""
        return self.base_transform.sign

    def _call(self, x: Any) -> Any:
        at_least(self, x.shape, self.domain.event_dim)
        return self.base_transform(x)

    def _inverse(self, y: Any) -> Any:
        at_least(self, y.shape, self.codomain.event_dim)
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The sum of the log-determinants over an event."""
        return sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        return tuple(self.base_transform.forward_shape(shape))

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what has an image of ``shape``."""
        return tuple(self.base_transform.inverse_shape(shape))

    def __repr__(self) -> str:
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"
