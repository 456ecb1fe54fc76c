"""Normalisation of rows: layer norm and RMS norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import sum_along
from ....core.declare import primitive
from ....ops.linalg import as_rows
from .sums import center, project, reciprocal_std_of, sum_of_products


# --- one mean and variance for each row -------------------------------------------------------------------------------
def _centered_rows(x: Any) -> Any:
    return center(as_rows(x), axis=(1,))


def _rows_reciprocal_std(x: Any, eps: float) -> Any:
    return reciprocal_std_of(_centered_rows(x), (1,), eps)


def _weighted(normed: Any, weight: Any, bias: Any) -> Any:
    """A new array: what a caller does to the result must not reach the residual."""
    out = normed.copy() if weight is None else normed * weight
    if bias is not None:
        out += bias
    return out


@primitive(
    residuals={
        "normed": lambda x, eps: _centered_rows(x) * _rows_reciprocal_std(x, eps),
        "reciprocal_std": _rows_reciprocal_std,
    },
    cure="the weight and the bias have the size of the last dimension of the input",
)
def layer_norm(x: Any, weight: Any = None, bias: Any = None, *, eps: float) -> Any:
    """Every row, along the last dimension, with mean 0 and variance 1, times ``weight``, plus ``bias``.

    Shapes:
        x: (..., C).
        weight, bias: (C,) or None.
    """
    size = x.shape[-1]
    rows = as_rows(x)
    normed = rows - sum_along(rows, 1, True) / size
    reciprocal_std = 1 / np.sqrt(np.vecdot(normed, normed)[:, None] / size + eps)
    normed *= reciprocal_std
    out = _weighted(normed, weight, bias)
    return out if x.ndim == 2 else np.reshape(out, x.shape), normed, reciprocal_std


def _layer_norm_gradients(g: Any, weight: Any, normed: Any, reciprocal_std: Any) -> list[Any]:
    shape, size = g.shape, g.shape[-1]
    g = as_rows(g)
    products = g * normed
    weight_gradient, bias_gradient = sum_of_products(products, None, axis=(0,)), sum_of_products(g, None, axis=(0,))
    if weight is None:
        total, along = (sum_of_products(x, None, axis=(1,)) / size for x in (g, products))
    else:
        share = np.reshape(weight, (size, 1)) * (1 / size)
        total, along = np.matmul(g, share), np.matmul(products, share)
        g = g * weight
    x = project(g, normed, total, along, reciprocal_std)
    flat = (size,)
    return [np.reshape(x, shape), np.reshape(weight_gradient, flat), np.reshape(bias_gradient, flat)]


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


def _rms_norm_gradients(g: Any, x: Any, weight: Any, reciprocal_rms: Any) -> list[Any]:
    shape, size = g.shape, g.shape[-1]
    g, x = as_rows(g), as_rows(x)
    products = g * x
    weight_gradient = np.matmul(np.reshape(reciprocal_rms, (1, -1)), products)
    if weight is None:
        along = sum_of_products(products, None, axis=(1,)) / size
    else:
        along = np.matmul(products, np.reshape(weight, (size, 1)) * (1 / size))
        g = g * weight
    pushed = (g - x * (along * np.square(reciprocal_rms))) * reciprocal_rms
    return [np.reshape(pushed, shape), np.reshape(weight_gradient, (size,))]


rms_norm.joint(_rms_norm_gradients)
