"""The Beta distribution of log-odds y, x = 1 / (1 + exp(-y)): shares, quantiles, and samples that keep their rank.

Everything rests on one quadrature, that of the tail beyond y on the side away from the mode, relative to the density at
y. It gives derivatives by both parameters of every order. (``gammainc.py`` does the same for the Gamma distribution.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.declare import primitive
from ..elementwise import sigmoid
from .gamma import digamma, lgamma, polygamma, stirling_rest
from .gammainc import excess
from .pieces import in_double, put

# Nodes and weights for integrals over u > 0, of which as many are used as are felt: near u = 0 they crowd.
# Source: H. Takahasi and M. Mori, "Double exponential formulas for numerical integration", Publ. RIMS 9 (1974).
_STEP = 1 / 7
_STEPS = [_STEP * k for k in range(-23, 120)]
_NODES = [(math.exp(s - math.exp(-s)), _STEP * (1 + math.exp(-s)) * math.exp(s - math.exp(-s))) for s in _STEPS]
_NEWTON = 60
_CURE = "shapes must be equal or 1 along every dimension, counted from the right"


def _log_shares(y: Any) -> tuple[Any, Any]:
    """The logarithms of x and of 1 - x."""
    return -np.logaddexp(0, -y), -np.logaddexp(0, y)


def _log_density(a: Any, b: Any, y: Any) -> Any:
    """The logarithm of xᵃ (1 - x)ᵇ / B(a, b), the density of y; it does not cancel near the mode of large a, b."""
    out = np.empty_like(y)

    def small(a: Any, b: Any, y: Any) -> Any:
        ones, zeros = _log_shares(y)
        return a * ones + b * zeros + lgamma(a + b) - lgamma(a) - lgamma(b)

    def large(a: Any, b: Any, y: Any) -> Any:
        total, x = a + b, sigmoid(y)
        away = -a * excess(total * x, a) - b * excess(total * sigmoid(-y), b)
        scale = 0.5 * np.log(a / total * b / (2 * math.pi))
        return away + scale + stirling_rest(total) - stirling_rest(a) - stirling_rest(b)

    many = np.greater(np.minimum(a, b), 10)
    put(out, many, large, a, b, y)
    put(out, np.logical_not(many), small, a, b, y)
    return out


# --- the quadrature ---------------------------------------------------------------------------------------------------
def _slopes(a: Any, b: Any, n: int, m: int) -> dict[tuple[int, int], Any]:
    """The derivatives of log density by a and b, but for the logarithms of the shares in the first ones."""
    found: dict[tuple[int, int], Any] = {}
    for i in range(n + 1):
        for j in range(m + 1):
            if i + j:
                own = polygamma(i - 1, a) if j == 0 else polygamma(j - 1, b) if i == 0 else 0.0
                found[i, j] = polygamma(i + j - 1, a + b) - own
    return found


def _factor(slopes: dict[tuple[int, int], Any], ones: Any, zeros: Any, n: int, m: int) -> Any:
    """A derivative of the density by a and b, divided by it: a Bell polynomial of those of its logarithm."""
    logs = dict(slopes)
    for place, share in (((1, 0), ones), ((0, 1), zeros)):
        if place in logs:
            logs[place] = logs[place] + share
    values: dict[tuple[int, int], Any] = {(0, 0): 1.0}
    for i in range(n + 1):
        for j in range(m + 1):
            if i:
                parts = [
                    math.comb(i - 1, h) * math.comb(j, k) * logs[h + 1, k] * values[i - 1 - h, j - k]
                    for h in range(i)
                    for k in range(j + 1)
                ]
                values[i, j] = sum(parts)
            elif j:
                values[i, j] = sum(math.comb(j - 1, k) * logs[0, k + 1] * values[0, j - 1 - k] for k in range(j))
    return values[n, m]


def _tail(a: Any, b: Any, y: Any, n: int, m: int) -> tuple[Any, Any]:
    """Whether the lower tail was taken, and a derivative of it by a and b, over the density at y."""
    lower = np.less(y, np.log(a) - np.log(b))
    sign = np.where(lower, -1.0, 1.0)
    x, rest = sigmoid(y), sigmoid(-y)
    width = 1 / np.hypot(1, np.hypot(a * rest - b * x, np.sqrt((a + b) * x * rest)))
    (ones, zeros), slopes = _log_shares(y), _slopes(a, b, n, m)
    # Where the tail reaches from one side of y = 0 to the other, nothing is singular near it in the odds themselves.
    mine, other = np.where(lower, a, b), np.where(lower, b, a)
    fast = np.greater(mine, np.maximum(2, 8 * other))
    total, largest = np.zeros_like(y), np.zeros_like(y)
    for node, weight in _NODES:
        u = width * node
        further = _log_shares(y + sign * np.where(fast, np.log1p(u), u))
        term = weight * np.exp(a * (further[0] - ones) + b * (further[1] - zeros))
        term = np.where(fast, term / (1 + u), term)
        if n or m:
            term = term * _factor(slopes, *further, n, m)
        total = total + term
        largest = np.maximum(largest, np.abs(term))
        if node > 1 and bool(np.all(np.less_equal(np.abs(term), 1e-16 * largest))):
            break
    return lower, total * width


def _share(a: Any, b: Any, y: Any, upper: bool) -> Any:
    """The probability below y, or above it."""
    out = np.where(np.isnan(a + b + y), math.nan, np.where(np.greater(y, 0) != upper, 1.0, 0.0))
    inside = np.logical_and(np.isfinite(y), np.logical_and(np.greater(a, 0), np.greater(b, 0)))

    def quadrature(a: Any, b: Any, y: Any) -> Any:
        lower, integral = _tail(a, b, y, 0, 0)
        part = np.exp(_log_density(a, b, y)) * integral
        return np.where(lower != upper, part, 1 - part)

    put(out, inside, quadrature, a, b, y)
    return out


def _relative(a: Any, b: Any, y: Any, n: int, m: int) -> Any:
    lower, integral = _tail(a, b, y, n, m)
    return np.where(lower, integral, -integral)


# --- primitives -------------------------------------------------------------------------------------------------------
@primitive(inputs=("a", "b", "y"), broadcasts=True, cure=_CURE)
def beta_density(a: Any, b: Any, y: Any) -> Any:
    """The density of the log-odds ``y`` of a Beta variable."""
    return in_double(lambda a, b, y: np.exp(_log_density(a, b, y)), a, b, y)


@primitive(inputs=("a", "b", "y"), broadcasts=True, cure=_CURE)
def beta_share(a: Any, b: Any, y: Any, *, upper: bool) -> Any:
    """The probability that the log-odds of a Beta variable are below ``y``, Iₓ(a, b), or above it."""
    return in_double(lambda a, b, y: _share(a, b, y, upper), a, b, y)


@primitive(inputs=("a", "b", "y"), broadcasts=True, cure=_CURE)
def beta_relative(a: Any, b: Any, y: Any, *, by_a: int, by_b: int) -> Any:
    """A derivative by ``a`` and ``b`` of the probability below ``y``, divided by its derivative by ``y``."""
    return in_double(lambda a, b, y: _relative(a, b, y, by_a, by_b), a, b, y)


def _log_slope_a(a: Any, b: Any, y: Any) -> Any:
    """The derivative of log density by a; that by b is that of -y with both exchanged."""
    return -np.logaddexp(-y, 0.0) - digamma(a) + digamma(a + b)


def _by_y(g: Any, a: Any, b: Any, y: Any, out: Any, by_a: int, by_b: int) -> Any:
    slopes = _slopes(a, b, by_a, by_b)
    factor = _factor(slopes, -np.logaddexp(-y, 0.0), -np.logaddexp(y, 0.0), by_a, by_b)
    return g * (factor - out * (a * sigmoid(-y) - b * sigmoid(y)))


beta_density.rule(
    a=lambda g, a, b, y, out: g * out * _log_slope_a(a, b, y),
    b=lambda g, a, b, y, out: g * out * _log_slope_a(b, a, -y),
    y=lambda g, a, b, y, out: g * out * (a * sigmoid(-y) - b * sigmoid(y)),
)
beta_relative.rule(
    a=lambda g, a, b, y, out, by_a, by_b: (
        g * (beta_relative(a, b, y, by_a=by_a + 1, by_b=by_b) - out * _log_slope_a(a, b, y))
    ),
    b=lambda g, a, b, y, out, by_a, by_b: (
        g * (beta_relative(a, b, y, by_a=by_a, by_b=by_b + 1) - out * _log_slope_a(b, a, -y))
    ),
    y=_by_y,
)


def _moved(g: Any, a: Any, b: Any, y: Any, upper: bool, by_a: int) -> Any:
    inside = np.isfinite(y)
    safe = np.where(inside, y, 0)
    slope = beta_density(a, b, safe) * (beta_relative(a, b, safe, by_a=by_a, by_b=1 - by_a) if by_a < 2 else 1)
    return np.where(inside, -g if upper else g, 0) * slope


beta_share.rule(
    a=lambda g, a, b, y, upper: _moved(g, a, b, y, upper, 1),
    b=lambda g, a, b, y, upper: _moved(g, a, b, y, upper, 0),
    y=lambda g, a, b, y, upper: _moved(g, a, b, y, upper, 2),
)


# --- quantiles and samples --------------------------------------------------------------------------------------------
def _solved(a: Any, b: Any, y: Any, goal: Any, upper: bool) -> Any:
    """Newton's method on the logarithm of a share, which is a concave function of y, so that steps cannot escape."""
    y = y.copy()
    moving = np.arange(y.size, like=y)
    for _ in range(_NEWTON):
        one, zero, place = a[moving], b[moving], y[moving]
        value = _share(one, zero, place, upper)
        step = (goal[moving] - np.log(value)) * value / np.exp(_log_density(one, zero, place))
        step = np.clip(np.where(np.isfinite(step), -step if upper else step, 0), -3 - 0.5 / one, 3 + 0.5 / zero)
        y[moving] = place + step
        moving = moving[np.abs(step) > 1e-9 * (1 + np.abs(place))]  # the next step would be its square
        if not moving.size:
            break
    return y


def _quantile(a: Any, b: Any, p: Any, q: Any) -> Any:
    """The log-odds below which there is the probability ``p``, and above which ``q``."""
    start = np.log(a) - np.log(b)
    below = _share(a, b, start, False)
    first = np.where(
        np.less(p, below), np.log(p / below) / a, -np.log(q / (1 - below)) / b
    )  # the tails are exponential
    out = np.empty_like(start)
    lower = np.less_equal(p, q)
    near = start + np.where(np.less(np.abs(first), 1 / np.sqrt(np.minimum(a, b))), 0, first)
    put(out, lower, lambda a, b, y, p: _solved(a, b, y, np.log(p), False), a, b, near, p)
    put(out, np.logical_not(lower), lambda a, b, y, q: _solved(a, b, y, np.log(q), True), a, b, near, q)
    return out


@primitive(inputs=("a", "b", "p"), broadcasts=True, cure=_CURE)
def beta_quantile(a: Any, b: Any, p: Any) -> Any:
    """The log-odds below which there is the probability ``p``."""

    def quantile(a: Any, b: Any, p: Any) -> Any:
        inside = np.logical_and(np.greater(p, 0), np.less(p, 1))
        share = np.where(inside, p, 0.5)
        return np.where(inside, _quantile(a, b, share, 1 - share), np.where(np.equal(p, 0), -math.inf, math.inf))

    return in_double(quantile, a, b, p)


def _quantile_slope(g: Any, a: Any, b: Any, out: Any, by_a: int, by_b: int) -> Any:
    inside = np.isfinite(out)
    slope = beta_relative(a, b, np.where(inside, out, 0), by_a=by_a, by_b=by_b)
    return g * np.where(inside, -slope, 0)


def _quantile_p(g: Any, a: Any, b: Any, out: Any) -> Any:
    inside = np.isfinite(out)
    density = beta_density(a, b, np.where(inside, out, 0))
    return g * np.where(inside, 1 / density, math.inf)


beta_quantile.rule(
    a=lambda g, a, b, out: _quantile_slope(g, a, b, out, 1, 0),
    b=lambda g, a, b, out: _quantile_slope(g, a, b, out, 0, 1),
    p=_quantile_p,
)


@primitive(inputs=("a", "b"))
def beta_sample(a: Any, b: Any, *, start: tuple[Any, Any], sample: Any) -> Any:
    """What the log-odds of a Beta variable, drawn for the parameters ``start``, become when these move to a and b.

    Their rank stays; so they are ``sample`` where nothing moves. See ``gamma_sample``.
    """
    if bool(np.all(np.equal(a, start[0]))) and bool(np.all(np.equal(b, start[1]))):
        return sample.astype(a.dtype)

    def moved(a: Any, b: Any, c: Any, d: Any, y: Any) -> Any:
        there = np.logical_and(np.equal(a, c), np.equal(b, d))
        return np.where(there, y, _quantile(a, b, _share(c, d, y, False), _share(c, d, y, True)))

    return in_double(moved, a, b, *start, sample).astype(a.dtype, copy=False)


beta_sample.rule(
    a=lambda g, a, b, out: -g * beta_relative(a, b, out, by_a=1, by_b=0),
    b=lambda g, a, b, out: -g * beta_relative(a, b, out, by_a=0, by_b=1),
)
