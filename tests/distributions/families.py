"""Families of numbers, for the tests that walk over all of them: parameters, and values where each has its mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from minigrad import distributions
from tests.distributions.statistics import random_between


@dataclass(frozen=True)
class Family:
    """Of each parameter, and of values, between which numbers they are drawn for tests."""

    name: str
    parameters: dict[str, tuple[float, float]]
    values: tuple[float, float]
    wrong: dict[str, float]  # parameters that are refused
    outside: tuple[float, ...] = ()  # values outside the support, whatever the parameters
    lacks: tuple[str, ...] = ()  # what it does not have

    @property
    def ours(self) -> Any:
        return getattr(distributions, self.name)

    def arrays(self, shapes: tuple[tuple[int, ...], ...], dtype: Any) -> list[np.ndarray]:
        """Arrays for the parameters, in the order of the constructor."""
        bounds = self.parameters.values()
        return [random_between(*b, shape, dtype, seed=i) for i, (b, shape) in enumerate(zip(bounds, shapes))]  # noqa: B905 - there are more shapes

    def value(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        return random_between(*self.values, shape, dtype, seed=9)


LOC, SCALE = (-2.0, 2.0), (0.5, 2.0)
FAMILIES = [
    Family("Normal", {"loc": LOC, "scale": SCALE}, (-3, 3), {"scale": 0.0, "loc": np.nan}),
    Family("LogNormal", {"loc": LOC, "scale": SCALE}, (0.1, 5), {"scale": -1.0}, outside=(0.0, -1.0)),
    Family("Laplace", {"loc": LOC, "scale": SCALE}, (-3, 3), {"scale": 0.0}),
    Family("Uniform", {"low": (-2, -1), "high": (1, 2)}, (-0.9, 0.9), {"low": 3.0, "high": -3.0}, (-5.0, 5.0)),
    Family("Cauchy", {"loc": LOC, "scale": SCALE}, (-3, 3), {"scale": 0.0}),
    Family("HalfCauchy", {"scale": SCALE}, (0.1, 4), {"scale": -0.5}, outside=(-0.1,)),
    Family("HalfNormal", {"scale": SCALE}, (0.1, 4), {"scale": -0.5}, outside=(-0.1,)),
    Family("Gumbel", {"loc": LOC, "scale": SCALE}, (-2, 4), {"scale": 0.0}),
    Family("Exponential", {"rate": SCALE}, (0.1, 4), {"rate": 0.0}, outside=(-0.1,)),
    Family("Pareto", {"scale": SCALE, "alpha": (2.5, 4)}, (2.1, 6), {"scale": 0.0, "alpha": -1.0}, outside=(0.1, -1.0)),
    Family("Weibull", {"scale": SCALE, "concentration": (1.2, 3)}, (0.2, 3), {"scale": 0.0}, outside=(0.0,)),
    Family("StudentT", {"df": (2.5, 4), "loc": LOC, "scale": SCALE}, (-3, 3), {"df": 0.0}, lacks=("cdf", "icdf")),
]  # fmt: skip
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
each_with_quantiles = pytest.mark.parametrize(
    "family", [family for family in FAMILIES if not family.lacks], ids=lambda family: family.name
)
# Shapes of the parameters, and of the value.
SHAPES = [
    ((), (), (), ()),
    ((3,), (3,), (3,), (3,)),
    ((2, 1), (3,), (1, 3), (4, 2, 3)),
    ((1,), (1,), (1,), (2, 3)),
    ((0,), (0,), (0,), (0,)),
]
