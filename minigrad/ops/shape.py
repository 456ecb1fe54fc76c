"""Rearranging: reshape, transpose, broadcast, join. NumPy's names where it has them, PyTorch's beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dispatch import NUMPY
from ..primitive import offer, primitive, unbroadcast
from .reduce import both_doors


# --- one array, other shape -------------------------------------------------------------------------------------------
@primitive(name="reshape", cure="the number of elements must stay the same; one size may be -1")
def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.reshape(x, shape)


@primitive(name="transpose")
def _transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    return np.transpose(x, axes)


@primitive(name="broadcast_to", cure="every size must be kept, or grow from 1, counted from the right")
def _broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)


_reshape.rule(x=lambda g, x_shape: np.reshape(g, x_shape))
_transpose.rule(x=lambda g, axes: np.transpose(g, tuple(sorted(range(len(axes)), key=axes.__getitem__))))
_broadcast_to.rule(x=lambda g, x_shape: unbroadcast(g, x_shape))


def _sizes(sizes: Any) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence."""
    first = sizes[0] if len(sizes) == 1 else sizes
    return tuple(map(int, first)) if isinstance(first, Sequence) else (int(first),)


def _axis(dim: int, rank: int) -> int:
    """``dim`` counted from the front."""
    if not -rank <= dim < rank:
        raise IndexError(f"dimension {dim} does not exist in a Tensor of {rank} dimension(s)")
    return dim % rank


@offer(np.reshape)
def reshape(input: Any, *shape: Any) -> Any:
    """The same elements, in the same order, in another shape; one size may be -1.

    Example:
        >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), 2, -1).shape
        (2, 2)
    """
    return _reshape(input, shape=_sizes(shape))


@offer()
@both_doors
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions ``start_dim`` to ``end_dim`` (included) merged into one.

    Example:
        >>> flatten(Tensor([[[1.0, 2.0]], [[3.0, 4.0]]]), 1).shape
        (2, 2)
    """
    shape = np.shape(input)
    if not shape:
        return reshape(input, 1)
    first, last = _axis(start_dim, len(shape)), _axis(end_dim, len(shape))
    if first > last:
        raise ValueError(f"flatten from dimension {first} to {last}: the first must not come after the last")
    return _reshape(input, shape=(*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@offer()
def permute(input: Any, *dims: Any) -> Any:
    """The dimensions in the order ``dims``.

    Example:
        >>> permute(Tensor([[[1.0, 2.0, 3.0]]]), 2, 0, 1).shape
        (3, 1, 1)
    """
    rank, order = np.ndim(input), _sizes(dims) if dims else ()
    axes = tuple(_axis(d, rank) for d in order)
    if sorted(axes) != list(range(rank)):
        raise ValueError(f"permute needs every dimension of shape {np.shape(input)} once, got {order}")
    return _transpose(input, axes=axes)


def _numpy_transpose(a: Any, axes: Any = None) -> Any:
    return permute(a, tuple(range(np.ndim(a)))[::-1] if axes is None else tuple(axes))


@offer(np.swapaxes)
def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """The Tensor with two dimensions exchanged: NumPy's name for PyTorch's ``transpose``."""
    rank = np.ndim(input)
    order = list(range(rank))
    i, j = _axis(axis0, rank), _axis(axis1, rank)
    order[i], order[j] = j, i
    return _transpose(input, axes=tuple(order))


@offer()
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """The Tensor with dimensions ``dim0`` and ``dim1`` exchanged. (``np.transpose`` reverses all of them: ``.T``.)

    Example:
        >>> transpose(Tensor([[1.0, 2.0]]), 0, 1)
        Tensor([[1.],
                [2.]])
    """
    return swapaxes(input, dim0, dim1)


@offer(np.broadcast_to)
def broadcast_to(input: Any, shape: Any) -> Any:
    """The input repeated, without a copy, to ``shape``; gradients are summed over the repetitions.

    Example:
        >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2))
        Tensor([[1., 2.],
                [1., 2.]])
    """
    return _broadcast_to(input, shape=_sizes((shape,)))


@offer(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """A new dimension of size 1 at each position in ``axis``: NumPy's name for ``unsqueeze``."""
    new = axis if isinstance(axis, tuple) else (axis,)
    rank = np.ndim(a) + len(new)
    places = {_axis(d, rank) for d in new}
    if len(places) < len(new):
        raise ValueError(f"expand_dims names a position twice: {axis}")
    sizes = iter(np.shape(a))
    return _reshape(a, shape=tuple(1 if i in places else next(sizes) for i in range(rank)))


@offer()
def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1 at position ``dim``.

    Example:
        >>> unsqueeze(Tensor([1.0, 2.0]), 1).shape
        (2, 1)
    """
    return expand_dims(input, dim)


@offer()
@both_doors
def squeeze(input: Any, dim: Any = None) -> Any:
    """The Tensor without its dimensions of size 1: all of them, or those of ``dim`` that are.

    Example:
        >>> squeeze(Tensor([[1.0, 2.0]])).shape
        (2,)
    """
    shape = np.shape(input)
    dims = range(len(shape)) if dim is None else (dim,) if isinstance(dim, int) else dim
    gone = {a for a in (_axis(d, len(shape)) for d in dims) if shape[a] == 1}
    return _reshape(input, shape=tuple(n for i, n in enumerate(shape) if i not in gone))


def _numpy_squeeze(a: Any, axis: Any = None) -> Any:
    shape = np.shape(a)
    dims = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    for d in dims:
        if shape[_axis(d, len(shape))] != 1:
            raise ValueError(f"np.squeeze: dimension {d} of shape {shape} has not size 1; t.squeeze({d}) would skip it")
    return squeeze(a, axis)


# --- several arrays, one ----------------------------------------------------------------------------------------------
@primitive(name="concatenate", cure="all inputs need the same rank, and the same sizes off the axis")
def _concatenate(*arrays: Any, axis: int, edges: tuple[int, ...]) -> Any:
    return np.concatenate(arrays, axis=axis)


@primitive(name="stack", cure="all inputs need the same shape")
def _stack(*arrays: Any, axis: int) -> Any:
    return np.stack(arrays, axis=axis)


_concatenate.joint(
    lambda g, axis, edges: [
        g[(slice(None),) * axis + (slice(a, b),)] for a, b in zip(edges[:-1], edges[1:])
    ]
)
_stack.joint(lambda g, axis: [g[(slice(None),) * axis + (i,)] for i in range(g.shape[axis])])


def _some(name: str, arrays: Any) -> Sequence[Any]:
    if len(arrays) == 0:
        raise ValueError(f"{name} needs at least one Tensor")
    return arrays if isinstance(arrays, (list, tuple)) else list(arrays)


@both_doors
def concatenate(tensors: Sequence[Any], dim: int = 0) -> Any:
    """The Tensors joined along an existing dimension.

    Example:
        >>> concatenate([Tensor([1.0]), Tensor([2.0, 3.0])])
        Tensor([1., 2., 3.])
    """
    tensors = _some("concatenate", tensors)
    rank = np.ndim(tensors[0])
    if rank == 0:
        raise ValueError("concatenate cannot join 0-d Tensors; use stack")
    axis = _axis(dim, rank)
    edges = [0]
    for t in tensors:
        edges.append(edges[-1] + (np.shape(t)[axis] if np.ndim(t) == rank else 0))
    return _concatenate(*tensors, axis=axis, edges=tuple(edges))


@both_doors
def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """The Tensors, all of one shape, joined along a new dimension.

    Example:
        >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
        Tensor([[1., 2.],
                [3., 4.]])
    """
    tensors = _some("stack", tensors)
    return _stack(*tensors, axis=_axis(dim, np.ndim(tensors[0]) + 1))


NUMPY.update(
    {
        np.transpose: _numpy_transpose,
        np.squeeze: _numpy_squeeze,
        np.concatenate: concatenate,
        np.stack: stack,
        np.ravel: lambda a: reshape(a, -1),
    }
)
