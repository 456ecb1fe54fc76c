"""Samples for ops/diagonal.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal

_LOWER = {"offset": -1, "axis1": 0, "axis2": 1}
_CUBE = {"offset": 1, "axis1": 2, "axis2": 0}

SAMPLES: dict[str, list[Sample]] = {
    "diagonal": [((normal(3, 4),), _LOWER), ((normal(3, 2, 4),), _CUBE)],
    "put_diagonal": [
        ((normal(2),), {**_LOWER, "shape": (3, 4)}),
        ((normal(2, 3),), {**_CUBE, "shape": (4, 2, 4)}),
    ],
    "tril": [((normal(3, 4),), {"k": 0}), ((normal(2, 3, 3),), {"k": -1})],
    "triu": [((normal(3, 4),), {"k": 1}), ((normal(2, 3, 3),), {"k": -1})],
}
