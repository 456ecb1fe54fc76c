"""What the model returns, against what the loss expects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..examination import Array, Examination
from ..finding import Finding

CROSS_ENTROPY = {"cross_entropy_of_labels", "cross_entropy_of_probabilities"}


def double_softmax(exam: Examination) -> Iterator[Finding]:
    """Probabilities given to a cross-entropy, which applies softmax itself."""
    output = exam.output
    losses = {step.name for step in exam.first.loss_steps}
    if output is None or output.ndim < 2 or not losses & CROSS_ENTROPY or not _probabilities(output):
        return
    classes = output.shape[1]
    floor = float(np.log(1 + (classes - 1) * np.exp(-1)))
    yield Finding(
        "double-softmax",
        "error",
        "the model's output",
        f"every row is at least 0 and sums to 1, and the loss applies softmax to it again: {exam.first.value:.3g}",
        f"logits, any numbers. With probabilities the loss of {classes} classes cannot go below {floor:.3g}, however "
        "right they are",
        "a Softmax at the end of the model, before a cross-entropy that has its own",
        "remove the Softmax: return the logits; apply softmax only to read probabilities",
        "docs/losses.md",
        likelihood=0.97,
    )


def _probabilities(output: Array) -> bool:
    """Whether the numbers along the classes are at least 0 and sum to 1."""
    return bool(output.shape[1] > 1 and (output >= 0).all() and np.allclose(output.sum(axis=1), 1, atol=1e-3))


CHECKS = (double_softmax,)
