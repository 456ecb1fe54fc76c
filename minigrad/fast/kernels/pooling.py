"""Windows along one dimension: the largest element of each, and sums.

Whatever the order of memory, a dimension divides it into lines: (outer, size, inner). Threads share the lines, and of
long ones the inner part, so that no two of them write to the same element.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...core.modes import grad_enabled
from ...nn.kernels.pooling import max_along, put_winners, window_spread, window_sums
from ..compiler import compiled
from ..layout import FLOAT, dense_like, is_dense
from ..pool import settings

f32 = np.float32
_INNER = 1024  # elements of an inner part that are taken at a time, and stay in the first cache meanwhile


@compiled(inline=True)
def _pieces(inner: int) -> int:
    return (inner + _INNER - 1) // _INNER


@compiled(inline=True)
def _part(task, inner):  # type: ignore[no-untyped-def]
    """Which line a task concerns, and from where to where of the inner part."""
    line, piece = divmod(np.int64(task), _pieces(inner))
    return line, piece * _INNER, min(piece * _INNER + _INNER, inner)


@compiled(inline=True)
def _inside(start, size, kernel_size, dilation):  # type: ignore[no-untyped-def]
    """The first position of a window that lies inside, and the one behind the last."""
    first = max((dilation - 1 - start) // dilation, 0)
    return first, max(min((size - 1 - start) // dilation + 1, kernel_size), first)


@compiled(inline=True)
def _covering(place, windows, kernel_size, stride, dilation):  # type: ignore[no-untyped-def]
    """The first window that may cover a place, counted from the start of the padding, and the one behind the last."""
    first = max((place - dilation * (kernel_size - 1) + stride - 1) // stride, 0)
    return first, max(min(place // stride + 1, windows), first)


# --- the largest of every window --------------------------------------------------------------------------------------
@compiled(parallel=True)
def _largest(x, out, winner, kernel_size, stride, before, dilation) -> None:  # type: ignore[no-untyped-def]
    """The largest of every window, the first of equals or the last NaN, and its position.

    Shapes:
        x: (outer, size, inner).
        out, winner: (outer, windows, inner).
        kernel_size, stride, before, dilation: numbers.
    """
    outer, size, inner = x.shape
    for task in prange(outer * _pieces(inner)):
        line, low, high = _part(task, inner)
        for window in range(out.shape[1]):
            start = window * stride - before
            first, end = _inside(start, size, kernel_size, dilation)
            best, which = out[line, window, low:high], winner[line, window, low:high]
            if first == end:
                best[:] = -np.inf
                which[:] = 0
            else:
                best[:] = x[line, start + first * dilation, low:high]
                which[:] = first
            for position in range(first + 1, end):
                source = x[line, start + position * dilation, low:high]
                for i in range(high - low):
                    better = (source[i] > best[i]) | (source[i] != source[i])
                    best[i] = source[i] if better else best[i]
                    which[i] = position if better else which[i]


@compiled(parallel=True)
def _put(g, winner, out, kernel_size, stride, before, dilation) -> None:  # type: ignore[no-untyped-def]
    """The other way round: every element gets what belongs to the windows that it has won."""
    outer, size, inner = out.shape
    for task in prange(outer * _pieces(inner)):
        line, low, high = _part(task, inner)
        for place in range(size):
            target = out[line, place, low:high]
            target[:] = f32(0)
            first, end = _covering(place + before, g.shape[1], kernel_size, stride, dilation)
            for window in range(first, end):
                position, rest = divmod(place + before - window * stride, dilation)
                if rest == 0:
                    source, which = g[line, window, low:high], winner[line, window, low:high]
                    for i in range(high - low):
                        target[i] += source[i] if which[i] == position else f32(0)


# --- sums -------------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _sums(x, out, kernel_size, stride, before) -> None:  # type: ignore[no-untyped-def]
    """The sums of windows: (outer, size, inner) to (outer, windows, inner)."""
    outer, size, inner = x.shape
    for task in prange(outer * _pieces(inner)):
        line, low, high = _part(task, inner)
        for window in range(out.shape[1]):
            target = out[line, window, low:high]
            target[:] = f32(0)
            start = window * stride - before
            first, end = _inside(start, size, kernel_size, 1)
            for position in range(first, end):
                source = x[line, start + position, low:high]
                for i in range(high - low):
                    target[i] += source[i]


@compiled(parallel=True)
def _spread(g, out, kernel_size, stride, before) -> None:  # type: ignore[no-untyped-def]
    """The other way round: every element gets what belongs to the windows that cover it."""
    outer, size, inner = out.shape
    for task in prange(outer * _pieces(inner)):
        line, low, high = _part(task, inner)
        for place in range(size):
            target = out[line, place, low:high]
            target[:] = f32(0)
            first, end = _covering(place + before, g.shape[1], kernel_size, stride, 1)
            for window in range(first, end):
                source = g[line, window, low:high]
                for i in range(high - low):
                    target[i] += source[i]


# --- in place of the primitives ---------------------------------------------------------------------------------------
class _Lines:
    """A dense array as lines along a dimension, and new arrays in the same order of memory."""

    def __init__(self, like: ndarray, axis: int) -> None:
        self._order = sorted(range(like.ndim), key=lambda d: like.strides[d], reverse=True)
        self._place = self._order.index(axis)
        self._sizes = [like.shape[d] for d in self._order]

    def of(self, array: ndarray) -> Any:
        """(outer, size, inner): a view."""
        lines = array.transpose(self._order)
        outer, inner = math.prod(lines.shape[: self._place]), math.prod(lines.shape[self._place + 1 :])
        return lines.reshape(outer, lines.shape[self._place], inner)

    def new(self, size: int, dtype: Any = FLOAT) -> ndarray:
        """An array that has another size along the dimension."""
        sizes = [*self._sizes[: self._place], size, *self._sizes[self._place + 1 :]]
        return np.empty(sizes, dtype).transpose(np.argsort(self._order))


def _taken(x: Any) -> bool:
    return type(x) is ndarray and x.dtype is FLOAT and x.size > 0 and is_dense(x)


@max_along.fast()
def _(x: ndarray, *, axis: int, kernel_size: int, windows: int, stride: int, before: int, dilation: int) -> Any:
    if not _taken(x):
        return NotImplemented
    lines = _Lines(x, axis)
    out, winner = lines.new(windows), lines.new(windows, np.uint8 if kernel_size <= 256 else np.int32)
    settings.launch(_largest, lines.of(x), lines.of(out), lines.of(winner), kernel_size, stride, before, dilation)
    return out, winner if grad_enabled.get() else None


@put_winners.fast()
def _(
    g: ndarray, *, winner: Any, axis: int, kernel_size: int, size: int, stride: int, before: int, dilation: int
) -> Any:
    if not _taken(g) or type(winner) is not ndarray or winner.shape != g.shape:
        return NotImplemented
    arrays = dense_like([g, winner])
    if not arrays:
        return NotImplemented
    g, winner = arrays
    lines = _Lines(winner, axis)
    out = lines.new(size)
    which = winner.view(np.uint8) if winner.dtype.kind == "b" else winner
    settings.launch(_put, lines.of(g), lines.of(which), lines.of(out), kernel_size, stride, before, dilation)
    return out


@window_sums.fast()
def _(x: ndarray, *, axis: int, kernel_size: int, windows: int, stride: int, before: int) -> Any:
    if not _taken(x):
        return NotImplemented
    lines = _Lines(x, axis)
    out = lines.new(windows)
    settings.launch(_sums, lines.of(x), lines.of(out), kernel_size, stride, before)
    return out


@window_spread.fast()
def _(g: ndarray, *, axis: int, kernel_size: int, size: int, stride: int, before: int) -> Any:
    if not _taken(g):
        return NotImplemented
    lines = _Lines(g, axis)
    out = lines.new(size)
    settings.launch(_spread, lines.of(g), lines.of(out), kernel_size, stride, before)
    return out
