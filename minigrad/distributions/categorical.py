"""The categorical distribution: one of K classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.tensor import wrap
from ..nn.kernels.softmax import log_softmax, softmax
from ..ops.creation import full
from ..ops.elementwise import where
from ..ops.index.scatter import gather
from ..ops.reduce.extremes import argmax
from ..ops.reduce.sums import sum_
from ..ops.sampling import multinomial
from ..ops.shape.expand import broadcast_to
from ..ops.shape.reshape import squeeze
from ..random import default_generator
from . import constraints
from .bernoulli import listed
from .binary import one_of
from .distribution import Distribution
from .kl import register_kl
from .numerics import log_or_minus_infinity
from .utils import lazy_property, probs_to_logits, sizes_from, tensors_of_one_dtype

__all__ = ["Categorical"]


class Categorical(Distribution):
    """One of K classes, numbered from 0, with given probabilities.

    Given ``probs``, a class of probability 0 has the log-probability -inf; PyTorch says log 10⁻⁷. Logits may be -inf,
    for classes that are excluded.

    Shapes:
        probs or logits (..., K): a batch (...) of distributions; values (...) of integers.

    Args:
        probs: the probabilities along the last dimension, or weights that are divided by their sum.
        logits: their logarithms, or logarithms of weights, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Categorical
        >>> policy = Categorical(logits=Tensor([0.0, 0.0, -np.inf]))
        >>> policy.probs, policy.log_prob(Tensor(1))
        (Tensor([0.5, 0.5, 0. ]), Tensor(-0.6931472))
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._given, value = one_of(type(self).__name__, probs, logits)
        (given,) = tensors_of_one_dtype(type(self).__name__, **{self._given: value})
        if given.ndim < 1 or given.shape[-1] == 0:
            raise ValueError(
                f"{type(self).__name__}: {self._given} has one number for each class along its last dimension, got the "
                f"shape {given.shape}"
            )
        if self._given == "probs":
            self.probs = _divided_by_sum(given)
        else:
            if self._validate_args if validate_args is None else validate_args:
                _check_logits(type(self).__name__, given)
            self.logits = log_softmax(given, -1)
        super().__init__(given.shape[:-1], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(Categorical, shape, _instance)
        new._given = self._given
        setattr(new, self._given, broadcast_to(getattr(self, self._given), (*shape, self._num_events)))
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The numbers of the classes."""
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities, which sum to 1."""
        return softmax(self.logits, -1)

    @lazy_property
    def logits(self) -> Any:
        """The logarithms of the probabilities, finite where those given are 0."""
        return probs_to_logits(self.probs)

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return tuple(getattr(self, self._given).shape)

    @property
    def _num_events(self) -> int:
        return self.param_shape[-1]

    def log_probs(self) -> Any:
        """The logarithms of all probabilities, -inf for classes that are excluded."""
        return log_or_minus_infinity(self.probs) if self._given == "probs" else self.logits

    @property
    def mean(self) -> Any:
        """NaN: classes have no mean."""
        return full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    @property
    def mode(self) -> Any:
        """The most likely class."""
        return argmax(getattr(self, self._given).detach(), -1)

    @property
    def variance(self) -> Any:
        """NaN: classes have no variance."""
        return self.mean

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw integers."""
        sizes = sizes_from(sample_shape)
        rows = np.reshape(as_array(self.probs), (math.prod(self.batch_shape), self._num_events))
        drawn = _drawn(rows, math.prod(sizes))
        return wrap(np.reshape(drawn, self._extended_shape(sizes)), None)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        value = self._scored(value)
        scores, places = self.log_probs(), as_array(value).astype(np.int64, copy=False)
        if value.shape != self.batch_shape:
            shape = np.broadcast_shapes(value.shape, self.batch_shape)
            scores, places = broadcast_to(scores, (*shape, self._num_events)), np.broadcast_to(places, shape)
        return squeeze(gather(scores, -1, places[..., None]), -1)

    def entropy(self) -> Any:
        """The entropy in nats; what is excluded adds nothing."""
        return -sum_(weighted(self.probs, self.log_probs()), -1)

    def enumerate_support(self, expand: bool = True) -> Any:
        """The numbers of the classes along a new first dimension."""
        return listed(self._num_events, self, expand, np.int64)


def _divided_by_sum(weights: Any) -> Any:
    """Weights that sum to 1; those without a sum are left to the check of parameters."""
    total = sum_(weights, -1, keepdim=True)
    return weights / where(as_array(total) == 0, 1, total)


def _check_logits(family: str, logits: Any) -> None:
    """Refuse weights without a sum to divide by, and show them as they were given."""
    values = as_array(logits)
    valid = np.isfinite(np.max(values, axis=-1))
    if not np.all(valid):
        place = tuple(int(i) for i in np.argwhere(np.logical_not(valid))[0])
        at = f" at position {place} of shape {valid.shape}" if place else ""
        raise ValueError(
            f"{family}: logits are numbers below inf, not all of them -inf, got "
            f"{np.array2string(values[place], separator=', ', threshold=20)}{at}; NaN often comes from training that "
            "diverged; validate_args=False leaves out the check"
        )


def weighted(probs: Any, scores: Any) -> Any:
    """Probabilities times scores, 0 where the probability is 0, also beside infinite scores."""
    nothing = np.logical_and(as_array(probs) == 0, np.isinf(as_array(scores)))
    return probs * where(nothing, 0, scores) if np.any(nothing) else probs * scores


def _drawn(rows: Any, count: int) -> Any:
    """``count`` classes for every row of probabilities: an array (count, rows)."""
    if not rows.shape[0] or not count:
        return np.zeros((count, rows.shape[0]), np.int64)
    if count > 16:
        return as_array(multinomial(rows, count, replacement=True)).T
    edges = np.cumsum(rows.astype(np.float64), axis=1)
    places = default_generator().random((count, len(rows), 1)) * edges[:, -1:]
    last = rows.shape[1] - 1 - np.argmax(rows[:, ::-1] > 0, axis=1)  # rounding may reach the last edge
    return np.minimum(np.stack([np.sum(edges <= place, axis=1) for place in places]), last)


@register_kl(Categorical, Categorical)
def categorical_categorical(p: Categorical, q: Categorical) -> Any:
    """Finite wherever q is possible; PyTorch says infinity where a probability of q underflows."""
    ours, theirs = p.log_probs(), q.log_probs()
    impossible = np.isinf(as_array(theirs))
    missing = np.logical_and(impossible, as_array(p.probs) > 0)
    terms = weighted(p.probs, where(np.isinf(as_array(ours)), 0, ours) - where(impossible, 0, theirs))
    return sum_(where(missing, math.inf, terms), -1)
