"""Distribution functions of the normal and the logistic distribution, and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import refuse_gradient
from ...core.declare import primitive, register
from ..elementwise import clamp, sigmoid
from .errors import erfc, erfcx
from .pieces import Ratio, in_double, put, ratio

# Rational approximations of the normal quantile: of Φ⁻¹(p) / (p - ½) in 0.180625 - (p - ½)², and of Φ⁻¹ itself in
# √(-log p) - 1.6 and √(-log p) - 5.
# Source: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Stat. 37 (1988).
_CENTRE: Ratio = (
    (
        2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
        1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080,
    ),
    (
        5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
        5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0,
    ),
)  # fmt: skip
_SIDE: Ratio = (
    (
        7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258,
        3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1.0,
    ),
)  # fmt: skip
_TAIL: Ratio = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
        2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720,
    ),
    (
        2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0,
    ),
)  # fmt: skip
_ROOT = math.sqrt(0.5)


def _quantile(deviation: Any, rest: Any) -> Any:
    """The normal quantile of ½ + ``deviation``, where ``rest`` is the probability of the smaller side."""
    out = np.where(np.equal(rest, 0), np.copysign(math.inf, deviation), math.nan)
    size = np.abs(deviation)
    put(out, np.less_equal(size, 0.425), lambda d: d * ratio(0.180625 - d * d, _CENTRE), deviation)
    depth = np.sqrt(-np.log(np.where(np.greater(rest, 0), rest, 1)))
    outer = np.logical_and(np.greater(size, 0.425), np.greater(rest, 0))
    for where, start, parts in (
        (np.less_equal(depth, 5), 1.6, _SIDE),
        (np.greater(depth, 5), 5.0, _TAIL),
    ):
        put(
            out,
            np.logical_and(outer, where),
            lambda d, r, start=start, parts=parts: np.copysign(ratio(r - start, parts), d),
            deviation,
            depth,
        )
    return out


@primitive()
def ndtri(x: Any) -> Any:
    """The quantile of the standard normal distribution, the inverse of ``ndtr``.

    It is infinite at 0 and 1, and NaN outside.

    Source:
        M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Stat. 37 (1988).

    Example:
        >>> ndtri(Tensor([0.5, 0.975, 1.0]))
        Tensor([0.       , 1.9599644,       inf])
    """
    return in_double(lambda p: _quantile(p - 0.5, np.minimum(p, 1 - p)), x)


@register()
@primitive()
def erfinv(x: Any) -> Any:
    """The inverse of the error function: infinite at -1 and 1, and NaN outside.

    Example:
        >>> erfinv(Tensor([0.0, 0.5, -1.0]))
        Tensor([0.        , 0.47693628,       -inf])
    """
    return in_double(lambda y: _ROOT * _quantile(y / 2, (1 - np.abs(y)) / 2), x)


ndtri.rule(x=lambda g, out: g * (math.sqrt(2 * math.pi) * np.exp(0.5 * out * out)))
erfinv.rule(x=lambda g, out: g * (math.sqrt(math.pi) / 2 * np.exp(out * out)))


def _decay(x: Any) -> Any:
    """The exponential exp(-x²/2), where the rounding of x² costs no digits."""
    coarse = np.trunc(x * 16) / 16
    return np.exp(-0.5 * coarse * coarse) * np.exp(-0.5 * (x - coarse) * (x + coarse))


def _ndtr(x: Any) -> Any:
    tail = np.clip(x, -40, 0)  # beyond, it is 0
    lower = 0.5 * _decay(tail) * erfcx(-_ROOT * tail)
    return np.where(np.less(x, -1), lower, 0.5 * erfc(-_ROOT * x))


def _log_ndtr(x: Any) -> Any:
    tail = np.minimum(x, 0)
    beyond = np.log(0.5 * erfcx(-_ROOT * tail)) - 0.5 * tail * tail
    return np.where(np.less(x, -1), beyond, np.log1p(-_ndtr(-x)))


@primitive()
def ndtr(x: Any) -> Any:
    """Φ, the distribution function of the standard normal; small values keep all their digits.

    Example:
        >>> ndtr(Tensor([0.0, 1.96]))
        Tensor([0.5      , 0.9750021])
    """
    return in_double(_ndtr, x)


@primitive()
def log_ndtr(x: Any) -> Any:
    """The logarithm of Φ, also where Φ itself is 0 or 1 to the last digit.

    Its derivative is 1 / Mills' ratio, which is as stable.

    Example:
        >>> log_ndtr(Tensor([0.0, -100.0]))
        Tensor([-6.9314718e-01, -5.0055244e+03])
    """
    return in_double(_log_ndtr, x)


ndtr.rule(x=lambda g, x: g * (math.sqrt(0.5 / math.pi) * np.exp(-0.5 * np.square(x))))


def _log_ndtr_rule(g: Any, x: Any) -> Any:
    upper = np.greater(x, 0)
    high, low = np.where(upper, x, 0), np.where(upper, 0, x)
    slope = np.where(upper, np.exp(-0.5 * high * high) / erfc(-_ROOT * high), 1 / erfcx(-_ROOT * low))
    return g * (math.sqrt(2 / math.pi) * slope)


log_ndtr.rule(x=_log_ndtr_rule)


def _logit_forward(p: Any) -> Any:
    middle = np.logical_and(np.greater(p, 0.25), np.less(p, 0.75))
    near = np.log1p((2 * p - 1) / (1 - p))  # exact where the result is small
    return np.where(middle, near, np.log(p) - np.log1p(-p))


@primitive(name="logit")
def _logit(x: Any) -> Any:
    return in_double(_logit_forward, x)


def _logit_rule(g: Any, x: Any) -> Any:
    edge = np.logical_or(np.equal(x, 0), np.equal(x, 1))
    width = x * (1 - x)
    slope = 1 / np.where(edge, 1, width)
    slope = np.where(edge, math.inf, slope)
    outside = np.logical_or(np.less(x, 0), np.greater(x, 1))
    return g * np.where(outside, math.nan, slope)


_logit.rule(x=_logit_rule)


@register()
def logit(input: Any, eps: float | None = None) -> Any:
    """The log-odds log(p / (1 - p)), the inverse of ``sigmoid``: infinite at 0 and 1, NaN outside.

    Args:
        input: probabilities.
        eps: if given, probabilities are first limited to [eps, 1 - eps]; no gradient flows to those outside.

    Example:
        >>> logit(Tensor([0.5, 0.8, 1.0]))
        Tensor([0.       , 1.3862945,       inf])
        >>> logit(Tensor([2.0]), eps=0.5)
        Tensor([0.])
    """
    if eps is None:
        return _logit(input)
    refuse_gradient("logit", eps=eps)
    if not eps <= 0.5:
        raise ValueError(f"logit: eps limits probabilities to [eps, 1 - eps], so it is at most 0.5, got {eps}")
    return _logit(clamp(input, eps, 1 - eps))


def expit(input: Any) -> Any:
    """The logistic function 1 / (1 + exp(-x)); another name for ``sigmoid``.

    Example:
        >>> expit(Tensor([0.0]))
        Tensor([0.5])
    """
    return sigmoid(input)
