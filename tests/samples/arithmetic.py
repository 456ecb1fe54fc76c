"""Samples for ops/arithmetic.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal, positive

SAMPLES: dict[str, list[Sample]] = {
    name: [
        ((normal(3, 4), normal(3, 4, seed=1), positive(3, 4, seed=2)), {"value": 1}),
        ((normal(4), normal(3, 1), positive()), {"value": -0.5}),
    ]
    for name in ("addcmul", "addcdiv")
}
