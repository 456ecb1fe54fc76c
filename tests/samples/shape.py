"""Samples for ops/shape/reshape.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal

SAMPLES: dict[str, list[Sample]] = {
    "reshape": [((normal(3, 4),), {"shape": (2, 6)}), ((normal(1),), {"shape": ()})],
    "transpose": [((normal(2, 3, 4),), {"axes": (2, 0, 1)})],
    "broadcast_to": [((normal(3, 1),), {"shape": (2, 3, 4)}), ((normal(),), {"shape": (2,)})],
    "concatenate": [
        ((normal(2, 3), normal(1, 3), normal(0, 3)), {"axis": 0}),
        ((normal(2, 3), normal(2, 1, seed=1)), {"axis": 1}),
    ],
    "stack": [((normal(2, 3), normal(2, 3, seed=1)), {"axis": a}) for a in (0, 1, 2)],
}  # fmt: skip
