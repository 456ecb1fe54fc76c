"""Samples for ops/reduce/sums.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, apart, normal, reduction

SAMPLES: dict[str, list[Sample]] = {
    "sum": reduction(normal),
    "mean": reduction(normal),
    "var": [*reduction(normal), *reduction(normal, correction=0)],
    "amax": reduction(apart),
    "amin": reduction(apart),
}  # fmt: skip
