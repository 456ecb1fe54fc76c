"""Samples for nn/kernels/loss.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal, probabilities

SAMPLES: dict[str, list[Sample]] = {
    "cross_entropy_of_labels": [((normal(4, 3),), {"labels": np.array([0, 2, 2, 1])})],
    "cross_entropy_of_probabilities": [((normal(4, 3), probabilities(4, 3)), {})],
}  # fmt: skip
