"""Transforms of numbers, one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import as_array, is_array, shape_of
from ...core.tensor import Tensor, raw
from ...ops.shape.expand import broadcast_to
from ...ops.special.elementary import logaddexp
from .. import constraints
from ..utils import sum_rightmost
from .base import Transform, at_least

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CumulativeDistributionTransform",
    "ExpTransform",
    "PowerTransform",
    "SigmoidTransform",
    "SoftplusTransform",
    "TanhTransform",
]


def softplus(x: Any) -> Any:
    """The logarithm of 1 + exp(x), exact for any x, where the activation function becomes linear beyond 20."""
    return logaddexp(x, 0.0)


def between_zero_and_one(y: Any) -> Any:
    """``y`` with exact zeros and ones moved inside the open interval."""
    limits = np.finfo(y.dtype)
    return y.clamp(min=float(limits.tiny), max=1 - float(limits.eps))


class _WithoutParameters(Transform):
    """All instances are equal."""

    def _equals(self, other: Any) -> bool:
        return True


class ExpTransform(_WithoutParameters):
    """y = exp(x).

    Example:
        >>> from minigrad.distributions import ExpTransform
        >>> ExpTransform().inv(Tensor([1.0]))
        Tensor([0.])
    """

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = 1

    def _call(self, x: Any) -> Any:
        return x.exp()

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |dy/dx|, x itself."""
        return x


class PowerTransform(Transform):
    """y = x to the power ``exponent``, of positive x.

    The log-determinant is log |exponent| + (exponent - 1) log x; PyTorch takes the logarithm of exponent · y / x, which
    is infinite where y overflows.

    Args:
        exponent: number, array or Tensor, not 0.
        cache_size: 0 or 1.
    """

    domain = constraints.positive
    codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = _number_or_tensor(exponent)

    @property
    def sign(self) -> Any:
        """The sign of the exponent."""
        return _sign(self.exponent)

    def _equals(self, other: Any) -> bool:
        return _equal(self.exponent, other.exponent)

    def _call(self, x: Any) -> Any:
        return x**self.exponent

    def _inverse(self, y: Any) -> Any:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |dy/dx|."""
        size = abs(self.exponent)
        return (size.log() if isinstance(size, Tensor) else math.log(size)) + (self.exponent - 1) * x.log()

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        return np.broadcast_shapes(shape, shape_of(self.exponent))

    inverse_shape = forward_shape


class SigmoidTransform(_WithoutParameters):
    """y = 1 / (1 + exp(-x)), kept inside the open interval (0, 1); the inverse is the logit."""

    domain = constraints.real
    codomain = constraints.unit_interval
    bijective = True
    sign = 1

    def _call(self, x: Any) -> Any:
        return between_zero_and_one(x.sigmoid())

    def _inverse(self, y: Any) -> Any:
        y = between_zero_and_one(y)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |dy/dx|."""
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_WithoutParameters):
    """y = log(1 + exp(x))."""

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = 1

    def _call(self, x: Any) -> Any:
        return softplus(x)

    def _inverse(self, y: Any) -> Any:
        return (-(-y).expm1()).log() + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |dy/dx|."""
        return -softplus(-x)


class TanhTransform(_WithoutParameters):
    """y = tanh(x). Its inverse is infinite where y rounds to ±1; there ``cache_size=1`` helps."""

    domain = constraints.real
    codomain = constraints.interval(-1.0, 1.0)
    bijective = True
    sign = 1

    def _call(self, x: Any) -> Any:
        return x.tanh()

    def _inverse(self, y: Any) -> Any:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |dy/dx|, from x alone, also where tanh(x) rounds to 1."""
        return 2 * (math.log(2) - x - softplus(-2 * x))


class AbsTransform(_WithoutParameters):
    """y = abs(x), which is not one to one; its inverse takes the positive one."""

    domain = constraints.real
    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return x.abs()

    def _inverse(self, y: Any) -> Any:
        return y


class AffineTransform(Transform):
    """y = ``loc`` + ``scale`` · x.

    The log-determinant of an event is the sum over all of its numbers, also where ``scale`` is a Tensor of fewer, which
    broadcasts. (PyTorch sums over the scales that there are: log 2 instead of 3 log 2 for a scale of shape () and
    events of three numbers.)

    Args:
        loc: what is added: number, array or Tensor.
        scale: the factor, not 0.
        event_dim: how many of the last dimensions make up an event.
        cache_size: 0 or 1.

    Example:
        >>> from minigrad.distributions import AffineTransform
        >>> AffineTransform(1.0, 2.0, event_dim=1).log_abs_det_jacobian(Tensor([0.0, 0.0]), Tensor([1.0, 1.0]))
        Tensor(1.3862944)
    """

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale = _number_or_tensor(loc), _number_or_tensor(scale)
        self._event_dim = event_dim

    @property
    def event_dim(self) -> int:
        """How many of the last dimensions make up an event."""
        return self._event_dim

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Where it is defined: everywhere."""
        return constraints.independent(constraints.real, self._event_dim) if self._event_dim else constraints.real

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """What it maps to: everything."""
        return constraints.independent(constraints.real, self._event_dim) if self._event_dim else constraints.real

    def _equals(self, other: Any) -> bool:
        same = self._event_dim == other._event_dim
        return same and _equal(self.loc, other.loc) and _equal(self.scale, other.scale)

    @property
    def sign(self) -> Any:
        """The sign of the scale."""
        return _sign(self.scale)

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |scale|, once for every number of an event."""
        at_least(self, x.shape, self._event_dim)
        scale = self.scale if isinstance(self.scale, Tensor) else Tensor(self.scale, dtype=x.dtype)
        shape = np.broadcast_shapes(x.shape, scale.shape)
        return sum_rightmost(broadcast_to(scale.abs().log(), shape), self._event_dim)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        return np.broadcast_shapes(shape, shape_of(self.loc), shape_of(self.scale))

    inverse_shape = forward_shape

    def __repr__(self) -> str:
        return f"AffineTransform(loc={self.loc}, scale={self.scale})"


class CumulativeDistributionTransform(Transform):
    """y = the probability that a distribution gives to values up to x; the inverse is its quantile function.

    Args:
        distribution: one with ``cdf``, and with ``icdf`` for the inverse.
        cache_size: 0 or 1.
    """

    bijective = True
    codomain = constraints.unit_interval
    sign = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        """The support of the distribution."""
        return self.distribution.support

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The log-density."""
        return self.distribution.log_prob(x)


def _number_or_tensor(value: Any) -> Any:
    """A Python number, which takes part in any precision, or a Tensor."""
    if isinstance(value, Tensor):
        return value
    if is_array(value) or isinstance(value, (list, tuple)):
        return Tensor(value)
    return as_array(value).item()  # refuses what is no number


def _sign(factor: Any) -> Any:
    return factor.sign() if isinstance(factor, Tensor) else (factor > 0) - (factor < 0)


def _equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(raw(a), raw(b)))
