"""Samples for ops/special/elementary.py and errors.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, apart, normal, one, positive, two

SAMPLES: dict[str, list[Sample]] = {
    **{name: one(normal) for name in ("exp2", "expm1")},
    "erf": [*one(normal), ((2.5 * normal(7),), {})],
    "erfc": [*one(normal), ((2.5 * normal(7),), {})],
    **{name: one(positive) for name in ("log1p", "log2", "log10", "rsqrt", "reciprocal")},
    **{name: two(normal) for name in ("logaddexp", "logaddexp2")},
    "xlogy": [case for case in two(positive) if isinstance(case[0][1], np.ndarray)],
    **{name: one(apart) for name in ("floor", "ceil", "trunc", "frac", "cbrt")},
    "round": [*one(apart), ((normal(5),), {"decimals": 1})],
    "fmod": [((apart(3, 4), 1.7), {}), ((positive(3, 1), 3 + positive(2)), {})],
    **{name: two(apart) for name in ("copysign", "heaviside", "fmax", "fmin")},
    "nan_to_num": [((x,), {"nan": 0.5, "posinf": None, "neginf": -2.0}) for x in (normal(3, 4), normal())],
}  # fmt: skip
