"""Terms of entropies and divergences, elementwise, with 0 log 0 = 0 and the digits of small differences.

A term p log p has no finite slope at p = 0; it is taken as 0, as for what is not there at all, so that a probability
that became 0 sends neither infinity nor NaN to the others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.declare import primitive
from ....ops.elementwise import unless_zero


def _log(x: Any) -> Any:
    """Log x, and minus infinity at 0 without a warning."""
    return np.where(np.equal(x, 0), -math.inf, np.log(unless_zero(x)))


def _present(p: Any, value: Any) -> Any:
    """``value`` where there is any probability, else 0."""
    return np.where(np.equal(p, 0), 0, value)


def _quotient(p: Any, q: Any) -> Any:
    """The quotient p / q, with 0 / 0 = 0 and p / 0 infinite."""
    return _present(p, np.where(np.equal(q, 0), math.inf, p / unless_zero(q)))


# --- of one and two distributions -------------------------------------------------------------------------------------
@primitive(shown="entropy")
def entropy_terms(p: Any) -> Any:
    """-p log p."""
    return -p * np.log(unless_zero(p))


entropy_terms.rule(p=lambda g, p: g * _present(p, -1 - np.log(unless_zero(p))))


@primitive(shown="soft_cross_entropy")
def cross_entropy_terms(p: Any, q: Any) -> Any:
    """-p log q; infinite where q is 0 and p is not."""
    return -p * _present(p, _log(q))


cross_entropy_terms.rule(
    p=lambda g, p, q: -g * np.where(np.logical_and(np.equal(p, 0), np.equal(q, 0)), 0, _log(q)),
    q=lambda g, p, q: -g * _quotient(p, q),
)


@primitive(shown="kl_divergence")
def relative_entropy_terms(p: Any, q: Any) -> Any:
    """P log(p / q); infinite where q is 0 and p is not."""
    return p * _present(p, np.log(unless_zero(p)) - _log(q))


relative_entropy_terms.rule(
    p=lambda g, p, q: g * _present(p, 1 + np.log(unless_zero(p)) - _log(q)),
    q=lambda g, p, q: -g * _quotient(p, q),
)


def _share(p: Any, q: Any) -> Any:
    """(p - q) / (p + q), between -1 and 1."""
    return (p - q) / unless_zero(p + q)


@primitive(shown="js_divergence")
def jensen_shannon_terms(p: Any, q: Any) -> Any:
    """½ p log(p / m) + ½ q log(q / m) for m = ½ (p + q).

    It is computed as m (r artanh r + ½ log(1 - r²)) with r = (p - q) / (p + q), which is never negative and keeps its
    digits where p and q are close: the two logarithms would cancel.
    """
    r = _share(p, q)
    alone = np.equal(np.abs(r), 1)
    r = np.where(alone, 0, r)
    return (p + q) / 2 * np.where(alone, math.log(2), r * np.arctanh(r) + np.log1p(-r * r) / 2)


def _log_share(p: Any, r: Any) -> Any:
    """Half the logarithm of p / m, as log(1 + r), and 0 where p is 0."""
    nothing = np.equal(p, 0)
    return np.where(nothing, 0, np.log1p(np.where(nothing, 0, r)) / 2)


jensen_shannon_terms.rule(
    p=lambda g, p, q: g * _log_share(p, _share(p, q)),
    q=lambda g, p, q: g * _log_share(q, _share(q, p)),
)


# --- PyTorch's form, of a logarithm -----------------------------------------------------------------------------------
@primitive(shown="kl_div")
def divergence_terms(log_q: Any, p: Any) -> Any:
    """P (log p - log_q)."""
    return p * _present(p, np.log(unless_zero(p)) - log_q)


divergence_terms.rule(
    log_q=lambda g, p: -g * p,
    p=lambda g, p, log_q: g * _present(p, 1 + np.log(unless_zero(p)) - log_q),
)


def _where_any(e: Any, log_p: Any) -> Any:
    """``log_p`` where its exponential ``e`` is not 0."""
    return np.where(np.equal(e, 0), 0, log_p)


@primitive(shown="kl_div")
def divergence_terms_of_logs(log_q: Any, log_p: Any) -> Any:
    """Exp(log_p) (log_p - log_q)."""
    e = np.exp(log_p)
    return e * _present(e, _where_any(e, log_p) - log_q)


def _divergence_of_logs_p(g: Any, log_q: Any, log_p: Any) -> Any:
    e = np.exp(log_p)
    return g * (e * _present(e, 1 + _where_any(e, log_p) - log_q))


divergence_terms_of_logs.rule(log_q=lambda g, log_p: -g * np.exp(log_p), log_p=_divergence_of_logs_p)


# --- of Gaussians -----------------------------------------------------------------------------------------------------
_SMALL = 0.25
_TERMS = 13  # of the series, for all digits of double precision up to _SMALL


@primitive()
def exp_beyond_line(x: Any) -> Any:
    """Exp x - 1 - x, to full precision: near 0 it is ½ x², of which a difference of numbers near x would leave little.

    Example:
        >>> f"{float(exp_beyond_line(np.array([1e-6]))[0]):.10e}"
        '5.0000016667e-13'
    """
    near = np.clip(x, -_SMALL, _SMALL)
    series = np.ones_like(near)
    for k in range(_TERMS, 2, -1):
        series = 1 + near / k * series
    with np.errstate(over="ignore"):  # infinity is right
        return np.where(np.abs(x) < _SMALL, near * near / 2 * series, np.expm1(x) - x)


def _exp_beyond_line_x(g: Any, x: Any) -> Any:
    with np.errstate(over="ignore"):
        return g * np.expm1(x)


exp_beyond_line.rule(x=_exp_beyond_line_x)
