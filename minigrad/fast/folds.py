"""Arrays as four dimensions in the order of memory: what is summed over, what is kept, summed over, and kept.

Batch norm of (N, C, H, W) sums over N, keeps C, and sums over H · W, which lie together; where a convolution has left
(H, C, W, N) in memory, it sums over H, keeps C, and sums over W · N. Seen like this, both are the same.

Kernels come in two forms. If the last of the four has size 1, the numbers of a sum lie together in *runs*, and a sum
goes along them. Otherwise they stand below one another in *columns*, of which a line of memory holds many, and a sum
adds lines.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from .compiler import compiled

f32, f64 = np.float32, np.float64


class Fold(NamedTuple):
    """How to see arrays of one shape and one order of memory.

    Attributes:
        sizes: how many numbers there are in (what is summed over, kept, summed over, kept); 1 for what does not occur.
        order: the dimensions of the array in the order of memory.
        home: where each of its dimensions is in that order.
        kept: the shape of the array with size 1 where it is summed over.
        lying: the same in the order of memory.
    """

    sizes: tuple[int, int, int, int]
    order: tuple[int, ...]
    home: tuple[int, ...]
    kept: tuple[int, ...]
    lying: tuple[int, ...]

    @property
    def in_runs(self) -> bool:
        """Whether the last dimension has size 1."""
        return self.sizes[3] == 1

    def whole(self, array: ndarray) -> Any:
        """The array in these dimensions, without the last for runs: a view."""
        return array.transpose(self.order).reshape(self.sizes[:3] if self.in_runs else self.sizes)

    def column(self, part: Any, default: float = 0) -> Any:
        """What broadcasts to the shape that is kept, or for None a number, in the dimensions that are kept."""
        shape = self.sizes[1:2] if self.in_runs else self.sizes[1::2]
        if part is None:
            return np.full(shape, default, f32)
        if part.shape != self.kept:
            part = np.broadcast_to(part, self.kept)
        return np.ascontiguousarray(part.transpose(self.order)).reshape(shape)

    def part(self, column: ndarray) -> Any:
        """The way back: what came out as a column, in the shape that is kept."""
        return column.reshape(self.lying).transpose(self.home)


def fold_of(array: ndarray, axis: tuple[int, ...]) -> Fold | None:
    """How an array lies in memory that is summed over ``axis``; None for gaps, and where it takes more dimensions."""
    return _fold(array.shape, array.strides, axis, array.itemsize)


@functools.lru_cache(maxsize=1024)
def _fold(shape: tuple[int, ...], strides: tuple[int, ...], axis: tuple[int, ...], itemsize: int) -> Fold | None:
    order = sorted(range(len(shape)), key=lambda d: (shape[d] == 1, -strides[d]))
    sizes, place, step = [1, 1, 1, 1], 3, itemsize
    for d in reversed(order):
        if shape[d] == 1:
            continue
        while place % 2 == (d in axis):
            place -= 1
        if place < 0 or strides[d] != step:
            return None
        sizes[place] *= shape[d]
        step *= shape[d]
    kept = tuple([1 if d in axis else n for d, n in enumerate(shape)])
    home = tuple(sorted(range(len(shape)), key=order.__getitem__))
    return Fold((sizes[0], sizes[1], sizes[2], sizes[3]), tuple(order), home, kept, tuple([kept[d] for d in order]))


# --- inside kernels ---------------------------------------------------------------------------------------------------
FEW = 64  # lines, numbers of which are added up one by one in single precision
_PIECE = 1024  # numbers of a run, which are added up several at a time


@compiled(inline=True)
def sum_of_runs(x: Any, k: Any) -> Any:
    """Σ x[:, k, :], in double precision but for short pieces."""
    total = f64(0)
    for a in range(len(x)):
        run = x[a, k]
        for start in range(0, run.size, _PIECE):
            piece = run[start : start + _PIECE]
            part = f32(0)
            for j in range(piece.size):
                part += piece[j]
            total += part
    return total


@compiled(inline=True)
def centered_products_of_runs(x: Any, y: Any, middle: Any, k: Any) -> Any:
    """Σ x[:, k, :] · (y[:, k, :] - middle) likewise."""
    total = f64(0)
    for a in range(len(x)):
        run, other = x[a, k], y[a, k]
        for start in range(0, run.size, _PIECE):
            piece, factor = run[start : start + _PIECE], other[start : start + _PIECE]
            part = f32(0)
            for j in range(piece.size):
                part += piece[j] * (factor[j] - middle)
            total += part
    return total


@compiled(inline=True)
def squares_of_runs(x: Any, middle: Any, k: Any) -> Any:
    """Σ (x[:, k, :] - middle)² likewise."""
    total = f64(0)
    for a in range(len(x)):
        run = x[a, k]
        for start in range(0, run.size, _PIECE):
            piece = run[start : start + _PIECE]
            part = f32(0)
            for j in range(piece.size):
                part += (piece[j] - middle) * (piece[j] - middle)
            total += part
    return total


@compiled(inline=True)
def sum_of_rows(x: Any, out: Any) -> None:
    """``out``, a line, = the sum of the rows of a matrix."""
    for j in range(out.size):
        out[j] = 0
    for i in range(len(x)):
        row = x[i]
        for j in range(out.size):
            out[j] += row[j]


@compiled(inline=True)
def products_of_rows(x: Any, y: Any, out: Any) -> None:
    """``out``, a line, = the sum of the rows of x · y."""
    for j in range(out.size):
        out[j] = 0
    for i in range(len(x)):
        row, other = x[i], y[i]
        for j in range(out.size):
            out[j] += row[j] * other[j]


@compiled(inline=True)
def centered_products_of_rows(x: Any, y: Any, middle: Any, out: Any) -> None:
    """``out``, a line, = the sum of the rows of x · (y - middle)."""
    for j in range(out.size):
        out[j] = 0
    for i in range(len(x)):
        row, other = x[i], y[i]
        for j in range(out.size):
            out[j] += row[j] * (other[j] - middle[j])
