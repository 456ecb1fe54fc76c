"""Other values, of another dtype, for Tensors that others hold: optimizers and tied weights stay valid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self, TypeVar

from ...core.arrays import as_dtype
from ...core.graph import Array
from ...core.tensor import Tensor, wrap


def replace(tensor: Tensor, array: Array) -> None:
    """Let a leaf stand for ``array`` from now on; ``.grad`` takes its dtype.

    A graph recorded before still sees the old values, and its gradient arrives in the new dtype.
    """
    tensor._array = array
    if hasattr(tensor, "_leaf"):  # the leaf itself stays, with its hooks, also while it is frozen
        tensor._leaf.dtype = array.dtype
    if tensor.grad is not None and tensor.grad.dtype != array.dtype:
        tensor.grad = wrap(tensor.grad._array.astype(array.dtype), None)


def convert(tensors: Iterable[Tensor], change: Callable[[Tensor], Tensor]) -> None:
    """Put every Tensor through ``change``; if that fails for one, all stay as they were."""
    distinct = {id(tensor): tensor for tensor in tensors}.values()
    changed = [(tensor, change(wrap(tensor._array, None))._array) for tensor in distinct]
    for tensor, array in changed:
        if tensor.requires_grad and array.dtype.kind != "f":
            raise TypeError(
                f"a Tensor that requires grad cannot become {array.dtype}, which has no gradient; "
                "call requires_grad_(False) first"
            )
    for tensor, array in changed:
        if array is not tensor._array:
            replace(tensor, array)


def only_floating(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """``change`` for floating-point Tensors; counts, indices and masks keep their dtype."""

    def chosen(tensor: Tensor) -> Tensor:
        new = change(tensor)
        return new if tensor.dtype.kind == "f" or new.dtype == tensor.dtype else tensor

    return chosen


def floating_target(*args: Any, **kwargs: Any) -> Callable[[Tensor], Tensor]:
    """What ``Tensor.to`` with these arguments does, if it leads to a floating-point dtype.

    Raises:
        TypeError: for an integer or boolean dtype.
    """
    target = _example().to(*args, **kwargs).dtype
    if target.kind != "f":
        raise TypeError(
            f"Module.to({target}) would make Parameters that have no gradient; it takes floating-point dtypes: "
            "float16, float32, float64. Module.type(dtype) converts to any other"
        )
    return only_floating(lambda tensor: tensor.to(*args, **kwargs))


def _example() -> Tensor:
    """A Tensor to ask what a conversion leads to."""
    return Tensor(0.0)


class Convertible:
    """What a Module is converted by."""

    parameters: Callable[..., Iterator[Tensor]]
    buffers: Callable[..., Iterator[Tensor]]

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert all floating-point Parameters and buffers, and ``.grad``, in place; returns the Module itself.

        Every Parameter stays the object that it is, so weights stay tied, and an optimizer made before goes on; the
        state that it already has keeps its precision. So convert a whole model before the first step, and a part of it
        before the optimizer is made.

        Args:
            *args: as of ``Tensor.to``: a floating-point dtype, the device ``"cpu"``, both, or a Tensor to be like.
            **kwargs: the same by name: ``dtype=``, ``device=``.

        Raises:
            TypeError: for an integer or boolean dtype.
            ValueError: for a device that does not exist.

        Example:
            >>> import numpy as np
            >>> from minigrad import nn
            >>> nn.Linear(2, 1).to(np.float64).weight.dtype
            dtype('float64')
        """
        return _converted(self, floating_target(*args, **kwargs))

    def float(self) -> Self:
        """Convert all floating-point Parameters and buffers to ``float32``, as ``to`` does."""
        return _converted(self, only_floating(Tensor.float))

    def double(self) -> Self:
        """Convert all floating-point Parameters and buffers to ``float64``, as ``to`` does."""
        return _converted(self, only_floating(Tensor.double))

    def half(self) -> Self:
        """Convert all floating-point Parameters and buffers to ``float16``, as ``to`` does."""
        return _converted(self, only_floating(Tensor.half))

    def type(self, dst_type: Any) -> Self:
        """Convert all Parameters and buffers, integer ones too, to ``dst_type``, in place as ``to`` does."""
        target = as_dtype(dst_type)
        return _converted(self, lambda tensor: tensor.to(target))

    def cpu(self) -> Self:
        """Bring all Parameters and buffers into memory that NumPy can use; those that are there stay."""
        return _converted(self, Tensor.cpu)


M = TypeVar("M", bound=Convertible)


def _converted(module: M, change: Callable[[Tensor], Tensor]) -> M:
    convert([*module.parameters(), *module.buffers()], change)
    return module
