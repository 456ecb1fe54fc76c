"""The same elements with dimensions in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import shape_of
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ..dims import by_name, one_dim, row_shape, sizes_of, some_dims


def _moved(name: str, input: Any, source: Any, destination: Any) -> Any:
    shape = shape_of(input)
    start, end = (d if isinstance(d, (tuple, list)) else (d,) for d in (source, destination))
    if len(start) != len(end):
        raise ValueError(f"{name}: {len(start)} dimensions cannot move to {len(end)} positions")
    start, end = some_dims(name, start, shape) or (), some_dims(name, end, shape) or ()
    order = [d for d in range(len(shape)) if d not in start]
    for position, d in sorted(zip(end, start, strict=True)):
        order.insert(position, d)
    return permute(input, tuple(order))


@register()
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """The dimensions ``source`` moved to the positions ``destination``; the others keep their order.

    Example:
        >>> movedim(Tensor([[[1.0, 2.0, 3.0]]]), -1, 0).shape
        (3, 1, 1)
    """
    return _moved("movedim", input, source, destination)


@register()
def moveaxis(input: Any, source: Any, destination: Any) -> Any:
    """NumPy's name for ``movedim``."""
    return _moved("moveaxis", input, source, destination)


@register()
def t(input: Any) -> Any:
    """A matrix transposed; vectors and single numbers stay as they are.

    Example:
        >>> Tensor([[1.0, 2.0]]).t().shape
        (2, 1)
    """
    rank = len(shape_of(input))
    if rank > 2:
        raise ValueError(f"t takes at most two dimensions, got shape {shape_of(input)}; for stacks of matrices, .mT")
    return swapaxes(input, 0, 1) if rank == 2 else permute(input, tuple(range(rank)))


@register()
def adjoint(input: Any) -> Any:
    """Each matrix in the last two dimensions transposed: for real numbers the adjoint.

    Example:
        >>> adjoint(Tensor([[1.0, 2.0]])).shape
        (2, 1)
    """
    if len(shape_of(input)) < 2:
        raise ValueError(f"adjoint needs a matrix or a stack of them, got shape {shape_of(input)}")
    return swapaxes(input, -1, -2)


@primitive(name="transpose")
def _transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    return np.transpose(x, axes)


_transpose.rule(x=lambda g, axes: np.transpose(g, tuple(sorted(range(len(axes)), key=axes.__getitem__))))


@register()
def permute(input: Any, *dims: Any, **named: Any) -> Any:
    """The dimensions in the order ``dims``.

    Example:
        >>> permute(Tensor([[[1.0, 2.0, 3.0]]]), 2, 0, 1).shape
        (3, 1, 1)
    """
    dims = by_name("permute", "dims", dims, named) if named else dims
    shape, order = shape_of(input), sizes_of(dims) if dims else ()
    axes = tuple(one_dim("permute", d, shape) for d in order)
    if sorted(axes) != list(range(len(shape))):
        raise ValueError(f"permute needs every dimension of shape {shape} once, got {order}")
    return _transpose(input, axes=axes)


def _numpy_transpose(a: Any, axes: Any = None) -> Any:
    return permute(a, tuple(range(len(shape_of(a))))[::-1] if axes is None else tuple(axes))


@register()
def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """The Tensor with two dimensions exchanged: NumPy's name for PyTorch's ``transpose``.

    Example:
        >>> swapaxes(Tensor([[1.0, 2.0]]), 0, 1).shape
        (2, 1)
    """
    return _exchanged("swapaxes", input, axis0, axis1)


@register()
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """The Tensor with dimensions ``dim0`` and ``dim1`` exchanged; ``np.transpose``, like ``.T``, reverses all.

    Example:
        >>> transpose(Tensor([[1.0, 2.0]]), 0, 1)
        Tensor([[1.],
                [2.]])
    """
    return _exchanged("transpose", input, dim0, dim1)


def _exchanged(name: str, input: Any, dim0: int, dim1: int) -> Any:
    shape = shape_of(input)
    row = row_shape(shape)
    i, j = one_dim(name, dim0, row), one_dim(name, dim1, row)
    order = list(range(len(row)))
    order[i], order[j] = j, i
    return _transpose(input, axes=tuple(order[: len(shape)]))


@register()
def swapdims(input: Any, dim0: int, dim1: int) -> Any:
    """Another name for ``swapaxes``."""
    return _exchanged("swapdims", input, dim0, dim1)


NUMPY.update(
    {
        np.transpose: _numpy_transpose,
        np.matrix_transpose: lambda x: adjoint(x),
        np.moveaxis: lambda a, source, destination: moveaxis(a, source, destination),
        np.swapaxes: lambda a, axis1, axis2: swapaxes(a, axis1, axis2),
    }
)
