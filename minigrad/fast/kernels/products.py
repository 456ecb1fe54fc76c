"""Products of matrices, and the product with a weight and a bias."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.linear import linear
from ...ops.linalg import as_rows, matmul, mT
from ..compiler import compiled
from ..layout import DOUBLE, FLOAT, plain
from ..pool import settings
from ..products import gemm, product
from ..rows import parts_of, total_of

f32 = np.float32
_WORK = 1 << 19  # multiplications: fewer are done before another thread has taken its part


def _shared(a: Any, b: Any) -> Any:
    """The product of two matrices by all threads; NotImplemented for what is small or anything else."""
    if type(a) is not ndarray or type(b) is not ndarray or a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        return NotImplemented
    if a.dtype is not b.dtype or not (a.dtype is FLOAT or a.dtype is DOUBLE):
        return NotImplemented
    return NotImplemented if a.size * b.shape[1] < settings.least(_WORK) else product(a, b)


# --- two matrices -----------------------------------------------------------------------------------------------------
matmul.fast()(_shared)


@matmul.fast("x")
def _(g: ndarray, y: ndarray, x_shape: tuple[int, ...]) -> Any:
    return _shared(g, mT(y)) if len(x_shape) == 2 == g.ndim and y.ndim == 2 else NotImplemented


@matmul.fast("y")
def _(g: ndarray, x: ndarray, y_shape: tuple[int, ...]) -> Any:
    return _shared(mT(as_rows(x)), as_rows(g)) if len(y_shape) == 2 and x.ndim > 1 < g.ndim else NotImplemented


# --- with a weight and a bias -----------------------------------------------------------------------------------------
@compiled(parallel=True)
def _affine(x: Any, weight: Any, bias: Any, out: Any, threads: int) -> None:
    """Write x @ weight.T + bias into ``out``, each thread a part of the rows, or of the columns if they are more."""
    m, n = out.shape
    length = max(m, n)
    part = ((length + threads - 1) // threads + 15) // 16 * 16
    for t in prange(threads):
        low = min(t * part, length)
        high = min(low + part, length)
        top, bottom, left, right = (low, high, 0, n) if m >= n else (0, m, low, high)
        if low < high:
            gemm(x[top:bottom], weight[left:right].T, out[top:bottom, left:right], f32(1), f32(0))
            for i in range(top, bottom):
                for j in range(left, right):
                    out[i, j] += bias[j]


@linear.fast()
def _(input: ndarray, weight: ndarray, bias: Any = None) -> Any:
    if input.ndim < 2 or type(weight) is not ndarray or weight.ndim != 2 or input.shape[-1] != weight.shape[1]:
        return NotImplemented
    rows = as_rows(input)
    if bias is None:
        out = _shared(rows, weight.T)
    elif type(bias) is not ndarray or bias.dtype is not rows.dtype or bias.shape != weight.shape[:1]:
        return NotImplemented
    elif plain(rows, weight, bias) and rows.size and len(weight):
        if rows.size * len(weight) < settings.least(_WORK):
            return NotImplemented
        out = np.empty((len(rows), len(weight)), FLOAT)
        settings.launch(_affine, rows, weight, bias, out, settings.threads)
    else:
        out = _shared(rows, weight.T)
        if out is not NotImplemented:
            out += bias
    return out if out is NotImplemented or input.ndim == 2 else out.reshape(*input.shape[:-1], len(weight))


@linear.fast("input")
def _(g: ndarray, weight: ndarray) -> Any:
    out = _shared(as_rows(g), weight) if g.ndim > 1 else NotImplemented
    return out if out is NotImplemented or g.ndim == 2 else out.reshape(*g.shape[:-1], weight.shape[1])


@linear.fast("weight")
def _(g: ndarray, input: ndarray) -> Any:
    return _shared(mT(as_rows(g)), as_rows(input)) if g.ndim > 1 else NotImplemented


@compiled(parallel=True)
def _column_sums(g: Any, parts: Any) -> None:
    """The sums down the columns of g, in parts of its rows that are to be added."""
    m, n = g.shape
    count = len(parts)
    size = (m + count - 1) // count
    for t in prange(count):
        part = parts[t]
        low, high = t * size, min(t * size + size, m)
        for j in range(n):
            part[j] = 0
        while low + 4 <= high:  # four rows at a time: one pass over the sums instead of four
            a, b, c, d = g[low], g[low + 1], g[low + 2], g[low + 3]
            for j in range(n):
                part[j] += (a[j] + b[j]) + (c[j] + d[j])
            low += 4
        for i in range(low, high):
            for j in range(n):
                part[j] += g[i, j]


@linear.fast("bias")
def _(g: ndarray) -> Any:
    if g.ndim < 2 or not plain(g) or not g.size:
        return NotImplemented
    rows = as_rows(g)
    parts = np.empty((parts_of(len(rows)), rows.shape[1]), FLOAT)
    settings.launch(_column_sums, rows, parts)
    return total_of(parts)
