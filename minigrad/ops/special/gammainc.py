"""The incomplete gamma functions, with derivatives by both arguments: the distribution function of Gamma variables.

Where other libraries switch between a power series, a continued fraction and an asymptotic expansion, one quadrature
does here: the integral over the smaller tail, relative to the density at its end. It gives the derivatives by ``a`` of
every order as well.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.declare import primitive, register
from ..elementwise import unless_zero
from .gamma import digamma, lgamma, lgamma_one_plus, polygamma, stirling_rest
from .pieces import beside, in_double, polynomial, put

# Nodes of u = exp(s - exp(-s)) and weights du, for integrals over u > 0 of what falls at least exponentially.
# Source: H. Takahasi and M. Mori, "Double exponential formulas for numerical integration", Publ. RIMS 9 (1974).
_STEP = 1 / 8
_STEPS = [_STEP * k for k in range(-28, 36)]
_NODES = [(math.exp(s - math.exp(-s)), _STEP * (1 + math.exp(-s)) * math.exp(s - math.exp(-s))) for s in _STEPS]
_ARCTANH = tuple(1 / (2 * k + 3) for k in range(13, -1, -1))  # of artanh(s) = s + s³ · (...) in s²


def excess(x: Any, a: Any) -> Any:
    """μ - log(1 + μ) for 1 + μ = x / a, without the cancellation near 0."""
    mu = (x - a) / a
    small = np.where(np.less(np.abs(mu), 0.4), mu, 0)
    s = small / (2 + small)
    near = small * s - 2 * s * s * s * polynomial(s * s, _ARCTANH)
    return np.where(np.less(np.abs(mu), 0.4), near, mu - np.log(x / a))


def _density_positive(a: Any, x: Any) -> Any:
    """The number xᵃ⁻¹ exp(-x) / Γ(a) for finite a > 0 and x > 0."""
    out = np.empty_like(x)

    def small(a: Any, x: Any) -> Any:
        return a * np.exp((a - 1) * np.log(x) - lgamma(a + 1)) * np.exp(-x)

    def large(a: Any, x: Any) -> Any:
        return np.sqrt(a / (2 * math.pi)) / x * np.exp(-a * excess(x, a) - stirling_rest(a))

    put(out, np.less(a, 10), small, a, x)
    put(out, np.greater_equal(a, 10), large, a, x)
    return out


def _density(a: Any, x: Any) -> Any:
    out = np.where(np.logical_or(np.isnan(a), np.isnan(x)), math.nan, 0.0)
    undefined = np.logical_and(np.equal(a, 0), np.equal(x, 0))
    out = np.where(np.logical_or(undefined, np.logical_or(np.less(a, 0), np.less(x, 0))), math.nan, out)
    at_zero = np.where(np.less(a, 1), math.inf, np.where(np.equal(a, 1), 1.0, 0.0))
    out = np.where(np.logical_and(np.equal(x, 0), np.greater(a, 0)), at_zero, out)
    inside = np.logical_and(np.logical_and(np.greater(a, 0), np.greater(x, 0)), np.isfinite(a + x))
    put(out, inside, _density_positive, a, x)
    return out


# --- derivatives of the logarithm, and of what it is the logarithm of -------------------------------------------------
def _bell(n: int, logs: list[Any]) -> list[Any]:
    """f'/f, f''/f ... up to the n-th, behind 1, from the derivatives of log f."""
    values: list[Any] = [1.0]
    for m in range(n):
        values.append(sum(math.comb(m, k) * values[m - k] * logs[k] for k in range(m + 1)))
    return values


def _times_a(n: int, a: Any, logs: list[Any]) -> Any:
    """The n-th derivative of a · f by a, divided by a · f: apart, because near a = 0 it would cancel."""
    values = _bell(n, logs)
    return values[n] + n * values[n - 1] / a if n else values[0]


def _psi(n: int, a: Any) -> list[Any]:
    """The list -ψ(a + 1), -ψ'(a + 1) ..., n of them."""
    return [-polygamma(k, a + 1) for k in range(n)]


# --- integrals --------------------------------------------------------------------------------------------------------
def _tail(a: Any, x: Any, n: int) -> tuple[Any, Any]:
    """Whether the lower tail was taken, and the n-th derivative by a of its integrand, integrated, over the density.

    The tail ends at x, and the integrand of the first derivative has one sign in it.
    """
    psi = _psi(max(n, 1), a)
    lower = np.less(np.log(x), -psi[0] - 1 / a)
    total = np.empty_like(x)
    put(total, lower, lambda a, x, *psi: _integral(_below, a, x, n, psi), a, x, *psi)
    put(total, np.logical_not(lower), lambda a, x, *psi: _integral(_above, a, x, n, psi), a, x, *psi)
    return lower, total


def _below(a: Any, x: Any, u: Any) -> tuple[Any, Any]:
    """At t = x · exp(-u/x), which goes down to 0: log t - log x, and the integrand over the density at x."""
    u = u / x
    return -u, np.exp(-a * u - x * np.expm1(-u))


def _above(a: Any, x: Any, u: Any) -> tuple[Any, Any]:
    """The same at t = x + u."""
    logarithm = np.log1p(u / x)
    return logarithm, np.exp((a - 1) * logarithm - u)


def _integral(tail: Any, a: Any, x: Any, n: int, psi: Any) -> Any:
    """The integral along a tail, on the scale on which the integrand falls."""
    width = x / np.hypot(x - a, np.sqrt(np.maximum(a, x)))
    width = np.maximum(width, 1) if tail is _above else width  # at large u, the integrand falls like exp(-u)
    total = np.zeros_like(x)
    logarithm = np.log(x) + psi[0]
    for node, weight in _NODES:
        further, integrand = tail(a, x, width * node)
        if n:
            integrand = integrand * _times_a(n, a, [logarithm + further, *psi[1:]])
        total = total + weight * integrand
    return total * width


def _corner(a: Any, y: Any, n: int) -> tuple[Any, Any]:
    """The n-th derivative by a of P, divided by xᵃ / Γ(a + 1), for small x = exp(y): a power series.

    Its first term stands apart.
    """
    psi, x = _psi(n, a), np.exp(y)
    logs = [y + psi[0], *psi[1:]] if n else []
    rest, power = np.zeros_like(x), 1.0
    for k in range(1, 17):
        power = power * -x / k
        shifted = [log - math.factorial(j) / (-1) ** j / (a + k) ** (j + 1) for j, log in enumerate(logs)]
        rest = rest + power * a / (a + k) * _times_a(n, a, shifted)
    return _bell(n, logs)[n], rest


def _in_corner(a: Any, x: Any) -> Any:
    return np.logical_and(np.less(a, 1), np.less(x, 0.5))


def _regularized(a: Any, x: Any, upper: bool) -> Any:
    """P, or Q if ``upper``, of vectors."""
    nothing, everything = (1.0, 0.0) if upper else (0.0, 1.0)
    out = np.where(np.logical_or(np.less(a, 0), np.less(x, 0)), math.nan, nothing)
    out = np.where(np.logical_and(np.equal(a, 0), np.equal(x, 0)), math.nan, out)
    out = np.where(np.logical_and(np.isinf(a), np.isinf(x)), math.nan, out)
    some = np.logical_and(np.greater_equal(a, 0), np.greater(x, 0))
    out = np.where(np.logical_and(some, np.logical_or(np.equal(a, 0), np.isinf(x) & np.isfinite(a))), everything, out)
    out = np.where(np.logical_or(np.isnan(a), np.isnan(x)), math.nan, out)
    inside = np.logical_and(np.logical_and(some, np.greater(a, 0)), np.isfinite(a + x))
    corner = _in_corner(a, x)

    def series(a: Any, x: Any) -> Any:
        y = np.log(x)
        power, (one, rest) = a * y - lgamma_one_plus(a), _corner(a, y, 0)
        return -np.expm1(power) - np.exp(power) * rest if upper else np.exp(power) * (one + rest)

    def quadrature(a: Any, x: Any) -> Any:
        lower, integral = _tail(a, x, 0)
        density = _density_positive(a, x)
        part = np.where(np.greater(density, 0), density * integral, 0)
        return np.where(lower != upper, part, 1 - part)

    put(out, np.logical_and(inside, corner), series, a, x)
    put(out, np.logical_and(inside, np.logical_not(corner)), quadrature, a, x)
    return out


def _relative(a: Any, y: Any, n: int) -> Any:
    """The n-th derivative of P by a, divided by that by y = log x, of vectors."""
    out = np.full_like(y, math.nan)
    inside = np.logical_and(np.greater(a, 0), np.isfinite(a + y))
    corner = np.logical_or(np.less(y, -5), np.logical_and(np.less(a, 1), np.less(y, -math.log(2))))

    def quadrature(a: Any, y: Any) -> Any:
        x = np.exp(y)
        lower, integral = _tail(a, x, n)
        return np.where(lower, integral, -integral) / x

    put(out, np.logical_and(inside, corner), lambda a, y: np.exp(np.exp(y)) / a * sum(_corner(a, y, n)), a, y)
    put(out, np.logical_and(inside, np.logical_not(corner)), quadrature, a, y)
    return out


# --- primitives -------------------------------------------------------------------------------------------------------
_CURE = "shapes must be equal or 1 along every dimension, counted from the right"


@primitive(inputs=("a", "x"), broadcasts=True, cure=_CURE)
def gamma_density(a: Any, x: Any) -> Any:
    """The number xᵃ⁻¹ exp(-x) / Γ(a), the density of the Gamma distribution, to full precision also for large ``a``."""
    return in_double(_density, a, x)


@primitive(inputs=("a", "y"), broadcasts=True, cure=_CURE)
def gammainc_relative(a: Any, y: Any, *, order: int) -> Any:
    """A derivative of P(a, x) by ``a``, divided by that by ``y`` = log x: finite where x itself underflows."""
    return in_double(lambda a, y: _relative(a, y, order), a, y)


def _log(x: Any) -> Any:
    return np.log(unless_zero(x))


def _slope(a: Any, x: Any) -> Any:
    """The derivative of the logarithm of the density by x; taken as 0 at 0."""
    return np.where(np.equal(x, 0), 0, (a - 1) / unless_zero(x) - 1)


def _relative_y(g: Any, a: Any, y: Any, out: Any, order: int) -> Any:
    logs = [y - digamma(a), *[-polygamma(k, a) for k in range(1, order)]]
    return g * (_bell(order, logs)[order] - out * (a - np.exp(y)))


gamma_density.rule(
    a=lambda g, a, x, out: g * out * (_log(x) - digamma(a)),
    x=lambda g, a, x, out: g * out * _slope(a, x),
)
gammainc_relative.rule(
    a=lambda g, a, y, out, order: g * (gammainc_relative(a, y, order=order + 1) - out * (y - digamma(a))),
    y=_relative_y,
)


def _by_a(g: Any, a: Any, x: Any) -> Any:
    inside = np.greater(x, 0)
    safe = np.where(inside, x, 1)
    slope = gamma_density(a, safe) * safe * gammainc_relative(a, np.log(safe), order=1)
    return g * np.where(inside, slope, 0)


@primitive(name="gammainc", inputs=("a", "x"), broadcasts=True, cure=_CURE)
def _lower(a: Any, x: Any) -> Any:
    return in_double(lambda a, x: _regularized(a, x, False), a, x)


@primitive(name="gammaincc", inputs=("a", "x"), broadcasts=True, cure=_CURE)
def _upper(a: Any, x: Any) -> Any:
    return in_double(lambda a, x: _regularized(a, x, True), a, x)


_lower.rule(a=_by_a, x=lambda g, a, x: g * gamma_density(a, x))
_upper.rule(a=lambda g, a, x: -_by_a(g, a, x), x=lambda g, a, x: -g * gamma_density(a, x))


# --- names ------------------------------------------------------------------------------------------------------------
@register(method="igamma")
def gammainc(input: Any, other: Any) -> Any:
    """P(a, x) of a = ``input`` and x = ``other``, the regularized lower incomplete gamma function.

    It is the distribution function of Gamma variables. It is differentiable by both arguments, to any order; PyTorch
    refuses the derivative by ``input``.

    Math:
        the integral of tᵃ⁻¹ exp(-t) / Γ(a) from 0 to x; NaN for negative arguments.

    Source:
        H. Takahasi and M. Mori, "Double exponential formulas for numerical integration", Publ. RIMS 9 (1974).

    Example:
        >>> gammainc(Tensor([1.0, 3.0]), 2.0)
        Tensor([0.86466473, 0.32332358])
    """
    return _lower(beside(input, other), beside(other, input))


@register(method="igammac")
def gammaincc(input: Any, other: Any) -> Any:
    """Q(a, x) = 1 - P(a, x), the regularized upper incomplete gamma function, to full relative precision.

    Example:
        >>> gammaincc(Tensor([1.0, 3.0]), 2.0)
        Tensor([0.13533528, 0.6766764 ])
    """
    return _upper(beside(input, other), beside(other, input))


def gamma_sample_gradient(alpha: Any, sample: Any) -> Any:
    """How a Gamma variable moves with its shape while its rank stays: the implicit reparameterised gradient.

    Math:
        d sample / d alpha = -(∂P/∂alpha) / (∂P/∂sample), for P(alpha, sample) = ``gammainc``. PyTorch's
        ``_standard_gamma_grad`` approximates it, to 3e-3 at worst; this one is exact, and differentiable itself.

    Source:
        M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", NeurIPS 2018.

    Example:
        >>> gamma_sample_gradient(Tensor([1.0]), Tensor([1.0]))
        Tensor([1.173563])
    """
    alpha, sample = beside(alpha, sample), beside(sample, alpha)
    inside = np.greater(sample, 0)
    safe = np.where(inside, sample, 1)
    return np.where(inside, -safe * gammainc_relative(alpha, np.log(safe), order=1), 0)


igamma = gammainc
igammac = gammaincc
