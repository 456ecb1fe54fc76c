"""Samples for ops/index/scatter.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, apart

_PLACES = (np.array([[0, 0, 2], [1, 1, 1]]), np.array([[0, 1, 2]]))

SAMPLES: dict[str, list[Sample]] = {
    "scatter_extreme": [
        ((apart(4, 3), apart(2, 3, seed=1)), {"index": _PLACES, "largest": largest}) for largest in (True, False)
    ],
    "scatter_product": [((apart(4, 3), apart(2, 3, seed=1)), {"index": _PLACES})],
}
