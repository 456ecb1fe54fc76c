"""Samples for ops/trigonometric.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal, one, positive, two


def _within(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers in (-0.8, 0.8)."""
    return np.asarray(np.tanh(normal(*shape, seed=seed)) * 0.8)


SAMPLES: dict[str, list[Sample]] = {
    **{
        name: one(normal)
        for name in ("sin", "cos", "arctan", "sinh", "cosh", "arcsinh", "deg2rad", "rad2deg")
    },
    **{name: one(_within) for name in ("tan", "arcsin", "arccos", "arctanh")},
    "arccosh": one(lambda *shape: np.asarray(1 + positive(*shape))),
    "sinc_derivative": [
        *[((2 * normal(3, 4),), {"order": n}) for n in range(4)], ((np.zeros(2),), {}), ((normal(),), {}),
    ],
    "arctan2": two(positive),
    "hypot": two(positive),
}  # fmt: skip
