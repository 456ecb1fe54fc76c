"""Samples for nn/kernels/softmax.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal, reduction

SAMPLES: dict[str, list[Sample]] = {
    "logsumexp": [s for s in reduction(normal) if "axis" in s[1]],
    **{
        name: [((normal(3, 4),), {"axis": (1,)}), ((normal(3, 4),), {"axis": (0,)}), ((normal(5),), {"axis": (0,)})]
        for name in ("softmax", "log_softmax")
    },
}  # fmt: skip
