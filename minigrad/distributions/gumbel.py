"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.elementwise import exp, log, square, where
from . import constraints
from .distribution import Distribution
from .noise import standard_exponential
from .numerics import exp_or_infinity, log_or_minus_infinity
from .utils import EULER, broadcast_parameters

__all__ = ["Gumbel"]


class Gumbel(Distribution):
    """The Gumbel distribution, of the largest of many numbers.

    Math:
        log p(x) = -z - exp(-z) - log scale with z = (x - loc) / scale

    Args:
        loc: the most likely value; number, array or Tensor.
        scale: above 0; broadcasts with ``loc``.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Gumbel
        >>> Gumbel(1.0, 2.0).mean
        Tensor(2.1544313)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_parameters("Gumbel", loc=loc, scale=scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Gumbel, batch_shape, _instance, "loc", "scale")

    @property
    def mean(self) -> Any:
        """The mean, loc + γ scale, where γ is Euler's constant 0.5772."""
        return self.loc + EULER * self.scale

    @property
    def mode(self) -> Any:
        """The most likely value, ``loc``."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """The standard deviation, π / √6 scale."""
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        """The variance, π² / 6 scale²."""
        return square(self.stddev)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc - scale · log ε with exponentially distributed ε."""
        noise = standard_exponential(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc - self.scale * log(noise)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        depth = (self.loc - self._scored(value)) / self.scale
        return depth - exp_or_infinity(depth) - log(self.scale)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``: exp(-exp(-z))."""
        return exp(-exp_or_infinity((self.loc - self._scored(value)) / self.scale))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``: loc - scale · log(-log p)."""
        return self.loc - self.scale * _log_of_minus_log(self._probability(value))

    def entropy(self) -> Any:
        """1 + γ + log scale."""
        return 1 + EULER + log(self.scale)


def _log_of_minus_log(probability: Any) -> Any:
    """log(-log p): inf at 0, -inf at 1."""
    impossible = probability == 0
    found = log_or_minus_infinity(-log(where(impossible, 1, probability)))
    return where(impossible, math.inf, found)
