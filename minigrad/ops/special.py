"""Exponentials, logarithms, error functions and rounding; PyTorch's short names for arithmetic and comparisons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import refuse_gradient
from ..core.declare import primitive, register, ufunc
from ..core.dispatch import NUMPY
from . import elementwise
from .pieces import Ratio, beside, in_blocks, in_double, ratio

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


# --- error functions --------------------------------------------------------------------------------------------------
# Rational approximations, the numerator and the denominator from the highest power on: of erf(x)/x in x² up to 0.46875,
# of exp(x²)·erfc(x) in x up to 4, and, beyond, of the deviation of x·exp(x²)·erfc(x) from 1/√π in 1/x².
# Source: W. J. Cody, "Rational Chebyshev approximation for the error function", Math. Comp. 23 (1969).
_NEAR: Ratio = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE: Ratio = (
    (
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
        2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ),
)  # fmt: skip
_FAR: Ratio = (
    (
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
        1.60837851487422766e-2, 6.58749161529837803e-4,
    ),
    (
        1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)  # fmt: skip
# For single precision one ratio does: erf(x)/x in x² up to x = 3.95, where erf rounds to 1. Fitted for this library, by
# least squares reweighted towards the largest relative error (2.1e-8 before rounding).
_SINGLE: Ratio = (
    (2.0259242e-6, 2.84678364e-4, 3.80786456e-3, 5.28745247e-2, 1.91543782e-1, 1.128379144),
    (3.78314759e-5, 1.17064863e-3, 1.50544984e-2, 1.14556872e-1, 5.03083934e-1, 1.0),
)


def _erf_near(x: Any) -> Any:
    x = np.clip(x, -0.5, 0.5)
    return x * ratio(x * x, _NEAR)


def _erf(x: Any) -> Any:
    if getattr(x, "dtype", None) == np.float32:
        x = np.maximum(np.minimum(x, 3.95), -3.95)
        return np.maximum(np.minimum(x * ratio(x * x, _SINGLE), 1), -1)
    size = np.abs(x)
    moderate = np.clip(size, 0.46875, 6)  # at 6 erf is 1 to the last digit, so erfc needs no more of its own
    beyond = 1 - np.exp(-moderate * moderate) * ratio(moderate, _MIDDLE)
    return np.where(np.less_equal(size, 0.46875), _erf_near(x), np.copysign(beyond, x))


def _scaled(size: Any) -> Any:
    """The product exp(x²) · erfc(x) for x from 0.46875 on."""
    large = np.maximum(size, 4)
    inverse = 1 / (large * large)
    far = (1 / math.sqrt(math.pi) - inverse * ratio(inverse, _FAR)) / large
    return np.where(np.greater(size, 4), far, ratio(np.minimum(size, 4), _MIDDLE))


def _growth(size: Any, sign: float) -> Any:
    """The exponential exp(± x²), where the rounding of x² costs no digits."""
    coarse = np.trunc(size * 16) / 16  # its square is exact
    return np.exp(sign * coarse * coarse) * np.exp(sign * (size - coarse) * (size + coarse))


def _erfc(x: Any) -> Any:
    size = np.clip(np.abs(x), 0.46875, 30)  # erfc underflows long before 30
    beyond = _growth(size, -1.0) * _scaled(size)
    beyond = np.where(np.less(x, 0), 2 - beyond, beyond)
    return np.where(np.less_equal(np.abs(x), 0.46875), 1 - _erf_near(x), beyond)


def _erfcx(x: Any) -> Any:
    size = np.maximum(np.abs(x), 0.46875)
    growth = _growth(np.minimum(np.abs(x), 26.75), 1.0)  # beyond, 2 · exp(x²) overflows
    beyond = _scaled(size)
    reflected = np.where(np.less(x, -26.74), math.inf, 2 * growth - beyond)
    beyond = np.where(np.less(x, 0), reflected, beyond)
    return np.where(np.less_equal(np.abs(x), 0.46875), growth * (1 - _erf_near(x)), beyond)


@register()
@primitive()
def erf(x: Any) -> Any:
    """The error function, 2/√π times the integral of exp(-t²) from 0 to x, to full precision.

    The distribution function of the standard normal is Φ(x) = (1 + erf(x/√2)) / 2.

    Source:
        W. J. Cody, "Rational Chebyshev approximation for the error function", Math. Comp. 23 (1969).

    Example:
        >>> erf(Tensor([0.0, 1.0, -9.0]))
        Tensor([ 0.       ,  0.8427008, -1.       ])
    """
    return in_blocks(_erf, x)


@register()
@primitive()
def erfc(x: Any) -> Any:
    """1 - erf(x), to full relative precision also where erf is almost 1.

    Source:
        W. J. Cody, "Rational Chebyshev approximation for the error function", Math. Comp. 23 (1969).

    Example:
        >>> f"{erfc(Tensor(10.0, dtype=np.float64)):.4e}"
        '2.0885e-45'
    """
    return in_blocks(_erfc, x)


@primitive()
def erfcx(x: Any) -> Any:
    """The product exp(x²) · erfc(x), which neither overflows nor vanishes for positive x.

    Example:
        >>> erfcx(Tensor([0.0, 1e4]))
        Tensor([1.0000000e+00, 5.6418958e-05])
    """
    return in_double(_erfcx, x)


def _gauss(x: Any) -> Any:
    return (2 / math.sqrt(math.pi)) * np.exp(-np.square(x))


erf.rule(x=lambda g, x: g * _gauss(x))
erfc.rule(x=lambda g, x: -g * _gauss(x))
erfcx.rule(x=lambda g, x, out: g * (2 * x * out - 2 / math.sqrt(math.pi)))
