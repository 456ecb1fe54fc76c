"""Samples for nn/kernels/loss/penalty.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, apart

SAMPLES: dict[str, list[Sample]] = {
    "weight_penalty": [
        ((apart(3, 4),), {"l1": l1, "l2": l2}) for l1, l2 in ((1.0, 0.0), (0.0, 1.0), (0.5, 0.25), (0.0, 0.0))
    ]
    + [((apart(),), {"l1": 1.0, "l2": 1.0}), ((apart(0, 2),), {"l1": 1.0, "l2": 1.0})],
}
