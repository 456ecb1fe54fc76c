"""Samples for ops/scan.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal

WITH_ZEROS = np.array([[1.5, 0.0, -2.0, 0.5], [0.0, 0.0, 1.0, 2.0], [0.3, -0.7, 1.1, 0.0]])


def _along(f, **more) -> list[Sample]:
    """Samples of a function along one dimension."""
    return [
        ((f(3, 4),), {"axis": 0}), ((f(3, 4),), {"axis": 1}), ((f(2, 3, 4),), {"axis": 1}), ((f(1),), {"axis": 0}),
        ((f(0, 2),), {"axis": 0}), ((f(0, 2),), {"axis": 1}),
    ]  # fmt: skip


SAMPLES: dict[str, list[Sample]] = {
    "cumsum": _along(normal),
    "cumprod": [*_along(normal), ((WITH_ZEROS,), {"axis": 0}), ((WITH_ZEROS,), {"axis": 1})],
    "logcumsumexp": [*_along(normal), ((np.array([-np.inf, 1.0, 2.0])[1:],), {"axis": 0})],
    "recurrence": [
        *[((x, normal(*x.shape, seed=4)), static) for (x,), static in _along(normal)],
        ((WITH_ZEROS, normal(3, 4)), {"axis": 1}),
    ],
}
