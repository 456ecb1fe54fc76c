"""Sorting and what follows from order: gradients go to the values, back to where they came from."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.arrays import shape_of
from ..core.declare import primitive, register
from ..core.dispatch import NUMPY
from ..core.tensor import Tensor, as_operand, raw
from .convert import clone
from .dims import axis_aliases, only_dim, some_dims
from .index.basic import take_along_axis
from .reduce.extremes import Extremes
from .reduce.sums import mean, spread, sum_
from .shape.reshape import reshape, squeeze


def _constant(input: Any, out: Any) -> Any:
    """A result without derivative: a Tensor iff the input is one."""
    return Tensor(out) if isinstance(input, Tensor) else out


def _own(input: Any) -> Any:
    """A list or number as an array; Tensors and arrays as they are."""
    return as_operand(input)


def _picked(input: Any, indices: Any, axis: int) -> Extremes:
    """The values at ``indices`` along ``axis``, through which gradients flow, and the indices."""
    return Extremes(take_along_axis(input, indices=indices, axis=axis), _constant(input, indices))


def _squeezed(found: Extremes, axis: int) -> Extremes:
    values, indices = found
    return Extremes(squeeze(values, axis), squeeze(indices, axis))


def _single(input: Any) -> Extremes:
    """What every selection from a single number gives."""
    return Extremes(clone(reshape(input, ())), _constant(input, np.zeros_like(raw(input), dtype=np.int64)))


def _order(x: Any, axis: int, descending: bool) -> Any:
    """The indices that sort ``x`` along ``axis``, equal values in their original order."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    backwards = (slice(None),) * axis + (slice(None, None, -1),)
    order = np.argsort(x[backwards], axis=axis, kind="stable")
    return x.shape[axis] - 1 - order[backwards]


# --- sorting ----------------------------------------------------------------------------------------------------------
@register()
@axis_aliases
def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Extremes:
    """The values in order along ``dim``, and the indices where they were; NaN counts as the largest.

    Equal values always keep their order, so ``stable`` changes nothing.

    Example:
        >>> sort(Tensor([3.0, 1.0, 2.0]))
        Extremes(values=Tensor([1., 2., 3.]), indices=Tensor([1, 2, 0]))
    """
    input = _own(input)
    dims = only_dim("sort", dim, shape_of(input))
    return _picked(input, _order(raw(input), dims[0], descending), dims[0]) if dims else _single(input)


@register()
@axis_aliases
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that sort along ``dim``; equal values keep their order.

    Example:
        >>> argsort(Tensor([3.0, 1.0, 2.0]), descending=True)
        Tensor([0, 2, 1])
    """
    input = _own(input)
    dims = only_dim("argsort", dim, shape_of(input))
    return _constant(input, _order(raw(input), dims[0], descending)) if dims else _single(input).indices


@register()
def msort(input: Any) -> Any:
    """The values in order along the first dimension.

    Example:
        >>> msort(Tensor([3.0, 1.0, 2.0]))
        Tensor([1., 2., 3.])
    """
    return sort(input, 0).values


@register()
@axis_aliases
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Extremes:  # noqa: A002
    """The ``k`` largest (or smallest) values along ``dim``, and their indices.

    Args:
        input: array or Tensor of any shape.
        k: how many.
        dim: along which dimension.
        largest: the largest rather than the smallest.
        sorted: in order, the most extreme first; they are so in any case.

    Example:
        >>> topk(Tensor([3.0, 1.0, 2.0]), 2)
        Extremes(values=Tensor([3., 2.]), indices=Tensor([0, 2]))
    """
    input, k = _own(input), operator.index(k)
    shape = shape_of(input)
    dims = only_dim("topk", dim, shape)
    size = shape[dims[0]] if dims else 1
    if not 0 <= k <= size:
        raise ValueError(f"topk: k is 0 to {size} for dimension {dim} of shape {shape}, got {k}")
    if not dims:
        return _single(input) if k else _picked(reshape(input, 1), np.zeros_like(raw(input), shape=0, dtype=int), 0)
    (axis,) = dims
    x, cut = raw(input), (slice(None),) * axis
    if 0 < k < size // 4:  # find them first, sort only those
        part = np.argpartition(x, size - k if largest else k - 1, axis=axis)
        part = np.sort(part[(*cut, slice(-k, None) if largest else slice(k))], axis=axis)  # equal values: the first
        order = _order(np.take_along_axis(x, part, axis), axis, largest)
        return _picked(input, np.take_along_axis(part, order, axis), axis)
    return _picked(input, _order(x, axis, largest)[(*cut, slice(k))], axis)


# --- the k-th value and the median ------------------------------------------------------------------------------------
def _ranked(input: Any, k: int, axis: int, keepdim: bool) -> Extremes:
    """The value that k others precede in order, along ``axis``."""
    indices = np.argpartition(raw(input), k, axis=axis)[(slice(None),) * axis + (slice(k, k + 1),)]
    found = _picked(input, indices, axis)
    return found if keepdim else _squeezed(found, axis)


def _size_of_some(name: str, input: Any, dims: tuple[int, ...]) -> int:
    shape = shape_of(input)
    size = math.prod(shape[d] for d in dims)
    if size == 0:
        raise ValueError(f"{name} of no values: the input has shape {shape}; is a batch empty?")
    return size


@register()
@axis_aliases
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Extremes:
    """The ``k``-th smallest value along ``dim`` (1 is the smallest), and its index.

    Example:
        >>> kthvalue(Tensor([3.0, 1.0, 2.0]), 2)
        Extremes(values=Tensor(2.), indices=Tensor(2))
    """
    input, k = _own(input), operator.index(k)
    shape = shape_of(input)
    dims = only_dim("kthvalue", dim, shape)
    size = _size_of_some("kthvalue", input, dims)
    if not 1 <= k <= size:
        raise ValueError(f"kthvalue: k is 1 to {size} for dimension {dim} of shape {shape}, got {k}")
    return _ranked(input, k - 1, dims[0], keepdim) if dims else _single(input)


@primitive(name="median")
def _median(x: Any) -> Any:
    flat = np.reshape(x, -1)
    middle = np.partition(flat, (x.size - 1) // 2)[(x.size - 1) // 2]
    return np.where(np.any(np.isnan(flat)), np.nan, middle) if x.dtype.kind == "f" else middle


def _median_x(g: Any, x: Any, out: Any) -> Any:
    """Split the gradient evenly among the elements that equal the median; or that are the reason why it is NaN."""
    hit = np.logical_or(np.equal(x, out), np.isnan(x)).astype(x.dtype)
    return g * hit / sum_(hit)


_median.rule(x=_median_x)


@register()
@axis_aliases
def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle value in order, of two middle ones the lower: of all elements, or along ``dim`` with its index.

    Over everything, ties share the gradient evenly; along ``dim`` all of it goes to the index returned. The median of
    values with NaN among them is NaN. ``np.median`` averages the two middle ones.

    Example:
        >>> median(Tensor([3.0, 1.0, 2.0, 4.0]))
        Tensor(2.)
        >>> median(Tensor([[3.0, 1.0, 2.0]]), dim=1)
        Extremes(values=Tensor([2.]), indices=Tensor([2]))
    """
    input = _own(input)
    shape = shape_of(input)
    if dim is None:
        _size_of_some("median", input, tuple(range(len(shape))))
        return _median(input)
    dims = only_dim("median", dim, shape)
    size = _size_of_some("median", input, dims)
    if not dims:
        return _single(input)
    x, (axis,) = raw(input), dims
    found = _ranked(input, (size - 1) // 2, axis, True)
    if x.dtype.kind == "f":
        missing = np.isnan(x)
        lost, first = np.any(missing, axis=axis, keepdims=True), np.argmax(missing, axis=axis, keepdims=True)
        if np.any(lost):
            found = _picked(input, np.where(lost, first, raw(found.indices)), axis)
    return found if keepdim else _squeezed(found, axis)


# --- quantiles --------------------------------------------------------------------------------------------------------
def _merged(input: Any, dims: tuple[int, ...]) -> Any:
    """The input with ``dims`` merged into one last dimension."""
    shape = shape_of(input)
    kept = [d for d in range(len(shape)) if d not in dims]
    rows = np.transpose(input, (*kept, *dims))
    return reshape(rows, *[shape[d] for d in kept], math.prod(shape[d] for d in dims))


_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name: str, input: Any, q: Any, dim: Any, keepdim: bool, method: str) -> Any:
    """Quantiles over ``dim``; several values of q give a new first dimension."""
    if method not in _METHODS:
        raise ValueError(f"{name}: the interpolation is one of {_METHODS}, got {method!r}")
    input, levels = _own(input), np.asarray(raw(q), dtype=np.float64)
    steps = _steps(q, levels, input)
    shape = shape_of(input)
    if levels.ndim > 1 or not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(f"{name}: q is a number or a row of numbers from 0 to 1, got {q!r}")
    dims = some_dims(name, dim, shape)
    dims = tuple(range(len(shape))) if dims is None else dims
    size = _size_of_some(name, input, dims)
    ordered = sort(_merged(input, dims)).values
    outs = [
        _between(ordered, float(level) * (size - 1), method, step * (size - 1))
        for level, step in zip(levels.ravel(), steps, strict=True)
    ]
    if keepdim:
        outs = [spread(out, shape, dims, False) for out in outs]
    return np.stack(outs) if levels.ndim else outs[0]


def _steps(q: Any, levels: Any, input: Any) -> list[Any]:
    """For every level 0; as a Tensor where q is recorded, so that the gradient of q arrives with it."""
    if not isinstance(q, Tensor) or not q.requires_grad:
        return [0] * levels.size
    steps = reshape(q, -1) - reshape(q.detach(), -1)
    return [steps[i].astype(input.dtype) for i in range(levels.size)]


def _between(ordered: Any, place: float, method: str, step: Any) -> Any:
    """The value at a fractional place of the last dimension; NaN (which is last in order) where there is one.

    ``step`` is 0, and carries the derivative of the place; only linear interpolation moves with it.
    """
    if method == "nearest":
        place = round(place)
    low, high = math.floor(place), math.ceil(place)
    weight = {"linear": place - low, "lower": 0.0, "higher": 1.0, "midpoint": 0.5, "nearest": 0.0}[method]
    out = ordered[..., low]
    if isinstance(step, Tensor):
        weight = weight + (step if method == "linear" else step * 0)
    if isinstance(weight, Tensor) or (high > low and weight):
        out = out + weight * (ordered[..., high] - out)
    last = ordered[..., -1]
    lost = np.isnan(raw(last))
    return np.where(lost, last, out) if np.any(lost) else out


@register()
@axis_aliases
def quantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Any:
    """The values below which the fractions ``q`` of all values lie, overall or along ``dim``.

    Args:
        input: array or Tensor of any shape.
        q: a number from 0 to 1, or a row of them, which gives the result a new first dimension. The gradient of a
            Tensor is the slope between the two neighbours for "linear", and 0 otherwise.
        dim: None, or an integer.
        keepdim: keep the reduced dimension with size 1.
        interpolation: "linear", "lower", "higher", "midpoint" or "nearest".

    Example:
        >>> quantile(Tensor([1.0, 2.0, 3.0, 4.0]), 0.5)
        Tensor(2.5)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


def _numpy_median(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of the two middle values, as NumPy has it."""
    shape = shape_of(a)
    dims = some_dims("np.median", axis, shape)
    dims = tuple(range(len(shape))) if dims is None else dims
    size = _size_of_some("np.median", a, dims)
    ordered = sort(_merged(a, dims)).values
    middle = mean(ordered[..., (size - 1) // 2 : size // 2 + 1], -1)
    lost = np.isnan(raw(ordered[..., -1]))
    out = np.where(lost, ordered[..., -1], middle) if np.any(lost) else middle
    return spread(out, shape, dims, False) if keepdims else out


def _numpy_percentile(a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    q = q if isinstance(q, Tensor) else np.asarray(q)
    return _quantile("np.percentile", a, q / 100, axis, keepdims, method)


def _numpy_sort(a: Any, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Any:
    return sort(reshape(a, -1) if axis is None else a, -1 if axis is None else axis).values


def _numpy_argsort(a: Any, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Any:
    return argsort(reshape(a, -1) if axis is None else a, -1 if axis is None else axis)


NUMPY.update(
    {
        np.sort: _numpy_sort,
        np.argsort: _numpy_argsort,
        np.median: _numpy_median,
        np.quantile: lambda a, q, axis=None, method="linear", keepdims=False: _quantile(
            "np.quantile", a, q, axis, keepdims, method
        ),
        np.percentile: _numpy_percentile,
    }
)
NUMPY[np.argsort].constant = True  # type: ignore[attr-defined]
