"""The Dirichlet distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..nn.kernels.softmax import softmax
from ..ops.elementwise import clamp, where
from ..ops.index.select import one_hot
from ..ops.reduce.extremes import argmax
from ..ops.reduce.sums import sum_
from ..ops.shape.expand import broadcast_to
from ..ops.shape.reshape import unsqueeze
from ..ops.special.gamma import digamma, lgamma
from ..ops.special.gamma_sample import log_gamma_sample
from ..random import default_generator
from . import constraints
from .distribution import Distribution
from .gamma import times_log_of
from .kl import register_kl
from .precision import precise
from .utils import sizes_from, tensors_of_one_dtype

__all__ = ["Dirichlet"]


def log_standard_gamma(shape: Any) -> Any:
    """Logarithms of draws from Gamma distributions, which do not underflow where the shape is small; of arrays.

    A draw for the shape a is one for a + 1 times u to the power 1/a.
    """
    generator, exact = default_generator(), shape.astype(np.float64)
    return np.log(generator.standard_gamma(exact + 1)) - generator.standard_exponential(shape.shape) / exact


class Dirichlet(Distribution):
    """Vectors of shares that sum to 1.

    ``rsample`` divides Gamma variables by their sum, and passes the implicit gradients of those on, which are right to
    any order. PyTorch differentiates the shares one by one instead: of single draws its gradients differ, of
    expectations they are the same. Draws are made of logarithms, so that concentrations of 10⁻³ give no NaN.

    Shapes:
        concentration (..., K): a batch (...) of distributions of vectors (K).

    Args:
        concentration: above 0, one number for each share along the last dimension.
        validate_args: whether to check parameters and values.

    Source:
        M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", NeurIPS 2018.

    Example:
        >>> from minigrad.distributions import Dirichlet
        >>> Dirichlet([1.0, 1.0, 1.0]).log_prob([0.2, 0.3, 0.5]).exp()
        Tensor(2.)
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        (self.concentration,) = tensors_of_one_dtype("Dirichlet", concentration=concentration)
        shape = self.concentration.shape
        if len(shape) < 1:
            raise ValueError("Dirichlet: concentration has one number for each share along its last dimension, got one")
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(Dirichlet, shape, _instance)
        new.concentration = broadcast_to(self.concentration, (*shape, *self.event_shape))
        return new

    def _total(self) -> Any:
        return sum_(self.concentration, -1, keepdim=True)

    @property
    def mean(self) -> Any:
        """The mean, concentration / total."""
        return self.concentration / self._total()

    @property
    def mode(self) -> Any:
        """The most likely shares; where all concentrations are below 1, all for the one with the largest."""
        excess = clamp(self.concentration - 1, min=0)
        total = sum_(excess, -1, keepdim=True)
        empty = as_array(total) == 0
        interior = excess / where(empty, 1, total)
        if not np.any(empty):
            return interior
        largest = one_hot(argmax(self.concentration.detach(), -1), self.event_shape[0])
        flat = np.logical_and(empty, np.any(as_array(self.concentration) >= 1, axis=-1, keepdims=True))
        return where(flat, math.nan, where(empty, largest.to(interior.dtype), interior))

    @property
    def variance(self) -> Any:
        """The variance of each share."""
        total = self._total()
        mean = self.concentration / total
        return mean * (1 - mean) / (total + 1)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw such that gradients flow to ``concentration``."""
        dtype = self.concentration.dtype
        precise = self.concentration.to(np.promote_types(dtype, np.float32))  # whose logarithms half precision lacks
        wide = broadcast_to(precise, self._extended_shape(sample_shape))
        start = np.array(as_array(wide))
        drawn = log_gamma_sample(wide, start=start, sample=np.asarray(log_standard_gamma(start)))
        return softmax(drawn, -1).to(dtype)

    def log_normalizer(self) -> Any:
        """The logarithm of the multivariate Beta function: of the integral of the powers of the shares."""
        return sum_(lgamma(self.concentration), -1) - lgamma(sum_(self.concentration, -1))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        value = self._scored(value)
        outside = np.any(np.less(as_array(value), 0), axis=-1)
        if not np.any(outside):
            return self._log_prob(value)
        return where(outside, -math.inf, self._log_prob(where(outside[..., None], 0.5, value)))

    @precise
    def _log_prob(self, value: Any) -> Any:
        return sum_(times_log_of(self.concentration - 1, value), -1) - self.log_normalizer()

    @precise
    def entropy(self) -> Any:
        """The entropy in nats."""
        total = self._total()
        spread = (self.concentration - 1) * (digamma(self.concentration) - digamma(total))
        return self.log_normalizer() - sum_(spread, -1)


@register_kl(Dirichlet, Dirichlet)
@precise
def dirichlet_dirichlet(p: Dirichlet, q: Dirichlet) -> Any:
    """The divergence of two Dirichlet distributions."""
    scores = digamma(p.concentration) - unsqueeze(digamma(sum_(p.concentration, -1)), -1)
    between = sum_((p.concentration - q.concentration) * scores, -1)
    return q.log_normalizer() - p.log_normalizer() + between
