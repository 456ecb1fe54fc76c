"""Rearranging: reshape, transpose, broadcast, join. NumPy's names where it has them, PyTorch's beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ...core.arrays import as_array, shape_of
from ...core.dispatch import NUMPY
from ...core.primitive import offer, primitive, unbroadcast
from ...core.tensor import Tensor
from ..dims import both_doors, one_dim, sizes_of, some_dims
from ..elementwise import clone


# --- one array, other shape -------------------------------------------------------------------------------------------
@primitive(name="reshape", cure="the number of elements must stay the same; one size may be -1")
def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    if len(shape) == 2 and _batch_is_innermost(x) and shape in ((len(x), -1), (len(x), math.prod(x.shape[1:]))):
        rows = np.ascontiguousarray(x.transpose(*range(1, x.ndim), 0))  # in long runs, which took 9 µs instead of 63
        return rows.reshape(-1, len(x)).T
    return np.reshape(x, shape)


def _batch_is_innermost(x: Any) -> bool:
    """Whether neighbours along the first dimension are neighbours in memory, as convolution leaves them."""
    return type(x) is np.ndarray and x.ndim > 2 and x.strides[0] == x.itemsize and x.size > len(x) > 1


@primitive(name="transpose")
def _transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    return np.transpose(x, axes)


@primitive(name="broadcast_to", cure="every size must be kept, or grow from 1, counted from the right")
def _broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)


_reshape.rule(x=lambda g, x_shape: np.reshape(g, x_shape))
_transpose.rule(x=lambda g, axes: np.transpose(g, tuple(sorted(range(len(axes)), key=axes.__getitem__))))
_broadcast_to.rule(x=lambda g, x_shape: unbroadcast(g, x_shape))


@offer()
def reshape(input: Any, *shape: Any) -> Any:
    """The same elements, in the same order, in another shape; one size may be -1.

    Example:
        >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), 2, -1).shape
        (2, 2)
    """
    sizes = sizes_of(shape)
    if any(n < -1 for n in sizes):
        raise ValueError(f"reshape to {sizes}: a size is at least 0, or -1 for one that follows from the others")
    return _reshape(input, shape=sizes)


def _numpy_reshape(a: Any, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    if order != "C":
        raise ValueError(f"np.reshape of a Tensor keeps the order 'C'; for {order!r} transpose first")
    return clone(reshape(a, shape)) if copy else reshape(a, shape)


@offer()
@both_doors
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions ``start_dim`` to ``end_dim`` (included) merged into one.

    Example:
        >>> flatten(Tensor([[[1.0, 2.0]], [[3.0, 4.0]]]), 1).shape
        (2, 2)
    """
    shape = shape_of(input)
    if not shape:
        return reshape(input, 1)
    first, last = one_dim("flatten", start_dim, shape), one_dim("flatten", end_dim, shape)
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
    shape, order = shape_of(input), sizes_of(dims) if dims else ()
    axes = tuple(one_dim("permute", d, shape) for d in order)
    if sorted(axes) != list(range(len(shape))):
        raise ValueError(f"permute needs every dimension of shape {shape} once, got {order}")
    return _transpose(input, axes=axes)


def _numpy_transpose(a: Any, axes: Any = None) -> Any:
    return permute(a, tuple(range(len(shape_of(a))))[::-1] if axes is None else tuple(axes))


@offer(np.swapaxes)
def swapaxes(input: Any, axis1: int, axis2: int) -> Any:
    """The Tensor with two dimensions exchanged: NumPy's name for PyTorch's ``transpose``.

    Example:
        >>> swapaxes(Tensor([[1.0, 2.0]]), 0, 1).shape
        (2, 1)
    """
    return _exchanged("swapaxes", input, axis1, axis2)


@offer()
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
    i, j = one_dim(name, dim0, shape), one_dim(name, dim1, shape)
    order = list(range(len(shape)))
    order[i], order[j] = j, i
    return _transpose(input, axes=tuple(order))


@offer(np.broadcast_to)
def broadcast_to(input: Any, shape: Any) -> Any:
    """The input repeated, without a copy, to ``shape``; gradients are summed over the repetitions.

    Example:
        >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2))
        Tensor([[1., 2.],
                [1., 2.]])
    """
    return _broadcast_to(input, shape=sizes_of((shape,)))


@offer(np.expand_dims)
@both_doors
def expand_dims(input: Any, dim: Any) -> Any:
    """A new dimension of size 1 at each position in ``dim``: NumPy's name for ``unsqueeze``, for several at once.

    Example:
        >>> expand_dims(Tensor([1.0, 2.0]), (0, 2)).shape
        (1, 2, 1)
    """
    return _expanded("expand_dims", input, dim if isinstance(dim, (tuple, list)) else (dim,))


@offer()
@both_doors
def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1 at position ``dim``.

    Example:
        >>> unsqueeze(Tensor([1.0, 2.0]), 1).shape
        (2, 1)
    """
    return _expanded("unsqueeze", input, (dim,))


def _expanded(name: str, input: Any, new: Sequence[int]) -> Any:
    shape = shape_of(input)
    rank = len(shape) + len(new)
    for d in new:
        if not -rank <= d < rank:
            raise IndexError(
                f"{name}: no new dimension can stand at {d}; for shape {shape} it is {-rank} to {rank - 1}"
            )
    places = {d % rank for d in new}
    if len(places) < len(new):
        raise ValueError(f"{name} names a position twice: {tuple(new)}")
    sizes = iter(shape)
    return _reshape(input, shape=tuple(1 if i in places else next(sizes) for i in range(rank)))


@offer()
@both_doors
def squeeze(input: Any, dim: Any = None) -> Any:
    """The Tensor without its dimensions of size 1: all of them, or those of ``dim`` that are.

    Example:
        >>> squeeze(Tensor([[1.0, 2.0]])).shape
        (2,)
    """
    shape = shape_of(input)
    dims = some_dims("squeeze", dim, shape)
    gone = {d for d in (range(len(shape)) if dims is None else dims) if shape[d] == 1}
    return _reshape(input, shape=tuple(n for i, n in enumerate(shape) if i not in gone))


def _numpy_squeeze(a: Any, axis: Any = None) -> Any:
    shape = shape_of(a)
    for d in some_dims("np.squeeze", axis, shape) or ():
        if shape[d] != 1:
            raise ValueError(f"np.squeeze: dimension {d} of shape {shape} has not size 1; t.squeeze({d}) would skip it")
    return squeeze(a, axis)


# --- several arrays, one ----------------------------------------------------------------------------------------------
@primitive(name="concatenate", cure="all inputs need the same rank, and the same sizes off the axis")
def _concatenate(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis=axis)


@primitive(name="stack", cure="all inputs need the same shape")
def _stack(*arrays: Any, axis: int) -> Any:
    return np.stack(arrays, axis=axis)


def _pieces(g: Any, shapes: Any, axis: int) -> list[Any]:
    edges = [0, *accumulate(shape[axis] for shape in shapes)]
    return [g[(slice(None),) * axis + (slice(a, b),)] for a, b in pairwise(edges)]


_concatenate.joint(_pieces)
_stack.joint(lambda g, shapes, axis: [g[(slice(None),) * axis + (i,)] for i in range(len(shapes))])


def _some(name: str, tensors: Any) -> Sequence[Any]:
    if not hasattr(tensors, "__len__"):
        raise TypeError(f"{name} takes a sequence of Tensors, got {type(tensors).__name__}")
    if len(tensors) == 0:
        raise ValueError(f"{name} needs at least one Tensor")
    like = next((t for t in tensors if isinstance(t, Tensor) and t.dtype.kind == "f"), None)
    if like is None:
        return list(tensors)
    return [t if hasattr(t, "dtype") else as_array(t, like.dtype) for t in tensors]  # numbers and lists follow suit


@both_doors
def concatenate(tensors: Sequence[Any], dim: int | None = 0) -> Any:
    """The Tensors joined along an existing dimension; with ``dim=None``, each is flattened before.

    Example:
        >>> concatenate([Tensor([1.0]), Tensor([2.0, 3.0])])
        Tensor([1., 2., 3.])
    """
    tensors = _some("concatenate", tensors)
    if dim is None:
        return _concatenate(*[reshape(t, -1) for t in tensors], axis=0)
    shape = shape_of(tensors[0])
    if not shape:
        raise ValueError("concatenate cannot join single numbers; use stack")
    return _concatenate(*tensors, axis=one_dim("concatenate", dim, shape))


@both_doors
def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """The Tensors, all of one shape, joined along a new dimension.

    Example:
        >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
        Tensor([[1., 2.],
                [3., 4.]])
    """
    tensors = _some("stack", tensors)
    return _stack(*tensors, axis=one_dim("stack", dim, (len(tensors), *shape_of(tensors[0]))))


NUMPY.update(
    {
        np.reshape: _numpy_reshape,
        np.transpose: _numpy_transpose,
        np.squeeze: _numpy_squeeze,
        np.concatenate: concatenate,
        np.stack: stack,
        np.ravel: lambda a: reshape(a, -1),
    }
)
