"""Reductions beyond ``reduce.py``: products, standard deviations, norms, and reductions that pass over NaN."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...core.arrays import shape_of, sum_along
from ...core.dispatch import NUMPY
from ...core.primitive import constant, offer, primitive
from ...core.tensor import Tensor
from ..dims import both_doors, one_dim, some_dims
from ..elementwise import abs_, sign
from ..scan import cumprod
from .sums import amax, amin, mean, spread, sum_, var


def _unless_zero(x: Any) -> Any:
    """``x`` with 1 in place of 0, to divide by where the numerator is 0 as well."""
    return np.where(np.equal(x, 0), 1, x)


def _over(g: Any, out: Any) -> Any:
    """The quotient g / out, and 0 where ``out`` is 0: what a kink at 0 passes on, to every order."""
    return np.where(np.equal(out, 0), 0, g / _unless_zero(out))


def _count(shape: tuple[int, ...], axis: Any) -> int:
    return math.prod(shape if axis is None else (shape[a] for a in axis))


# --- products ---------------------------------------------------------------------------------------------------------
@primitive(name="prod")
def _prod(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims)


def _product_of_the_others(x: Any, axis: int) -> Any:
    """For every element along ``axis`` the product of all others, without division: zeros need no special case."""
    cut = (slice(None),) * axis
    one = np.ones_like(x[(*cut, slice(1))])
    before = np.concatenate([one, cumprod(x[(*cut, slice(-1))], axis)], axis=axis)
    after = np.concatenate([one, cumprod(x[(*cut, slice(None, 0, -1))], axis)], axis=axis)
    return before * after[(*cut, slice(None, None, -1))]


def _prod_x(g: Any, x: Any, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Bring the reduced dimensions to the end, merge them, and there take the product of the others."""
    rank = len(x_shape)
    axes = tuple(range(rank)) if axis is None else axis
    if not axes or math.prod(x_shape) == 0:
        return np.broadcast_to(spread(g, x_shape, axis, keepdims), x_shape)
    kept = [d for d in range(rank) if d not in axes]
    order = (*kept, *axes)
    front = np.transpose(x, order)
    rows = np.reshape(front, (*[x_shape[d] for d in kept], -1))
    others = np.reshape(_product_of_the_others(rows, len(kept)), front.shape)
    home = tuple(sorted(range(rank), key=order.__getitem__))
    return spread(g, x_shape, axis, keepdims) * np.transpose(others, home)


_prod.rule(x=_prod_x)


@offer(np.prod)
@both_doors
def prod(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The product of all elements or over the dimensions ``dim``; its derivatives are right also where some are 0.

    Example:
        >>> x = Tensor([0.0, 2.0, 3.0], requires_grad=True)
        >>> prod(x).backward()
        >>> x.grad
        Tensor([6., 0., 0.])
    """
    return _prod(input, axis=some_dims("prod", dim, shape_of(input)), keepdims=keepdim)


# --- standard deviation -----------------------------------------------------------------------------------------------
@primitive(name="std")
def _std(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    return np.std(x, axis=axis, ddof=correction, keepdims=keepdims)


def _std_x(g: Any, x: Any, out: Any, x_shape: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    pushed = _over(g, out) / (_count(x_shape, axis) - correction)
    return spread(pushed, x_shape, axis, keepdims) * (x - mean(x, axis, True))


_std.rule(x=_std_x)


def _checked(name: str, input: Any, dim: Any, correction: float) -> Any:
    """The dimensions to reduce; refuses those that hold too few values for the correction."""
    shape = shape_of(input)
    dims = some_dims(name, dim, shape)
    count = _count(shape, dims)
    if count == 0:
        raise ValueError(f"{name} over no values: the input has shape {shape}; is a batch empty?")
    if count <= correction:
        raise ValueError(f"{name} of {count} value(s) with correction={correction} divides by zero; pass correction=0")
    return dims


@offer()
@both_doors
def std(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Any:
    """The standard deviation over all elements or over ``dim``; where it is 0, its derivative is taken as 0.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        unbiased: divide by n - 1 rather than n.
        keepdim: keep the reduced dimensions with size 1.
        correction: divide by n - correction (instead of ``unbiased``).

    Raises:
        ValueError: where there are not more values than the correction.

    Example:
        >>> std(Tensor([1.0, 2.0, 3.0]))
        Tensor(1.)
    """
    if isinstance(dim, bool):  # PyTorch's std(input, unbiased)
        dim, unbiased = None, dim
    correction = int(unbiased) if correction is None else correction
    return _std(input, axis=_checked("std", input, dim, correction), correction=correction, keepdims=keepdim)


NUMPY[np.std] = lambda a, axis=None, ddof=0, keepdims=False: std(a, axis, keepdim=keepdims, correction=ddof)


@offer()
@both_doors
def std_mean(
    input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> tuple[Any, Any]:
    """The standard deviation and the mean, as a pair.

    Example:
        >>> std_mean(Tensor([1.0, 2.0, 3.0]))
        (Tensor(1.), Tensor(2.))
    """
    where = None if isinstance(dim, bool) else dim
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, where, keepdim)


@offer()
@both_doors
def var_mean(
    input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> tuple[Any, Any]:
    """The variance and the mean, as a pair.

    Example:
        >>> var_mean(Tensor([1.0, 2.0, 3.0]))
        (Tensor(1.), Tensor(2.))
    """
    where = None if isinstance(dim, bool) else dim
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, where, keepdim)


# --- norms ------------------------------------------------------------------------------------------------------------
@primitive(name="norm")
def _norm(x: Any, *, p: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    if p == 2:
        return np.sqrt(sum_along(x * x, axis, keepdims))
    return sum_along(np.abs(x) ** p, axis, keepdims) ** (1 / p)


def _norm_x(g: Any, x: Any, out: Any, x_shape: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """The slope (x / out) · (|x| / out)^(p - 2), taken as 0 where x or the norm is 0."""
    if p == 2:
        return spread(_over(g, out), x_shape, axis, keepdims) * x
    out, g = spread(out, x_shape, axis, keepdims), spread(g, x_shape, axis, keepdims)
    nothing = np.equal(x, 0)
    size = np.where(nothing, 1, np.abs(x / _unless_zero(out)))
    return g * np.where(nothing, 0, np.sign(x) * size ** (p - 1))


_norm.rule(x=_norm_x)


@offer()
@both_doors
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Any:
    """(Σ |x|ᵖ)^(1/p) over all elements or over the dimensions ``dim``; the derivative at 0 is taken as 0.

    Args:
        input: array or Tensor of any shape.
        p: a number, infinity or minus infinity (the largest and smallest absolute value, ties sharing the gradient),
            0 (how many are not 0) or "fro", which is 2.
        dim: None, an integer or a tuple of integers.
        keepdim: keep the reduced dimensions with size 1.

    Example:
        >>> x = Tensor([3.0, 4.0], requires_grad=True)
        >>> norm(x).backward()
        >>> x.grad
        Tensor([0.6, 0.8])
    """
    p = 2.0 if p in ("fro", None) else p
    if not isinstance(p, (int, float)):
        raise ValueError(f"norm takes p as a number, math.inf or 'fro', got {p!r}")
    dims = some_dims("norm", dim, shape_of(input))
    if math.isinf(p):
        return (amax if p > 0 else amin)(abs_(input), dims, keepdim)
    if p == 0:
        return sum_(abs_(sign(input)), dims, keepdim)
    if p == 1:
        return sum_(abs_(input), dims, keepdim)
    return _norm(input, p=float(p), axis=dims, keepdims=keepdim)


def _numpy_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002 - NumPy's name
    """``np.linalg.norm``: of vectors along one axis, of matrices along two; without ``ord``, of everything."""
    rank = len(shape_of(x))
    if axis is None and ord is not None:
        if rank not in (1, 2):
            raise ValueError(f"np.linalg.norm with ord={ord} needs a vector or a matrix, got shape {shape_of(x)}")
        axis = tuple(range(rank))
    if ord is None or isinstance(axis, int) or len(axis) == 1:
        return norm(x, "fro" if ord is None else ord, axis, keepdims)
    rows, columns = (one_dim("np.linalg.norm", d, shape_of(x)) for d in axis)
    if ord == "fro":
        return norm(x, 2, (rows, columns), keepdims)
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(
            f"np.linalg.norm with ord={ord!r} of matrices needs singular values, which have no derivative in minigrad; "
            "ord may be None, 'fro', 1, -1, inf or -inf"
        )
    inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
    out = (amax if ord > 0 else amin)(sum_(abs_(x), inner, True), outer, True)
    return out if keepdims else np.squeeze(out, axis=(rows, columns))


NUMPY[np.linalg.norm] = _numpy_norm


# --- without NaN ------------------------------------------------------------------------------------------------------
@offer(np.nansum)
@both_doors
def nansum(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The sum of the elements that are not NaN; the others get no gradient.

    Example:
        >>> nansum(Tensor([1.0, np.nan, 2.0]))
        Tensor(3.)
    """
    return sum_(np.where(np.isnan(input), 0, input), dim, keepdim)


@offer(np.nanmean)
@both_doors
def nanmean(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The mean of the elements that are not NaN; NaN where there is none.

    Example:
        >>> nanmean(Tensor([1.0, np.nan, 2.0]))
        Tensor(1.5)
    """
    count = sum_(np.logical_not(np.isnan(input)), dim, keepdim)
    return nansum(input, dim, keepdim) / np.where(np.equal(count, 0), math.nan, count)


# --- ranges and counts ------------------------------------------------------------------------------------------------
class Range(NamedTuple):
    """The smallest and the largest value."""

    min: Tensor
    max: Tensor


@offer()
@both_doors
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False) -> Range:
    """The smallest and the largest value, over all elements or along ``dim``; ties share the gradient evenly.

    Example:
        >>> aminmax(Tensor([3.0, 1.0, 2.0]))
        Range(min=Tensor(1.), max=Tensor(3.))
    """
    return Range(amin(input, dim, keepdim), amax(input, dim, keepdim))


@offer(np.ptp)
@both_doors
def ptp(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value minus the smallest: NumPy's "peak to peak".

    Example:
        >>> ptp(Tensor([3.0, 1.0, 2.0]))
        Tensor(2.)
    """
    return amax(input, dim, keepdim) - amin(input, dim, keepdim)


_count_nonzero = constant(np.count_nonzero)


@offer()
@both_doors
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not 0, overall or along ``dim``.

    Example:
        >>> count_nonzero(Tensor([[0.0, 1.0], [2.0, 3.0]]), dim=0)
        Tensor([1, 2])
    """
    out = _count_nonzero(input, axis=some_dims("count_nonzero", dim, shape_of(input)))
    return Tensor(out) if isinstance(input, Tensor) and not isinstance(out, Tensor) else out
