"""Norms of vectors and matrices."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ...core.arrays import in_single, is_half, refuse_gradient, shape_of, sum_along
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ..convert import cast
from ..dims import axis_aliases, one_dim, some_dims
from ..elementwise import abs_, sign, unless_zero
from .extremes import amax, amin
from .sums import spread, sum_


# --- norms ------------------------------------------------------------------------------------------------------------
@primitive(name="norm")
def _norm(x: Any, *, p: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    if is_half(x):
        return in_single(_norm, x, p=p, axis=axis, keepdims=keepdims)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        total = _sum_of_powers(x, p, axis, keepdims)
        if x.dtype.kind == "f" and x.size and not _exact(total):
            return _scaled_norm(x, p, axis, keepdims)
        return np.sqrt(total) if p == 2 else total ** (1 / p)


def _sum_of_powers(x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    return sum_along(x * x if p == 2 else np.abs(x) ** p, axis, keepdims)


def _exact(total: Any) -> bool:
    """Whether none of these sums of powers can have lost anything to overflow, or to numbers too small to be exact."""
    low, high = _limits(total.dtype)
    if total.ndim == 0:
        return bool(low < total <= high)
    return bool(np.min(total) > low and np.max(total) <= high)


@functools.cache
def _limits(dtype: Any) -> tuple[float, float]:
    limits = np.finfo(dtype)
    return float(limits.tiny / limits.eps), float(limits.max)


def _scaled_norm(x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """The norm of ``x`` over the number that dominates it, the largest or for negative p the smallest, times that."""
    scale = (np.max if p > 0 else np.min)(np.abs(x), axis=axis, keepdims=True)
    scale = np.where(np.logical_and(scale > 0, np.isfinite(scale)), scale, 1)
    out = scale * _sum_of_powers(x / scale, p, axis, True) ** (1 / p)
    return out if keepdims else np.squeeze(out, axis=axis)


def _norm_x(g: Any, x: Any, out: Any, x_shape: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """The slope (x / out) · (|x| / out)^(p - 2), taken as 0 where x or the norm is 0."""
    out, g = spread(out, x_shape, axis, keepdims), spread(g, x_shape, axis, keepdims)
    if p == 2:
        return (g * np.not_equal(out, 0)) * (x / unless_zero(out))
    nothing = np.equal(x, 0)
    size = np.where(nothing, 1, np.abs(x / unless_zero(out)))
    return g * np.where(nothing, 0, np.sign(x) * size ** (p - 1))


_norm.rule(x=_norm_x)


@register()
@axis_aliases
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """(Σ |x|ᵖ)^(1/p) over all elements or over the dimensions ``dim``; the derivative at 0 is taken as 0.

    Args:
        input: array or Tensor of any shape.
        p: a number, infinity or minus infinity (the largest and smallest absolute value, ties sharing the gradient),
            0 (how many are not 0) or "fro", which is 2.
        dim: None, an integer or a tuple of integers.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the floating-point type to convert the input to before anything is computed.

    Example:
        >>> x = Tensor([3.0, 4.0], requires_grad=True)
        >>> norm(x).backward()
        >>> x.grad
        Tensor([0.6, 0.8])
    """
    refuse_gradient("norm", p=p)
    p = 2.0 if p in ("fro", None) else p
    if not isinstance(p, (int, float)):
        raise ValueError(f"norm takes p as a number, math.inf or 'fro', got {p!r}")
    input = cast("norm", input, dtype, floating=True)
    dims = some_dims("norm", dim, shape_of(input))
    if math.isinf(p):
        return (amax if p > 0 else amin)(abs_(input), dims, keepdim)
    if p == 0:
        return sum_(abs_(sign(np.where(np.isnan(input), 1, input))), dims, keepdim)
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
