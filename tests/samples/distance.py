"""Samples for nn/kernels/distance.py."""

from __future__ import annotations

import math

import numpy as np

from tests.samples.arrays import Sample, apart, normal

FAR = 50 + normal(2, 3, 2, seed=2)  # beside points around 0; one of each batch is close to another
NEAR = np.concatenate([normal(2, 2, 2, seed=3), FAR[:, :1] + 0.5], axis=1)
NONE = np.zeros(0, np.intp)
SOME = np.array([2, 5, 7, 17])

SAMPLES: dict[str, list[Sample]] = {
    "euclidean_distances": [
        ((normal(2, 3, 4), normal(2, 5, 4, seed=1)), {}), ((FAR, NEAR), {}), ((normal(1, 0, 2), normal(1, 3, 2)), {}),
    ],
    "weighted_differences": [
        ((normal(2, 3, 3), FAR, NEAR), {"close": SOME}),
        ((normal(1, 3, 2), normal(1, 3, 4), normal(1, 2, 4)), {"close": NONE}),
    ],
    "differences_along": [
        ((normal(2, 3, 2), FAR, NEAR), {"close": SOME}),
        ((normal(1, 3, 4), normal(1, 3, 4), normal(1, 2, 4)), {"close": NONE}),
    ],
    "norm_distances": [
        ((apart(2, 3, 2), apart(2, 2, 2, seed=1)), {"p": p}) for p in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, math.inf)
    ],
    "weighted_slopes": [
        ((normal(2, 3, 2), apart(2, 3, 2), apart(2, 2, 2, seed=1)), {"p": p})
        for p in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, math.inf)
    ],
}  # fmt: skip
