"""Normalisation of groups of channels, each sample by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import ordered_like
from ....core.declare import primitive
from ....ops.reduce.sums import count_of
from .memory import along_line, short_buffers
from .sums import affine, center, project, reciprocal_std_of, sum_of_products, sum_over


def _in_groups(x: Any, groups: int) -> Any:
    """(N, C, ...) as (N, groups, C/groups, ...): a view, in whatever order of memory."""
    return np.reshape(x, (x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))


def _within(x: Any) -> tuple[int, ...]:
    """The dimensions that share a mean, of an array in groups."""
    return tuple(range(2, x.ndim))


def _per_channel(part: Any, like: Any) -> Any:
    """(C,) as it broadcasts with an array in groups."""
    return np.reshape(part, (1, *like.shape[1:3], *[1] * (like.ndim - 3)))


def _centered_groups(x: Any, groups: int) -> Any:
    x = _in_groups(x, groups)
    return center(x, axis=_within(x))


def _groups_reciprocal_std(x: Any, groups: int, eps: float) -> Any:
    centered = _centered_groups(x, groups)
    return reciprocal_std_of(centered, _within(centered), eps)


@primitive(
    residuals={"centered": _centered_groups, "reciprocal_std": _groups_reciprocal_std},
    cure="the weight and the bias hold one number for each channel, which is dimension 1 of the input",
)
def group_norm(x: Any, weight: Any = None, bias: Any = None, *, groups: int, eps: float) -> Any:
    """Every group of channels of every sample with mean 0 and variance 1, times ``weight``, plus ``bias``.

    Shapes:
        x: (N, C, ...), where C is a multiple of ``groups``.
        weight, bias: (C,) or None.

    Args:
        x: the input.
        weight: what every channel is multiplied by.
        bias: what is added to every channel.
        groups: into how many parts the channels fall.
        eps: is added to the variance.
    """
    parts = _in_groups(x, groups)
    axis = _within(parts)
    with short_buffers(parts):
        centered = parts - along_line(sum_over(parts, axis) / count_of(parts.shape, axis), parts)
        reciprocal_std = reciprocal_std_of(centered, axis, eps)
        scale = reciprocal_std if weight is None else reciprocal_std * _per_channel(weight, parts)
        out = centered * along_line(scale, centered)
        if bias is not None:
            out += along_line(_per_channel(bias, parts), out)
    return np.reshape(out, x.shape), centered, reciprocal_std


def _group_norm_gradients(g: Any, weight: Any, centered: Any, reciprocal_std: Any) -> list[Any]:
    """The sums of every channel serve its weight and its bias, and with their weights the input."""
    shape, positions = g.shape, tuple(range(3, centered.ndim))
    g = ordered_like(np.reshape(g, centered.shape), centered)
    total = sum_of_products(g, None, axis=positions)
    along = sum_of_products(g, centered, axis=positions) * reciprocal_std
    of_bias, of_weight = (np.reshape(sum_of_products(x, None, axis=(0,)), shape[1:2]) for x in (total, along))
    if weight is not None:
        weight = _per_channel(weight, centered)
        g, total, along = affine(g, None, weight, None), total * weight, along * weight
    count = count_of(centered.shape, _within(centered))
    total, along = (sum_of_products(x, None, axis=(2,)) / count for x in (total, along))
    x = project(g, centered, total, along * reciprocal_std, reciprocal_std)
    return [np.reshape(x, shape), of_weight, of_bias]


group_norm.joint(_group_norm_gradients)
