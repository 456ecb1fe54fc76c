"""The exponential distribution."""

from __future__ import annotations

from typing import Any

from ..ops.creation import zeros_like
from ..ops.elementwise import log, square, where
from ..ops.special.elementary import expm1, reciprocal
from . import constraints
from .distribution import Distribution
from .kl import register_kl
from .noise import standard_exponential
from .numerics import log_or_minus_infinity, outside_impossible
from .utils import broadcast_parameters

__all__ = ["Exponential"]


class Exponential(Distribution):
    """Waiting times for what happens ``rate`` times per unit of time.

    With ``validate_args=False`` the log-density below 0 is -inf, and ``cdf`` 0; PyTorch continues the formulas. ``cdf``
    keeps its relative precision near 0.

    Math:
        log p(x) = log rate - rate · x for x ≥ 0

    Args:
        rate: 1 / mean, above 0; number, array or Tensor.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Exponential
        >>> Exponential(2.0).cdf([0.0, 1e-10])
        Tensor([0.e+00, 2.e-10])
    """

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_parameters("Exponential", rate=rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Exponential, batch_shape, _instance, "rate")

    @property
    def mean(self) -> Any:
        """The mean, 1 / rate."""
        return reciprocal(self.rate)

    @property
    def mode(self) -> Any:
        """The most likely value, 0."""
        return zeros_like(self.rate)

    @property
    def stddev(self) -> Any:
        """The standard deviation, 1 / rate."""
        return reciprocal(self.rate)

    @property
    def variance(self) -> Any:
        """The variance, 1 / rate²."""
        return square(reciprocal(self.rate))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw ε / rate with ε of mean 1."""
        return standard_exponential(self._extended_shape(sample_shape), self.rate.dtype) / self.rate

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, -inf below 0."""
        value = self._scored(value)
        return outside_impossible(lambda x: log(self.rate) - self.rate * x, value, value >= 0, 0)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        value = self._scored(value)
        return -expm1(-self.rate * where(value < 0, 0, value))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        return -_log_of_rest(self._probability(value)) / self.rate

    def entropy(self) -> Any:
        """1 - log rate."""
        return 1 - log(self.rate)


def _log_of_rest(probability: Any) -> Any:
    """The logarithm of 1 - p, exact for small p; -inf at 1."""
    certain = probability == 1
    return where(certain, log_or_minus_infinity(1 - probability), (-where(certain, 0, probability)).log1p())


@register_kl(Exponential, Exponential)
def _exponential_exponential(p: Exponential, q: Exponential) -> Any:
    ratio = q.rate / p.rate
    return ratio - 1 - log(ratio)
