"""The softmax family along what lies innermost in memory: the threads share the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...core.primitive import REGISTRY
from ...ops.reduce.sums import spread
from ..compiler import compiled
from ..mathematics import exp, log
from ..pool import settings
from ..rows import finite_or_zero, rows_along, sum_of_exponentials, top_of

f32 = np.float32
softmax, log_softmax, logsumexp = (REGISTRY[name] for name in ("softmax", "log_softmax", "logsumexp"))


def _of_rows(kernel: Any, axis: tuple[int, ...], *arrays: Any) -> Any:
    """What a kernel makes of arrays of one shape; NotImplemented unless ``axis`` lies innermost in the last."""
    out = np.empty_like(arrays[-1])
    rows = rows_along(axis, *arrays, out)
    if rows:
        settings.launch(kernel, *rows)
    return out if rows else NotImplemented


# --- softmax ----------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _softmax(x: Any, out: Any) -> None:
    for i in prange(len(x)):
        row, result = x[i], out[i]
        top = top_of(row)
        total = f32(0)
        for j in range(row.size):
            result[j] = exp(row[j] - top)
            total += result[j]
        scale = f32(1) / total
        for j in range(row.size):
            result[j] *= scale


@compiled(parallel=True)
def _softmax_gradient(g: Any, out: Any, of_x: Any) -> None:
    for i in prange(len(g)):
        flow, p, result = g[i], out[i], of_x[i]
        mean = f32(0)
        for j in range(p.size):
            mean += flow[j] * p[j]
        for j in range(p.size):
            result[j] = p[j] * (flow[j] - mean)


@softmax.fast()
def _(x: ndarray, *, axis: tuple[int, ...]) -> Any:
    return _of_rows(_softmax, axis, x)


@softmax.fast("x")
def _(g: ndarray, out: ndarray, axis: tuple[int, ...]) -> Any:
    return _of_rows(_softmax_gradient, axis, g, out)


# --- its logarithm ----------------------------------------------------------------------------------------------------
@compiled(parallel=True, exact=True)
def _log_softmax(x: Any, out: Any) -> None:
    """The top goes first, exactly in this order: a logarithm that is added to a large one loses its digits."""
    for i in prange(len(x)):
        row, result = x[i], out[i]
        top = top_of(row)
        logarithm = log(sum_of_exponentials(row, top))
        for j in range(row.size):
            result[j] = row[j] - top - logarithm


@compiled(parallel=True)
def _log_softmax_gradient(g: Any, out: Any, of_x: Any) -> None:
    for i in prange(len(g)):
        flow, logs, result = g[i], out[i], of_x[i]
        total = f32(0)
        for j in range(logs.size):
            total += flow[j]
        for j in range(logs.size):
            result[j] = flow[j] - exp(logs[j]) * total


@log_softmax.fast()
def _(x: ndarray, *, axis: tuple[int, ...]) -> Any:
    return _of_rows(_log_softmax, axis, x)


@log_softmax.fast("x")
def _(g: ndarray, out: ndarray, axis: tuple[int, ...]) -> Any:
    return _of_rows(_log_softmax_gradient, axis, g, out)


# --- the logarithm of a sum of exponentials ---------------------------------------------------------------------------
@compiled(parallel=True)
def _logsumexp(x: Any, out: Any) -> None:
    for i in prange(len(x)):
        row = x[i]
        top = finite_or_zero(top_of(row))
        out[i, 0] = log(sum_of_exponentials(row, top)) + top


@compiled(parallel=True)
def _logsumexp_gradient(g: Any, x: Any, of_x: Any) -> None:
    for i in prange(len(x)):
        row, result = x[i], of_x[i]
        top = finite_or_zero(top_of(row))
        total = f32(0)
        for j in range(row.size):
            result[j] = exp(row[j] - top)
            total += result[j]
        scale = g[i, 0] / (total if total != f32(0) else f32(1))  # a row of -inf has gradient 0
        for j in range(row.size):
            result[j] *= scale


def _column_of(x: ndarray, axis: tuple[int, ...]) -> ndarray:
    """A new array with one number for each row, in the order in which they lie."""
    return np.empty_like(x, shape=[1 if d in axis else n for d, n in enumerate(x.shape)])


@logsumexp.fast()
def _(x: ndarray, *, axis: tuple[int, ...], keepdims: bool = False) -> Any:
    rows = rows_along(axis, x) if axis else []
    if not rows:
        return NotImplemented
    out = _column_of(x, axis)
    settings.launch(_logsumexp, *rows, *rows_along(axis, out))
    return out if keepdims else np.squeeze(out, axis=axis)


@logsumexp.fast("x")
def _(g: ndarray, x: ndarray, x_shape: tuple[int, ...], axis: tuple[int, ...], keepdims: bool) -> Any:
    rows = rows_along(axis, x) if axis else []
    columns = rows and rows_along(axis, spread(g, x_shape, axis, keepdims), _column_of(x, axis))
    if not columns:
        return NotImplemented
    of_x = np.empty_like(x)
    settings.launch(_logsumexp_gradient, columns[0], *rows, *rows_along(axis, of_x))
    return of_x
