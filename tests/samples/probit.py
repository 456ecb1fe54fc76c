"""Samples for ops/special/: probit.py, entropy.py and bessel.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.samples.arrays import Sample, normal, one, positive, two


def inside(*shape: int) -> Any:
    """Probabilities from 0.1 to 0.6."""
    return np.asarray((positive(*shape) - 0.3) / 4 + 0.05)


SAMPLES: dict[str, list[Sample]] = {
    "erfinv": [*one(inside), ((-inside(3),), {})],
    "ndtri": one(inside),
    "logit": one(inside),
    "ndtr": [*one(normal), ((2 * normal(5),), {})],
    "log_ndtr": [*one(normal), ((np.array([-30.0, -5.0, -1.0, 4.0]),), {})],
    "erfcx": [*one(normal), ((np.array([5.0, 2.0, -1.5]),), {})],
    "xlog1py": [case for case in two(positive) if isinstance(case[0][1], np.ndarray)],
    "entr": one(positive),
    "bessel_i": [
        ((x,), {"order": n, "scaled": scaled})
        for x in (normal(2, 3), normal(), np.array([1e-3, -24.9, 25.1]))
        for n in (0, 1, 2)
        for scaled in (False, True)
        if scaled or np.max(np.abs(x)) < 20
    ],
}
