"""Layer norm and RMS norm: the threads share the rows, and finish with each while it is in the cache."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.normalization.layer import layer_norm, rms_norm
from ...ops.linalg import as_rows
from ..compiler import compiled
from ..layout import FLOAT, plain
from ..pool import settings
from ..rows import parts_of, total_of

f32 = np.float32


def _rows(x: Any, *columns: Any) -> Any:
    """The rows of an array, one behind the other, if each column has one number for each place in a row; else None."""
    if type(x) is not ndarray or x.dtype is not FLOAT or not x.size:
        return None
    if not all([c is None or (plain(c) and c.shape == x.shape[-1:]) for c in columns]):
        return None
    return as_rows(np.ascontiguousarray(x))


def _or_all(number: float, column: ndarray | None, rows: ndarray) -> ndarray:
    return np.full(rows.shape[1], number, FLOAT) if column is None else column


# --- layer norm -------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _layer_norm(x: Any, weight: Any, bias: Any, eps: float, out: Any, means: Any, reciprocal_std: Any) -> None:
    rows, size = x.shape
    for i in prange(rows):
        row, result = x[i], out[i]
        total = f32(0)
        for j in range(size):
            total += row[j]
        mean = total / f32(size)
        total = f32(0)
        for j in range(size):
            total += (row[j] - mean) * (row[j] - mean)
        scale = f32(1) / np.sqrt(total / f32(size) + f32(eps))
        means[i, 0], reciprocal_std[i, 0] = mean, scale
        for j in range(size):
            result[j] = (row[j] - mean) * scale * weight[j] + bias[j]


@layer_norm.fast()
def _(x: ndarray, weight: Any = None, bias: Any = None, *, eps: float) -> Any:
    rows = _rows(x, weight, bias)
    if rows is None:
        return NotImplemented
    out, mean, reciprocal_std = np.empty(x.shape, FLOAT), *np.empty((2, len(rows), 1), FLOAT)
    weight, bias = _or_all(1, weight, rows), _or_all(0, bias, rows)
    settings.launch(_layer_norm, rows, weight, bias, float(eps), as_rows(out), mean, reciprocal_std)
    return out, mean, reciprocal_std


@compiled(parallel=True)
def _layer_norm_gradients(
    g: Any, x: Any, weight: Any, means: Any, reciprocal_std: Any, of_x: Any, of_weight: Any, of_bias: Any
) -> None:
    """Those of the weight and the bias in parts, which are to be added."""
    rows, size = g.shape
    parts = len(of_weight)
    step = (rows + parts - 1) // parts
    for part in prange(parts):
        along, total = of_weight[part], of_bias[part]
        for j in range(size):
            along[j] = 0
            total[j] = 0
        for i in range(part * step, min(part * step + step, rows)):
            row, values, result = g[i], x[i], of_x[i]
            mean, scale = means[i, 0], reciprocal_std[i, 0]
            constant = f32(0)
            parallel = f32(0)
            for j in range(size):
                flow = row[j] * weight[j]
                constant += flow
                parallel += flow * ((values[j] - mean) * scale)
            constant /= f32(size)
            parallel /= f32(size)
            for j in range(size):
                unit = (values[j] - mean) * scale
                result[j] = (row[j] * weight[j] - constant - unit * parallel) * scale
                along[j] += row[j] * unit
                total[j] += row[j]


@layer_norm.fast("joint")
def _(g: ndarray, x: ndarray, weight: Any, mean: ndarray, reciprocal_std: ndarray, needed: tuple[bool, ...]) -> Any:
    rows, values = _rows(g, weight), _rows(x)
    if rows is None or values is None or rows.shape != values.shape or not (plain(mean) and plain(reciprocal_std)):
        return NotImplemented
    parts = (parts_of(len(rows)), rows.shape[1])
    of_x, of_weight, of_bias = np.empty(g.shape, FLOAT), np.empty(parts, FLOAT), np.empty(parts, FLOAT)
    weight = _or_all(1, weight, rows)
    settings.launch(
        _layer_norm_gradients, rows, values, weight, mean, reciprocal_std, as_rows(of_x), of_weight, of_bias
    )
    return [of_x, total_of(of_weight), total_of(of_bias)]


# --- RMS norm ---------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _rms_norm(x: Any, weight: Any, eps: float, out: Any, reciprocal_rms: Any) -> None:
    rows, size = x.shape
    for i in prange(rows):
        row, result = x[i], out[i]
        total = f32(0)
        for j in range(size):
            total += row[j] * row[j]
        scale = f32(1) / np.sqrt(total / f32(size) + f32(eps))
        reciprocal_rms[i, 0] = scale
        for j in range(size):
            result[j] = row[j] * scale * weight[j]


@rms_norm.fast()
def _(x: ndarray, weight: Any = None, *, eps: float) -> Any:
    rows = _rows(x, weight)
    if rows is None:
        return NotImplemented
    out, reciprocal_rms = np.empty(x.shape, FLOAT), np.empty((len(rows), 1), FLOAT)
    settings.launch(_rms_norm, rows, _or_all(1, weight, rows), float(eps), as_rows(out), reciprocal_rms)
    return out, reciprocal_rms


@compiled(parallel=True)
def _rms_norm_gradients(g: Any, x: Any, weight: Any, reciprocal_rms: Any, of_x: Any, of_weight: Any) -> None:
    """That of the weight in parts, which are to be added."""
    rows, size = g.shape
    parts = len(of_weight)
    step = (rows + parts - 1) // parts
    for part in prange(parts):
        along = of_weight[part]
        for j in range(size):
            along[j] = 0
        for i in range(part * step, min(part * step + step, rows)):
            row, values, result = g[i], x[i], of_x[i]
            parallel = f32(0)
            for j in range(size):
                parallel += row[j] * values[j] * weight[j]
            scale = reciprocal_rms[i, 0]
            parallel = parallel / f32(size) * (scale * scale)
            for j in range(size):
                result[j] = (row[j] * weight[j] - values[j] * parallel) * scale
                along[j] += row[j] * values[j] * scale


@rms_norm.fast("joint")
def _(g: ndarray, x: ndarray, weight: Any, reciprocal_rms: ndarray, needed: tuple[bool, ...]) -> Any:
    rows, values = _rows(g, weight), _rows(x)
    if rows is None or values is None or rows.shape != values.shape or not plain(reciprocal_rms):
        return NotImplemented
    of_x, of_weight = np.empty(g.shape, FLOAT), np.empty((parts_of(len(rows)), rows.shape[1]), FLOAT)
    weight = _or_all(1, weight, rows)
    settings.launch(_rms_norm_gradients, rows, values, weight, reciprocal_rms, as_rows(of_x), of_weight)
    return [of_x, total_of(of_weight)]
