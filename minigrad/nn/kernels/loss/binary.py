"""Binary cross-entropy in one pass: the composition would overflow for large scores, and divide by 0 at certainty."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.declare import primitive
from ....ops.elementwise import sigmoid


def _log_of_other(z: Any) -> Any:
    """log(1 + exp(-|z|)), the part of the softplus that saturates."""
    return np.log1p(np.exp(-np.abs(z)))


@primitive(shown="binary_cross_entropy_with_logits")
def binary_cross_entropy_of_logits(logits: Any, target: Any) -> Any:
    """-t log σ(z) - (1 - t) log σ(-z), elementwise, in nats; any ``target`` of the shape of the logits.

    max(z, 0) - t z + log(1 + exp(-|z|)) is the same, and neither overflows nor cancels.
    """
    return np.maximum(logits, 0) - logits * target + _log_of_other(logits)


binary_cross_entropy_of_logits.rule(
    logits=lambda g, logits, target: g * (sigmoid(logits) - target),
    target=lambda g, logits: -g * logits,
)


_TINY = math.exp(-100)  # as a float16 this is 0


def _log(p: Any) -> Any:
    """Log p, at least -100; a constant there, also for second derivatives."""
    tiny = np.less_equal(p, _TINY)
    return np.where(tiny, -100, np.log(np.where(tiny, 1, p)))


def _log_of_rest(p: Any) -> Any:
    """log(1 - p), and -100 for p = 1."""
    certain = np.equal(p, 1)
    return np.where(certain, -100, np.log1p(-np.where(certain, 0, p)))


@primitive(shown="binary_cross_entropy")
def binary_cross_entropy_of_probabilities(p: Any, target: Any) -> Any:
    """-t log p - (1 - t) log(1 - p), elementwise, in nats, each logarithm at least -100."""
    return (target - 1) * _log_of_rest(p) - target * _log(p)


binary_cross_entropy_of_probabilities.rule(
    p=lambda g, p, target: g * ((p - target) / np.maximum((1 - p) * p, 1e-12)),
    target=lambda g, p: g * (_log_of_rest(p) - _log(p)),
)
