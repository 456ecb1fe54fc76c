"""Samples for ops/inplace.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal
from tests.samples.index import INDICES

SAMPLES: dict[str, list[Sample]] = {
    "setitem": [
        *[((normal(*shape), normal(*np.zeros(shape)[i].shape, seed=1)), {"index": i}) for shape, i in INDICES],
        ((normal(4, 3), normal(1, seed=1)), {"index": (slice(1, 3), np.array([2, 2]))}),
        ((normal(4, 3), 0.5), {"index": 1}),
    ],
}
