"""The multinomial distribution."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.tensor import wrap
from ..ops.reduce.sums import sum_
from ..ops.special.gamma import lgamma
from ..random import default_generator
from . import constraints
from .binomial import Binomial
from .categorical import Categorical, weighted
from .distribution import Distribution
from .precision import precise
from .utils import sizes_from

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each of K classes comes up in ``total_count`` draws.

    ``log_prob`` refuses counts that do not sum to ``total_count``, which have no probability at all; PyTorch accepts
    those that sum to less, and gives the log-probability of another distribution. With ``validate_args=False`` it
    takes the sum of the counts in its place, as PyTorch does.

    Args:
        total_count: how many draws, one whole number.
        probs: the probabilities along the last dimension, or weights that are divided by their sum.
        logits: their logarithms, or logarithms of weights, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Multinomial
        >>> Multinomial(2, probs=[0.5, 0.5]).log_prob([1.0, 1.0]).exp()
        Tensor(0.5)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    total_count: int
    _also_shown = ("total_count",)

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        try:
            self.total_count = operator.index(total_count)
        except TypeError:
            raise NotImplementedError(
                f"Multinomial: total_count is one whole number for the whole batch, got {total_count!r}"
            ) from None
        if self.total_count < 0:
            raise ValueError(f"Multinomial: total_count is at least 0, got {self.total_count}")
        self._categorical = Categorical(probs, logits, validate_args)
        self._given = self._categorical._given
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(Multinomial, shape, _instance)
        new.total_count = self.total_count
        new._categorical = self._categorical.expand(shape)
        new._given = self._given
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """Vectors of counts; those of this distribution sum to ``total_count`` exactly."""
        return constraints.multinomial(self.total_count)

    @property
    def probs(self) -> Any:
        """The probabilities, which sum to 1."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self._categorical.param_shape

    @property
    def mean(self) -> Any:
        """The mean, total_count · probs."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        """The variance of each count, total_count · probs (1 - probs)."""
        return self.total_count * self.probs * (1 - self.probs)

    def _validate_sample(self, value: Any) -> None:
        super()._validate_sample(value)
        sums = np.sum(as_array(value), axis=-1)
        wrong = np.argwhere(sums != self.total_count)
        if len(wrong):
            place = tuple(int(i) for i in wrong[0])
            at = f" at position {place} of shape {sums.shape}" if place else ""
            raise ValueError(
                f"Multinomial: the counts must sum to total_count={self.total_count}, got {sums[place]:g}{at}; make "
                "one with the total that was drawn, or pass validate_args=False"
            )

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw vectors of counts, as floats."""
        probs = as_array(self.probs)
        exact = probs.astype(np.float64)
        shape = self._extended_shape(sample_shape)
        if not math.prod(shape):
            return wrap(np.zeros(shape, probs.dtype), None)
        drawn = default_generator().multinomial(self.total_count, exact / exact.sum(-1, keepdims=True), shape[:-1])
        return wrap(np.asarray(drawn).astype(probs.dtype), None)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        return self._log_prob(self._scored(value))

    @precise
    def _log_prob(self, value: Any) -> Any:
        ways = lgamma(sum_(value, -1) + 1) - sum_(lgamma(value + 1), -1)
        return ways + sum_(weighted(value, self._categorical.log_probs()), -1)

    @precise
    def entropy(self) -> Any:
        """The entropy in nats, by a sum over the outcomes of every single count."""
        counts = Binomial(self.total_count, probs=self.probs, validate_args=False)
        outcomes = counts.enumerate_support(expand=False)[1:]
        expected = sum_(sum_(counts.log_prob(outcomes).exp() * lgamma(outcomes + 1), 0), -1)
        return self.total_count * self._categorical.entropy() - math.lgamma(self.total_count + 1) + expected
