"""Comparison with PyTorch where its digamma and polygamma, good to some 1e-10, would miss the usual tolerance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.parity import compare, our_derivatives, their_derivatives

LOOSE = {"Weibull", "StudentT"}  # families whose densities or moments hold the logarithm of the gamma function


def compare_loosely(ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: np.ndarray) -> None:
    """As ``compare``, allowing relative errors of 1e-7 in double precision."""
    if any(a.dtype != np.float64 for a in arrays):
        compare(ours, theirs, *arrays)
        return
    got, expected = our_derivatives(ours, arrays, 2), their_derivatives(theirs, arrays, 2)
    for mine, reference in zip(got, expected, strict=True):
        for a, b in zip(mine, reference, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


def comparison(name: str) -> Callable[..., None]:
    """How a family is compared."""
    return compare_loosely if name in LOOSE else compare
