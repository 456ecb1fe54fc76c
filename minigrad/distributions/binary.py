"""What families share that count successes: one probability, given as such or as log-odds, and its logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..nn.functional.activation.smooth import logsigmoid
from ..ops.elementwise import log, sigmoid, where
from ..ops.special.elementary import log1p
from .distribution import Distribution
from .utils import broadcast_parameters, lazy_property, logits_to_probs, probs_to_logits

__all__ = ["BinaryDistribution", "one_of", "times_log", "times_log_rest"]


def one_of(family: str, probs: Any, logits: Any) -> tuple[str, Any]:
    """The name of the one that is given, and it.

    Raises:
        ValueError: if both are given, or neither.
    """
    if (probs is None) == (logits is None):
        which = "neither" if probs is None else "both"
        raise ValueError(f"{family} takes either probs or logits, got {which}; for example {family}(logits=scores)")
    return ("logits", logits) if probs is None else ("probs", probs)


def times_log(count: Any, probs: Any) -> Any:
    """``count`` · log p: 0 where the count is 0; where only p is 0, -inf with a gradient of 0."""
    return _times(count, as_array(probs) == 0, lambda empty: log(where(empty, 1, probs)), lambda: log(probs))


def times_log_rest(count: Any, probs: Any) -> Any:
    """``count`` · log (1 - p), exact for small p: 0 where the count is 0, and -inf where p is 1."""
    return _times(count, as_array(probs) == 1, lambda full: log1p(-where(full, 0, probs)), lambda: log1p(-probs))


def _times(count: Any, empty: Any, masked: Any, plain: Any) -> Any:
    if not np.any(empty):  # as nearly always
        return count * plain()
    return where(np.logical_and(empty, as_array(count) != 0), -math.inf, count * masked(empty))


def _times_log_sigmoid(count: Any, logits: Any) -> Any:
    """``count`` · log sigmoid, where 0 · -inf is 0."""
    infinite = np.isinf(as_array(logits))
    if not np.any(infinite):
        return count * logsigmoid(logits)
    finite = count * logsigmoid(where(infinite, 0, logits))
    return where(infinite, times_log(as_array(count), (as_array(logits) > 0).astype(logits.dtype)), finite)


class BinaryDistribution(Distribution):
    """A family with a parameter ``probs`` or ``logits``; the other one is computed when asked for.

    Given ``probs``, log-probabilities are exact also at 0 and 1: what is impossible has -inf. PyTorch moves
    probabilities away from both by the rounding step of their dtype first.
    """

    _given: str

    def _take(self, probs: Any, logits: Any, **others: Any) -> None:
        """Set the parameters, broadcast to one shape."""
        family = type(self).__name__
        self._given, value = one_of(family, probs, logits)
        names = (*others, self._given)
        for name, tensor in zip(names, broadcast_parameters(family, **others, **{self._given: value}), strict=True):
            setattr(self, name, tensor)

    def _repeated(self, cls: type, batch_shape: Any, _instance: Any, *others: str) -> Any:
        new = self._expanded(cls, batch_shape, _instance, *others, self._given)
        new._given = self._given
        return new

    @lazy_property
    def probs(self) -> Any:
        """The probability of 1."""
        return logits_to_probs(self.logits, is_binary=True)

    @lazy_property
    def logits(self) -> Any:
        """The log-odds of 1, finite also where the probability is 0 or 1."""
        return probs_to_logits(self.probs, is_binary=True)

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return tuple(getattr(self, self._given).shape)

    def _rest(self) -> Any:
        """The probability of 0, which keeps its digits where that of 1 rounds to 1."""
        return 1 - self.probs if self._given == "probs" else sigmoid(-self.logits)

    def _success(self, count: Any) -> Any:
        """The logarithm of the probability of so many ones."""
        return times_log(count, self.probs) if self._given == "probs" else _times_log_sigmoid(count, self.logits)

    def _failure(self, count: Any) -> Any:
        """The logarithm of the probability of so many zeros."""
        if self._given == "probs":
            return times_log_rest(count, self.probs)
        return _times_log_sigmoid(count, -self.logits)
