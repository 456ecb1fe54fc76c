"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.modes import no_grad
from ..nn.kernels.softmax import logsumexp
from ..ops.elementwise import square
from ..ops.index.scatter import gather
from ..ops.reduce.sums import sum_
from ..ops.shape.expand import broadcast_to
from ..ops.shape.reshape import reshape, squeeze, unsqueeze
from . import constraints
from .categorical import Categorical
from .distribution import Distribution
from .utils import sizes_from

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """Draws from one of several distributions of one family, chosen at random each time.

    The density is summed through the logarithms of its parts, so that a part of any weight and any distance counts,
    and one of weight 0 does not (PyTorch gives it a weight of 10⁻⁷).

    Args:
        mixture_distribution: a Categorical, whose categories are the components. Its batch is that of the mixture, or
            broadcasts with it.
        component_distribution: the components, along its last batch dimension.
        validate_args: whether to check values.

    Raises:
        ValueError: if the numbers of components differ, or the batches do not broadcast.

    Example:
        >>> from minigrad.distributions import Categorical, MixtureSameFamily, Normal
        >>> mixture = MixtureSameFamily(Categorical(Tensor([0.5, 0.5])), Normal([-1.0, 1.0], [1.0, 1.0]))
        >>> mixture.mean, mixture.variance
        (Tensor(0.), Tensor(2.))
    """

    arg_constraints: dict[str, Any] = {}

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        _check(mixture_distribution, component_distribution)
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        *batch, count = component_distribution.batch_shape
        categories = mixture_distribution.param_shape[-1]
        if categories != count:
            raise ValueError(
                f"MixtureSameFamily: the mixture has {categories} categories, but the batch of the components, "
                f"{component_distribution.batch_shape}, holds {count} along its last dimension"
            )
        try:
            shape = np.broadcast_shapes(tuple(batch), mixture_distribution.batch_shape)
        except ValueError:
            raise ValueError(
                f"MixtureSameFamily: the batch of the mixture, {mixture_distribution.batch_shape}, does not broadcast "
                f"with that of the components, {tuple(batch)}"
            ) from None
        if shape != tuple(batch):
            self._component_distribution = component_distribution.expand((*shape, count))
        super().__init__(shape, component_distribution.event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(MixtureSameFamily, shape, _instance)
        new._component_distribution = self._component_distribution.expand((*shape, self._count))
        new._mixture_distribution = self._mixture_distribution.expand(shape)
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        """Where all components have their mass."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """What chooses the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    @property
    def _count(self) -> int:
        return self._component_distribution.batch_shape[-1]

    @property
    def _axis(self) -> int:
        """The dimension of the components, beside events."""
        return -1 - len(self.event_shape)

    def _weights(self) -> Any:
        """The probabilities of the components, with dimensions for the event behind."""
        probabilities = self._mixture_distribution.probs
        return reshape(probabilities, (*probabilities.shape, *(1,) * len(self.event_shape)))

    @property
    def mean(self) -> Any:
        """The mean."""
        return sum_(self._weights() * self._component_distribution.mean, self._axis)

    @property
    def variance(self) -> Any:
        """The mean of the variances, and the variance of the means."""
        weights, means = self._weights(), self._component_distribution.mean
        centre = sum_(weights * means, self._axis, keepdim=True)
        return sum_(weights * (self._component_distribution.variance + square(means - centre)), self._axis)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        value = unsqueeze(self._scored(value), self._axis)
        return logsumexp(self._component_distribution.log_prob(value) + self._mixture_distribution.log_probs(), -1)

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        value = unsqueeze(self._scored(value), self._axis)
        return sum_(self._component_distribution.cdf(value) * self._mixture_distribution.probs, -1)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw from every component, and take that of the one chosen; no gradient flows through it."""
        with no_grad():
            sizes, events = sizes_from(sample_shape), (1,) * len(self.event_shape)
            drawn = self._component_distribution.sample(sizes)
            chosen = self._mixture_distribution.expand(self.batch_shape).sample(sizes)
            index = broadcast_to(reshape(chosen, (*chosen.shape, 1, *events)), (*chosen.shape, 1, *self.event_shape))
            return squeeze(gather(drawn, drawn.ndim + self._axis, index), self._axis)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"


def _check(mixture: Any, components: Any) -> None:
    """Refuse what does not draw numbers of components, and what is no distribution or has no batch to choose from."""
    if not isinstance(mixture, Categorical):
        raise TypeError(
            "MixtureSameFamily: the mixture_distribution is a Categorical, such as Categorical(probs), got "
            f"{type(mixture).__name__}"
        )
    if not isinstance(components, Distribution):
        raise TypeError(
            f"MixtureSameFamily: the component_distribution is a Distribution, got {type(components).__name__}"
        )
    if not components.batch_shape:
        raise ValueError("MixtureSameFamily: the components stand along the last batch dimension, and there is none")
