"""Sums and means, over everything or over dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arrays import HALF, in_single, is_half, shape_of, sum_along
from ...core.broadcasting import broadcast
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ..convert import cast
from ..dims import axis_aliases, some_dims


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Bring what a reduction of ``shape`` over ``axis`` gave back to the rank of its input."""
    if keepdims:
        return g
    return g.reshape(tuple(1 if axis is None or i in axis else n for i, n in enumerate(shape)))


def count_of(shape: tuple[int, ...], axis: Any) -> int:
    """How many values a reduction over ``axis`` makes one of."""
    return math.prod(shape if axis is None else (shape[a] for a in axis))


def filled_dims(name: str, input: Any, dim: Any) -> Any:
    """The dimensions to reduce; refuses the mean, variance or extremum of no values, NaN or a puzzle in NumPy."""
    shape = shape_of(input)
    dims = some_dims(name, dim, shape)
    if count_of(shape, dims) == 0:
        raise ValueError(f"{name} over no values: the input has shape {shape}; is a batch empty?")
    return dims


# --- sums -------------------------------------------------------------------------------------------------------------
@primitive(name="sum")
def _sum(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return sum_along(x, axis, keepdims)


_sum.rule(x=lambda g, x_shape, axis, keepdims: broadcast(spread(g, x_shape, axis, keepdims), x_shape))


def in_dtype(name: str, reduction: Callable[[Any], Any], input: Any, dtype: Any) -> Any:
    """A sum or product with the argument ``dtype``: the input is converted before, and the result stays in it."""
    if dtype is None:
        return reduction(input)
    return cast(name, reduction(cast(name, input, dtype)), dtype)  # small integers add up to large ones


def numpy_reduction(reduction: Any) -> Any:
    """``reduction`` with the arguments of NumPy, whose third is the dtype."""

    def reduced(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return reduction(a, axis, keepdims, dtype=dtype)

    return reduced


@register()
@axis_aliases
def sum_(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over all elements or over the dimensions ``dim``.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        keepdim: keep the summed dimensions with size 1.
        dtype: to convert the input to before anything is computed. By default integers and booleans add up in int64.

    Example:
        >>> sum_(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
        Tensor([4., 6.])
    """
    dims = dim if dim is None else some_dims("sum", dim, shape_of(input))
    if dtype is None:
        return _sum(input, axis=dims, keepdims=keepdim)
    return in_dtype("sum", lambda x: _sum(x, axis=dims, keepdims=keepdim), input, dtype)


@primitive(name="mean")
def _mean(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    if x.dtype is HALF:
        return in_single(_mean, x, axis=axis, keepdims=keepdims)
    return sum_along(x, axis, keepdims) / count_of(x.shape, axis)


_mean.rule(
    x=lambda g, x_shape, axis, keepdims: broadcast(
        spread(g / count_of(x_shape, axis), x_shape, axis, keepdims), x_shape
    )
)


@register()
@axis_aliases
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The arithmetic mean over all elements or over the dimensions ``dim``.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the floating-point type to convert the input to before anything is computed.

    Raises:
        ValueError: for the mean of no values.

    Example:
        >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        Tensor([1.5, 3.5])
    """
    if dtype is not None:
        input = cast("mean", input, dtype, floating=True)
    return _mean(input, axis=filled_dims("mean", input, dim), keepdims=keepdim)


# --- without NaN ------------------------------------------------------------------------------------------------------
@register()
@axis_aliases
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum of the elements that are not NaN; the others get no gradient.

    With a ``dtype`` the input is converted to it before they are added.

    Example:
        >>> nansum(Tensor([1.0, np.nan, 2.0]))
        Tensor(3.)
    """
    return sum_(np.where(np.isnan(input), 0, input), dim, keepdim, dtype=dtype)


@register()
@axis_aliases
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of the elements that are not NaN; NaN where there is none.

    With a ``dtype``, a floating-point type, the input is converted to it before.

    Example:
        >>> nanmean(Tensor([1.0, np.nan, 2.0]))
        Tensor(1.5)
    """
    input = cast("nanmean", input, dtype, floating=True)
    if is_half(input):
        return cast("nanmean", nanmean(input, dim, keepdim, dtype=np.float32), np.float16)
    count = sum_(np.logical_not(np.isnan(input)), dim, keepdim)
    return nansum(input, dim, keepdim) / np.where(np.equal(count, 0), math.nan, count)


NUMPY[np.sum], NUMPY[np.mean] = numpy_reduction(sum_), numpy_reduction(mean)
NUMPY[np.nansum], NUMPY[np.nanmean] = numpy_reduction(nansum), numpy_reduction(nanmean)
