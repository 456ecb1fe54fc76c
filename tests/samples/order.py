"""Samples for ops/order.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, apart

SAMPLES: dict[str, list[Sample]] = {
    "median": [((apart(5),), {}), ((apart(3, 4),), {}), ((apart(2, 1, 3),), {}), ((apart(1),), {})],
}
