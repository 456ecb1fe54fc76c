"""Embeddings: rows of a table by number, whose gradients add up row by row; and positions as rotations of pairs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.declare import primitive

FEW_ROWS = 128  # of a table: up to so many a product with one-hot columns sums fastest, above it adding to a flat table


@primitive(shown="embedding")
def take_rows(table: Any, *, index: Any, padding: int | None = None, by_frequency: bool = False) -> Any:
    """``table[index]``: one row for every entry of the index.

    Shapes:
        table: (rows, ...).
        index: any shape, integers in [0, rows).
        padding: a row that gets no gradient.
        by_frequency: whether the gradient of a row is divided by the number of times that the index names it.
        result: the index's shape, then that of a row.
    """
    return np.take(table, index, axis=0)


@primitive()
def add_rows(values: Any, *, index: Any, rows: int) -> Any:
    """A table of zeros with ``values`` added to the rows that ``index`` names: the adjoint of ``take_rows``."""
    shape = values.shape[index.ndim :]
    width, count = math.prod(shape), index.size
    flat, blocks = np.reshape(index, (count,)), np.reshape(values, (count, width))
    small = rows <= FEW_ROWS and count > 0
    out = (np.empty_like if small else np.zeros_like)(values, shape=(rows, *shape), order="C")
    table = np.reshape(out, (rows, width))  # what is returned is not a view, which would be copied into a .grad
    if small:
        one_hot = np.zeros_like(blocks, shape=(rows, count), order="C")
        one_hot[flat, np.arange(count, like=flat)] = 1
        np.matmul(one_hot, blocks, out=table)
        if not np.isnan(np.sum(table)):
            return out
        table[...] = 0  # NaN or infinity, times 0, may have gone to rows of others
    if count:
        positions = flat[:, None] * width + np.arange(width, like=flat)
        np.add.at(
            np.reshape(table, (rows * width,)), np.reshape(positions, (count * width,)), np.reshape(blocks, (-1,))
        )
    return out


def _into_table(g: Any, table_shape: tuple[int, ...], index: Any, padding: int | None, by_frequency: bool) -> Any:
    rows = table_shape[0]
    if padding is None:
        total = add_rows(g, index=index, rows=rows)
    else:  # what goes to the padding goes to a row beside the table
        total = add_rows(g, index=np.where(index == padding, rows, index), rows=rows + 1)[:rows]
    if not by_frequency:
        return total
    count = np.maximum(np.bincount(np.reshape(index, (-1,)), minlength=rows), 1).astype(g.dtype)
    return total / np.reshape(count, (rows,) + (1,) * (len(table_shape) - 1))


take_rows.rule(table=_into_table)
add_rows.rule(values=lambda g, index: take_rows(g, index=index))
