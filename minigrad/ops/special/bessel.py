"""Modified Bessel functions of the first kind, Iₙ, and exp(-|x|) · Iₙ, which does not overflow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.declare import primitive, register
from .pieces import in_double, polynomial, put

_FAR = 25.0  # where the expansion for large arguments takes over from the power series


def _series(order: int) -> tuple[float, ...]:
    """Of Iₙ(x) / (x/2)ⁿ in x²/4, whose terms are all positive; those beyond do not count up to 25."""
    return tuple(1 / (math.factorial(k) * math.factorial(k + order)) for k in range(45, -1, -1))


def _expansion(order: int) -> tuple[float, ...]:
    """Of √(2πx) · exp(-x) · Iₙ(x) in 1/x. Source: DLMF 10.40.1."""
    coefficients = [1.0]
    for k in range(1, 27 + 2 * order):
        coefficients.append(coefficients[-1] * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k))
    return tuple(coefficients[::-1])


def _scaled(x: Any, order: int) -> Any:
    """The product exp(-|x|) · Iₙ(x)."""
    size = np.abs(x)
    out = np.where(np.isnan(x), x, 0.0)
    half = np.less(size, _FAR)
    series, expansion = _series(order), _expansion(order)
    put(out, half, lambda s: polynomial(s * s / 4, series) * (s / 2) ** order * np.exp(-s), size)
    put(
        out,
        np.logical_and(np.greater_equal(size, _FAR), np.isfinite(size)),
        lambda s: polynomial(1 / s, expansion) / np.sqrt(2 * math.pi * s),
        size,
    )
    return np.where(np.less(x, 0), -out, out) if order % 2 else out


def _plain(x: Any, order: int) -> Any:
    half = np.exp(np.abs(x) / 2)  # in two steps: Iₙ overflows later than the exponential
    infinite = np.copysign(math.inf, x) if order % 2 else math.inf
    return np.where(np.isinf(x), infinite, half * _scaled(x, order) * half)


@primitive(name="bessel_i")
def _bessel(x: Any, *, order: int, scaled: bool) -> Any:
    """Iₙ(x), for n of 0 and more, times exp(-|x|) if ``scaled``."""
    return in_double(lambda v: (_scaled if scaled else _plain)(v, order), x)


def _rule(g: Any, x: Any, out: Any, order: int, scaled: bool) -> Any:
    """Iₙ' = (Iₙ₋₁ + Iₙ₊₁) / 2, which divides by nothing: all derivatives at 0 exist. Source: DLMF 10.29.1."""
    below, above = (_bessel(x, order=n, scaled=scaled) for n in (abs(order - 1), order + 1))
    slope = 0.5 * (below + above)
    return g * (slope - np.sign(x) * out if scaled else slope)


_bessel.rule(x=_rule)


@register(np.i0)
def i0(input: Any) -> Any:
    """The modified Bessel function of order 0.

    Example:
        >>> i0(Tensor([0.0, 1.0]))
        Tensor([1.       , 1.2660658])
    """
    return _bessel(input, order=0, scaled=False)


def i0e(input: Any) -> Any:
    """The product exp(-|x|) · i0(x), which does not overflow.

    Example:
        >>> i0e(Tensor([0.0, 1000.0]))
        Tensor([1.        , 0.01261724])
    """
    return _bessel(input, order=0, scaled=True)


def i1(input: Any) -> Any:
    """The modified Bessel function of order 1, the derivative of ``i0``.

    Example:
        >>> i1(Tensor([0.0, 1.0]))
        Tensor([0.       , 0.5651591])
    """
    return _bessel(input, order=1, scaled=False)


def i1e(input: Any) -> Any:
    """The product exp(-|x|) · i1(x), which does not overflow.

    Example:
        >>> i1e(Tensor([0.0, 1000.0]))
        Tensor([0.        , 0.01261093])
    """
    return _bessel(input, order=1, scaled=True)
