"""Indexing: reading elements out, and the adjoint that adds gradients back where they were read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_array
from ..dispatch import NUMPY
from ..primitive import primitive
from ..tensor import raw


def _kinds(index: Any) -> tuple[bool, bool]:
    """Whether an index uses only slices, integers, None and Ellipsis; and whether it is a single boolean mask."""
    items = index if isinstance(index, tuple) else (index,)
    basic = all(i is None or i is Ellipsis or isinstance(i, (int, slice, np.integer)) for i in items)
    mask = len(items) == 1 and is_array(items[0]) and items[0].dtype.kind == "b"
    return basic, mask


@primitive(name="getitem")
def _getitem(x: Any, *, index: Any) -> Any:
    return x[index]


@primitive(name="put")
def _put(values: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``values`` added at ``index``, duplicates included: the adjoint of ``getitem``."""
    out = np.zeros_like(values, shape=shape)
    if any(_kinds(index)):  # no element can be named twice
        out[index] = values
    else:
        np.add.at(out, index, values)
    return out


_getitem.rule(x=lambda g, x_shape, index: _put(g, index=index, shape=x_shape))
_put.rule(values=lambda g, index: _getitem(g, index=index))


def settled_index(index: Any) -> Any:
    """The index as arrays of our own: lists converted, Tensors unwrapped, arrays copied so that nobody changes them."""
    index = raw(index)
    if isinstance(index, tuple):
        return tuple(map(settled_index, index))
    if isinstance(index, list):
        return np.asarray(index, dtype=None if index else np.intp)
    return index.copy() if is_array(index) else index


def getitem(input: Any, index: Any) -> Any:
    """``input[index]``, with NumPy's rules for slices, None, Ellipsis, integers, integer arrays and boolean masks.

    An element that is read several times gets the sum of the gradients.

    Example:
        >>> x = Tensor([10.0, 20.0], requires_grad=True)
        >>> x[[0, 0, 1]].sum().backward()
        >>> x.grad
        Tensor([2., 1.])
    """
    return _getitem(input, index=settled_index(index))


NUMPY["getitem"] = getitem


@primitive(cure="indices need the rank of the input, and its sizes or 1 off the axis")
def take_along_axis(x: Any, *, indices: Any, axis: int) -> Any:
    """Values of ``x`` picked by ``indices`` along ``axis``, as ``np.take_along_axis``."""
    return np.take_along_axis(x, indices, axis)


@primitive()
def put_along_axis(values: Any, *, indices: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``values`` added at ``indices`` along ``axis``: the adjoint of ``take_along_axis``."""
    out = np.zeros_like(values, shape=shape)
    rank = len(shape)
    where: list[Any] = []
    for d, n in enumerate(indices.shape):
        where.append(np.reshape(np.arange(n, like=values), (1,) * d + (n,) + (1,) * (rank - d - 1)))
    where[axis] = indices
    np.add.at(out, tuple(where), values)
    return out


take_along_axis.rule(x=lambda g, x_shape, indices, axis: put_along_axis(g, indices=indices, axis=axis, shape=x_shape))
put_along_axis.rule(values=lambda g, indices, axis: take_along_axis(g, indices=indices, axis=axis))
NUMPY[np.take_along_axis] = lambda arr, indices, axis=-1: take_along_axis(arr, indices=raw(indices).copy(), axis=axis)
