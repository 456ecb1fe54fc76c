"""The random numbers behind all samples: constants of a shape and dtype, from the library's own Generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from ..ops.sampling import rand, randn
from ..random import default_generator

__all__ = ["poisson_counts", "standard_exponential", "standard_normal", "standard_uniform", "whole"]


def standard_normal(shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Numbers of mean 0 and standard deviation 1."""
    return randn(shape, dtype=dtype)


def standard_uniform(shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Numbers of [0, 1)."""
    return rand(shape, dtype=dtype)


def standard_exponential(shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Exponentially distributed numbers of mean 1, never 0, so that they have a logarithm."""
    precise = np.promote_types(dtype, np.float32)
    drawn = np.asarray(default_generator().standard_exponential(shape, precise)).astype(dtype)
    return wrap(np.maximum(drawn, np.finfo(dtype).tiny), None)


def poisson_counts(rate: Any, shape: tuple[int, ...]) -> Any:
    """Counts of the mean ``rate``, an array of doubles; beyond 10¹⁵ normal numbers, as NumPy ends at 9 · 10¹⁸."""
    generator, few = default_generator(), np.minimum(rate, 1e15)
    drawn = np.asarray(generator.poisson(few, shape)).astype(np.float64)
    if not np.any(rate > few):
        return drawn
    many = rate + np.sqrt(rate) * generator.standard_normal(shape)
    return np.where(rate > few, np.floor(many), drawn)


def whole(drawn: Any, dtype: Any) -> Tensor:
    """Counts in the precision of a parameter; what is too large for it becomes the largest number, which is whole."""
    return wrap(np.minimum(drawn, float(np.finfo(dtype).max)).astype(dtype), None)
