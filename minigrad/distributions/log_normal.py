"""The log-normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.elementwise import exp, square, where
from ..ops.special.elementary import expm1
from . import constraints
from .normal import Normal
from .numerics import exp_or_infinity, outside_impossible
from .transformed_distribution import TransformedDistribution
from .transforms import ExpTransform
from .utils import broadcast_parameters

__all__ = ["LogNormal"]


class LogNormal(TransformedDistribution):
    """Numbers whose logarithm is normally distributed.

    With ``validate_args=False`` the log-density of 0 and of what lies below is -inf; PyTorch's is NaN.

    Args:
        loc: the mean of the logarithm; number, array or Tensor.
        scale: the standard deviation of the logarithm, above 0.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import LogNormal
        >>> LogNormal(0.0, 1.0).mean
        Tensor(1.6487212)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        loc, scale = broadcast_parameters("LogNormal", loc=loc, scale=scale)
        super().__init__(Normal(loc, scale, validate_args=False), ExpTransform(), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return super().expand(batch_shape, self._get_checked_instance(LogNormal, _instance))

    @property
    def loc(self) -> Any:
        """The mean of the logarithm."""
        return self.base_dist.loc

    @property
    def scale(self) -> Any:
        """The standard deviation of the logarithm."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        """The exponential of loc + ½ scale²."""
        return exp(self.loc + 0.5 * square(self.scale))

    @property
    def mode(self) -> Any:
        """The exponential of loc - scale²."""
        return exp(self.loc - square(self.scale))

    @property
    def variance(self) -> Any:
        """(exp(scale²) - 1) exp(2 loc + scale²)."""
        squared = square(self.scale)
        return expm1(squared) * exp(2 * self.loc + squared)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, -inf from 0 down."""
        value = self._scored(value)

        def inside(x: Any) -> Any:
            logarithm = x.log()
            return self.base_dist.log_prob(logarithm) - logarithm

        return outside_impossible(inside, value, (value > 0) & (value < math.inf), 1)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        value = self._scored(value)
        inside = value > 0
        return where(inside, self.base_dist.cdf(where(inside, value, 1).log()), 0)

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        quantile = self.base_dist.icdf(self._probability(value))
        impossible = quantile == -math.inf
        return where(impossible, 0, exp_or_infinity(where(impossible, 0, quantile)))

    def entropy(self) -> Any:
        """The entropy of the logarithm, plus loc."""
        return self.base_dist.entropy() + self.loc
