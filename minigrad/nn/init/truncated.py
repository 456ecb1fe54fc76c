"""The normal distribution, cut off on both sides, drawn exactly also where hardly any of its mass lies."""

from __future__ import annotations

import math

import numpy as np

from ...core.graph import Array
from ...core.tensor import Tensor, overwrite
from ...random import as_generator
from .target import check_target


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Draw every element from the normal distribution, given that it lies between ``a`` and ``b``.

    The bounds are values, not numbers of standard deviations. The standard deviation of what is drawn is smaller than
    ``std``: with bounds at ±2 std it is 0.88 std.

    Args:
        tensor: of any shape.
        mean: of the normal distribution before the cut.
        std: of the normal distribution before the cut.
        a: the smallest value; may be -inf.
        b: the largest value; may be inf.
        generator: by default ``minigrad.random.default_generator()``.

    Raises:
        ValueError: unless ``a < b`` and ``std > 0``.

    Source:
        Robert 1995, "Simulation of truncated normal variables", sections 2.1 and 2.2, with the exponential proposal
        cut off at ``b``.

    Example:
        >>> weight = trunc_normal_(minigrad.Parameter(np.empty(1000)), std=0.02, a=-0.04, b=0.04)
        >>> bool(abs(weight.detach().numpy()).max() <= 0.04)
        True
    """
    check_target("trunc_normal_", tensor, random=True, mean=mean, std=std, a=a, b=b)
    if not (std > 0 and math.isfinite(mean) and math.isfinite(std)):
        raise ValueError(f"trunc_normal_ needs a finite mean and std > 0, got mean={mean}, std={std}")
    if not a < b:
        raise ValueError(f"trunc_normal_ needs a < b, got a={a}, b={b}")
    count = math.prod(tensor.shape)
    drawn = mean + std * _between((a - mean) / std, (b - mean) / std, count, as_generator(generator))
    overwrite(tensor, np.clip(drawn, a, b).reshape(tensor.shape))  # rounding may have crossed a bound
    return tensor


def _between(low: float, high: float, count: int, generator: np.random.Generator) -> Array:
    """Standard normal numbers in [low, high]: propose, keep each with the probability that makes up the difference."""
    if high <= 0:
        return -_between(-high, -low, count, generator)
    found = np.empty(0)
    while found.size < count:
        missing = count - found.size
        proposed, log_probability = _proposals(low, high, missing + missing // 4 + 16, generator)
        kept = proposed[np.log1p(-generator.random(proposed.size)) <= log_probability]
        found = np.concatenate([found, kept[:missing]])
    return found


def _proposals(low: float, high: float, count: int, generator: np.random.Generator) -> tuple[Array, Array]:
    """Candidates, and the logarithm of the probability with which each is to be kept; at least a fifth is."""
    if low > 0:  # a tail, which falls off like an exponential function
        rate = (low + math.hypot(low, 2)) / 2
        z = low - np.log1p(generator.random(count) * math.expm1(-rate * (high - low))) / rate
        z = np.minimum(z, high)
        return z, ((min(high, rate) - rate) ** 2 - (z - rate) ** 2) / 2
    if high - low < math.sqrt(2 * math.pi):
        z = generator.uniform(low, high, count)
        return z, -z * z / 2
    z = generator.standard_normal(count)
    return z, np.where((z >= low) & (z <= high), 0.0, -np.inf)
