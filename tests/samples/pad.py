"""Samples for ops/pad.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal

SAMPLES: dict[str, list[Sample]] = {
    "pad": [
        ((normal(3),), {"widths": ((1, 2),), "value": 0}),
        ((normal(2, 3),), {"widths": ((0, 0), (2, 0)), "value": -1.5}),
        ((normal(),), {"widths": (), "value": 0}),
    ],
    "windows": [
        ((normal(7),), {"axis": 0, "size": 3, "step": 2}),
        ((normal(2, 5, 3),), {"axis": 1, "size": 2, "step": 1}),
        ((normal(2, 5),), {"axis": 1, "size": 1, "step": 3}),
    ],
    "overlap_add": [
        ((normal(3, 3),), {"axis": 0, "step": 2, "shape": (7,)}),
        ((normal(2, 4, 3, 2),), {"axis": 1, "step": 1, "shape": (2, 5, 3)}),
    ],
}
