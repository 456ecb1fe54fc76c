"""Normalisation of rows: layer norm and RMS norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import sum_along
from ....core.declare import primitive
from ....ops.linalg import as_rows
from .sums import center, project, reciprocal_std_of, sum_of_products


# --- one mean and variance for each row -------------------------------------------------------------------------------
def _row_means(x: Any) -> Any:
    rows = as_rows(x)
    return sum_of_products(rows, None, axis=(1,)) / rows.shape[1]


def _rows_reciprocal_std(x: Any, eps: float) -> Any:
    return reciprocal_std_of(center(as_rows(x), axis=(1,)), (1,), eps)


@primitive(
    residuals={"mean": _row_means, "reciprocal_std": _rows_reciprocal_std},
    cure="the weight and the bias have the size of the last dimension of the input",
)
def layer_norm(x: Any, weight: Any = None, bias: Any = None, *, eps: float) -> Any:
    """Every row, along the last dimension, with mean 0 and variance 1, times ``weight``, plus ``bias``.

    Two numbers of every row are kept for backward, which is faster to subtract and to multiply by again than a
    normalised copy of the rows is to read.

    Shapes:
        x: (..., C).
        weight, bias: (C,) or None.
    """
    size = x.shape[-1]
    rows = as_rows(x)
    mean = sum_along(rows, 1, True) / size
    out = rows - mean
    reciprocal_std = 1 / np.sqrt(np.vecdot(out, out)[:, None] / size + eps)
    out *= reciprocal_std
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out if x.ndim == 2 else np.reshape(out, x.shape), mean, reciprocal_std


def _sum_of_rows(rows: Any) -> Any:
    return np.reshape(sum_of_products(rows, None, axis=(0,)), (rows.shape[1],))


def _layer_norm_gradients(
    g: Any, x: Any, weight: Any, mean: Any, reciprocal_std: Any, needed: tuple[bool, ...]
) -> list[Any]:
    for_x, for_weight, for_bias = needed
    shape, size = g.shape, g.shape[-1]
    g = as_rows(g)
    bias_gradient = _sum_of_rows(g) if for_bias else None
    if not (for_x or for_weight):
        return [None, None, bias_gradient]
    flow, centered = g * reciprocal_std, as_rows(x) - mean
    products = flow * centered
    weight_gradient = _sum_of_rows(products) if for_weight else None
    if not for_x:
        return [None, weight_gradient, bias_gradient]
    if weight is None:
        total, along = (sum_of_products(part, None, axis=(1,)) / size for part in (flow, products))
    else:
        share = np.reshape(weight, (size, 1)) * (1 / size)
        total, along = np.matmul(flow, share), np.matmul(products, share)
        del products  # what comes next finds their memory in the cache
        flow = flow * weight
    pushed = project(flow, centered, total, along * np.square(reciprocal_std))
    return [np.reshape(pushed, shape), weight_gradient, bias_gradient]


layer_norm.joint(_layer_norm_gradients)


# --- one root of the mean square for each row -------------------------------------------------------------------------
def _reciprocal_rms(x: Any, eps: float) -> Any:
    rows = as_rows(x)
    return 1 / np.sqrt(sum_of_products(rows, rows, axis=(1,)) / rows.shape[1] + eps)


@primitive(
    residuals={"reciprocal_rms": _reciprocal_rms},
    cure="the weight has the size of the last dimension of the input",
)
def rms_norm(x: Any, weight: Any = None, *, eps: float) -> Any:
    """Every row, along the last dimension, divided by the root of its mean square, times ``weight``.

    Shapes:
        x: (..., C).
        weight: (C,) or None.
    """
    reciprocal_rms = _reciprocal_rms(x, eps)
    out = as_rows(x) * reciprocal_rms
    if weight is not None:
        out *= weight
    return out if x.ndim == 2 else np.reshape(out, x.shape), reciprocal_rms


def _rms_norm_gradients(g: Any, x: Any, weight: Any, reciprocal_rms: Any, needed: tuple[bool, ...]) -> list[Any]:
    for_x, for_weight = needed
    shape, size = g.shape, g.shape[-1]
    g, x = as_rows(g), as_rows(x)
    products = g * x
    weight_gradient = None
    if for_weight:
        weight_gradient = np.reshape(np.matmul(np.reshape(reciprocal_rms, (1, -1)), products), (size,))
    if not for_x:
        return [None, weight_gradient]
    if weight is None:
        along = sum_of_products(products, None, axis=(1,)) / size
    else:
        along = np.matmul(products, np.reshape(weight, (size, 1)) * (1 / size))
        g = g * weight
    pushed = (g - x * (along * np.square(reciprocal_rms))) * reciprocal_rms
    return [np.reshape(pushed, shape), weight_gradient]


rms_norm.joint(_rms_norm_gradients)
