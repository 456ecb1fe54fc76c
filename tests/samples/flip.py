"""Samples for ops/shape/flip.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal

SAMPLES: dict[str, list[Sample]] = {
    "flip": [((normal(2, 3, 4),), {"axis": axis}) for axis in ((), (1,), (0, 2))],
    "roll": [
        ((normal(5),), {"shift": (2,), "axis": (0,)}),
        ((normal(3, 4),), {"shift": (1, -6), "axis": (0, 1)}),
        ((normal(3, 4),), {"shift": (1, 1), "axis": (1, 1)}),
    ],
}
