"""Samples for nn/kernels/dropout.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal

KEPT = np.array([[2, 0, 2], [0, 2, 2]], np.float32)  # in the narrowest dtype: masks have that of the values
SAMPLES: dict[str, list[Sample]] = {
    "thinned": [
        ((normal(2, 3),), {"mask": KEPT}),
        ((normal(2, 3, 4),), {"mask": KEPT[:1, :, None]}),
    ],
}
