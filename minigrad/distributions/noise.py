"""The random numbers behind all samples: constants of a shape and dtype, from the library's own Generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from ..ops.sampling import rand, randn
from ..random import default_generator

__all__ = ["standard_exponential", "standard_normal", "standard_uniform"]


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
