"""The Weibull distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.elementwise import exp, log, square, where
from ..ops.special.elementary import expm1, log1p, reciprocal
from ..ops.special.gamma import lgamma
from . import constraints
from .distribution import Distribution
from .noise import standard_exponential
from .numerics import exp_or_infinity, log_or_minus_infinity, outside_impossible
from .utils import EULER, broadcast_parameters

__all__ = ["Weibull"]


class Weibull(Distribution):
    """Powers of exponentially distributed numbers: scale · ε^(1 / concentration), as lifetimes are.

    The mode is 0 for a ``concentration`` up to 1; below, PyTorch's is NaN, or 1 for ½.

    Math:
        log p(x) = log (k / scale) + (k - 1) log (x / scale) - (x / scale)^k, with k the concentration

    Args:
        scale: above 0; number, array or Tensor.
        concentration: the power k, above 0.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Weibull
        >>> Weibull(2.0, 1.0).mean
        Tensor(2.)
    """

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_parameters("Weibull", scale=scale, concentration=concentration)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Weibull, batch_shape, _instance, "scale", "concentration")

    @property
    def concentration_reciprocal(self) -> Any:
        """1 / concentration."""
        return reciprocal(self.concentration)

    @property
    def mean(self) -> Any:
        """The mean, scale · Γ(1 + 1 / k)."""
        return self.scale * exp(lgamma(1 + self.concentration_reciprocal))

    @property
    def mode(self) -> Any:
        """The most likely value."""
        inside = self.concentration > 1
        power = where(inside, self.concentration, 2)
        return where(inside, self.scale * exp(log((power - 1) / power) / power), 0)

    @property
    def variance(self) -> Any:
        """The variance, scale² · (Γ(1 + 2 / k) - Γ(1 + 1 / k)²)."""
        first = 2 * lgamma(1 + self.concentration_reciprocal)
        second = lgamma(1 + 2 * self.concentration_reciprocal)
        return square(self.scale) * (exp(first) * expm1(second - first))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw scale · ε^(1 / k) with exponentially distributed ε."""
        noise = standard_exponential(self._extended_shape(sample_shape), self.scale.dtype)
        return self.scale * exp_or_infinity(log(noise) * self.concentration_reciprocal)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, -inf from 0 down."""
        value = self._scored(value)

        def inside(x: Any) -> Any:
            logarithm = log(x / self.scale)
            power = self.concentration * logarithm
            return log(self.concentration / self.scale) + power - logarithm - exp_or_infinity(power)

        return outside_impossible(inside, value, (value > 0) & (value < math.inf), self.scale)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        value = self._scored(value)
        inside = value > 0
        power = self.concentration * log(where(inside, value, self.scale) / self.scale)
        return where(inside, -expm1(-exp_or_infinity(power)), 0)

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        probability = self._probability(value)
        certain = probability == 1
        rest = log_or_minus_infinity(-log1p(-where(certain, 0, probability)))
        impossible = rest == -math.inf
        inside = self.scale * exp_or_infinity(where(impossible, 0, rest) * self.concentration_reciprocal)
        return where(certain, math.inf, where(impossible, 0, inside))

    def entropy(self) -> Any:
        """γ (1 - 1 / k) + log (scale / k) + 1, where γ is Euler's constant 0.5772."""
        return EULER * (1 - self.concentration_reciprocal) + log(self.scale * self.concentration_reciprocal) + 1
