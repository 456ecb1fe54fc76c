"""Exponentials, logarithms and rounding; PyTorch's short names for arithmetic and comparisons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import refuse_gradient
from ...core.declare import primitive, register, ufunc
from ...core.dispatch import NUMPY
from .. import elementwise
from .pieces import beside

# --- exponentials and logarithms --------------------------------------------------------------------------------------
exp2 = ufunc(np.exp2, "2 to the power x.", x=lambda g, out: g * (out * math.log(2)))
expm1 = ufunc(np.expm1, "exp(x) - 1, exact for small x.", x=lambda g, out: g * (out + 1))
log1p = ufunc(np.log1p, "log(1 + x), exact for small x.", x=lambda g, x: g / (1 + x))
log2 = ufunc(np.log2, "The logarithm to base 2.", x=lambda g, x: g / (x * math.log(2)))
log10 = ufunc(np.log10, "The logarithm to base 10.", x=lambda g, x: g / (x * math.log(10)))


def _share(x: Any, y: Any, out: Any) -> Any:
    """exp(x) / (exp(x) + exp(y)); 0 where both are 0."""
    lost = np.equal(out, -math.inf)
    x, y = (v if isinstance(v, (int, float)) else np.where(lost, 0, v) for v in (x, y))  # -inf - -inf is NaN
    return np.where(lost, 0, elementwise.sigmoid(x - y))


logaddexp = ufunc(
    np.logaddexp,
    "log(exp(x) + exp(y)) without overflow.",
    x=lambda g, x, y, out: g * _share(x, y, out),
    y=lambda g, x, y, out: g * _share(y, x, out),
)
logaddexp2 = ufunc(
    np.logaddexp2,
    "The logarithm to base 2 of 2^x + 2^y, without overflow.",
    x=lambda g, x, y, out: g * _share(x * math.log(2), y * math.log(2), out),
    y=lambda g, x, y, out: g * _share(y * math.log(2), x * math.log(2), out),
)


@primitive(
    name="xlogy", broadcasts=True, cure="shapes must be equal or 1 along every dimension, counted from the right"
)
def _xlogy(x: Any, y: Any) -> Any:
    silent = np.logical_and(np.equal(x, 0), np.logical_not(np.isnan(y)))
    y = np.where(silent, 1, y).astype(np.result_type(x, y), copy=False)  # the logarithm is as precise as the result
    return np.where(silent, 0, x * np.log(y))


def _xlogy_x(g: Any, x: Any, y: Any) -> Any:
    void = np.logical_and(np.equal(x, 0), np.less_equal(y, 0))
    return g * np.log(np.where(void, 1, y))


def _xlogy_y(g: Any, x: Any, y: Any) -> Any:
    return g * (x / np.where(np.logical_and(np.equal(x, 0), np.equal(y, 0)), 1, y))


_xlogy.rule(x=_xlogy_x, y=_xlogy_y)


@register()
def xlogy(input: Any, other: Any) -> Any:
    """``input`` · log ``other`` with 0 · log 0 = 0: the terms of an entropy.

    The derivatives where both are 0 are taken as 0.

    Example:
        >>> xlogy(Tensor([0.0, 2.0]), Tensor([0.0, 1.0]))
        Tensor([0., 0.])
    """
    return _xlogy(beside(input, other), beside(other, input))


# --- powers -----------------------------------------------------------------------------------------------------------
@register()
@primitive()
def rsqrt(x: Any) -> Any:
    """1 / √x.

    Example:
        >>> rsqrt(Tensor([4.0]))
        Tensor([0.5])
    """
    return 1 / np.sqrt(x)


@register(np.reciprocal)
@primitive()
def reciprocal(x: Any) -> Any:
    """1 / x, also of integers (where NumPy's own would round to 0).

    Example:
        >>> reciprocal(Tensor([4, 5]))
        Tensor([0.25, 0.2 ])
    """
    return 1 / x


rsqrt.rule(x=lambda g, out: g * (-0.5 * out * out * out))
reciprocal.rule(x=lambda g, out: -g * (out * out))
cbrt = ufunc(
    np.cbrt,
    "The cube root, also of negative numbers; its derivative at 0 is infinite.",
    x=lambda g, out: g / (3 * out * out),
)

# --- rounding: constant almost everywhere, so the derivative is 0 everywhere ------------------------------------------
floor = ufunc(np.floor, "The largest integer ≤ x; its derivative is 0.", x=lambda g: np.zeros_like(g))
ceil = ufunc(np.ceil, "The smallest integer ≥ x; its derivative is 0.", x=lambda g: np.zeros_like(g))
trunc = ufunc(np.trunc, "The integer part, towards 0; its derivative is 0.", x=lambda g: np.zeros_like(g))
NUMPY[np.fix] = trunc


@primitive(name="round")
def _round(x: Any, *, decimals: int = 0) -> Any:
    return np.round(x, decimals)


_round.rule(x=lambda g: np.zeros_like(g))
NUMPY[np.rint] = _round


@register(np.round, np.around)
def round_(input: Any, decimals: int = 0) -> Any:
    """The nearest number with so many decimals, halves to the even one; its derivative is 0.

    Example:
        >>> round_(Tensor([0.5, 1.5, 1.234]), decimals=1)
        Tensor([0.5, 1.5, 1.2])
    """
    return _round(input, decimals=decimals)


@register()
@primitive()
def frac(x: Any) -> Any:
    """What is left of x without its integer part, with the sign of x; its derivative is 1.

    Example:
        >>> frac(Tensor([1.75, -1.75]))
        Tensor([ 0.75, -0.75])
    """
    return x - np.trunc(x)


frac.rule(x=lambda g: g)
fmod = elementwise.division(
    np.fmod,
    "What is left of x after division by y, with the sign of x.",
    x=lambda g: g,
    y=lambda g, x, y: -g * np.trunc(x / y),
)

# --- signs and choices ------------------------------------------------------------------------------------------------
copysign = ufunc(
    np.copysign,
    "The magnitude of x with the sign of y; the derivative at x = 0 is taken as 0.",
    x=lambda g, x, out: g * (np.sign(x) * np.sign(out)),
    y=lambda g: np.zeros_like(g),
)
heaviside = ufunc(
    np.heaviside,
    "0 for negative x, 1 for positive x, and y where x is 0; the derivative by x is 0.",
    x=lambda g: np.zeros_like(g),
    y=lambda g, x: g * np.equal(x, 0),
)
fmax = ufunc(
    np.fmax,
    "The larger of x and y, or the one that is not NaN; where they are equal x gets the gradient.",
    x=lambda g, x, y: g * np.logical_or(np.greater_equal(x, y), np.isnan(y)),
    y=lambda g, x, y: g * np.logical_not(np.logical_or(np.greater_equal(x, y), np.isnan(y))),
)
fmin = ufunc(
    np.fmin,
    "The smaller of x and y, or the one that is not NaN; where they are equal x gets the gradient.",
    x=lambda g, x, y: g * np.logical_or(np.less_equal(x, y), np.isnan(y)),
    y=lambda g, x, y: g * np.logical_not(np.logical_or(np.less_equal(x, y), np.isnan(y))),
)


@primitive(name="nan_to_num")
def _nan_to_num(x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


_nan_to_num.rule(x=lambda g, x: g * np.isfinite(x))


@register()
def nan_to_num(input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Any:
    """The input with NaN and infinities replaced; no gradient flows to them.

    Args:
        input: array or Tensor of any shape.
        nan: what NaN becomes, by default 0.
        posinf: what infinity becomes, by default the largest number of the dtype.
        neginf: what minus infinity becomes, by default the smallest.

    Example:
        >>> nan_to_num(Tensor([np.nan, 1.0]))
        Tensor([0., 1.])
    """
    refuse_gradient("nan_to_num", nan=nan, posinf=posinf, neginf=neginf)
    return _nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


NUMPY[np.nan_to_num] = lambda x, copy=True, nan=0.0, posinf=None, neginf=None: nan_to_num(x, nan, posinf, neginf)
