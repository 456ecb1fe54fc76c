"""Samples for ops/factorization.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal


def definite(*shape: int) -> np.ndarray:
    """Positive definite matrices, a little off symmetry."""
    x = normal(*shape)
    return x @ np.swapaxes(x, -1, -2) + 2 * np.eye(shape[-1]) + 0.01 * normal(*shape, seed=1)


def triangle(*shape: int) -> np.ndarray:
    """Matrices with a diagonal far from 0; what lies outside of a triangle is ignored."""
    return normal(*shape) + 4 * np.eye(shape[-1])


SAMPLES: dict[str, list[Sample]] = {
    "cholesky": [((definite(3, 3),), {}), ((definite(2, 1, 2, 2),), {}), ((definite(1, 1),), {})],
    "solve_triangular": [
        ((triangle(*a), normal(*b)), {"upper": upper})
        for upper in (False, True)
        for a, b in [((3, 3), (3, 2)), ((2, 3, 3), (3, 1)), ((3, 3), (2, 3, 2)), ((2, 1, 2, 2), (3, 2, 1))]
    ],
}
