"""Normalisation, fused: the compositions would pass over the data two or three times as often.

Means are subtracted before anything is squared, so a small spread around a large mean keeps its digits. Sums run as
products of matrices or as ``einsum``, which takes the dimensions in the order in which they lie in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.declare import primitive
from ....ops.reduce.sums import count_of
from .memory import along_line, short_buffers
from .sums import around, project, sum_of_products, sum_over


# --- one mean and variance for each channel ---------------------------------------------------------------------------
def _per_channel(part: Any, rank: int) -> Any:
    return None if part is None else np.reshape(part, (1, -1, *[1] * (rank - 2)))


@primitive(
    outputs=("out", "mean", "variance"),
    cure="the weight and the bias hold one number for each channel, which is dimension 1 of the input",
)
def batch_norm(x: Any, weight: Any = None, bias: Any = None, *, axis: tuple[int, ...], eps: float) -> Any:
    """Every channel with mean 0 and variance 1, times ``weight``, plus ``bias``; the means and the biased variances.

    Shapes:
        x: (N, C, ...).
        weight, bias: (C,) or None.
        result: that of x; and means and variances, whose dimensions ``axis`` have size 1.

    Args:
        x: the input.
        weight: what every channel is multiplied by.
        bias: what is added to every channel.
        axis: the dimensions over which mean and biased variance are taken: all but C, or all but N and C.
        eps: is added to the variance.
    """
    count = count_of(x.shape, axis)
    mean = sum_over(x, axis) / count
    out = around(x, mean)
    with short_buffers(x):
        variance = sum_of_products(out, out, axis=axis) / count
        out *= along_line(_scale(weight, variance, eps, x.ndim), out)
        if bias is not None:
            out += along_line(_per_channel(bias, x.ndim), out)
    return out, mean, variance


def _scale(weight: Any, variance: Any, eps: float, rank: int) -> Any:
    reciprocal_std = 1 / np.sqrt(variance + eps)
    return reciprocal_std if weight is None else reciprocal_std * _per_channel(weight, rank)


def _batch_norm_gradients(
    g: Any, x: Any, weight: Any, mean: Any, variance: Any, axis: tuple[int, ...], eps: float, needed: tuple[bool, ...]
) -> list[Any]:
    """The weight is constant along what is averaged, so two sums serve the input, the weight and the bias."""
    for_x, for_weight, for_bias = needed
    of_out, of_mean, of_variance = g
    if of_out is None:
        of_out = np.zeros_like(x)
    count = count_of(x.shape, axis)
    reciprocal_std = 1 / np.sqrt(variance + eps)
    total: Any = sum_of_products(of_out, None, axis=axis) if for_x or for_bias else None
    centered: Any = around(x, mean) if for_x or for_weight else None
    along: Any = sum_of_products(of_out, centered, axis=axis) * reciprocal_std if for_x or for_weight else None
    others = [_sum_of_samples(along) if for_weight else None, _sum_of_samples(total) if for_bias else None]
    if not for_x:
        return [None, *others]
    scale = _scale(weight, variance, eps, x.ndim)
    of_x = project(of_out, centered, total / count, along * (reciprocal_std / count), scale)
    if of_mean is not None:
        of_x = of_x + of_mean / count
    if of_variance is not None:
        of_x = of_x + centered * (of_variance * (2 / count))
    return [of_x, *others]


def _sum_of_samples(x: Any) -> Any:
    """(N, C, 1, ...) to (C,)."""
    if x.shape[0] != 1:
        x = sum_of_products(x, None, axis=(0,))
    return np.reshape(x, (x.shape[1],))


batch_norm.joint(_batch_norm_gradients)
