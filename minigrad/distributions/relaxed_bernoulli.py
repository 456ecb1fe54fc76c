"""Continuous relaxations of the Bernoulli distribution."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import log
from ..ops.special.elementary import log1p, logaddexp
from . import constraints
from .binary import BinaryDistribution
from .noise import standard_uniform
from .relaxed import Relaxed
from .transforms import SigmoidTransform
from .utils import clamp_probs, tensors_of_one_dtype

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(BinaryDistribution):
    """The log-odds of ``RelaxedBernoulli``: logistic noise about the logits, divided by the temperature.

    Args:
        temperature: above 0; the colder, the closer to 0 and 1 after a sigmoid.
        probs: the probability of 1; number, array or Tensor.
        logits: its log-odds, instead.
        validate_args: whether to check parameters and values.

    Source:
        C. J. Maddison, A. Mnih and Y. W. Teh, "The concrete distribution", ICLR 2017.

    Example:
        >>> from minigrad.distributions import LogitRelaxedBernoulli
        >>> LogitRelaxedBernoulli(1.0, probs=0.5).log_prob(0.0).exp()
        Tensor(0.25)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    has_rsample = True
    _also_shown = ("temperature",)

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        self.temperature = checked_temperature(type(self).__name__, temperature, self._precise(), validate_args)
        super().__init__(self.param_shape, validate_args=validate_args)

    def _precise(self) -> Any:
        return getattr(self, self._given)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        new = self._repeated(LogitRelaxedBernoulli, batch_shape, _instance)
        new.temperature = self.temperature
        return new

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw such that gradients flow to the parameters."""
        shape = self._extended_shape(sample_shape)
        noise = clamp_probs(standard_uniform(shape, self._precise().dtype))
        return (log(noise) - log1p(-noise) + self.logits) / self.temperature

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density; PyTorch's overflows where it is below -90 in single precision."""
        difference = self.logits - self._scored(value) * self.temperature
        return log(self.temperature) + difference - 2 * logaddexp(difference, 0.0)


def checked_temperature(family: str, temperature: Any, like: Any, validate_args: bool | None) -> Any:
    """The temperature as a Tensor in the precision of the other parameter.

    Raises:
        ValueError: if it is not above 0, which PyTorch does not look at.
    """
    value, _ = tensors_of_one_dtype(family, temperature=temperature, like=like)
    if validate_args is not False and not bool((value > 0).all()):
        raise ValueError(f"{family}: temperature must be above 0, got {value.min().item():g}")
    return value


class RelaxedBernoulli(Relaxed):
    """Numbers between 0 and 1 that gather at both ends, the more the colder: a Bernoulli with gradients.

    Args:
        temperature: above 0.
        probs: the probability of 1; number, array or Tensor.
        logits: its log-odds, instead.
        validate_args: whether to check parameters and values.

    Source:
        C. J. Maddison, A. Mnih and Y. W. Teh, "The concrete distribution", ICLR 2017.

    Example:
        >>> from minigrad.distributions import RelaxedBernoulli
        >>> RelaxedBernoulli(1.0, probs=0.5).log_prob(0.5)
        Tensor(0.)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        self._given = base._given
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        new = super().expand(batch_shape, self._get_checked_instance(RelaxedBernoulli, _instance))
        new._given = self._given
        return new
