"""Discrete families, for the tests that walk over all of them: how to make one of arrays, in either library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from minigrad import distributions
from tests.distributions.statistics import random_between

Make = Callable[..., Any]


@dataclass(frozen=True)
class Discrete:
    """One family with one way to give its parameter.

    Args:
        name: of the class.
        given: "probs", "logits" or another name of the differentiable parameter.
        low: where that parameter begins, in tests.
        high: and where it ends.
        classes: how many numbers one parameter has along its last dimension, or 0 for a single number.
        others: further arguments.
        lacks: what PyTorch does not have.
    """

    name: str
    given: str
    low: float
    high: float
    classes: int = 0
    others: tuple[tuple[str, Any], ...] = ()
    lacks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}-{self.given}"

    def parameter(self, shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> np.ndarray:
        whole = (*shape, self.classes) if self.classes else shape
        return random_between(self.low, self.high, whole, dtype, seed)

    def made(self, parameter: Any, library: Any = distributions, **named: Any) -> Any:
        return getattr(library, self.name)(**dict(self.others), **{self.given: parameter}, **named)

    def values(self, shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 3) -> np.ndarray:
        """Values in the support, as our own distribution draws them."""
        distribution = self.made(self.parameter(shape, dtype))
        rng = np.random.default_rng(seed)
        if self.name == "Categorical":
            return rng.integers(0, self.classes, shape)
        if "OneHot" in self.name:
            return np.eye(self.classes, dtype=dtype)[rng.integers(0, self.classes, shape)]
        if self.name == "Multinomial":
            return rng.multinomial(distribution.total_count, np.full(self.classes, 1 / self.classes), shape).astype(
                dtype
            )
        top = {"Bernoulli": 1, "Binomial": dict(self.others).get("total_count", 1)}.get(self.name, 6)
        return rng.integers(0, top + 1, shape).astype(dtype)


SINGLE = (
    "mode",
    "entropy",
)  # PyTorch has no mode, and adds log n! to the entropy in single precision, whatever the dtype
COUNT = (("total_count", 5),)
REAL = (("total_count", 2.5),)
FAMILIES = [
    Discrete("Bernoulli", "probs", 0.1, 0.9),
    Discrete("Bernoulli", "logits", -3, 3),
    Discrete("Geometric", "probs", 0.1, 0.9),
    Discrete("Geometric", "logits", -3, 3),
    Discrete("Binomial", "probs", 0.1, 0.9, others=COUNT),
    Discrete("Binomial", "logits", -3, 3, others=COUNT),
    Discrete("NegativeBinomial", "probs", 0.1, 0.9, others=REAL, lacks=("entropy",)),
    Discrete("NegativeBinomial", "logits", -2, 2, others=REAL, lacks=("entropy",)),
    Discrete("Poisson", "rate", 0.3, 5, lacks=("entropy",)),
    Discrete("Categorical", "probs", 0.1, 0.9, classes=4),
    Discrete("Categorical", "logits", -3, 3, classes=4),
    Discrete("OneHotCategorical", "probs", 0.1, 0.9, classes=4),
    Discrete("OneHotCategorical", "logits", -3, 3, classes=4),
    Discrete("OneHotCategoricalStraightThrough", "logits", -3, 3, classes=3),
    Discrete("Multinomial", "probs", 0.1, 0.9, classes=4, others=COUNT, lacks=SINGLE),
    Discrete("Multinomial", "logits", -3, 3, classes=4, others=COUNT, lacks=SINGLE),
]
each_family = pytest.mark.parametrize("family", FAMILIES, ids=str)
SHAPES = [((), ()), ((3,), (3,)), ((2, 1), (4, 2, 3)), ((1,), (2, 3)), ((0,), (0,))]  # of the batch, and of values
each_shape = pytest.mark.parametrize("shapes", SHAPES, ids=str)
