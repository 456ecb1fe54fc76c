"""The uniform distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..ops.elementwise import clamp, log, where
from ..ops.elementwise import square as squared
from . import constraints
from .distribution import Distribution
from .kl import register_kl
from .noise import standard_uniform
from .utils import broadcast_parameters

__all__ = ["Uniform"]


class Uniform(Distribution):
    """Numbers spread evenly over [``low``, ``high``).

    The density at ``high`` itself counts as 0, as in PyTorch, though the check of values lets it pass.

    Args:
        low: the lower bound, included; number, array or Tensor.
        high: the upper bound, above ``low``.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Uniform
        >>> Uniform(0.0, 2.0).cdf([0.5, 2.0])
        Tensor([0.25, 1.  ])
    """

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_parameters("Uniform", low=low, high=high)
        super().__init__(self.low.shape, validate_args=validate_args)

    def _validate_parameters(self) -> None:
        low, high = as_array(self.low), as_array(self.high)
        wrong = np.argwhere(np.logical_not(np.less(low, high)))
        if len(wrong):
            place = tuple(int(i) for i in wrong[0])
            at = f" at position {place} of shape {low.shape}" if place else ""
            raise ValueError(
                f"Uniform: parameter high must be above low, got low={low[place]:g} and high={high[place]:g}{at}; "
                "validate_args=False leaves out the check"
            )

    @property
    def arg_constraints(self) -> Any:
        """Each bound on its side of the other."""
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """The interval from ``low`` to ``high``."""
        return constraints.interval(self.low, self.high)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Uniform, batch_shape, _instance, "low", "high")

    @property
    def mean(self) -> Any:
        """The middle."""
        return 0.5 * self.low + 0.5 * self.high  # a sum of both might overflow

    @property
    def mode(self) -> Any:
        """NaN: no value is the most likely one."""
        return math.nan * self.high

    @property
    def stddev(self) -> Any:
        """(high - low) / √12."""
        return (self.high - self.low) / math.sqrt(12)

    @property
    def variance(self) -> Any:
        """(high - low)² / 12."""
        return squared(self.high - self.low) / 12

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw low + (high - low) · u with u in [0, 1)."""
        noise = standard_uniform(self._extended_shape(sample_shape), self.low.dtype)
        return self.low + noise * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        """-log (high - low) inside, -inf outside."""
        value = self._scored(value)
        inside = (self.low <= value) & (value < self.high)
        return where(inside, -log(self.high - self.low), -math.inf)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        return clamp((self._scored(value) - self.low) / (self.high - self.low), 0, 1)

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        return self.low + self._probability(value) * (self.high - self.low)

    def entropy(self) -> Any:
        """The logarithm of high - low."""
        return log(self.high - self.low)


@register_kl(Uniform, Uniform)
def _uniform_uniform(p: Uniform, q: Uniform) -> Any:
    inside = (q.low <= p.low) & (p.high <= q.high)
    return where(inside, q.entropy() - p.entropy(), math.inf)
