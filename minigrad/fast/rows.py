"""Rows of arrays: where they are in memory, and what kernels compute of one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import ndarray

from .compiler import compiled
from .layout import FLOAT, dense_like
from .mathematics import exp
from .pool import settings

f32, i32 = np.float32, np.int32


def rows_along(axis: tuple[int, ...], *arrays: Any) -> list[ndarray]:
    """Float32 arrays of one shape as matrices, whose rows are what lies along ``axis``; none if that is impossible.

    The last has to be full of such rows, which then are a view; others are copied where they lie in another order.
    """
    last = arrays[-1]
    if not all([type(a) is ndarray and a.dtype is FLOAT and a.shape == last.shape for a in arrays]) or not last.size:
        return []
    size = math.prod([last.shape[d] for d in axis])
    if axis != (last.ndim - 1,) or not all([a.flags.c_contiguous for a in arrays]):
        order = sorted(range(last.ndim), key=lambda d: (d in axis, -last.strides[d]))
        if not last.transpose(order).flags.c_contiguous:
            return []
        arrays = tuple([a.transpose(order) for a in dense_like(arrays)])
    return [a.reshape(-1, size) for a in arrays]


_TOGETHER = 256  # rows that are added up one by one; more would lose digits


def parts_of(rows: int) -> int:
    """In how many parts rows are added up: at least one for every thread."""
    return max(-(-rows // _TOGETHER), min(rows, settings.threads))


def total_of(parts: ndarray) -> Any:
    """The sum of such parts."""
    return parts.sum(0, dtype=np.float64).astype(FLOAT)


# --- inside kernels ---------------------------------------------------------------------------------------------------
@compiled(inline=True)
def _ranked(bits: Any) -> Any:
    """The bits of a float32 as an integer that grows with it, and back: those of negative numbers are turned round."""
    return bits ^ ((bits >> i32(31)) & i32(0x7FFFFFFF))


@compiled(inline=True)
def top_of(row: Any) -> Any:
    """The largest number of a row that is not empty; where there are NaN, one of them or the largest of the others.

    By ranks: the compiler compares many integers at a time, but floats, among which there may be NaN, one by one.
    """
    top = i32(-(2**31))
    for j in range(row.size):
        top = max(top, _ranked(f32(row[j]).view(np.int32)))
    return i32(_ranked(top)).view(np.float32)


@compiled(inline=True)
def sum_of_exponentials(row: Any, shift: Any) -> Any:
    """Σ exp(row - shift)."""
    total = f32(0)
    for j in range(row.size):
        total += exp(row[j] - shift)
    return total


@compiled(inline=True)
def finite_or_zero(x: Any) -> Any:
    """What may be subtracted: infinity from itself would be NaN."""
    return x if np.abs(x) < f32(np.inf) else f32(0)
