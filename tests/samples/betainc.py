"""Samples for ops/betainc.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal, positive

ONES = np.array([0.4, 14.0, 0.9])  # on both sides of every change of method
ZEROS = np.array([0.6, 11.0, 12.0])
PLACES = np.array([-1.0, 0.4, -3.0])  # log-odds
SOME: list[Sample] = [((ONES, ZEROS, PLACES), {}), ((positive(2, 1), positive(2, seed=1), normal()), {})]

SAMPLES: dict[str, list[Sample]] = {
    "beta_density": SOME,
    "beta_share": [(arrays, {"upper": upper}) for arrays, _ in SOME for upper in (False, True)],
    "beta_relative": [
        (arrays, {"by_a": n, "by_b": m}) for arrays, _ in SOME for n, m in ((0, 0), (1, 0), (0, 1), (1, 1))
    ],
    "beta_quantile": [((ONES, ZEROS, np.array([0.1, 0.5, 0.8])), {})],
    "beta_sample": [
        ((ONES, ZEROS), {"start": (ONES, ZEROS), "sample": PLACES}),
        ((ONES, ZEROS), {"start": (1.1 * ONES, 0.9 * ZEROS), "sample": PLACES}),
    ],
}
