"""The categorical distribution over vectors of zeros and a single one."""

from __future__ import annotations

from typing import Any

from ..ops.convert import astype
from ..ops.creation import eye
from ..ops.index.select import one_hot
from ..ops.reduce.extremes import argmax
from ..ops.shape.expand import broadcast_to
from ..ops.shape.reshape import reshape
from . import constraints
from .categorical import Categorical, categorical_categorical
from .distribution import Distribution
from .kl import register_kl
from .utils import sizes_from

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(Distribution):
    """One of K classes, as a vector with a one in its place: ``Categorical`` with vectors as values.

    Args:
        probs: the probabilities along the last dimension, or weights that are divided by their sum.
        logits: their logarithms, or logarithms of weights, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import OneHotCategorical
        >>> OneHotCategorical([0.25, 0.75]).log_prob([1.0, 0.0]).exp()
        Tensor(0.25)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        self._given = self._categorical._given
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(OneHotCategorical, shape, _instance)
        new._categorical = self._categorical.expand(shape)
        new._given = self._given
        return new

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
        """The mean, ``probs``."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The vector of the most likely class."""
        return self._as_vectors(self._categorical.mode)

    @property
    def variance(self) -> Any:
        """The variance of each entry, probs (1 - probs)."""
        return self.probs * (1 - self.probs)

    def _as_vectors(self, classes: Any) -> Any:
        return astype(one_hot(classes, self.event_shape[0]), self.probs.dtype)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw vectors of zeros and a single one."""
        return self._as_vectors(self._categorical.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        return self._categorical.log_prob(argmax(self._scored(value).detach(), -1))

    def entropy(self) -> Any:
        """The entropy in nats."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        """All vectors along a new first dimension."""
        (count,), batch = self.event_shape, self.batch_shape
        values = reshape(eye(count, dtype=self.probs.dtype), (count, *(1,) * len(batch), count))
        return broadcast_to(values, (count, *batch, count)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """``OneHotCategorical`` whose draws pass gradients on as if they were the probabilities.

    Source:
        Y. Bengio, N. Léonard and A. Courville, "Estimating or propagating gradients through stochastic neurons for
        conditional computation", 2013.

    Args:
        probs: the probabilities along the last dimension, or weights that are divided by their sum.
        logits: their logarithms, or logarithms of weights, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import OneHotCategoricalStraightThrough
        >>> probs = Tensor([0.0, 1.0], requires_grad=True)
        >>> OneHotCategoricalStraightThrough(probs).rsample()
        Tensor([0., 1.], op=add)
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw vectors, with the gradient of ``probs``."""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Any:
    return categorical_categorical(p._categorical, q._categorical)
