"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.tensor import wrap
from ..ops.elementwise import log, sqrt, square, where
from ..ops.shape.expand import broadcast_to
from ..ops.special.elementary import log1p
from ..ops.special.gamma import digamma, lgamma
from ..ops.special.gamma_sample import log_gamma_sample
from ..random import default_generator
from . import constraints
from .distribution import Distribution
from .noise import standard_exponential, standard_normal
from .numerics import exp_or_infinity
from .utils import broadcast_parameters

__all__ = ["StudentT"]

# Of log Γ(a + ½) / Γ(a) - ½ log a for large a, in odd powers of 1 / a.
_SERIES = (-1 / 8, 1 / 192, -1 / 640, 17 / 14336, -31 / 18432, 691 / 180224)
_LARGE = 10.0  # from here on the series is exact


class StudentT(Distribution):
    """Student's t distribution: a normal number divided by the estimate of its deviation from ``df`` others.

    For many degrees of freedom the difference of two logarithms of the gamma function is computed as a series: it keeps
    all digits where PyTorch's loses them, half of them at df = 10⁸ in double precision.

    Math:
        log p(x) = log Γ((df + 1)/2) / Γ(df/2) - ½ log (π df) - log scale - ½ (df + 1) log (1 + z² / df),
        z = (x - loc) / scale

    Args:
        df: degrees of freedom, above 0; number, array or Tensor.
        loc: the most likely value.
        scale: above 0; the standard deviation is larger.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import StudentT
        >>> StudentT(Tensor([1.0, 2.0, 4.0])).variance
        Tensor([nan, inf,  2.])
    """

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.df, self.loc, self.scale = broadcast_parameters("StudentT", df=df, loc=loc, scale=scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return self._expanded(StudentT, batch_shape, _instance, "df", "loc", "scale")

    @property
    def mean(self) -> Any:
        """The mean, ``loc``; NaN up to df = 1, where there is none."""
        return where(self.df > 1, self.loc, math.nan)

    @property
    def mode(self) -> Any:
        """The most likely value, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance, scale² df / (df - 2); infinite up to df = 2, and NaN up to df = 1."""
        finite = self.df > 2
        df = where(finite, self.df, 3)
        without = wrap(np.where(as_array(self.df) > 1, math.inf, math.nan).astype(self.df.dtype), None)
        return where(finite, square(self.scale) * (df / (df - 2)), without)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + scale · ε √(½ df / γ), with normal ε and γ of a Gamma distribution of shape ½ df.

        Gradients flow to ``df`` as well, through the rank of γ. It is drawn by its logarithm, that of a shape larger by
        1 and of a power of a uniform number, which do not underflow for few degrees of freedom.
        """
        size = self._extended_shape(sample_shape)
        half = broadcast_to(0.5 * self.df, size)
        shape = as_array(half).copy()
        drawn = np.log(np.asarray(default_generator().standard_gamma(shape + 1.0)))
        logarithm = drawn - as_array(standard_exponential(size, np.dtype(np.float64))) / shape
        moved = log_gamma_sample(half, start=shape, sample=np.asarray(logarithm).astype(shape.dtype))
        noise = standard_normal(size, self.df.dtype)
        return self.loc + self.scale * (noise * exp_or_infinity(0.5 * (log(half) - moved)))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        deviation = (self._scored(value) - self.loc) / self.scale
        height = _log_gamma_ratio(0.5 * self.df) - 0.5 * (math.log(math.pi) + log(self.df)) - log(self.scale)
        return height - 0.5 * (self.df + 1) * log1p(square(deviation / sqrt(self.df)))

    def entropy(self) -> Any:
        """½ (df + 1) (ψ(½ df + ½) - ψ(½ df)) + ½ log (π df) - log Γ(½ df + ½) / Γ(½ df) + log scale."""
        half = 0.5 * self.df
        spread = (half + 0.5) * _digamma_difference(half) - _log_gamma_ratio(half)
        return spread + 0.5 * (math.log(math.pi) + log(self.df)) + log(self.scale)


def _log_gamma_ratio(a: Any) -> Any:
    """The logarithm of Γ(a + ½) / Γ(a), without the difference of two large numbers."""
    large = a > _LARGE
    few, many = where(large, 1, a), where(large, a, _LARGE)
    inverse = 1 / many
    series: Any = 0.0
    for coefficient in reversed(_SERIES):
        series = series * square(inverse) + coefficient
    return where(large, 0.5 * log(many) + series * inverse, lgamma(few + 0.5) - lgamma(few))


def _digamma_difference(a: Any) -> Any:
    """ψ(a + ½) - ψ(a), the derivative of the logarithm above."""
    large = a > _LARGE
    few, many = where(large, 1, a), where(large, a, _LARGE)
    inverse = 1 / many
    series: Any = 0.0
    for power, coefficient in reversed(list(enumerate(_SERIES))):
        series = series * square(inverse) - (2 * power + 1) * coefficient
    return where(large, 0.5 * inverse + series * square(inverse), digamma(few + 0.5) - digamma(few))
