"""Cross-entropy of logits, row by row and fused: the composition would overflow, or pass over the data too often."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import sum_along
from ....core.declare import primitive
from ....ops.reduce.sums import sum_
from ..softmax import log_softmax, softmax


def _one_hot(labels: Any, classes: int) -> Any:
    return np.equal(labels[:, None], np.arange(classes, like=labels))


@primitive(residuals={"p": lambda logits: softmax(logits, dim=1)})
def cross_entropy_of_labels(logits: Any, *, labels: Any) -> Any:
    """-log softmax(logits)[label] for every row, in nats.

    Shapes:
        logits: (rows, classes).
        labels: (rows,) integers in [0, classes).
        result: (rows,).
    """
    z = logits - np.max(logits, axis=1, keepdims=True)
    e = np.exp(z)
    total = sum_along(e, 1, False)
    rows = np.arange(labels.shape[0], like=labels)
    return np.log(total) - z[rows, labels], e / total[:, None]


cross_entropy_of_labels.rule(
    logits=lambda g, p, labels: (p - _one_hot(labels, p.shape[1])) * np.expand_dims(g, 1),
)


@primitive(residuals={"log_p": lambda logits: log_softmax(logits, dim=1)})
def cross_entropy_of_probabilities(logits: Any, target: Any) -> Any:
    """-Σ target · log softmax(logits) for every row, in nats, with 0 · log 0 = 0.

    Shapes:
        logits: (rows, classes).
        target: (rows, classes), not necessarily summing to 1.
        result: (rows,).
    """
    log_p = log_softmax(logits, dim=1)
    return -sum_along(target * np.where(np.equal(target, 0), 0, log_p), 1, False), log_p


cross_entropy_of_probabilities.rule(
    logits=lambda g, target, log_p: (np.exp(log_p) * sum_(target, dim=1, keepdim=True) - target) * np.expand_dims(g, 1),
    target=lambda g, log_p: -log_p * np.expand_dims(g, 1),
)
