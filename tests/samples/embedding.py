"""Samples for nn/kernels/embedding.py."""

from __future__ import annotations

import numpy as np

from minigrad.nn.kernels.embedding import FEW_ROWS
from tests.samples.arrays import Sample, normal

MANY = FEW_ROWS + 1
ANGLES = normal(3, 2, seed=1)
INDEX = np.array([[1, 0, 1], [3, 3, 3]])
WIDE = np.array([0, MANY - 1, 2, 2])
SAMPLES: dict[str, list[Sample]] = {
    "take_rows": [
        ((normal(4, 2),), {"index": INDEX}),
        ((normal(4),), {"index": INDEX[0]}),
        ((normal(4, 2, 3),), {"index": np.array(2)}),
    ],
    "add_rows": [
        ((normal(2, 3, 2),), {"index": INDEX, "rows": 4}),
        ((normal(4, 2),), {"index": WIDE, "rows": MANY}),
        ((normal(4),), {"index": WIDE, "rows": MANY}),
        ((normal(0, 2),), {"index": INDEX[0, :0], "rows": 3}),
    ],
    "rotate_pairs": [
        ((normal(2, 3, 4),), {"cosine": np.cos(ANGLES), "sine": np.sin(ANGLES), "interleaved": True}),
        ((normal(3, 4),), {"cosine": np.cos(ANGLES), "sine": np.sin(ANGLES), "interleaved": False}),
    ],
}
