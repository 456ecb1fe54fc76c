"""Samples for nn/kernels/attention/attention.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal

QUERY, KEY, VALUE = normal(2, 3, 4, seed=1), normal(2, 5, 4, seed=2), normal(2, 5, 3, seed=3)
MASK = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
KEPT = np.random.default_rng(4).random((2, 3, 5)) < 0.6
DROPOUT = {"kept": KEPT, "gain": 1.5}


SAMPLES: dict[str, list[Sample]] = {
    "attention_weights": [
        ((QUERY, KEY, None), {"scale": 0.5}),
        ((QUERY[0], KEY[0], normal(3, 5, seed=5)), {"mask": MASK}),
        ((QUERY, KEY, normal(5, seed=5)), {"causal": True}),
        ((100 * QUERY[0], KEY[0], None), {"mask": np.where(MASK, 0.3, -np.inf), "scale": 0.01}),
    ],
    "attention": [
        ((QUERY, KEY, VALUE, None), {"scale": 0.5}),
        ((QUERY, KEY, VALUE, normal(2, 1, 5, seed=5)), {"mask": np.broadcast_to(MASK, (2, 3, 5)), **DROPOUT}),
        ((KEY, QUERY, normal(2, 3, 2, seed=5), None), {"causal": True}),
        ((QUERY[0], KEY[0], VALUE[0], None), {"causal": True, "scale": 0.5}),
    ],
    "packed_attention": [
        ((normal(2, 3, 3, 2, 4),), {"axes": (2, 0, 3, 1, 4), "causal": True, "scale": 0.5}),
        (
            (normal(3, 2, 3, 1, 4),),
            {"axes": (2, 1, 3, 0, 4), "mask": np.broadcast_to(np.eye(3, dtype=bool), (2, 1, 3, 3))},
        ),
        ((normal(3, 3, 4),), {"axes": (1, 0, 2)}),
    ],
}
