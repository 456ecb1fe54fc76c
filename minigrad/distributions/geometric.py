"""The geometric distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..nn.functional.activation.smooth import logsigmoid
from ..ops.creation import zeros_like
from ..ops.elementwise import clamp, exp
from ..random import default_generator
from . import constraints
from .binary import BinaryDistribution
from .kl import register_kl
from .noise import whole
from .numerics import exp_or_infinity, outside_impossible

__all__ = ["Geometric"]


class Geometric(BinaryDistribution):
    """How many experiments fail before the first success: 0, 1, 2 ...

    Math:
        log p(k) = k log (1 - probs) + log probs

    Args:
        probs: the probability of success, above 0; number, array or Tensor.
        logits: its log-odds, instead.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Geometric
        >>> Geometric(0.5).log_prob([0.0, 3.0]).exp()
        Tensor([0.5   , 0.0625])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._take(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)

    def _validate_parameters(self) -> None:
        super()._validate_parameters()
        if self._given == "probs" and not np.all(as_array(self.probs) > 0):
            place = tuple(int(i) for i in np.argwhere(as_array(self.probs) == 0)[0])
            at = f" at position {place} of shape {self.param_shape}" if place else ""
            raise ValueError(f"Geometric: parameter probs must be above 0, got 0{at}: success would never come")

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._repeated(Geometric, batch_shape, _instance)

    @property
    def mean(self) -> Any:
        """The mean, (1 - probs) / probs."""
        return exp_or_infinity(-self.logits) if self._given == "logits" else self._rest() / self.probs

    @property
    def mode(self) -> Any:
        """The most likely value, 0."""
        return zeros_like(self.probs)

    @property
    def variance(self) -> Any:
        """The variance, (1 - probs) / probs²."""
        return self.mean * (1 + self.mean)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw whole numbers, as floats."""
        given = as_array(getattr(self, self._given)).astype(np.float64)
        drawn = default_generator().standard_exponential(self._extended_shape(sample_shape))
        with np.errstate(divide="ignore", over="ignore"):  # success that is certain, or never comes
            rate = np.logaddexp(0, given) if self._given == "logits" else -np.log1p(-given)
            return whole(np.floor(drawn / rate), as_array(self.probs).dtype)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        value = self._scored(value)
        return outside_impossible(lambda k: self._failure(k) + self._success(1), value, value >= 0, 0)

    def entropy(self) -> Any:
        """The entropy of one experiment, times how many are expected."""
        if self._given == "probs":
            return -(self._success(1) + self._failure(self.mean))
        logits = clamp(self.logits, min=-30)
        return -self._success(1) - exp(-logits) * logsigmoid(-logits)


@register_kl(Geometric, Geometric)
def _geometric_geometric(p: Geometric, q: Geometric) -> Any:
    failures = p.mean
    return p._success(1) - q._success(1) + (p._failure(failures) - q._failure(failures))
