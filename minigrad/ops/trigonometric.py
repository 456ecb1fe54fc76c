"""Trigonometric and hyperbolic functions and their inverses, in radians, under NumPy's and PyTorch's names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.declare import primitive, register, ufunc
from ..core.dispatch import NUMPY


def unless_zero(x: Any) -> Any:
    """``x`` with 1 in place of 0, to divide by where the numerator is 0 as well."""
    return np.where(np.equal(x, 0), 1, x)


# --- angles to numbers ------------------------------------------------------------------------------------------------
sin = ufunc(np.sin, "The sine.", x=lambda g, x: g * np.cos(x))
cos = ufunc(np.cos, "The cosine.", x=lambda g, x: -g * np.sin(x))
tan = ufunc(np.tan, "The tangent.", x=lambda g, out: g * (1 + out * out))

# --- numbers to angles ------------------------------------------------------------------------------------------------
arcsin = ufunc(
    np.arcsin,
    "The angle in [-π/2, π/2] whose sine is x; NaN outside of [-1, 1], and an infinite derivative at its ends.",
    x=lambda g, x: g / np.sqrt((1 - x) * (1 + x)),
)
arccos = ufunc(
    np.arccos,
    "The angle in [0, π] whose cosine is x; NaN outside of [-1, 1], and an infinite derivative at its ends.",
    x=lambda g, x: -g / np.sqrt((1 - x) * (1 + x)),
)
arctan = ufunc(np.arctan, "The angle in (-π/2, π/2) whose tangent is x.", x=lambda g, x: g / (1 + x * x))
arctan2 = ufunc(
    np.arctan2,
    "The angle in [-π, π] of the point with ordinate x and abscissa y; its derivatives at the origin are taken as 0.",
    x=lambda g, x, y: g * (y / unless_zero(x * x + y * y)),
    y=lambda g, x, y: -g * (x / unless_zero(x * x + y * y)),
)

# --- hyperbolic -------------------------------------------------------------------------------------------------------
sinh = ufunc(np.sinh, "The hyperbolic sine.", x=lambda g, x: g * np.cosh(x))
cosh = ufunc(np.cosh, "The hyperbolic cosine.", x=lambda g, x: g * np.sinh(x))
arcsinh = ufunc(np.arcsinh, "The inverse of sinh.", x=lambda g, x: g / np.hypot(x, 1))
arccosh = ufunc(
    np.arccosh,
    "The inverse of cosh for x ≥ 1, NaN elsewhere; its derivative at 1 is infinite.",
    x=lambda g, x: g / np.sqrt((x - 1) * (x + 1) + 0),  # which makes a 0 of the -0 at -1
)
arctanh = ufunc(
    np.arctanh,
    "The inverse of tanh, infinite at -1 and 1, and NaN beyond.",
    x=lambda g, x: g / ((1 - x) * (1 + x)),
)

# --- lengths and units ------------------------------------------------------------------------------------------------
hypot = ufunc(
    np.hypot,
    "√(x² + y²) without overflow; like every norm it has the derivative 0 at 0.",
    x=lambda g, x, out: g * np.where(np.equal(out, 0), 0, x / unless_zero(out)),
    y=lambda g, y, out: g * np.where(np.equal(out, 0), 0, y / unless_zero(out)),
)
deg2rad = ufunc(np.deg2rad, "Degrees to radians.", x=lambda g: g * (math.pi / 180))
rad2deg = ufunc(np.rad2deg, "Radians to degrees.", x=lambda g: g * (180 / math.pi))
NUMPY[np.radians] = deg2rad
NUMPY[np.degrees] = rad2deg


# --- the sampling function --------------------------------------------------------------------------------------------
def _sinc_series(x: Any, order: int) -> Any:
    """The derivative of that order, from the series Σ (-1)ᵏ (πx)²ᵏ / (2k+1)!, for |x| at most 1 + order / 4."""
    x = np.minimum(np.maximum(x, -1 - order / 4), 1 + order / 4)
    total = x * 0
    for k in range(order // 2 + order % 2, order + 18):
        falling = math.prod(range(2 * k - order + 1, 2 * k + 1))
        total = total + ((-1) ** k * math.pi ** (2 * k) * falling / math.factorial(2 * k + 1)) * x ** (2 * k - order)
    return total


@primitive()
def sinc_derivative(x: Any, *, order: int = 0) -> Any:
    """A derivative of sin(πx)/(πx), exact also at and near 0, where a formula with a quotient loses its digits.

    Away from 0 it follows from the one before: x·f⁽ⁿ⁾ + n·f⁽ⁿ⁻¹⁾ is the n-th derivative of sin(πx)/π.
    """
    away = np.where(np.less(np.abs(x), 0.5), 1, x)
    value = np.sin(math.pi * away) / (math.pi * away)
    for n in range(1, order + 1):
        wave = math.pi ** (n - 1) * np.sin(math.pi * away + n * (math.pi / 2))
        value = (wave - n * value) / away
    return np.where(np.less(np.abs(x), 0.5 + order / 4), _sinc_series(x, order), value)


sinc_derivative.rule(x=lambda g, x, order: g * sinc_derivative(x, order=order + 1))


@register(np.sinc)
def sinc(input: Any) -> Any:
    """sin(πx) / (πx), and 1 at 0; smooth there, with derivatives of every order.

    Example:
        >>> x = Tensor(0.0, requires_grad=True)
        >>> sinc(x)
        Tensor(1., op=sinc_derivative)
    """
    return sinc_derivative(input)


# PyTorch's short names. NumPy has them too, and there they are the same objects.
asin = register(method="asin")(arcsin)
acos = register(method="acos")(arccos)
atan = register(method="atan")(arctan)
atan2 = register(method="atan2")(arctan2)
asinh = register(method="asinh")(arcsinh)
acosh = register(method="acosh")(arccosh)
atanh = register(method="atanh")(arctanh)
