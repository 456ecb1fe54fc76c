"""Products in tiles so small that OpenBLAS multiplies them where they lie.

Before a product, OpenBLAS copies both matrices into an order that suits its innermost loop. Where one of the matrices
has few rows, the copy of the other takes as long as the product itself. Products of up to a million multiplications go
without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from .compiler import compiled
from .layout import FLOAT
from .pool import settings
from .products import gemm, product

f32 = np.float32
_MULTIPLICATIONS = 1_000_000  # OpenBLAS's limit
_ROWS = 240  # of a tile of the result
_COLUMNS = 128
_PANEL = 64  # columns
_RESULT = 1 << 17  # numbers; a larger result is read so often that the copies, whose numbers lie side by side, pay


@compiled(inline=True)
def _tile(a: Any, b: Any, out: Any, keep: Any) -> None:
    """Write a @ b + keep · out into ``out``, a tile of a result, whose sums may need several products."""
    k = a.shape[1]
    depth = _MULTIPLICATIONS // max(out.size, 1)
    for start in range(0, k, depth):
        stop = min(start + depth, k)
        gemm(a[:, start:stop], b[start:stop], out, f32(1), f32(1) if start else keep)


# --- a matrix that many others are multiplied by ----------------------------------------------------------------------
@compiled(parallel=True)
def _copied(matrix: Any, out: Any) -> None:
    k, n = matrix.shape
    for panel in prange((n + _PANEL - 1) // _PANEL):
        left, right = panel * _PANEL, min(panel * _PANEL + _PANEL, n)
        own = out[left * k : right * k].reshape((k, right - left))
        for i in range(k):
            for j in range(right - left):
                own[i, j] = matrix[i, left + j]


def panels(matrix: ndarray) -> ndarray:
    """A copy in panels of 64 columns, one behind the other, for ``multiply``."""
    out = np.empty(matrix.size, FLOAT)
    settings.launch(_copied, matrix, out)
    return out


@compiled()
def multiply(a: Any, panels: Any, out: Any, keep: Any) -> None:
    """Write a @ b + keep · out into ``out``, by one thread, where ``panels`` are those of b.

    Everything is float32; ``a`` and ``out`` have rows of numbers side by side.
    """
    m, n = out.shape
    k = a.shape[1]
    for left in range(0, n, _PANEL):
        right = min(left + _PANEL, n)
        panel = panels[left * k : right * k].reshape((k, right - left))
        for top in range(0, m, _ROWS):
            bottom = min(top + _ROWS, m)
            _tile(a[top:bottom], panel, out[top:bottom, left:right], keep)


# --- the gradient of a weight -----------------------------------------------------------------------------------------
@compiled(parallel=True)
def _turned(x: Any, y: Any, out: Any, threads: int) -> None:
    """Write x.T @ y into ``out``, each thread a part of the rows."""
    m, n = out.shape
    part = ((m + threads - 1) // threads + 15) // 16 * 16
    for t in prange(threads):
        low, high = min(t * part, m), min(t * part + part, m)
        for left in range(0, n, _COLUMNS):
            right = min(left + _COLUMNS, n)
            for top in range(low, high, _ROWS):
                bottom = min(top + _ROWS, high)
                _tile(x[:, top:bottom].T, y[:, left:right], out[top:bottom, left:right], f32(0))


def turned_product(x: ndarray, y: ndarray) -> ndarray:
    """``x.T @ y`` by all threads: what turns a gradient of many rows, and what it belongs to, into that of a weight.

    Args:
        x: (rows, m), float32, not empty, rows of numbers side by side.
        y: (rows, n), likewise.
    """
    m, n = x.shape[1], y.shape[1]
    if m * n > _RESULT:
        return product(x.T, y)  # type: ignore[no-any-return]
    out = np.empty((m, n), FLOAT)
    settings.launch(_turned, x, y, out, settings.threads)
    return out
