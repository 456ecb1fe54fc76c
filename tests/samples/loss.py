"""Samples for nn/kernels/loss/."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal, probabilities

SPELLED = {
    "targets": np.array([[1, 1], [2, 0], [0, 0]]),
    "input_lengths": np.array([4, 3, 2]),
    "target_lengths": np.array([2, 1, 0]),
    "blank": 0,
}

SAMPLES: dict[str, list[Sample]] = {
    "cross_entropy_of_labels": [
        ((normal(4, 3),), {"labels": np.array([0, 2, 2, 1]), "reduction": r}) for r in ("none", "mean", "sum")
    ],
    "binary_cross_entropy_of_logits": [((normal(4, 3), probabilities(4, 3)), {})],
    "binary_cross_entropy_of_probabilities": [((probabilities(4, 3), probabilities(4, 3) / 2), {})],
    "huber": [((3 * normal(4, 3),), {"delta": 1.0}), ((normal(4, 3),), {"delta": 10.0})],
    "log_cosh": [((3 * normal(4, 3),), {}), ((1e-3 * normal(5),), {})],
    "pinball": [((normal(4, 3), np.array([0.1, 0.5, 0.9])), {}), ((normal(4), np.array(0.3)), {})],
    "cross_entropy_of_probabilities": [((normal(4, 3), probabilities(4, 3)), {})],
    "softmax_minus_one_hot": [((normal(4), normal(4, 3)), {"labels": np.array([0, 2, 2, 1])})],
    "softmax_minus_target": [((normal(4), normal(4, 3), probabilities(4, 3)), {})],
    "linear_cross_entropy_of_labels": [((normal(4, 2), normal(3, 2), normal(3)), {"labels": np.array([0, 2, 2, 1])}),
        ((normal(4, 2), normal(3, 2), None), {"labels": np.array([0, 2, 2, 1]), "step": 3})],
    "linear_cross_entropy_gradients": [((normal(4), normal(4, seed=1), normal(4, 2), normal(3, 2), b),
        {"labels": np.array([0, 2, 2, 1]), "step": 3}) for b in (normal(3), None)],
    "ctc": [((normal(4, 3, 3),), SPELLED), ((normal(3, 1, 2),), {**SPELLED, "targets": np.array([[0]]), "blank": 1,
        "input_lengths": np.array([3]), "target_lengths": np.array([1])})],
    "ctc_occupancy": [((normal(4, 3, 3),), SPELLED)],
}  # fmt: skip
