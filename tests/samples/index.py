"""Samples for ops/index/basic.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.samples.arrays import Sample, normal

INDICES: list[tuple[tuple[int, ...], Any]] = [
    ((4, 3), 1),
    ((4, 3), (slice(None, None, 2), None, -1)),
    ((4, 3), (Ellipsis, slice(2, 0, -1))),
    ((4,), np.array([0, 0, 3, 0])),
    ((4, 3), (np.array([[0], [0]]), np.array([1, 1]))),
    ((4, 3), (slice(1, 3), np.array([2, 2]))),
    ((4, 3), np.array([True, False, True, False])),
    ((2, 3), np.array([[True, False, True], [False, False, True]])),
    ((2, 3, 4), (0, slice(None), np.array([1, 1, 3]))),
]

_picked = {"indices": np.array([[0, 0], [2, 1], [1, 1]]), "axis": 1}

SAMPLES: dict[str, list[Sample]] = {
    "getitem": [((normal(*shape),), {"index": index}) for shape, index in INDICES],
    "put": [((normal(*np.zeros(s)[i].shape),), {"index": i, "shape": s}) for s, i in INDICES],
    "take_along_axis": [((normal(3, 4),), _picked)],
    "put_along_axis": [((normal(3, 2),), {**_picked, "shape": (3, 4)})],
}  # fmt: skip
