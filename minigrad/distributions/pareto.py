"""The Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.elementwise import log, square, where
from ..ops.special.elementary import expm1, log1p, reciprocal
from . import constraints
from .distribution import Distribution
from .kl import register_kl
from .noise import standard_exponential
from .numerics import exp_or_infinity, outside_impossible
from .utils import broadcast_parameters

__all__ = ["Pareto"]


class Pareto(Distribution):
    """Numbers from ``scale`` on whose density falls as a power: scale · exp(ε / alpha), ε exponentially distributed.

    Math:
        log p(x) = log alpha + alpha log scale - (alpha + 1) log x for x ≥ scale

    Args:
        scale: the smallest value, above 0; number, array or Tensor.
        alpha: the power, above 0.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Pareto
        >>> Pareto(1.0, Tensor([1.0, 2.0])).mean
        Tensor([inf,  2.])
    """

    arg_constraints = {"alpha": constraints.positive, "scale": constraints.positive}
    has_rsample = True

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_parameters("Pareto", scale=scale, alpha=alpha)
        super().__init__(self.scale.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """Numbers from ``scale`` on."""
        return constraints.greater_than_eq(self.scale)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Pareto, batch_shape, _instance, "scale", "alpha")

    @property
    def mean(self) -> Any:
        """The mean, infinite up to alpha = 1."""
        finite = self.alpha > 1
        alpha = where(finite, self.alpha, 2)
        return where(finite, self.scale * alpha / (alpha - 1), math.inf)

    @property
    def mode(self) -> Any:
        """The most likely value, ``scale``."""
        return self.scale

    @property
    def variance(self) -> Any:
        """The variance, infinite up to alpha = 2."""
        finite = self.alpha > 2
        alpha = where(finite, self.alpha, 3)
        return where(finite, square(self.scale / (alpha - 1)) * alpha / (alpha - 2), math.inf)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw scale · exp(ε / alpha)."""
        noise = standard_exponential(self._extended_shape(sample_shape), self.scale.dtype)
        return self.scale * exp_or_infinity(noise / self.alpha)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, -inf below ``scale``."""
        value = self._scored(value)

        def inside(x: Any) -> Any:
            return log(self.alpha / self.scale) - (self.alpha + 1) * log(x / self.scale)

        return outside_impossible(inside, value, value >= self.scale, self.scale)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        value = self._scored(value)
        return -expm1(-self.alpha * log(where(value < self.scale, self.scale, value) / self.scale))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        probability = self._probability(value)
        certain = probability == 1
        power = -log1p(-where(certain, 0, probability)) / self.alpha
        return where(certain, math.inf, self.scale * exp_or_infinity(power))

    def entropy(self) -> Any:
        """The logarithm of scale / alpha, plus 1 + 1 / alpha."""
        return log(self.scale / self.alpha) + 1 + reciprocal(self.alpha)


@register_kl(Pareto, Pareto)
def _pareto_pareto(p: Pareto, q: Pareto) -> Any:
    ratio = q.alpha / p.alpha
    divergence = q.alpha * log(p.scale / q.scale) - log(ratio) + ratio - 1
    return where(p.scale < q.scale, math.inf, divergence)
