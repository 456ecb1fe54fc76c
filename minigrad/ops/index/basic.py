"""Indexing: reading elements out, and the adjoint that adds gradients back where they were read."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import generic

from ...core.arrays import is_array
from ...core.declare import primitive
from ...core.dispatch import NUMPY
from ...core.graph import Array, Node, Pending
from ...core.primitive import Primitive
from ...core.tensor import Tensor, raw

_BASIC = frozenset({int, slice, type(None), type(...)})  # the types in an index that picks a view and cannot change


def is_basic(index: Any) -> bool:
    """Whether an index has only slices, integers, None and Ellipsis, and so picks a view."""
    return type(index) in _BASIC or (isinstance(index, tuple) and _BASIC.issuperset(map(type, index)))


class Partial(Pending):
    """A gradient that is 0 but for some elements, to be added to others before it is used.

    The gradients of many pieces of one array then cost one array, instead of one each: the time steps of a sequence in
    a loop, or queries, keys and values that were computed together.

    Args:
        values: the elements.
        index: where they belong.
        join: makes one new array of all pairs of index and values.
    """

    __slots__ = ("_join", "_others", "_pieces")
    __array_ufunc__ = None  # so that an array on the left of + leaves the addition to __radd__

    def __init__(self, values: Array, index: Any, join: Callable[[list[tuple[Any, Array]]], Array]) -> None:
        self._pieces = [(index, values)]
        self._others: list[Array] = []  # gradients of the whole, which belong to someone else
        self._join = join

    def __add__(self, other: Any) -> Partial:
        if isinstance(other, Partial):
            self._pieces += other._pieces
            self._others += other._others
        else:
            self._others.append(other)
        return self

    __radd__ = __add__

    def whole(self) -> Array:
        """The gradient as one array."""
        total = self._join(self._pieces)
        for other in self._others:
            total += other
        return total


class _Pick(Primitive):
    """Its gradients wait to be added up where several pieces were taken from one array."""

    def pull(self, node: Node, g: Any, differentiable: bool, needed: set[Node] | None) -> list[tuple[Node, Any]]:
        (parent,) = node.parents
        if differentiable or node.detector is not None or node.saved is None or parent is None:
            return super().pull(node, g, differentiable, needed)
        return [(parent, Partial(g, node.static["index"], functools.partial(_joined, parent.shape, parent.dtype)))]


def _joined(shape: tuple[int, ...], dtype: Any, pieces: list[tuple[Any, Any]]) -> Any:
    """An array of zeros with the values of all pieces added at their indices."""
    values = [value for _, value in pieces]
    axis, order = _tiling([index for index, _ in pieces], shape)
    if axis is not None:
        return np.concatenate([values[i] for i in order], axis=axis, dtype=dtype)
    total = np.zeros_like(values[0], shape=shape, dtype=dtype, order="C")
    for index, value in pieces:
        _add(total, index, value)
    return total


def _tiling(indices: list[Any], shape: tuple[int, ...]) -> tuple[int | None, list[int]]:
    """The axis along which slices are exactly the whole, as those of ``split`` are, and their order; or None."""
    first = indices[0]
    axis = len(first) - 1 if isinstance(first, tuple) else -1
    spans = []
    for number, index in enumerate(indices):
        if axis < 0 or not isinstance(index, tuple) or len(index) != axis + 1 or type(index[axis]) is not slice:
            return None, []
        if any(type(part) is not slice or part != slice(None) for part in index[:axis]):
            return None, []
        start, stop, step = index[axis].indices(shape[axis])
        if step != 1 or start >= stop:
            return None, []
        spans.append((start, stop, number))
    spans.sort()
    ends = [0, *[stop for _, stop, _ in spans]]
    if ends[-1] != shape[axis] or any(start != end for (start, _, _), end in zip(spans, ends, strict=False)):
        return None, []
    return axis, [number for _, _, number in spans]


def _pick(x: Any, *, index: Any) -> Any:
    """``x[index]``, for an index that nobody else can change; a single element is a view as well."""
    if type(index) is int:
        return x[index, ...]
    out = x[index]
    if isinstance(out, generic):  # NumPy copies a single element, unless an Ellipsis asks for an array
        out = x[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    return out


pick = _Pick(_pick, name="getitem")


@primitive()
def put(values: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``values`` added at ``index``, duplicates included: the adjoint of ``getitem``."""
    out = np.zeros_like(values, shape=shape, order="C")
    _add(out, index, values)
    return out


def _add(out: Any, index: Any, values: Any) -> None:
    mask = is_array(index) and index.dtype.kind == "b"
    if mask or is_basic(index):  # no element can be named twice
        out[index] += values
    else:
        _add_at(out, index, values)


pick.rule(x=lambda g, x_shape, index: put(g, index=index, shape=x_shape))
put.rule(values=lambda g, index: pick(g, index=index))


# --- adding where elements may be named several times -----------------------------------------------------------------
FEW = 4096  # elements for which finding their positions takes longer than it saves


def _add_at(out: Any, index: Any, values: Any) -> None:
    """``out[index] += values``, every duplicate counted, for a contiguous ``out``.

    NumPy does this fast at the positions of a flat array only; to sort first, or to multiply with one-hot rows, pays
    for small tables alone.
    """
    if type(out) is np.ndarray and values.size >= FEW:
        places = _flat_places(index if isinstance(index, tuple) else (index,), out.shape, values.size)
        if places is not None and places.size == values.size:
            np.add.at(out.reshape(-1), places.reshape(-1), values.reshape(-1))
            return
    np.add.at(out, index, values)


def _flat_places(index: tuple[Any, ...], shape: tuple[int, ...], count: int) -> Any:
    """Where the ``count`` elements that an index names lie in a flat array; None if finding out is dear."""
    first = 0  # leading slices that take everything; behind them, integer arrays and nothing else
    while first < len(index) and isinstance(index[first], slice) and index[first] == slice(None):
        first += 1
    arrays = [np.asarray(i) for i in index[first:] if isinstance(i, (np.ndarray, int, np.integer))]
    if len(arrays) == len(index) - first and arrays and all(a.dtype.kind in "iu" for a in arrays):
        behind = len(index)
        sizes = shape[first:behind]
        front = [np.where(a < 0, a + n, a).astype(np.intp) for a, n in zip(arrays, sizes, strict=True)]
        rows = np.asarray(np.ravel_multi_index(front, sizes))  # refuses what is out of range
        before, block = math.prod(shape[:first]), math.prod(shape[behind:])
        if before > 1:
            rows = np.arange(before)[:, None] * math.prod(sizes) + rows.reshape(-1)
        return rows if block == 1 else rows.reshape(-1)[:, None] * block + np.arange(block)
    size = math.prod(shape)
    return np.arange(size).reshape(shape)[index] if size <= 4 * count else None


# --- Tensors' own brackets --------------------------------------------------------------------------------------------
def settled_index(index: Any) -> Any:
    """The index as values of our own: sequences become arrays, arrays are copied so that nobody changes them.

    An integer array without dimensions becomes an integer, which picks a view.
    """
    return tuple(map(_settled, index)) if isinstance(index, tuple) else _settled(index)


def _settled(item: Any) -> Any:
    if type(item) in _BASIC:
        return item
    if isinstance(item, Tensor):
        item = item._array
    elif isinstance(item, (list, tuple, range)):
        return np.asarray(raw(item), dtype=None if len(item) else np.intp)
    if is_array(item):
        return item.copy() if item.ndim or item.dtype.kind not in "iu" else item.item()
    if isinstance(item, (np.bool_, bool)):
        return bool(item)
    return int(item) if isinstance(item, (int, np.integer)) else item


def in_steps(index: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """A settled index as PyTorch understands it: an index of views, or None, and then one for what they left.

    Integers select first, and are no arrays that broadcast with others. What a single array, or arrays side by side,
    pick stays where it was picked, therefore, and an integer elsewhere does not matter: ``x[0, :, rows]`` is
    ``x[0][:, rows]``. NumPy moves the result to the front.
    """
    if not isinstance(index, tuple) or is_basic(index):
        return None, index
    kinds = set(map(type, index))
    if int not in kinds and type(...) not in kinds:
        return None, index
    free = len(shape) - sum(map(_taken, index))
    views: list[Any] = []
    rest: list[Any] = []
    for item in index:
        if item is Ellipsis:  # one that stands for no dimension would still separate arrays
            views += [slice(None)] * free
            rest += [slice(None)] * free
        elif type(item) is int:
            views.append(item)
        else:
            views += [slice(None)] * _taken(item)
            rest.append(item)
    return tuple(views) if int in kinds else None, tuple(rest)


def _taken(item: Any) -> int:
    """How many dimensions of the input one item of an index is about."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item.ndim if is_array(item) and item.dtype.kind == "b" else 1


def getitem(input: Any, index: Any) -> Any:
    """``input[index]``, with PyTorch's rules for slices, None, Ellipsis, integers, integer arrays and boolean masks.

    An element that is read several times gets the sum of the gradients.

    Example:
        >>> x = Tensor([10.0, 20.0], requires_grad=True)
        >>> x[[0, 0, 1]].sum().backward()
        >>> x.grad
        Tensor([2., 1.])
    """
    if isinstance(index, tuple):
        if not is_basic(index):
            views, index = in_steps(tuple(map(_settled, index)), input.shape)
            if views is not None:
                input = pick(input, index=views)
    elif type(index) not in _BASIC:
        index = _settled(index)
    return pick(input, index=index)


NUMPY["getitem"] = getitem


@primitive(cure="indices need the rank of the input, and its sizes or 1 off the axis")
def take_along_axis(x: Any, *, indices: Any, axis: int) -> Any:
    """Values of ``x`` picked by ``indices`` along ``axis``, as ``np.take_along_axis``."""
    return np.take_along_axis(x, indices, axis)


@primitive()
def put_along_axis(values: Any, *, indices: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``values`` added at ``indices`` along ``axis``: the adjoint of ``take_along_axis``."""
    out = np.zeros_like(values, shape=shape, order="C")
    _add_at(out, mesh(indices, axis, shape), values)
    return out


def mesh(indices: Any, axis: int, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An index that takes ``indices`` along ``axis``, and along every other dimension of ``shape`` each element."""
    rank = len(shape)
    where = [
        np.reshape(np.arange(n, like=indices), (1,) * d + (n,) + (1,) * (rank - d - 1)) for d, n in enumerate(shape)
    ]
    where[axis] = indices
    return tuple(where)


take_along_axis.rule(x=lambda g, x_shape, indices, axis: put_along_axis(g, indices=indices, axis=axis, shape=x_shape))
put_along_axis.rule(values=lambda g, indices, axis: take_along_axis(g, indices=indices, axis=axis))


def _numpy_take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    return take_along_axis(arr, indices=settled_index(indices), axis=axis)


NUMPY[np.take_along_axis] = _numpy_take_along_axis


@primitive(name="setitem", broadcasts=True, cure="the value must broadcast to the shape of what the index picks")
def assign(x: Any, value: Any, *, index: Any) -> Any:
    """``x`` with ``value`` written at ``index``."""
    out = np.copy(x)  # a gradient may be a NumPy scalar, whose own copy is one too
    write(out, index, value)
    return out


def write(array: Any, index: Any, value: Any) -> None:
    """``array[index] = value``; leading dimensions of size 1 are dropped, which NumPy does for most indices."""
    if getattr(value, "ndim", 0):
        value = value[(0,) * next((d for d, n in enumerate(value.shape) if n != 1), value.ndim)]
    array[index] = value


def _value_gradient(g: Any, x_shape: tuple[int, ...], value_shape: tuple[int, ...], index: Any) -> Any:
    """What was written and not overwritten: where an index names an element several times, the last one stays."""
    picked = _what_stayed(g, x_shape, index)
    extra = len(value_shape) - picked.ndim  # the leading dimensions that were dropped
    return np.reshape(picked, (1,) * extra + picked.shape) if extra > 0 else picked


def _what_stayed(g: Any, x_shape: tuple[int, ...], index: Any) -> Any:
    picked = pick(g, index=index)
    places = index if isinstance(index, tuple) else (index,)
    if not any(is_array(place) and place.dtype.kind != "b" for place in places):
        return picked
    host = raw(g)
    order = np.reshape(np.arange(math.prod(picked.shape), like=host), picked.shape)
    last = np.zeros_like(order, shape=x_shape)
    last[index] = order
    return picked * np.equal(last[index], order)


assign.rule(
    x=lambda g, index: assign(g, 0, index=index),
    value=_value_gradient,
)
