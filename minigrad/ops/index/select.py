"""Reading and writing at indices: index_select and its kin, masks, NumPy's take and choose.

Every index is checked before it is used. Writing is functional: each function returns a new Tensor.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...core.arrays import as_array, held, shape_of
from ...core.declare import constant, register
from ...core.dispatch import NUMPY
from ...core.tensor import Tensor, as_operand, raw, wrap
from ..arithmetic import add
from ..dims import axis_aliases, one_dim, row_shape
from ..shape.expand import broadcast_to
from ..shape.reshape import as_row, in_shape, reshape
from .basic import assign, pick, put, settled_index, take_along_axis


# --- checks -----------------------------------------------------------------------------------------------------------
def _integers(name: str, index: Any) -> Any:
    """The index as an array of integers that nobody else can change."""
    index = settled_index(index)
    index = index if hasattr(index, "dtype") else as_array(index)
    if index.dtype.kind not in "iu":
        cure = "a mask belongs into masked_select" if index.dtype.kind == "b" else "convert it: index.astype(np.int64)"
        raise TypeError(f"{name}: an index holds integers, got {index.dtype}; {cure}")
    return index


def within(name: str, index: Any, size: int, *, negative: bool = False) -> Any:
    """The index, if all of it lies in [0, size), or in [-size, size) where negative ones count from the end."""
    index = _integers(name, index)
    low = -size if negative else 0
    if index.size and not (np.min(index) >= low and np.max(index) < size):
        wrong = np.logical_or(index < low, index >= size)
        position = tuple(map(int, np.unravel_index(int(np.argmax(wrong).item()), index.shape)))
        value = index[position].item()
        cure = "; negative indices are not counted from the end here" if -size <= value < 0 else ""
        raise IndexError(f"{name}: index {value} at position {position} is out of range for size {size}{cure}")
    return index


def _vector_index(name: str, index: Any, size: int) -> Any:
    index = within(name, index, size)
    if index.ndim > 1:
        raise ValueError(f"{name}: the index is a vector or a single integer, got shape {index.shape}")
    return as_row(index)


def fitting(name: str, value: Any, input: Any) -> Any:
    """A value in the dtype of the input that it is written into."""
    target = as_array(input).dtype
    if isinstance(value, (int, float)) and (isinstance(value, int) or target.kind == "f"):
        return held(value, target).item()
    dtype = as_array(value).dtype
    if not np.can_cast(dtype, target, "same_kind"):
        raise TypeError(f"{name}: a value of {dtype} cannot be written into {target}; convert the input first")
    if not hasattr(value, "astype"):
        return as_array(value, target)
    if not shape_of(value) and target.kind != "f":
        held(raw(value).item(), target)  # one number among integers
    return value.astype(target) if dtype != target else value


def single(name: str, value: Any) -> Any:
    """The value, if it is a single number."""
    if shape_of(value) != ():
        raise ValueError(f"{name}: the value is a single number, got shape {shape_of(value)}")
    return value


def along(dim: int, index: Any) -> tuple[Any, ...]:
    """``index`` for dimension ``dim``, and everything along those before it."""
    return (slice(None),) * dim + (index,)


# --- one index for a whole dimension ----------------------------------------------------------------------------------
@register()
@axis_aliases
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices of ``input`` at ``index`` along ``dim``.

    Example:
        >>> index_select(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [1, 1])
        Tensor([[2., 2.],
                [4., 4.]])
    """
    row = row_shape(shape_of(input))
    dim = one_dim("index_select", dim, row)
    index = _vector_index("index_select", index, row[dim])
    if not shape_of(input) and index.size != 1:
        raise ValueError(f"index_select: a single number has one element, of index 0, got {index.size} indices")
    picked = pick(as_row(input), index=along(dim, index))
    return picked if shape_of(input) else reshape(picked, ())


def _slices_of(name: str, input: Any, dim: Any, index: Any, source: Any) -> tuple[Any, Any]:
    """The checked index and source of ``index_add`` and ``index_copy``."""
    shape = row_shape(shape_of(input))
    dim = one_dim(name, dim, shape)
    index = _vector_index(name, index, shape[dim])
    expected = (*shape[:dim], index.size, *shape[dim + 1 :])
    if row_shape(shape_of(source)) != expected:
        raise ValueError(
            f"{name}: for an input of shape {shape_of(input)} and {index.size} indices along dimension {dim}, the "
            f"source has shape {expected}, got {shape_of(source)}"
        )
    return along(dim, index), as_row(fitting(name, as_operand(source), input))


@register()
@axis_aliases
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """The input with ``alpha * source`` added to its slices at ``index`` along ``dim``, duplicates counted.

    Example:
        >>> index_add(Tensor([0.0, 0.0]), 0, [1, 1], Tensor([3.0, 4.0]))
        Tensor([0., 7.])
    """
    positions, source = _slices_of("index_add", input, dim, index, source)
    added = put(source, index=positions, shape=row_shape(shape_of(input)))
    return add(input, in_shape(added, shape_of(input)), alpha=alpha)


@register()
@axis_aliases
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """The input with its slices at ``index`` along ``dim`` replaced by those of ``source``.

    Example:
        >>> index_copy(Tensor([0.0, 1.0, 2.0]), 0, [2, 0], Tensor([3.0, 4.0]))
        Tensor([4., 1., 3.])
    """
    positions, source = _slices_of("index_copy", input, dim, index, source)
    return in_shape(assign(as_row(input), source, index=positions), shape_of(input))


@register()
@axis_aliases
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """The input with its slices at ``index`` along ``dim`` replaced by a number.

    Example:
        >>> index_fill(Tensor([0.0, 1.0, 2.0]), 0, [2, 0], 5)
        Tensor([5., 1., 5.])
    """
    row = row_shape(shape_of(input))
    dim = one_dim("index_fill", dim, row)
    positions = along(dim, _vector_index("index_fill", index, row[dim]))
    value = fitting("index_fill", single("index_fill", value), input)
    return in_shape(assign(as_row(input), value, index=positions), shape_of(input))


@register()
def index_put(input: Any, indices: tuple[Any, ...], values: Any, accumulate: bool = False) -> Any:
    """``input`` with ``input[indices] = values``, or ``+= values`` with every duplicate counted.

    Args:
        input: array or Tensor.
        indices: a tuple of integer arrays that broadcast, one for each of the first dimensions, or of masks.
        values: what broadcasts to ``input[indices]``.
        accumulate: add instead of replace.

    Example:
        >>> index_put(Tensor([0.0, 0.0]), ([1, 1],), Tensor([3.0, 4.0]), accumulate=True)
        Tensor([0., 7.])
    """
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put takes a tuple of indices, got {type(indices).__name__}; write (index,)")
    index = settled_index(tuple(indices))
    values = fitting("index_put", values, input)
    if not accumulate:
        return assign(input, values, index=index)
    shape = shape_of(pick(raw(input), index=index))
    return input + put(broadcast_to(as_operand(values), shape), index=index, shape=shape_of(input))


@register()
@axis_aliases
def select(input: Any, dim: int, index: int) -> Any:
    """The slice of ``input`` at one index along ``dim``, without that dimension.

    Example:
        >>> select(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, -1)
        Tensor([2., 4.])
    """
    shape = shape_of(input)
    dim = one_dim("select", dim, shape)
    position = within("select", operator.index(index), shape[dim], negative=True)
    return pick(input, index=along(dim, int(position)))


@register()
@axis_aliases
def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """``length`` slices of ``input`` along ``dim``, from ``start`` on.

    Example:
        >>> narrow(Tensor([1.0, 2.0, 3.0]), 0, 1, 2)
        Tensor([2., 3.])
    """
    shape = shape_of(input)
    dim = one_dim("narrow", dim, shape)
    n, first = shape[dim], operator.index(start)
    first = first + n if first < 0 else first
    if not 0 <= first <= first + length <= n:
        raise IndexError(f"narrow: {length} from {start} on do not lie within size {n} of dimension {dim} of {shape}")
    return pick(input, index=along(dim, slice(first, first + length)))


# --- along one dimension, and in the flattened input ------------------------------------------------------------------
@register()
@axis_aliases
def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """The elements at ``indices`` along ``dim``, such as ``argsort`` gives; off ``dim`` both broadcast.

    With ``dim=None`` the indices count in the flattened input.

    Example:
        >>> x = Tensor([[3.0, 1.0], [2.0, 4.0]])
        >>> take_along_dim(x, np.argsort(x.numpy(), axis=1), dim=1)
        Tensor([[1., 3.],
                [2., 4.]])
    """
    if dim is None:
        input, indices, dim = reshape(input, -1), reshape(_integers("take_along_dim", indices), -1), 0
    shape = shape_of(input)
    dim = one_dim("take_along_dim", dim, shape)
    indices = within("take_along_dim", indices, shape[dim], negative=True)
    if indices.ndim != len(shape):
        raise ValueError(f"take_along_dim: the indices need the rank of the input, {len(shape)}, got {indices.shape}")
    return take_along_axis(input, indices=indices, axis=dim)


@register()
def take(input: Any, index: Any) -> Any:
    """The elements at ``index``, counted in the flattened input; ``np.take`` takes along an axis.

    Example:
        >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), [[3, 0]])
        Tensor([[4., 1.]])
    """
    flat = reshape(input, -1)
    return pick(flat, index=within("take", index, shape_of(flat)[0], negative=True))


def _numpy_take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    if axis is None:
        a, axis = reshape(a, -1), 0
    shape = shape_of(a)
    axis = one_dim("np.take", axis, shape)
    indices = _integers("np.take", indices)
    if mode != "raise":
        indices = np.mod(indices, shape[axis]) if mode == "wrap" else np.clip(indices, 0, shape[axis] - 1)
    return pick(a, index=along(axis, within("np.take", indices, shape[axis], negative=True)))


def _numpy_delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    arr, axis = (reshape(arr, -1), 0) if axis is None else (arr, axis)
    shape = shape_of(arr)
    axis = one_dim("np.delete", axis, shape)
    gone = obj if isinstance(obj, slice) else settled_index(obj)
    return pick(arr, index=along(axis, np.delete(np.arange(shape[axis], like=raw(arr)), gone)))


# --- indices, which are constants -------------------------------------------------------------------------------------
def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """For every label a row of integers that is 1 at the label and 0 elsewhere.

    Args:
        tensor: integers in [0, num_classes), of any shape.
        num_classes: the length of the rows; -1 for as many as the largest label needs.

    Example:
        >>> one_hot([1, 0], 3)
        Tensor([[0, 1, 0],
                [1, 0, 0]])
    """
    labels = _integers("one_hot", tensor)
    if num_classes < 0:
        if not labels.size:
            raise ValueError("one_hot: no labels to take the number of classes from; pass num_classes")
        num_classes = int(np.max(labels).item()) + 1
    labels = within("one_hot", labels, num_classes)
    return wrap(np.equal(labels[..., None], np.arange(num_classes, like=labels)).astype(np.int64), None)


NUMPY.update({np.take: _numpy_take, np.delete: _numpy_delete})
for _function in (np.tril_indices_from, np.triu_indices_from, np.diag_indices_from):
    constant(_function)
