"""Whether numbers were drawn from a distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def random_between(low: float, high: float, shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> Any:
    """Numbers between two bounds, the same for the same arguments."""
    return np.asarray(np.random.default_rng([seed, *shape]).uniform(low, high, shape)).astype(dtype)


def kolmogorov_smirnov(sample: Any, cdf: Callable[[Any], Any]) -> float:
    """The largest distance between the share of a sample up to x and ``cdf(x)``, times the root of its size.

    Of a sample of thousands it is above 1.95 once in a thousand times.
    """
    ordered = np.sort(np.asarray(sample, dtype=np.float64), axis=None)
    expected = np.asarray(cdf(ordered), dtype=np.float64)
    below = np.arange(ordered.size) / ordered.size
    distance = max(np.max(expected - below), np.max(below + 1 / ordered.size - expected))
    return float(distance * np.sqrt(ordered.size))


def assert_drawn_from(sample: Any, cdf: Callable[[Any], Any]) -> None:
    """Assert that a sample of independent numbers, from a fixed seed, follows a distribution function."""
    distance = kolmogorov_smirnov(sample, cdf)
    assert distance < 1.95, f"the Kolmogorov-Smirnov statistic is {distance:.2f}"
