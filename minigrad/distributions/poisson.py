"""The Poisson distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..ops.special.elementary import floor
from ..ops.special.gamma import lgamma
from . import constraints
from .binary import times_log
from .distribution import Distribution
from .kl import register_kl
from .noise import poisson_counts, whole
from .numerics import outside_impossible
from .precision import precise
from .utils import broadcast_parameters

__all__ = ["Poisson"]


class Poisson(Distribution):
    """How often something happens that happens ``rate`` times on average.

    Math:
        log p(k) = k log rate - rate - log k!

    Args:
        rate: the mean, at least 0; number, array or Tensor.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Poisson
        >>> Poisson([2.0, 0.0]).log_prob(0.0)
        Tensor([-2.,  0.])
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_parameters("Poisson", rate=rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Poisson, batch_shape, _instance, "rate")

    @property
    def mean(self) -> Any:
        """The mean, ``rate``."""
        return self.rate

    @property
    def mode(self) -> Any:
        """The most likely number, the larger of two that are equally likely."""
        return floor(self.rate)

    @property
    def variance(self) -> Any:
        """The variance, ``rate``."""
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw whole numbers, as floats."""
        rate = as_array(self.rate)
        return whole(poisson_counts(rate.astype(np.float64), self._extended_shape(sample_shape)), rate.dtype)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        value = self._scored(value)
        return outside_impossible(self._log_prob, value, value >= 0, 0)

    @precise
    def _log_prob(self, value: Any) -> Any:
        return times_log(value, self.rate) - self.rate - lgamma(value + 1)


@register_kl(Poisson, Poisson)
def _poisson_poisson(p: Poisson, q: Poisson) -> Any:
    return times_log(p.rate, p.rate) - times_log(p.rate, q.rate) - (p.rate - q.rate)
