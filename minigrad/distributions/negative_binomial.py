"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..ops.elementwise import where
from ..ops.special.elementary import floor
from ..ops.special.gamma import lgamma
from ..random import default_generator
from . import constraints
from .binary import BinaryDistribution
from .noise import poisson_counts, whole
from .numerics import exp_or_infinity, outside_impossible
from .precision import precise

__all__ = ["NegativeBinomial"]


class NegativeBinomial(BinaryDistribution):
    """How many experiments succeed before ``total_count`` of them have failed.

    Args:
        total_count: the failures to wait for, at least 0, not necessarily whole; number, array or Tensor.
        probs: the probability of success, below 1; number, array or Tensor.
        logits: its log-odds, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import NegativeBinomial
        >>> NegativeBinomial(2.0, 0.5).log_prob([0.0, 1.0]).exp()
        Tensor([0.25, 0.25])
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer
    total_count: Any

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits, total_count=total_count)
        super().__init__(self.param_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._repeated(NegativeBinomial, batch_shape, _instance, "total_count")

    def _odds(self) -> Any:
        return exp_or_infinity(self.logits) if self._given == "logits" else self.probs / self._rest()

    @property
    def mean(self) -> Any:
        """The mean, total_count · probs / (1 - probs)."""
        return self.total_count * self._odds()

    @property
    def mode(self) -> Any:
        """The most likely number."""
        several = as_array(self.total_count) > 1
        return where(several, floor(where(several, self.total_count - 1, 1) * self._odds()), 0)

    @property
    def variance(self) -> Any:
        """The variance, mean / (1 - probs)."""
        return self.mean / self._rest()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw whole numbers, as floats: of Poisson distributions whose rates are drawn from a Gamma distribution."""
        odds, shape = as_array(self._odds()), self._extended_shape(sample_shape)
        limited = np.minimum(odds.astype(np.float64), 1e300)  # of infinite odds, 0 stays 0
        rate = default_generator().standard_gamma(as_array(self.total_count).astype(np.float64), shape) * limited
        return whole(poisson_counts(rate, shape), odds.dtype)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        value = self._scored(value)
        return outside_impossible(self._log_prob, value, value >= 0, 0)

    @precise
    def _log_prob(self, value: Any) -> Any:
        nothing = as_array(self.total_count) == 0  # is waited for, so that 0 is certain
        count = where(nothing, 1, self.total_count)
        ways = lgamma(count + value) - lgamma(1 + value) - lgamma(count)
        certain = np.logical_and(nothing, as_array(value) == 0)
        ways = where(nothing, where(certain, 0, -np.inf), ways) if np.any(nothing) else ways
        return self._failure(self.total_count) + self._success(value) + ways
