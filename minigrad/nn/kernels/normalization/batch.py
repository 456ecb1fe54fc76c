"""Normalisation, fused: the compositions would pass over the data two or three times as often.

Means are subtracted before anything is squared, so a small spread around a large mean keeps its digits. Sums run as
products of matrices or as ``einsum``, which takes the dimensions in the order in which they lie in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.declare import primitive
from ....ops.reduce.sums import count_of
from .sums import center, project, reciprocal_std_of, short_buffers, sum_of_products, sum_over


# --- one mean and variance for each channel ---------------------------------------------------------------------------
def _channels_reciprocal_std(x: Any, axis: tuple[int, ...], eps: float) -> Any:
    return reciprocal_std_of(center(x, axis=axis), axis, eps)


def _per_channel(part: Any, rank: int) -> Any:
    return None if part is None else np.reshape(part, (1, -1, *[1] * (rank - 2)))


@primitive(
    residuals={"centered": lambda x, axis: center(x, axis=axis), "reciprocal_std": _channels_reciprocal_std},
    cure="the weight and the bias hold one number for each channel, which is dimension 1 of the input",
)
def batch_norm(
    x: Any, weight: Any = None, bias: Any = None, *, axis: tuple[int, ...], eps: float, statistics: Any = None
) -> Any:
    """Every channel with mean 0 and variance 1, times ``weight``, plus ``bias``.

    Shapes:
        x: (N, C, ...).
        weight, bias: (C,) or None.

    Args:
        x: the input.
        weight: what every channel is multiplied by.
        bias: what is added to every channel.
        axis: the dimensions over which mean and biased variance are taken: all but C, or all but N and C.
        eps: is added to the variance.
        statistics: a list that receives two arrays, means and biased variances, so that a caller who keeps a running
            mean need not compute them again. Their dimensions ``axis`` have size 1.
    """
    count = count_of(x.shape, axis)
    mean = sum_over(x, axis) / count
    with short_buffers(x):
        centered = x - mean
        variance = sum_of_products(centered, centered, axis=axis) / count
        if statistics is not None:
            statistics += [mean, variance]
        reciprocal_std = 1 / np.sqrt(variance + eps)
        out = centered * (reciprocal_std if weight is None else reciprocal_std * _per_channel(weight, x.ndim))
        if bias is not None:
            out += _per_channel(bias, x.ndim)
    return out, centered, reciprocal_std


def _batch_norm_gradients(g: Any, weight: Any, centered: Any, reciprocal_std: Any, axis: tuple[int, ...]) -> Any:
    """The weight is constant along what is averaged, so two sums serve the input, the weight and the bias."""
    count = count_of(g.shape, axis)
    total = sum_of_products(g, None, axis=axis)
    along = sum_of_products(g, centered, axis=axis) * reciprocal_std
    scale = reciprocal_std if weight is None else reciprocal_std * _per_channel(weight, g.ndim)
    return [
        project(g, centered, total / count, along * (reciprocal_std / count), scale),
        _sum_of_samples(along),
        _sum_of_samples(total),
    ]


def _sum_of_samples(x: Any) -> Any:
    """(N, C, 1, ...) to (C,)."""
    if x.shape[0] != 1:
        x = sum_of_products(x, None, axis=(0,))
    return np.reshape(x, (x.shape[1],))


batch_norm.joint(_batch_norm_gradients)
