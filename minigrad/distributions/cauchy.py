"""The Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.tensor import wrap
from ..ops.creation import full_like
from ..ops.elementwise import log, square, where
from ..ops.special.elementary import log1p
from ..ops.trigonometric import arctan2
from ..random import default_generator
from . import constraints
from .distribution import Distribution
from .kl import register_kl
from .numerics import cotangent
from .utils import broadcast_parameters

__all__ = ["Cauchy"]


class Cauchy(Distribution):
    """The Cauchy (Lorentz) distribution: the ratio of two normal numbers, without a mean.

    Math:
        log p(x) = -log π - log scale - log (1 + ((x - loc) / scale)²)

    ``cdf`` and ``icdf`` keep their relative precision in the lower tail, where PyTorch's subtract from ½.

    Args:
        loc: the median; number, array or Tensor.
        scale: half of the width at half of the height, above 0.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Cauchy
        >>> Cauchy(0.0, 1.0).cdf([0.0, 1.0])
        Tensor([0.5 , 0.75])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_parameters("Cauchy", loc=loc, scale=scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Cauchy, batch_shape, _instance, "loc", "scale")

    @property
    def mean(self) -> Any:
        """NaN: there is none."""
        return full_like(self.loc, math.nan)

    @property
    def mode(self) -> Any:
        """The most likely value, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """Infinite."""
        return full_like(self.loc, math.inf)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + scale · ε with ε the ratio of two normal numbers."""
        drawn = default_generator().standard_cauchy(self._extended_shape(sample_shape))
        limits = np.finfo(self.loc.dtype)  # narrow dtypes do not hold the largest
        noise = np.clip(drawn, limits.min, limits.max).astype(self.loc.dtype)
        return self.loc + wrap(np.asarray(noise), None) * self.scale

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        deviation = (self._scored(value) - self.loc) / self.scale
        return -math.log(math.pi) - log(self.scale) - log1p(square(deviation))

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``: the angle of (loc - value, scale) in half turns."""
        return arctan2(self.scale, self.loc - self._scored(value)) / math.pi

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        probability = self._probability(value)
        low = probability < 0.5
        distance = self.scale * cotangent(math.pi * where(low, probability, 1 - probability))
        return self.loc + where(low, -distance, distance)

    def entropy(self) -> Any:
        """The logarithm of 4π scale."""
        return math.log(4 * math.pi) + log(self.scale)


@register_kl(Cauchy, Cauchy)
def _cauchy_cauchy(p: Cauchy, q: Cauchy) -> Any:
    """The logarithm of ((p.scale + q.scale)² + (p.loc - q.loc)²) / (4 p.scale q.scale).

    Source: F. Chyzak and F. Nielsen, "A closed-form formula for the Kullback-Leibler divergence between Cauchy
    distributions", arXiv:1905.10965.
    """
    ratio, distance = p.scale / q.scale, (p.loc - q.loc) / q.scale
    return log(square(1 + ratio) + square(distance)) - log(4 * ratio)
