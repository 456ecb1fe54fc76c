"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.elementwise import log, square
from ..ops.special.errors import erfc
from . import constraints
from .distribution import Distribution
from .kl import register_kl
from .noise import standard_normal
from .numerics import normal_quantile
from .utils import broadcast_parameters

__all__ = ["Normal"]

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class Normal(Distribution):
    """The normal (Gaussian) distribution of mean ``loc`` and standard deviation ``scale``.

    Math:
        log p(x) = -½ ((x - loc) / scale)² - log scale - ½ log 2π

    Args:
        loc: the mean; number, array or Tensor.
        scale: the standard deviation, above 0; broadcasts with ``loc``.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Normal
        >>> Normal(0.0, Tensor([1.0, 2.0])).log_prob(0.0)
        Tensor([-0.9189385, -1.6120857])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_parameters("Normal", loc=loc, scale=scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Normal, batch_shape, _instance, "loc", "scale")

    @property
    def mean(self) -> Any:
        """The mean, ``loc``."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The most likely value, ``loc``."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """The standard deviation, ``scale``."""
        return self.scale

    @property
    def variance(self) -> Any:
        """The variance, ``scale``²."""
        return square(self.scale)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + scale · ε, through which gradients flow to both."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + noise * self.scale

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        deviation = (self._scored(value) - self.loc) / self.scale
        return -0.5 * square(deviation) - log(self.scale) - HALF_LOG_TWO_PI

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``: ½ erfc(-z / √2).

        PyTorch computes ½ (1 + erf(z / √2)), which is 0 from 5.6 standard deviations below the mean on, in double
        precision from 8.4; here the lower tail keeps its relative precision.
        """
        deviation = (self._scored(value) - self.loc) / self.scale
        return 0.5 * erfc(deviation * -math.sqrt(0.5))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        return self.loc + self.scale * normal_quantile(self._probability(value))

    def entropy(self) -> Any:
        """½ + ½ log 2π + log scale."""
        return 0.5 + HALF_LOG_TWO_PI + log(self.scale)


@register_kl(Normal, Normal)
def _normal_normal(p: Normal, q: Normal) -> Any:
    ratio = p.scale / q.scale
    return 0.5 * (square(ratio) + square((p.loc - q.loc) / q.scale) - 1) - log(ratio)
