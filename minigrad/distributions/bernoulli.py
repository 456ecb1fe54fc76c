"""The Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

from ..core.modes import no_grad
from ..ops.creation import arange
from ..ops.elementwise import where
from ..ops.sampling import bernoulli
from ..ops.shape.expand import broadcast_to
from ..ops.shape.reshape import reshape
from . import constraints
from .binary import BinaryDistribution
from .kl import register_kl

__all__ = ["Bernoulli"]


class Bernoulli(BinaryDistribution):
    """One yes-or-no experiment: 1 with probability ``probs``, else 0.

    Given ``probs``, an impossible value has the log-probability -inf, with a gradient of 0; PyTorch says log 10⁻⁷.

    Math:
        log p(x) = x log probs + (1 - x) log (1 - probs)

    Args:
        probs: the probability of 1; number, array or Tensor.
        logits: its log-odds, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Bernoulli
        >>> Bernoulli([0.25, 1.0]).log_prob([0.0, 0.0])
        Tensor([-0.28768206,        -inf])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._take(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._repeated(Bernoulli, batch_shape, _instance)

    @property
    def mean(self) -> Any:
        """The mean, ``probs``."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The more likely value, NaN where both are equally likely."""
        probs = self.probs.detach()
        return where(probs == 0.5, math.nan, (probs > 0.5).to(probs.dtype))

    @property
    def variance(self) -> Any:
        """The variance, probs (1 - probs)."""
        return self.probs * self._rest()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw zeros and ones."""
        with no_grad():
            return bernoulli(broadcast_to(self.probs.detach(), self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        value = self._scored(value)
        return self._success(value) + self._failure(1 - value)

    def entropy(self) -> Any:
        """The entropy in nats, 0 where the outcome is certain."""
        return -(self._success(self.probs) + self._failure(self._rest()))

    def enumerate_support(self, expand: bool = True) -> Any:
        """0 and 1 along a new first dimension."""
        return listed(2, self, expand, self.probs.dtype)


def listed(count: int, distribution: Any, expand: bool, dtype: Any) -> Any:
    """The integers from 0 on along a new first dimension, repeated over the batch if ``expand``."""
    batch = distribution.batch_shape
    values = reshape(arange(count, dtype=dtype), (count, *(1,) * len(batch)))
    return broadcast_to(values, (count, *batch)) if expand else values


@register_kl(Bernoulli, Bernoulli)
def _bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Any:
    """Finite wherever q is possible; PyTorch says infinity where its probability underflows."""
    ones, zeros = p.probs, p._rest()
    return (p._success(ones) - q._success(ones)) + (p._failure(zeros) - q._failure(zeros))
