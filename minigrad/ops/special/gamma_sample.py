"""Quantiles of the Gamma distribution, and its samples as functions of the shape: what moves them is their rank."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.declare import primitive
from .gamma import lgamma
from .gammainc import gamma_density, gamma_sample_gradient, gammainc, gammainc_relative, gammaincc
from .pieces import in_double, put
from .probit import ndtri

_STEPS = 60  # of Newton's method, which needs about six


def _guess(a: Any, p: Any, q: Any) -> Any:
    """The logarithm of about the quantile: by the first term of the power series, or by a normal approximation.

    Source: E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17 (1931).
    """
    small = (np.log(p) + lgamma(a + 1)) / a
    score = np.where(np.less(p, q), ndtri(p), -ndtri(q))
    root = 1 - 1 / (9 * a) + score / (3 * np.sqrt(a))
    normal = np.log(a) + 3 * np.log(np.maximum(root, 0.05))
    return np.where(np.less(small, np.log(0.2 * (a + 1))), small, normal)


def _log_quantile(a: Any, p: Any, q: Any) -> Any:
    """The logarithm of where P(a, x) is ``p``, and Q(a, x) is ``q``, for vectors of doubles."""
    lower, start = np.less_equal(p, q), _guess(a, p, q)
    out = np.empty_like(start)
    put(out, lower, lambda a, y, goal: _solved(a, y, np.log(goal), gammainc, 1.0), a, start, p)
    put(out, np.logical_not(lower), lambda a, y, goal: _solved(a, y, np.log(goal), gammaincc, -1.0), a, start, q)
    return out


def _solved(a: Any, y: Any, goal: Any, share: Any, sign: float) -> Any:
    """Newton's method on the logarithm of a share, a concave function of y = log x: steps cannot escape."""
    y = y.copy()
    moving = np.arange(y.size, like=y)
    for _ in range(_STEPS):
        shape, logarithm = a[moving], y[moving]
        x = np.exp(logarithm)
        value = share(shape, x)
        step = sign * (goal[moving] - np.log(value)) * value / (gamma_density(shape, x) * x)
        exact = np.logical_or(np.less(logarithm, -600), np.logical_not(np.isfinite(step)))  # the guess, of tiny x
        step = np.where(exact, 0, np.clip(step, -3, 3))
        y[moving] = logarithm + step
        moving = moving[np.abs(step) > 1e-9 * (1 + np.abs(logarithm))]  # the next step would be its square
        if not moving.size:
            break
    return y


def _quantile(a: Any, p: Any) -> Any:
    inside = np.logical_and(np.logical_and(np.greater(p, 0), np.less(p, 1)), np.greater(a, 0))
    shape, rank = np.where(inside, a, 1), np.where(inside, p, 0.5)
    edge = np.where(np.equal(p, 0), 0.0, np.where(np.equal(p, 1), math.inf, math.nan))
    return np.where(inside, np.exp(_log_quantile(shape, rank, 1 - rank)), edge)


@primitive(inputs=("a", "p"), broadcasts=True)
def gamma_quantile(a: Any, p: Any) -> Any:
    """Where ``gammainc(a, x)`` is p: the quantile function of the Gamma distribution.

    Example:
        >>> gamma_quantile(Tensor([1.0]), Tensor([0.5]))
        Tensor([0.6931472])
    """
    return in_double(_quantile, a, p)


def _quantile_p(g: Any, a: Any, p: Any, out: Any) -> Any:
    inside = np.logical_and(np.greater(p, 0), np.less(p, 1))
    return g * np.where(inside, 1 / np.where(inside, gamma_density(a, np.where(inside, out, 1)), 1), math.inf)


def _quantile_a(g: Any, a: Any, out: Any) -> Any:
    inside = np.isfinite(out)
    return g * np.where(inside, gamma_sample_gradient(a, np.where(inside, out, 1)), 0)


gamma_quantile.rule(a=_quantile_a, p=_quantile_p)


# --- samples ----------------------------------------------------------------------------------------------------------
def _moved(a: Any, start: Any, y: Any) -> Any:
    """The logarithm of a sample for the shape ``start``, moved to that of the same rank for the shape ``a``."""
    x = np.exp(y)
    p, q = gammainc(start, x), gammaincc(start, x)
    return np.where(np.equal(a, start), y, _log_quantile(a, p, q))


@primitive()
def gamma_sample(x: Any, *, start: Any, sample: Any) -> Any:
    """What a Gamma variable that was drawn for the shape ``start`` becomes when its shape moves to ``x``.

    Its rank stays, P(x, out) = P(start, sample), so it is ``sample`` itself where nothing moves. That is how samples
    depend on their parameter: the implicit reparameterisation, here right to any order.
    """
    if bool(np.all(np.equal(x, start))):
        return sample.astype(x.dtype)  # a copy
    return in_double(lambda a, b, v: np.exp(_moved(a, b, np.log(v))), x, start, sample).astype(x.dtype, copy=False)


@primitive()
def log_gamma_sample(x: Any, *, start: Any, sample: Any) -> Any:
    """The same of logarithms, which do not underflow where the shape is small."""
    if bool(np.all(np.equal(x, start))):
        return sample.astype(x.dtype)
    return in_double(_moved, x, start, sample).astype(x.dtype, copy=False)


gamma_sample.rule(x=lambda g, x, out: g * gamma_sample_gradient(x, out))
log_gamma_sample.rule(x=lambda g, x, out: -g * gammainc_relative(x, out, order=1))
