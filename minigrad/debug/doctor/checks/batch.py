"""Inputs and targets, before any model sees them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..examination import Examination
from ..finding import Finding


def nonfinite_input(exam: Examination) -> Iterator[Finding]:
    """NaN or infinity in the data."""
    for name, arrays in (("inputs", exam.inputs), ("targets", exam.targets)):
        for array in arrays:
            if array.dtype.kind != "f" or np.isfinite(array).all():
                continue
            bad = ~np.isfinite(array)
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            yield Finding(
                "nonfinite-input",
                "error",
                f"the {name}",
                f"{array[place]} at {list(place)}; {int(bad.sum())} of {bad.size} numbers are not finite",
                "finite numbers only: one NaN makes the loss, and after one step every weight, NaN",
                "missing values, a division by a spread of 0, or the logarithm of 0 in the preparation of the data",
                "rows = np.isfinite(x).all(axis=1); x, y = x[rows], y[rows]",
                likelihood=0.99,
            )


CHECKS = (nonfinite_input,)
