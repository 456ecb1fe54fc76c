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
_ROWS, _COLUMNS = 240, 128  # of a tile of the result
_PANEL = 64  # columns
_RESULT = 1 << 17  # numbers; a larger result is read so often that the copies, whose numbers lie side by side, pay


@compiled()
def multiply_tiles(a: Any, b: Any, out: Any, factor: Any, keep: Any) -> None:
    """Write factor · a @ b + keep · out into ``out``, by one thread; float32 matrices as ``gemm`` takes them."""
    m, n = out.shape
    k = a.shape[1]
    rows, columns = max(min(m, _ROWS), 1), max(min(n, _COLUMNS), 1)
    depth = _MULTIPLICATIONS // (rows * columns)
    for left in range(0, n, columns):
        right = min(left + columns, n)
        for top in range(0, m, rows):
            bottom = min(top + rows, m)
            tile = out[top:bottom, left:right]
            for start in range(0, k, depth):
                stop = min(start + depth, k)
                gemm(a[top:bottom, start:stop], b[start:stop, left:right], tile, factor, f32(1) if start else keep)


# --- a matrix that many others are multiplied by ----------------------------------------------------------------------
@compiled(inline=True)
def copy_panel(matrix: Any, panel: Any, factor: Any, out: Any) -> None:
    """Write a panel of factor · matrix to its place in ``out``."""
    k, n = matrix.shape
    left, right = panel * _PANEL, min(panel * _PANEL + _PANEL, n)
    own = out[left * k : right * k].reshape((k, right - left))
    for i in range(k):
        for j in range(right - left):
            own[i, j] = factor * matrix[i, left + j]


@compiled(parallel=True)
def _copied(matrix: Any, out: Any) -> None:
    for panel in prange((matrix.shape[1] + _PANEL - 1) // _PANEL):
        copy_panel(matrix, panel, f32(1), out)


@compiled(inline=True)
def turn(matrix: Any, factor: Any, out: Any) -> None:
    """Write the panels of factor · matrix.T to ``out``, by one thread."""
    for panel in range((len(matrix) + _PANEL - 1) // _PANEL):
        copy_panel(matrix.T, panel, factor, out)


def panels(matrix: ndarray) -> ndarray:
    """A copy in panels of 64 columns, one behind the other, for ``multiply``."""
    out = np.empty(matrix.size, FLOAT)
    settings.launch(_copied, matrix, out)
    return out


@compiled()
def multiply(a: Any, panels: Any, out: Any, keep: Any) -> None:
    """Write a @ b + keep · out into ``out``, by one thread, where ``panels`` are those of b, or of a wider matrix.

    Everything is float32; ``a`` and ``out`` have rows of numbers side by side.
    """
    n, k = out.shape[1], a.shape[1]
    for left in range(0, n, _PANEL):
        right, end = min(left + _PANEL, n), min(left + _PANEL, panels.size // k)
        panel = panels[left * k : end * k].reshape((k, end - left))
        multiply_tiles(a, panel[:, : right - left], out[:, left:right], f32(1), keep)


# --- the gradient of a weight -----------------------------------------------------------------------------------------
@compiled(parallel=True)
def _turned(x: Any, y: Any, out: Any, threads: int) -> None:
    """Write x.T @ y into ``out``, each thread a part of the rows."""
    m = len(out)
    part = ((m + threads - 1) // threads + 15) // 16 * 16
    for t in prange(threads):
        low, high = min(t * part, m), min(t * part + part, m)
        multiply_tiles(x[:, low:high].T, y, out[low:high], f32(1), f32(0))


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
