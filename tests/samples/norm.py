"""Samples for ops/reduce/norms.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal, positive, reduction
from tests.samples.scan import WITH_ZEROS

SAMPLES: dict[str, list[Sample]] = {
    "std": [*reduction(normal), *reduction(normal, correction=0)],
    "prod": [
        *reduction(normal), ((WITH_ZEROS,), {}), ((WITH_ZEROS,), {"axis": (0,)}), ((WITH_ZEROS,), {"axis": (1,)}),
        ((normal(2, 0, 3),), {"axis": (1,)}), ((normal(),), {}), ((normal(3),), {"axis": ()}),
        ((normal(2, 3, 2, 2),), {"axis": (3, 1)}),
    ],
    "norm": [
        *reduction(normal), *reduction(normal, p=3.0), *reduction(positive, p=1.5), *reduction(positive, p=-1.0),
        ((normal(2, 0, 3),), {"axis": (1,)}), ((positive(),), {"axis": ()}),
    ],
}  # fmt: skip
