"""Samples for ops/elementwise.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, apart, normal, one, positive, two

SAMPLES: dict[str, list[Sample]] = {
    **{name: two(normal) for name in ("add", "subtract", "multiply")},
    **{name: two(apart) for name in ("maximum", "minimum")},
    "divide": two(positive),
    "floor_divide": two(positive),
    "remainder": [((normal(3, 4), 1.7), {}), ((positive(3, 1), 3 + positive(2)), {})],
    "power": [
        *two(positive), ((apart(3), 3), {}), ((2.0, normal(3)), {}),
        ((positive(3), np.zeros(3)), {}), ((positive(4), -1.5), {}),
    ],
    **{name: one(normal) for name in ("negative", "square", "exp", "tanh", "sigmoid", "clone")},
    **{name: one(apart) for name in ("abs", "sign", "relu")},
    **{name: one(positive) for name in ("sqrt", "log")},
    "where": [
        ((normal(3, 4), normal(4, seed=1)), {"condition": normal(3, 4, seed=2) > 0}),
        ((normal(3, 1), 2.0), {"condition": np.array([True, False])}),
    ],
    "clip": [
        ((apart(3, 4), -0.43, 0.57), {}),
        ((apart(5), None, 0.04), {}),
        ((apart(5), -0.04, None), {}),
        ((apart(3, 4), -positive(4) / 2, positive(3, 1) / 2), {}),
        ((apart(6), np.full(6, 0.35), np.full(6, 0.15)), {}),
    ],
    "astype": [((normal(3),), {"dtype": np.float64})],
}  # fmt: skip
