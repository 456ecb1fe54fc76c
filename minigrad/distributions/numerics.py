"""Functions that are infinite at an edge of a support, where NumPy would warn, and masks for what lies outside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.tensor import wrap
from ..ops.elementwise import exp, log, where
from ..ops.special.probit import ndtri
from ..ops.trigonometric import cos, sin

__all__ = ["cotangent", "exp_or_infinity", "log_or_minus_infinity", "normal_quantile", "outside_impossible"]


def log_or_minus_infinity(x: Any) -> Any:
    """The logarithm of numbers from 0 on; -inf at 0, with a gradient of 0."""
    empty = np.equal(as_array(x), 0)
    return where(empty, -math.inf, log(where(empty, 1, x)))


def exp_or_infinity(x: Any) -> Any:
    """The exponential; inf, with a gradient of 0, where it overflows."""
    values = as_array(x)
    large = np.greater(values, math.log(float(np.finfo(values.dtype).max)))
    return where(large, math.inf, exp(where(large, 0, x)))


def cotangent(angle: Any) -> Any:
    """The cotangent of angles in [0, π/2]; inf at 0."""
    empty = np.equal(as_array(angle), 0)
    safe = where(empty, 1, angle)
    return where(empty, math.inf, cos(safe) / sin(safe))


def normal_quantile(probability: Any) -> Any:
    """The standard normal number that is not exceeded with a probability: infinite at 0 and 1, with a gradient of 0."""
    values = as_array(probability)
    inside = np.logical_and(np.greater(values, 0), np.less(values, 1))
    ends = wrap(np.where(np.greater(values, 0.5), math.inf, -math.inf).astype(values.dtype), None)
    return where(inside, ndtri(where(inside, probability, 0.5)), ends)


def outside_impossible(log_prob: Any, value: Any, inside: Any, stand_in: Any) -> Any:
    """``log_prob(value)`` inside a support and -inf outside, whose gradients are 0 and not NaN.

    Args:
        log_prob: a function of values inside.
        value: the values.
        inside: where they are, as an array or Tensor of booleans.
        stand_in: a value inside, to compute with where they are not.
    """
    inside = as_array(inside)
    if np.all(inside):
        return log_prob(value)
    return where(inside, log_prob(where(inside, value, stand_in)), -math.inf)
