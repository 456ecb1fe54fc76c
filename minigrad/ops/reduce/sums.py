"""Reductions over dimensions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...core.arrays import shape_of, sum_along
from ...core.dispatch import NUMPY
from ...core.primitive import constant, offer, primitive
from ...core.tensor import Tensor, raw
from ..dims import both_doors, only_dim, some_dims
from ..index.basic import take_along_axis


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Bring what a reduction of ``shape`` over ``axis`` gave back to the rank of its input."""
    if keepdims:
        return g
    return g.reshape(tuple(1 if axis is None or i in axis else n for i, n in enumerate(shape)))


def _count(shape: tuple[int, ...], axis: Any) -> int:
    """How many values are reduced to one."""
    return math.prod(shape if axis is None else (shape[a] for a in axis))


def _dims_of_some(name: str, input: Any, dim: Any) -> Any:
    """The dimensions to reduce; refuses the mean, variance or extremum of no values, NaN or a puzzle in NumPy."""
    shape = shape_of(input)
    dims = some_dims(name, dim, shape)
    if _count(shape, dims) == 0:
        raise ValueError(f"{name} over no values: the input has shape {shape}; is a batch empty?")
    return dims


# --- sums -------------------------------------------------------------------------------------------------------------
@primitive(name="sum")
def _sum(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return sum_along(x, axis, keepdims)


_sum.rule(x=lambda g, x_shape, axis, keepdims: np.broadcast_to(spread(g, x_shape, axis, keepdims), x_shape))


@offer(np.sum)
@both_doors
def sum_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The sum over all elements or over the dimensions ``dim``.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        keepdim: keep the summed dimensions with size 1.

    Example:
        >>> sum_(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
        Tensor([4., 6.])
    """
    return _sum(input, axis=dim if dim is None else some_dims("sum", dim, shape_of(input)), keepdims=keepdim)


@primitive(name="mean")
def _mean(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return sum_along(x, axis, keepdims) / _count(x.shape, axis)


_mean.rule(
    x=lambda g, x_shape, axis, keepdims: np.broadcast_to(
        spread(g / _count(x_shape, axis), x_shape, axis, keepdims), x_shape
    )
)


@offer(np.mean)
@both_doors
def mean(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The arithmetic mean over all elements or over the dimensions ``dim``.

    Raises:
        ValueError: for the mean of no values.

    Example:
        >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        Tensor([1.5, 3.5])
    """
    return _mean(input, axis=_dims_of_some("mean", input, dim), keepdims=keepdim)


@primitive(name="var")
def _var(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    return np.var(x, axis=axis, ddof=correction, keepdims=keepdims)


_var.rule(
    x=lambda g, x, x_shape, axis, correction, keepdims: (
        spread(g * (2 / (_count(x_shape, axis) - correction)), x_shape, axis, keepdims)
        * (x - _mean(x, axis=axis, keepdims=True))
    )
)


@offer()
@both_doors
def var(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Any:
    """The variance over all elements or over the dimensions ``dim``.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        unbiased: divide by n - 1 rather than n.
        keepdim: keep the reduced dimensions with size 1.
        correction: divide by n - correction (instead of ``unbiased``).

    Raises:
        ValueError: where there are not more values than the correction.

    Example:
        >>> var(Tensor([1.0, 2.0, 3.0]))
        Tensor(1.)
    """
    if isinstance(dim, bool):  # PyTorch's var(input, unbiased)
        dim, unbiased = None, dim
    correction = int(unbiased) if correction is None else correction
    dims = _dims_of_some("var", input, dim)
    count = _count(shape_of(input), dims)
    if count <= correction:
        raise ValueError(
            f"the variance of {count} value(s) with correction={correction} divides by zero; pass correction=0"
        )
    return _var(input, axis=dims, correction=correction, keepdims=keepdim)


# NumPy divides by n unless told otherwise, PyTorch by n - 1.
NUMPY[np.var] = lambda a, axis=None, ddof=0, keepdims=False: var(a, axis, keepdim=keepdims, correction=ddof)


# --- extremes ---------------------------------------------------------------------------------------------------------
class Extremes(NamedTuple):
    """Values along a dimension, and where they were found."""

    values: Tensor
    indices: Tensor


def _to_the_extreme(g: Any, x: Any, out: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    """Split the gradient evenly among the elements that attain the extreme."""
    hit = np.equal(x, spread(out, x_shape, axis, keepdims)).astype(x.dtype)
    return spread(g, x_shape, axis, keepdims) * hit / _sum(hit, axis=axis, keepdims=True)


@primitive(name="amax")
def _amax(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims)


@primitive(name="amin")
def _amin(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


_amax.rule(x=_to_the_extreme)
_amin.rule(x=_to_the_extreme)


@offer(np.max, np.amax)
@both_doors
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value over all elements or over ``dim``; ties share the gradient evenly.

    Example:
        >>> amax(Tensor([[1.0, 5.0], [3.0, 4.0]]), dim=1)
        Tensor([5., 4.])
    """
    return _amax(input, axis=_dims_of_some("amax", input, dim), keepdims=keepdim)


@offer(np.min, np.amin)
@both_doors
def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value over all elements or over ``dim``; ties share the gradient evenly.

    Example:
        >>> amin(Tensor([[1.0, 5.0], [3.0, 4.0]]), dim=1)
        Tensor([1., 3.])
    """
    return _amin(input, axis=_dims_of_some("amin", input, dim), keepdims=keepdim)


@offer()
@both_doors
def max_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value: of all elements, or along ``dim`` together with its index; or the larger of two arrays.

    Over everything, ties share the gradient evenly; along ``dim`` all of it goes to the index returned (the first).

    Example:
        >>> max_(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Extremes(values=Tensor([5., 4.]), indices=Tensor([1, 0]))
    """
    return _extreme("max", _amax, np.maximum, np.argmax, input, dim, keepdim)


@offer()
@both_doors
def min_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value: of all elements, or along ``dim`` together with its index; or the smaller of two arrays.

    Example:
        >>> min_(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Extremes(values=Tensor([1., 3.]), indices=Tensor([0, 1]))
    """
    return _extreme("min", _amin, np.minimum, np.argmin, input, dim, keepdim)


def _extreme(name: str, overall: Any, pairwise: Any, locate: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    if isinstance(dim, (tuple, list)):
        raise TypeError(f"{name} along several dimensions has no single index; use a{name}(input, dim={dim})")
    if dim is not None and shape_of(dim) or isinstance(dim, (Tensor, float)):
        return pairwise(input, dim)
    dims = _dims_of_some(name, input, dim)
    if dim is None:
        return overall(input, axis=None)
    if not dims:  # a single number
        return Extremes(overall(input, axis=()), locate(input))
    indices = locate(input, axis=dims[0], keepdims=True)
    values = take_along_axis(input, indices=raw(indices), axis=dims[0])
    if not keepdim:
        values, indices = np.squeeze(values, axis=dims[0]), np.squeeze(indices, axis=dims[0])
    return Extremes(values, indices)


# --- without a derivative ---------------------------------------------------------------------------------------------
_argmax, _argmin, _all, _any = (constant(f) for f in (np.argmax, np.argmin, np.all, np.any))


def _located(name: str, locate: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    dims = None if dim is None else only_dim(name, dim, shape_of(input))
    _dims_of_some(name, input, dim)
    return locate(input, axis=dims[0] if dims else None, keepdims=keepdim)


@offer()
@both_doors
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the first largest value, along ``dim`` or in the flattened input.

    Example:
        >>> argmax(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Tensor([1, 0])
    """
    return _located("argmax", _argmax, input, dim, keepdim)


@offer()
@both_doors
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the first smallest value, along ``dim`` or in the flattened input.

    Example:
        >>> argmin(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Tensor([0, 1])
    """
    return _located("argmin", _argmin, input, dim, keepdim)


@offer()
@both_doors
def all_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements are true (not 0), overall or along ``dim``.

    Example:
        >>> all_(Tensor([[1.0, 0.0], [2.0, 3.0]]), dim=1)
        Tensor([False,  True])
    """
    return _all(input, axis=some_dims("all", dim, shape_of(input)), keepdims=keepdim)


@offer()
@both_doors
def any_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element is true (not 0), overall or along ``dim``.

    Example:
        >>> any_(Tensor([[0.0, 0.0], [2.0, 3.0]]), dim=1)
        Tensor([False,  True])
    """
    return _any(input, axis=some_dims("any", dim, shape_of(input)), keepdims=keepdim)
