"""The logarithm of the gamma function, and its derivatives: digamma and the polygamma functions."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ...core.arrays import as_array
from ...core.declare import primitive, register
from .pieces import Ratio, in_double, polynomial, put, ratio

EULER = 0.57721566490153286061
# B₂, B₄ ... of the expansions for large arguments.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
)  # fmt: skip
_STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1))[::-1]
_DIGAMMA = tuple(b / (2 * k) for k, b in enumerate(_BERNOULLI, 1))[::-1]


def _beyond_one(s: int) -> float:
    """ζ(s) - 1 for s from 2 on, by the formula of Euler and Maclaurin."""
    n = 20
    rest = [n ** (1 - s) / (s - 1), -0.5 * n**-s, s / 12 * n ** (-s - 1), -s * (s + 1) * (s + 2) / 720 * n ** (-s - 3)]
    rest.append(math.prod(range(s, s + 5)) / 30240 * n ** (-s - 5))
    rest.append(-math.prod(range(s, s + 7)) / 1209600 * n ** (-s - 7))
    return math.fsum([k ** float(-s) for k in range(2, n + 1)] + rest)


# Of log Γ(2 + z) / z in z, for z up to ½.
_NEAR_TWO = (*((-1) ** k * _beyond_one(k) / k for k in range(27, 1, -1)), 1 - EULER)
# Of ψ(x) / (x - its root) - 0.99558... in x - 1, from 1 to 2; and the root, in three parts.
# Source: the digamma function of Boost, J. Maddock (boost/math/special_functions/digamma.hpp).
_ONE_TO_TWO: Ratio = (
    (
        -0.0020713321167745952, -0.045251321448739056, -0.28919126444774784, -0.65031853770896507,
        -0.32555031186804491, 0.25479851061131551,
    ),
    (
        -0.55789841321675513e-6, 0.0021284987017821144, 0.054151797245674225, 0.43593529692665969,
        1.4606242909763515, 2.0767117023730469, 1.0,
    ),
)  # fmt: skip
_LEVEL = 0.99558162689208984
_ROOT = (1569415565 / 2**30, 381566830 / 2**60, 0.9016312093258695918615325266959189453125e-19)


def _from_pole(x: Any) -> Any:
    """What is left of x without the nearest integer, exactly: what the periodic functions depend on."""
    return x - np.round(x)


# --- log Γ ------------------------------------------------------------------------------------------------------------
def stirling_rest(x: Any) -> Any:
    """What log Γ(x) has beyond (x - ½) log x - x + ½ log 2π, for vectors of doubles of 8 and more."""
    return polynomial(1 / (x * x), _STIRLING) / x


def _two_plus(z: Any) -> Any:
    """The logarithm of Γ(2 + z) for z up to ½ in size."""
    return z * polynomial(z, _NEAR_TWO)


def lgamma_one_plus(z: Any) -> Any:
    """The logarithm of Γ(1 + z) for vectors of doubles from -½ to 1½, to full relative precision near 0."""
    return np.where(np.less(z, 0.5), _two_plus(np.minimum(z, 0.5)) - np.log1p(z), _two_plus(np.maximum(z, 0.5) - 1))


def _lgamma(x: Any) -> Any:
    out = np.where(np.isnan(x), x, math.inf)
    put(out, np.less(np.abs(x), 0.5), lambda z: lgamma_one_plus(z) - np.log(np.abs(z)), x)
    put(out, np.logical_and(np.greater_equal(x, 0.5), np.less(x, 2.5)), lambda v: lgamma_one_plus(v - 1), x)
    put(out, np.logical_and(np.greater_equal(x, 2.5), np.less(x, 8)), _by_steps, x)
    put(out, np.logical_and(np.greater_equal(x, 8), np.isfinite(x)), _large, x)
    put(out, np.logical_and(np.less_equal(x, -0.5), np.isfinite(x)), _reflected, x)
    return out


def _by_steps(x: Any) -> Any:
    """Between 2.5 and 8: Γ(x) = (x - 1) Γ(x - 1), as often as needed."""
    factor = np.ones_like(x)
    for _ in range(6):
        again = np.greater(x, 2.5)
        x = np.where(again, x - 1, x)
        factor = np.where(again, factor * x, factor)
    return np.log(factor) + _two_plus(x - 2)


def _large(x: Any) -> Any:
    return (x - 0.5) * np.log(x) - x + (0.5 * math.log(2 * math.pi) + stirling_rest(x))


def _reflected(x: Any) -> Any:
    return math.log(math.pi) - np.log(np.abs(np.sin(math.pi * _from_pole(x)))) - _lgamma(1 - x)


@register()
@primitive()
def lgamma(x: Any) -> Any:
    """The logarithm of |Γ(x)|, infinite at 0, -1, -2 ...

    The logarithm of n! is ``lgamma(n + 1)``.

    Example:
        >>> lgamma(Tensor([1.0, 5.0, 0.0]))
        Tensor([0.       , 3.1780539,       inf])
    """
    return in_double(_lgamma, x)


# --- ψ ----------------------------------------------------------------------------------------------------------------
def _digamma(x: Any) -> Any:
    negative = np.less(x, 0)
    out = np.where(np.equal(x, 0), np.copysign(math.inf, -x), math.nan)
    out = np.where(np.equal(x, math.inf), math.inf, out)
    put(out, np.logical_and(np.greater(x, 0), np.isfinite(x)), _digamma_positive, x)
    regular = np.logical_and(np.logical_and(negative, np.isfinite(x)), np.not_equal(x, np.trunc(x)))
    put(out, regular, lambda v: _digamma_positive(1 - v) - math.pi / np.tan(math.pi * _from_pole(v)), x)
    return out


def _digamma_positive(x: Any) -> Any:
    far = np.greater_equal(x, 10)
    large = np.maximum(x, 10)
    inverse = 1 / (large * large)
    beyond = np.log(large) - 0.5 / large - inverse * polynomial(inverse, _DIGAMMA)
    small = np.less(x, 1)
    steps = np.where(small, -1 / x, 0.0)
    near = np.minimum(np.where(small, x + 1, x), 10)
    for _ in range(8):
        again = np.greater(near, 2)
        near = np.where(again, near - 1, near)
        steps = np.where(again, steps + 1 / near, steps)
    distance = near - _ROOT[0] - _ROOT[1] - _ROOT[2]
    return np.where(far, beyond, distance * _LEVEL + distance * ratio(near - 1, _ONE_TO_TWO) + steps)


@register()
@primitive()
def digamma(x: Any) -> Any:
    """ψ(x), the derivative of ``lgamma``: infinite at 0, and NaN at the other poles, as in PyTorch.

    Example:
        >>> digamma(Tensor([1.0, 2.0]))
        Tensor([-0.5772157 ,  0.42278433])
    """
    return in_double(_digamma, x)


# --- ψ', ψ'' ... ------------------------------------------------------------------------------------------------------
def _polygamma_positive(x: Any, n: int) -> Any:
    """The number n! ζ(n + 1, x) for positive x: ten terms, and the rest by the formula of Euler and Maclaurin.

    Everything is divided by (n - 1)! / xⁿ, which alone may overflow.
    """
    terms = n / x
    for k in range(1, 10):
        terms = terms + n / (x + k) * (x / (x + k)) ** n
    z = x + 10
    tail, growing = 1 + 0.5 * n / z, 1.0
    for j, bernoulli in enumerate(_BERNOULLI, 1):
        growing *= (n + 2 * j - 1) * (n + 2 * j - 2) / (2 * j * (2 * j - 1))
        tail = tail + bernoulli * growing * z ** (-2.0 * j)
    total = terms + (x / z) ** n * tail
    if n <= 20:  # the powers that the logarithm would make less precise
        return np.where(np.isinf(x), 0, total * math.factorial(n - 1) * x ** -float(n))
    return np.where(np.isinf(x), 0, np.exp(math.lgamma(n) - n * np.log(x) + np.log(total)))


def _cotangent_polynomial(n: int) -> tuple[float, ...]:
    """The n-th derivative of cot(πx), divided by πⁿ, as a polynomial of cot(πx)."""
    rising = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(rising)][1:]
        rising = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return tuple(float(c) for c in rising[::-1])


def _polygamma_forward(x: Any, n: int) -> Any:
    sign = 1.0 if n % 2 else -1.0
    out = np.where(np.isnan(x), x, sign * math.inf)
    put(out, np.greater(x, 0), lambda v: sign * _polygamma_positive(v, n), x)
    regular = np.logical_and(np.less(x, 0), np.not_equal(x, np.trunc(x)))

    def reflected(v: Any) -> Any:
        cotangent = 1 / np.tan(math.pi * _from_pole(v))
        rest = math.pi ** (n + 1) * polynomial(cotangent, _cotangent_polynomial(n))
        return -_polygamma_positive(1 - v, n) - rest

    put(out, regular, reflected, x)
    return np.where(np.equal(x, -math.inf), math.nan, out)


@primitive(name="polygamma")
def _polygamma(x: Any, *, n: int) -> Any:
    """The n-th derivative of ψ, for n of 1 and more."""
    return in_double(lambda v: _polygamma_forward(v, n), x)


lgamma.rule(x=lambda g, x: g * digamma(x))
digamma.rule(x=lambda g, x: g * _polygamma(x, n=1))
_polygamma.rule(x=lambda g, x, n: g * _polygamma(x, n=n + 1))


def polygamma(n: int, input: Any) -> Any:
    """The n-th derivative of ``digamma``, which is that of n = 0; differentiable to any order.

    Raises:
        TypeError: for an ``n`` that is no integer.
        ValueError: for a negative one.

    Example:
        >>> polygamma(1, Tensor([1.0]))
        Tensor([1.644934])
    """
    try:
        order = operator.index(n)
    except TypeError:
        raise TypeError(f"polygamma(n, input): n is an integer, got {type(n).__name__}") from None
    if order < 0:
        raise ValueError(f"polygamma(n, input): n counts derivatives and is at least 0, got {order}")
    return _polygamma(input, n=order) if order else digamma(input)


@register(method="polygamma")
def polygamma_method(input: Any, n: int) -> Any:
    """``polygamma`` with the input first, as the method has it."""
    return polygamma(n, input)


# --- names ------------------------------------------------------------------------------------------------------------
@register()
def mvlgamma(input: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension ``p``.

    Math:
        p (p - 1) / 4 · log π + Σⱼ lgamma(x - j/2), for j from 0 to p - 1; it is meant for x > (p - 1) / 2.

    Raises:
        ValueError: for a ``p`` below 1.

    Example:
        >>> mvlgamma(Tensor([2.0]), 2)
        Tensor([0.45158267])
    """
    count = operator.index(p)
    if count < 1:
        raise ValueError(f"mvlgamma: p is a dimension and at least 1, got {count}")
    input = input if hasattr(input, "dtype") else as_array(input)
    total = lgamma(input)
    for j in range(1, count):
        total = total + lgamma(input - 0.5 * j)
    return total + count * (count - 1) / 4 * math.log(math.pi)


multigammaln = mvlgamma
gammaln = lgamma
psi = digamma
