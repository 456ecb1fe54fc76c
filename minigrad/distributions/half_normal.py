"""The positive half of a normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.creation import zeros_like
from ..ops.elementwise import square, where
from ..ops.special.errors import erf
from ..ops.special.probit import erfinv
from . import constraints
from .kl import kl_divergence, register_kl
from .normal import Normal
from .numerics import outside_impossible
from .transformed_distribution import TransformedDistribution
from .transforms import AbsTransform
from .utils import broadcast_parameters

__all__ = ["HalfNormal"]


class HalfNormal(TransformedDistribution):
    """The magnitudes of numbers of a normal distribution around 0.

    Math:
        log p(x) = ½ log (2/π) - log scale - ½ (x / scale)² for x ≥ 0

    Args:
        scale: the standard deviation of the whole normal distribution, above 0; number, array or Tensor.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import HalfNormal
        >>> HalfNormal(1.0).mean
        Tensor(0.7978846)
    """

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (scale,) = broadcast_parameters("HalfNormal", scale=scale)
        super().__init__(Normal(zeros_like(scale), scale, validate_args=False), AbsTransform(), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return super().expand(batch_shape, self._get_checked_instance(HalfNormal, _instance))

    @property
    def scale(self) -> Any:
        """The standard deviation of the whole normal distribution."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        """√(2/π) scale."""
        return math.sqrt(2 / math.pi) * self.scale

    @property
    def mode(self) -> Any:
        """The most likely value, 0."""
        return zeros_like(self.scale)

    @property
    def variance(self) -> Any:
        """(1 - 2/π) scale²."""
        return (1 - 2 / math.pi) * square(self.scale)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, -inf below 0."""
        value = self._scored(value)
        return outside_impossible(lambda x: self.base_dist.log_prob(x) + math.log(2), value, value >= 0, 0)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        value = self._scored(value)
        return where(value < 0, 0, erf(value / (self.scale * math.sqrt(2))))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        probability = self._probability(value)
        certain = probability == 1
        return where(certain, math.inf, self.scale * (math.sqrt(2) * erfinv(where(certain, 0, probability))))

    def entropy(self) -> Any:
        """The entropy of the whole normal distribution less log 2."""
        return self.base_dist.entropy() - math.log(2)


@register_kl(HalfNormal, HalfNormal)
def _half_normal_half_normal(p: HalfNormal, q: HalfNormal) -> Any:
    return kl_divergence(p.base_dist, q.base_dist)
