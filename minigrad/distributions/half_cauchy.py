"""The positive half of the Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

from ..core.arrays import as_array
from ..ops.creation import full_like, zeros_like
from ..ops.elementwise import where
from ..ops.trigonometric import arctan, tan
from . import constraints
from .cauchy import Cauchy
from .numerics import cotangent, outside_impossible
from .transformed_distribution import TransformedDistribution
from .transforms import AbsTransform
from .utils import broadcast_parameters

__all__ = ["HalfCauchy"]


class HalfCauchy(TransformedDistribution):
    """The magnitudes of numbers of a Cauchy distribution around 0.

    Math:
        log p(x) = log 2 - log π - log scale - log (1 + (x / scale)²) for x ≥ 0

    Args:
        scale: the median, above 0; number, array or Tensor.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import HalfCauchy
        >>> HalfCauchy(2.0).icdf(0.5)
        Tensor(2.)
    """

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (scale,) = broadcast_parameters("HalfCauchy", scale=scale)
        super().__init__(Cauchy(zeros_like(scale), scale, validate_args=False), AbsTransform(), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return super().expand(batch_shape, self._get_checked_instance(HalfCauchy, _instance))

    @property
    def scale(self) -> Any:
        """The median."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        """Infinite."""
        return full_like(self.scale, math.inf)

    @property
    def mode(self) -> Any:
        """The most likely value, 0."""
        return zeros_like(self.scale)

    @property
    def variance(self) -> Any:
        """Infinite."""
        return full_like(self.scale, math.inf)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, -inf below 0."""
        value = self._scored(value)
        return outside_impossible(lambda x: self.base_dist.log_prob(x) + math.log(2), value, value >= 0, 0)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        value = self._scored(value)
        return where(value < 0, 0, arctan(value / self.scale) * (2 / math.pi))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        probability = self._probability(value)
        low = as_array(probability) < 0.5
        near = tan(where(low, probability, 0) * (math.pi / 2))
        return self.scale * where(low, near, cotangent(where(low, 0.5, 1 - probability) * (math.pi / 2)))

    def entropy(self) -> Any:
        """The logarithm of 2π scale."""
        return self.base_dist.entropy() - math.log(2)
