"""Samples for ops/linalg.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal

SAMPLES: dict[str, list[Sample]] = {
    "matmul": [
        ((normal(*a), normal(*b, seed=1)), {})
        for a, b in [
            ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)),
            ((3,), (5, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 3), (5, 3, 4)),
            ((4, 1), (1, 3)), ((1, 3), (3, 2)), ((5, 4, 1), (1, 3)), ((2, 3, 1), (2, 1, 4)),
        ]
    ],
    "linear": [
        ((normal(4, 3), normal(2, 3, seed=1), normal(2, seed=2)), {}),
        ((normal(3), normal(2, 3, seed=1), normal(2, seed=2)), {}),
        ((normal(5, 4, 3), normal(2, 3, seed=1), None), {}),
        ((normal(1, 3), normal(2, 3, seed=1), normal(2, seed=2)), {}),
        ((normal(4, 1), normal(1, 1, seed=1), normal(1, seed=2)), {}),
    ],
}  # fmt: skip
