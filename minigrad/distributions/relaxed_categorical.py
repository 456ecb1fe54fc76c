"""Continuous relaxations of the categorical distribution over one-hot vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..nn.kernels.softmax import log_softmax
from ..ops.elementwise import clamp, log
from ..ops.reduce.sums import sum_
from . import constraints
from .categorical import Categorical
from .distribution import Distribution
from .noise import standard_exponential
from .relaxed import Relaxed
from .relaxed_bernoulli import checked_temperature
from .transforms import ExpTransform
from .utils import sizes_from

__all__ = ["ExpRelaxedCategorical", "RelaxedOneHotCategorical"]


class ExpRelaxedCategorical(Distribution):
    """The logarithm of ``RelaxedOneHotCategorical``: Gumbel noise about the logits, divided by the temperature.

    Args:
        temperature: one number above 0; the colder, the closer to one-hot vectors after exp.
        probs: the probabilities along the last dimension, or weights that are divided by their sum.
        logits: their logarithms, or logarithms of weights, instead.
        validate_args: whether to check parameters and values.

    Source:
        C. J. Maddison, A. Mnih and Y. W. Teh, "The concrete distribution", ICLR 2017.

    Example:
        >>> from minigrad.distributions import ExpRelaxedCategorical
        >>> ExpRelaxedCategorical(1.0, probs=[0.5, 0.5]).rsample().exp().sum().item() - 1 < 1e-6
        True
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.real_vector
    has_rsample = True
    _also_shown = ("temperature",)

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        self._given = self._categorical._given
        self.temperature = checked_temperature(type(self).__name__, temperature, self.logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(ExpRelaxedCategorical, shape, _instance)
        new._categorical = self._categorical.expand(shape)
        new._given = self._given
        new.temperature = self.temperature
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

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw such that gradients flow to the parameters."""
        gumbel = -log(standard_exponential(self._extended_shape(sample_shape), self.logits.dtype))
        return log_softmax((self.logits + gumbel) / self.temperature, -1)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density on the vectors whose exponentials sum to 1."""
        classes = self.event_shape[0]
        score = self.logits - self._scored(value) * self.temperature
        scale = math.lgamma(classes) + (classes - 1) * log(self.temperature)
        return sum_(log_softmax(score, -1), -1) + scale


class RelaxedOneHotCategorical(Relaxed):
    """Vectors of shares that gather at the corners, the more the colder: a one-hot categorical with gradients.

    Args:
        temperature: one number above 0.
        probs: the probabilities along the last dimension, or weights that are divided by their sum.
        logits: their logarithms, or logarithms of weights, instead.
        validate_args: whether to check parameters and values.

    Source:
        C. J. Maddison, A. Mnih and Y. W. Teh, "The concrete distribution", ICLR 2017.

    Example:
        >>> from minigrad.distributions import RelaxedOneHotCategorical
        >>> RelaxedOneHotCategorical(0.5, logits=[1.0, 2.0, 3.0]).rsample((4,)).shape
        (4, 3)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.simplex

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        self._given = base._given
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        new = super().expand(batch_shape, self._get_checked_instance(RelaxedOneHotCategorical, _instance))
        new._given = self._given
        return new

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, finite: shares that underflowed to 0 count as the smallest number."""
        value = self._scored(value)
        logarithm = log(clamp(value, min=float(np.finfo(value.dtype).tiny)))
        return self.base_dist.log_prob(logarithm) - sum_(logarithm, -1)
