"""The binomial distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.tensor import wrap
from ..ops.elementwise import exp, minimum, where
from ..ops.reduce.sums import sum_
from ..ops.special.elementary import floor
from ..ops.special.gamma import lgamma
from ..random import default_generator
from . import constraints
from .bernoulli import listed
from .binary import BinaryDistribution
from .kl import register_kl
from .numerics import outside_impossible
from .precision import precise

__all__ = ["Binomial"]


class Binomial(BinaryDistribution):
    """How many of ``total_count`` independent experiments succeed.

    Args:
        total_count: how many experiments; a whole number, an array or Tensor of them.
        probs: the probability of success; number, array or Tensor.
        logits: its log-odds, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Binomial
        >>> Binomial(4, 0.5).log_prob([0.0, 2.0]).exp()
        Tensor([0.0625, 0.375 ])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True
    total_count: Any

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits, total_count=total_count)
        super().__init__(self.param_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._repeated(Binomial, batch_shape, _instance, "total_count")

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The whole numbers up to ``total_count``."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        """The mean, total_count · probs."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        """The most likely number, the larger of two that are equally likely."""
        return minimum(floor((self.total_count + 1) * self.probs), self.total_count)

    @property
    def variance(self) -> Any:
        """The variance, total_count · probs (1 - probs)."""
        return self.total_count * self.probs * self._rest()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw whole numbers, as floats."""
        probs = as_array(self.probs)
        count = as_array(self.total_count).astype(np.int64)
        drawn = default_generator().binomial(count, probs.astype(np.float64), self._extended_shape(sample_shape))
        return wrap(np.asarray(drawn).astype(probs.dtype), None)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        value = self._scored(value)
        inside = (value >= 0) & (value <= self.total_count)
        return outside_impossible(self._log_prob, value, inside, 0)

    @precise
    def _log_prob(self, value: Any) -> Any:
        rest = self.total_count - value
        ways = lgamma(self.total_count + 1) - lgamma(value + 1) - lgamma(rest + 1)
        return ways + self._success(value) + self._failure(rest)

    @precise
    def entropy(self) -> Any:
        """The entropy in nats, summed over all outcomes; PyTorch needs ``total_count`` to be the same everywhere."""
        return -_over_all(self, lambda scores: scores)

    def enumerate_support(self, expand: bool = True) -> Any:
        """The whole numbers up to ``total_count`` along a new first dimension.

        Raises:
            NotImplementedError: if ``total_count`` is not the same everywhere.
        """
        counts = as_array(self.total_count)
        if counts.size and counts.min() != counts.max():
            raise NotImplementedError(
                "Binomial: the supports of a batch have one size only if total_count is the same everywhere, got "
                f"{counts.min():g} to {counts.max():g}"
            )
        return listed(_largest(self) + 1, self, expand, self.probs.dtype)


def _largest(distribution: Binomial) -> int:
    counts = as_array(distribution.total_count)
    return int(counts.max()) if counts.size else 0


def _over_all(p: Binomial, function: Any) -> Any:
    """The mean under p of a function of the log-probabilities of all outcomes."""
    outcomes = listed(_largest(p) + 1, p, True, p.probs.dtype)
    inside = as_array(outcomes <= p.total_count)
    scores = outside_impossible(p._log_prob, outcomes, inside, 0)
    possible = np.isfinite(as_array(scores))
    safe = where(possible, scores, 0)
    return sum_(where(possible, exp(safe) * function(safe), 0), 0)


@register_kl(Binomial, Binomial)
def _binomial_binomial(p: Binomial, q: Binomial) -> Any:
    """Infinite where p may succeed more often than q has experiments; where q has more, a sum over all outcomes.

    PyTorch has no formula for that.
    """
    ones, zeros = p.mean, p.total_count * p._rest()
    same = (p._success(ones) - q._success(ones)) + (p._failure(zeros) - q._failure(zeros))
    more, fewer = as_array(p.total_count > q.total_count), as_array(p.total_count < q.total_count)
    if np.any(more):
        same = where(more, math.inf, same)
    if not np.any(fewer):
        return same
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    wide, other = p.expand(shape), q.expand(shape)
    outcomes = listed(_largest(p) + 1, wide, True, p.probs.dtype)
    score = outside_impossible(other._log_prob, outcomes, as_array(outcomes <= other.total_count), 0)
    return where(fewer, _over_all(wide, lambda scores: scores - score), same)
