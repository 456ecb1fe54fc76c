"""Functions of an error that grow like its square near 0 and like its size far away, in one pass each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.declare import primitive


@primitive(shown="huber_loss")
def huber(error: Any, *, delta: float) -> Any:
    """½ error² up to ``delta``, and from there on the tangent, delta · (|error| - ½ delta)."""
    size = np.abs(error)
    near = np.minimum(size, delta)
    return near * (size - near / 2)


huber.rule(error=lambda g, error, delta: g * np.clip(error, -delta, delta))


@primitive(shown="log_cosh_loss")
def log_cosh(error: Any) -> Any:
    """Log cosh error: ½ error² for small ones, |error| - log 2 for large ones, which never overflow."""
    size = np.abs(error)
    small = np.minimum(size, 1)
    near = np.log1p(2 * np.square(np.sinh(small / 2)))  # cosh x - 1 = 2 sinh²(x/2) keeps the digits of small errors
    return np.where(np.less(size, 1), near, size + (np.log1p(np.exp(-2 * size)) - math.log(2)))


log_cosh.rule(error=lambda g, error: g * np.tanh(error))


@primitive(shown="quantile_loss", broadcasts=True)
def pinball(error: Any, q: Any) -> Any:
    """Q · error where the target lies above the prediction (error > 0), (q - 1) · error where it lies below."""
    return np.maximum(q * error, (q - 1) * error)


def _slope(error: Any, q: Any) -> Any:
    """Q above, q - 1 below, and 0 at the kink itself, as |x| has it."""
    return np.where(np.equal(error, 0), 0, q - np.less(error, 0))


pinball.rule(
    error=lambda g, error, q: g * _slope(error, q),
    q=lambda g, error: g * error,
)
