"""In-place writes: allowed outside the graph, stamped on the clock, refused where they would make a gradient wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import engine
from ..dispatch import NUMPY
from ..primitive import offer
from ..tensor import Tensor, raw


def _recorded(value: Any) -> bool:
    return isinstance(value, Tensor) and value._node is not None


def _refuse_recorded(target: Tensor, what: str, functional: str, value: Any = None) -> None:
    """Inside a graph a write would change values that the graph was built on, or lose the gradient of ``value``."""
    if not engine.grad_enabled.get() or not (_recorded(target) or _recorded(value)):
        return
    if target._node is None:
        kind = "a plain Tensor of values that require grad"
    elif target.is_leaf:
        kind = "a leaf that requires grad"
    else:
        kind = f"a recorded Tensor (the output of {target._node.name})"
    raise RuntimeError(
        f"{what} into {kind} of shape {target.shape} would make its gradient wrong; compute a new Tensor instead, "
        f"such as {functional}, or, for an update that shall not be differentiated, do it inside "
        "`with minigrad.no_grad():`"
    )


def _written(target: Tensor, what: str, write: Callable[[], Any]) -> Tensor:
    """Carry out a write into the memory of ``target``, and stamp it."""
    try:
        write()
    except (IndexError, TypeError, ValueError) as error:
        kind = next(k for k in (IndexError, TypeError, ValueError) if isinstance(error, k))
        raise kind(f"{what} into a {target.dtype} Tensor of shape {target.shape}: {error}") from None
    engine.stamp(target._data)
    return target


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``t[index] = value``, outside the graph."""
    _refuse_recorded(self, "assignment", "np.where(mask, value, t)", value)
    _written(self, "assignment", lambda: self._data.__setitem__(raw(index), raw(value)))


@offer(method="copy_")
def copy_(self: Tensor, source: Any) -> Tensor:
    """Overwrite the values with those of ``source``, broadcast to this shape; returns the Tensor itself.

    Example:
        >>> Tensor([1.0, 2.0]).copy_(5)
        Tensor([5., 5.])
    """
    self[...] = source
    return self


@offer(method="zero_")
def zero_(self: Tensor) -> Tensor:
    """Overwrite all values with 0; returns the Tensor itself."""
    self[...] = 0
    return self


def update(function: Any, self: Tensor, other: Any) -> Tensor:
    """``t op= other``: rebinds the name to a new Tensor inside a graph, writes in place where there is none."""
    if engine.grad_enabled.get() and (not self.is_leaf or (self._node is None and _recorded(other))):
        return NUMPY[function](self, other)  # type: ignore[no-any-return]
    _refuse_recorded(self, "an in-place operator", "w = w - step")
    return _written(self, function.__name__, lambda: function(self._data, raw(other), out=self._data))


NUMPY["setitem"] = setitem
NUMPY["update"] = update
