"""Products in tiles so small that OpenBLAS multiplies them where they lie.

Before a product, OpenBLAS copies both matrices into an order that suits its innermost loop. Where one of the matrices
has few rows, the copy of the other takes as long as the product itself; products of up to a million multiplications go
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
_RESULT = 1 << 17  # numbers; larger results read so much memory that the copies, which lie closer together, pay


@compiled()
def multiply(a: Any, b: Any, out: Any, keep: Any) -> None:
    """out = a @ b + keep · out in tiles, by one thread; for float32 matrices as ``gemm`` takes them."""
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
                gemm(a[top:bottom, start:stop], b[start:stop, left:right], tile, f32(1), f32(1) if start else keep)


@compiled(parallel=True)
def _shared(turned: Any, b: Any, out: Any, threads: int) -> None:
    """out = turned.T @ b, each thread a part of the rows."""
    m = len(out)
    part = ((m + threads - 1) // threads + 15) // 16 * 16
    for t in prange(threads):
        low, high = t * part, min(t * part + part, m)
        if low < high:
            multiply(turned[:, low:high].T, b, out[low:high], f32(0))


def turned_product(turned: ndarray, b: ndarray) -> ndarray:
    """``turned.T @ b`` by all threads: what turns gradients of many rows into that of a weight.

    Args:
        turned: (rows, m), float32, not empty; columns of a larger matrix too.
        b: (rows, n), in C order.
    """
    m, n = turned.shape[1], b.shape[1]
    if m * n > _RESULT:
        return product(turned.T, b)  # type: ignore[no-any-return]
    out = np.empty((m, n), FLOAT)
    settings.launch(_shared, turned, b, out, settings.threads)
    return out


@compiled(parallel=True)
def _turned(x: Any, out: Any) -> None:
    m, n = x.shape
    for block in prange((m + 15) // 16):
        top, bottom = block * 16, min(block * 16 + 16, m)
        for left in range(0, n, 16):
            for i in range(top, bottom):
                for j in range(left, min(left + 16, n)):
                    out[j, i] = x[i, j]


def turned(x: ndarray) -> ndarray:
    """A copy of ``x.T`` in C order: a weight that a product reads row by row."""
    out = np.empty(x.shape[::-1], FLOAT)
    settings.launch(_turned, x, out)
    return out
