"""Error functions: erf, erfc and erfcx, to full precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.declare import primitive, register
from .pieces import Ratio, in_blocks, in_double, ratio

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
