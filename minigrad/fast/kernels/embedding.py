"""Rows of tables by number, and their gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.embedding import add_rows, take_rows
from ..compiler import compiled
from ..layout import FLOAT, indices, plain
from ..pool import settings

_LINE = 16  # numbers of a line of the cache, which two threads should not share
_LARGE = 1 << 18  # numbers: copying fewer takes one thread no longer


@compiled(parallel=True)
def _take(table: Any, index: Any, out: Any) -> None:
    for i in prange(index.size):
        row, result = table[index[i]], out[i]
        for j in range(row.size):
            result[j] = row[j]


@take_rows.fast()
def _(table: ndarray, *, index: Any, padding: int | None = None, by_frequency: bool = False) -> Any:
    if not plain(table) or table.ndim != 2 or index.size * table.shape[1] < settings.least(_LARGE):
        return NotImplemented
    numbers = indices(index, len(table))
    if numbers is None:
        return NotImplemented
    out = np.empty((*index.shape, table.shape[1]), FLOAT)
    settings.launch(_take, table, numbers.reshape(-1), out.reshape(-1, table.shape[1]))
    return out


@compiled(parallel=True)
def _add(values: Any, index: Any, width: int, table: Any) -> None:
    """Each thread adds up some of the columns, so that no two write to one place."""
    rows, columns = table.shape
    for i in prange(rows):
        row = table[i]
        for j in range(columns):
            row[j] = 0
    for part in prange((columns + width - 1) // width):
        low = part * width
        high = min(low + width, columns)
        for i in range(index.size):
            row, result = values[i], table[index[i]]
            for j in range(low, high):
                result[j] += row[j]


@add_rows.fast()
def _(values: ndarray, *, index: Any, rows: int) -> Any:
    if type(values) is not ndarray or values.dtype is not FLOAT or values.shape[: index.ndim] != index.shape:
        return NotImplemented
    numbers, columns = indices(index, rows), math.prod(values.shape[index.ndim :])
    if numbers is None or not columns:
        return NotImplemented
    table = np.empty((rows, *values.shape[index.ndim :]), FLOAT)
    width = max(_LINE, -(-columns // settings.threads // _LINE) * _LINE)
    lines = np.ascontiguousarray(values).reshape(-1, columns)  # a recurrent layer leaves time steps first in memory
    settings.launch(_add, lines, numbers.reshape(-1), width, table.reshape(rows, columns))
    return table
