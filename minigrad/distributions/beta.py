"""The Beta distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.tensor import wrap
from ..ops.elementwise import log, sigmoid, where
from ..ops.join import stack
from ..ops.shape.expand import broadcast_to
from ..ops.special.betainc import beta_quantile, beta_sample, beta_share
from ..ops.special.elementary import log1p
from . import constraints
from .dirichlet import Dirichlet, dirichlet_dirichlet, log_standard_gamma
from .distribution import Distribution
from .gamma import times_log_of
from .kl import register_kl
from .numerics import outside_impossible
from .precision import precise
from .utils import broadcast_parameters

__all__ = ["Beta"]


class Beta(Distribution):
    """Numbers from 0 to 1, such as unknown probabilities: the first of two shares of a Dirichlet distribution.

    Draws lie strictly between 0 and 1, as the logarithms of both shares need. Gradients through them keep their rank:
    they are PyTorch's, but exact, and right to any order. PyTorch has no ``cdf`` and ``icdf``.

    Args:
        concentration1: often called alpha, above 0; number, array or Tensor.
        concentration0: often called beta, above 0.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Beta
        >>> Beta(2.0, 1.0).log_prob(0.5)
        Tensor(0.)
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_parameters(
            "Beta", concentration1=concentration1, concentration0=concentration0
        )
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Beta, batch_shape, _instance, "concentration1", "concentration0")

    def as_dirichlet(self) -> Dirichlet:
        """The distribution of both shares."""
        return Dirichlet(stack([self.concentration1, self.concentration0], -1), validate_args=False)

    @property
    def mean(self) -> Any:
        """The mean, concentration1 / total."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.as_dirichlet().mode[..., 0]

    @property
    def variance(self) -> Any:
        """The variance."""
        total = self.concentration1 + self.concentration0
        return self.mean * (self.concentration0 / total) / (total + 1)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw such that gradients flow to both parameters."""
        shape, dtype = self._extended_shape(sample_shape), self.concentration1.dtype
        precise = np.promote_types(dtype, np.float32)
        ones, zeros = (broadcast_to(p, shape).to(precise) for p in (self.concentration1, self.concentration0))
        start = np.array(as_array(ones)), np.array(as_array(zeros))
        odds = log_standard_gamma(start[0]) - log_standard_gamma(start[1])
        value = sigmoid(beta_sample(ones, zeros, start=start, sample=np.asarray(odds))).to(dtype)
        values = as_array(value)
        limits = np.finfo(values.dtype)
        moved = np.clip(values, limits.tiny, 1 - limits.epsneg)
        return value + wrap(moved - values, None) if np.any(moved != values) else value

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``: the regularized incomplete Beta function."""
        value = self._scored(value)
        values = as_array(value)
        inside = np.logical_and(values > 0, values < 1)
        found = self._cdf(where(inside, value, 0.5))
        return found if np.all(inside) else where(inside, found, (values >= 1).astype(values.dtype))

    @precise
    def _cdf(self, value: Any) -> Any:
        odds = log(value) - log1p(-value)
        return beta_share(self.concentration1, self.concentration0, odds, upper=False)

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        return sigmoid(beta_quantile(self.concentration1, self.concentration0, self._probability(value)))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density; exact near 0, and infinite at the ends where concentrations are below 1."""
        value = self._scored(value)
        return outside_impossible(self._log_prob, value, (value >= 0) & (value <= 1), 0.5)

    @precise
    def _log_prob(self, value: Any) -> Any:
        full = as_array(value) == 1
        ones = times_log_of(self.concentration1 - 1, value)
        zeros = times_log_of(self.concentration0 - 1, 1 - value) if np.any(full) else None
        if zeros is None:
            zeros = (self.concentration0 - 1) * log1p(-value)
        return ones + zeros - self.as_dirichlet().log_normalizer()

    def entropy(self) -> Any:
        """The entropy in nats."""
        return self.as_dirichlet().entropy()


@register_kl(Beta, Beta)
def _beta_beta(p: Beta, q: Beta) -> Any:
    return dirichlet_dirichlet(p.as_dirichlet(), q.as_dirichlet())
