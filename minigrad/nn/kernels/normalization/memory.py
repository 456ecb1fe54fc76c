"""Sums and columns that follow the order of memory.

What a convolution returns has the shape (N, C, H, W) and lies in memory as (H, C, W, N). A number for each sample then
changes from one element to the next, and NumPy would combine it with the array in runs of N elements. But an array is
also a pile of *lines*, one for each index of the dimension that lies outermost, here the rows of the picture: sums over
rows add up lines, and what is the same for all rows is laid out along one line first. Both cost a fraction of a pass
over the array, and leave long runs only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_SMALL = 8192  # elements, below which lines cost more than they save
_FEW_LINES = 4  # the same
_LONG_RUN = 512  # elements that lie together, from which on short buffers pay


# --- lines ------------------------------------------------------------------------------------------------------------
def _pile(x: Any) -> tuple[int, ...] | None:
    """The dimensions of an array in the order of its memory; None for arrays that are better not taken as lines."""
    if type(x) is not np.ndarray or x.size < _SMALL or x.ndim < 3:
        return None
    order = tuple(sorted(range(x.ndim), key=x.strides.__getitem__, reverse=True))
    return order if x.shape[order[0]] >= _FEW_LINES else None


def lines_to_sum(x: Any, axis: tuple[int, ...]) -> tuple[int, ...] | None:
    """That order if a sum over ``axis`` is to add up lines; None also for sums over samples, whose runs are long."""
    order = None if 0 in axis else _pile(x)
    return order if order is not None and order[0] in axis else None


def as_lines(x: Any, order: tuple[int, ...]) -> Any:
    """A matrix with one row for each line, without a copy if the array has no gaps."""
    return np.reshape(np.transpose(x, order), (x.shape[order[0]], -1))


def from_line(line: Any, order: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """What was computed for one line of an array of that shape, with the dimensions of the array."""
    sizes = [shape[d] for d in order]
    return np.transpose(np.reshape(line, (1, *sizes[1:])), sorted(range(len(order)), key=order.__getitem__))


def along_line(column: Any, x: Any) -> Any:
    """``column``, which broadcasts with ``x``, repeated along one line of it, unless it is constant over long runs."""
    order = _pile(x)
    if order is None or column.ndim != x.ndim or column.shape[order[0]] != 1:
        return column
    run = min([stride for stride, n in zip(x.strides, column.shape, strict=True) if n > 1], default=x.nbytes)
    if run >= _LONG_RUN * x.itemsize:
        return column
    line = np.empty_like(x[(slice(None),) * order[0] + (slice(1),)], dtype=column.dtype)
    line[...] = column
    return line


# --- long runs --------------------------------------------------------------------------------------------------------
@contextmanager
def short_buffers(x: Any) -> Iterator[None]:
    """Let NumPy read what is broadcast over long runs of memory where it lies.

    It gathers operands in buffers of 8192 elements whenever a run, here that of one channel, is shorter than that, and
    so copies each mean as often as there are pixels.
    """
    run = getattr(x, "strides", (0, 0))[1] if x.ndim > 2 else 0
    if run < _LONG_RUN * x.dtype.itemsize:
        yield
        return
    before = np.setbufsize(_LONG_RUN)
    try:
        yield
    finally:
        np.setbufsize(before)
