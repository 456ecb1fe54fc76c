"""Samples for ops/special/: gamma.py, gammainc.py and gamma_sample.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, one, positive

BELOW = np.array([-0.4, -1.3, -2.7])  # between the poles
SHAPES = np.array([0.3, 0.7, 1.0, 2.5, 9.0, 14.0])  # on both sides of every change of method
PLACES = np.array([0.2, 0.8, 1.1, 2.0, 12.0, 11.0])
PAIRS: list[Sample] = [
    ((SHAPES, PLACES), {}),
    ((positive(2, 1), positive(3)), {}),
    ((positive(0, 2), positive(2)), {}),
]

SAMPLES: dict[str, list[Sample]] = {
    "lgamma": [*one(positive), ((BELOW,), {})],
    "digamma": [*one(positive), ((BELOW,), {})],
    "polygamma": [((x,), {"n": n}) for x in (0.5 + positive(2, 3), positive(), BELOW) for n in (1, 2)],
    "gammainc": PAIRS,
    "gammaincc": PAIRS,
    "gamma_density": PAIRS,
    "gammainc_relative": [((a, np.log(x)), {"order": n}) for (a, x), _ in PAIRS for n in (1, 2)],
}
RANKS = np.array([0.1, 0.5, 0.9, 0.3, 0.7, 0.2])
DRAWN = np.array([0.2, 0.8, 1.1, 2.0, 10.0, 15.0])  # for the shapes above
SAMPLES |= {
    "gamma_quantile": [((SHAPES, RANKS), {}), ((positive(2, 1), RANKS[:3]), {}), ((positive(0, 2), RANKS[:2]), {})],
    "gamma_sample": [
        ((SHAPES,), {"start": SHAPES, "sample": DRAWN}), ((SHAPES,), {"start": 1.1 * SHAPES, "sample": DRAWN}),
    ],
    "log_gamma_sample": [
        ((SHAPES,), {"start": SHAPES, "sample": np.log(DRAWN)}),
        ((SHAPES,), {"start": 0.9 * SHAPES, "sample": np.log(DRAWN)}),
    ],
}  # fmt: skip
