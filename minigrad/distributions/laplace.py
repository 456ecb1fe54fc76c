"""The Laplace distribution."""

from __future__ import annotations

import math
from typing import Any

from ..core.arrays import as_array
from ..core.tensor import wrap
from ..ops.elementwise import abs_, exp, log, square, where
from ..random import default_generator
from . import constraints
from .distribution import Distribution
from .kl import register_kl
from .noise import standard_exponential
from .numerics import log_or_minus_infinity
from .utils import broadcast_parameters

__all__ = ["Laplace"]


class Laplace(Distribution):
    """The Laplace distribution: an exponential decay to both sides of ``loc``.

    Math:
        log p(x) = -|x - loc| / scale - log (2 scale)

    ``cdf`` and ``icdf`` keep their relative precision in the lower tail, where PyTorch's subtract from ½, and the
    derivative of ``cdf`` is the density at ``loc`` as well, where PyTorch's is 0.

    Args:
        loc: the mean; number, array or Tensor.
        scale: the mean distance from it, above 0; broadcasts with ``loc``.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import Laplace
        >>> f"{Laplace(0.0, 1.0).cdf(-50.0):.4e}"
        '9.6437e-23'
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_parameters("Laplace", loc=loc, scale=scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(Laplace, batch_shape, _instance, "loc", "scale")

    @property
    def mean(self) -> Any:
        """The mean, ``loc``."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The most likely value, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance, 2 ``scale``²."""
        return 2 * square(self.scale)

    @property
    def stddev(self) -> Any:
        """The standard deviation, √2 ``scale``."""
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc ± scale · ε with exponentially distributed ε."""
        shape = self._extended_shape(sample_shape)
        noise = as_array(standard_exponential(shape, self.loc.dtype))
        signs = default_generator().integers(0, 2, shape) * 2 - 1
        return self.loc + self.scale * wrap((noise * signs).astype(self.loc.dtype), None)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        return -log(2 * self.scale) - abs_(self._scored(value) - self.loc) / self.scale

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        deviation = (self._scored(value) - self.loc) / self.scale
        low = deviation < 0
        return where(low, 0.5 * exp(where(low, deviation, 0)), 1 - 0.5 * exp(-where(low, 0, deviation)))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        probability = self._probability(value)
        low = probability < 0.5
        distance = self.scale * log_or_minus_infinity(2 * where(low, probability, 1 - probability))
        return self.loc + where(low, distance, -distance)

    def entropy(self) -> Any:
        """1 + log (2 scale)."""
        return 1 + log(2 * self.scale)


@register_kl(Laplace, Laplace)
def _laplace_laplace(p: Laplace, q: Laplace) -> Any:
    ratio, distance = p.scale / q.scale, abs_(p.loc - q.loc)
    return distance / q.scale + ratio * exp(-distance / p.scale) - log(ratio) - 1
