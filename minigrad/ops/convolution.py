"""Convolution of pictures, its adjoint and the gradient of its weight: three primitives whose rules call one another.

A convolution is linear in the input x and in the weight w, so ``Σ g · convolve(x, w)`` is a form linear in g, x and w.
Its derivative by each of the three is one of the three primitives below. The derivatives of those are the same three
again, so gradients of any order exist, and the adjoint doubles as transposed convolution.

How it is computed: with memory in the order (H, C, W, N) the taps of a window *along a row* are gathered by copying the
input once per tap, in runs of W·N. The taps *across rows* need no copy: consecutive rows are neighbours in memory, so
a view whose rows overlap has them side by side, and one batched matrix product over it does the rest.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from ..primitive import primitive
from .taps import batch_first, batch_last, reach, window_count

Pairs = tuple[tuple[int, int], ...]  # for every spatial dimension: before and after
Sizes = tuple[int, ...]

_ROOM = 1 << 20  # elements that the partial sums of a weight gradient may take
_NARROW = 96  # below so many columns a matrix product is slow: then all rows share one, on a copy of their windows


# --- gathering --------------------------------------------------------------------------------------------------------
def _columns(x: Any, taps: int, windows: int, stride: int, padding: Pairs, dilation: int, groups: int) -> Any:
    """The taps of every window along a row, with the padding above and below: (groups, rows, C/groups · taps, W' · N).

    Args:
        x: (N, C, H, W).
        taps: size of the kernel along a row.
        windows: how many there are along a row: W'.
        stride: between them.
        padding: of both dimensions.
        dilation: between taps.
        groups: in how many parts the channels fall.
    """
    rows = batch_last(x)
    height, channels, width, batch = rows.shape
    (top, bottom), (left, right) = padding
    if groups == taps == stride == 1 and top == bottom == left == right == 0:
        return np.reshape(rows, (1, height, channels, width * batch))
    parts = np.reshape(rows, (height, groups, channels // groups, width, batch))
    total = top + height + bottom
    height = min(height, total - top)  # a negative padding cuts rows off
    source = np.transpose(parts[:height], (1, 0, 2, 3, 4))
    columns = np.empty_like(rows, shape=(groups, total, channels // groups, taps, windows, batch))
    columns[:, :top] = 0
    columns[:, top + height :] = 0
    for tap in range(taps):
        target = columns[:, top : top + height, :, tap]
        first, end, elements = reach(width, windows, stride, tap * dilation - left)
        target[:, :, :, :first] = 0
        target[:, :, :, end:] = 0
        target[:, :, :, first:end] = source[:, :, :, elements]
    return np.reshape(columns, (groups, total, channels // groups * taps, windows * batch))


def _stacked(rows: Any, first: int, count: int, taps: int, dilation: int = 1, stride: int = 1) -> Any:
    """``taps`` rows, ``dilation`` apart, on top of each other, for each of ``count`` starts: (groups, count, ·, M).

    A view without a copy while the rows are neighbours (dilation 1).
    """
    if taps == 1:
        return rows[:, first : first + (count - 1) * stride + 1 : stride]
    span = (taps - 1) * dilation + 1
    windows = np.lib.stride_tricks.sliding_window_view(rows[:, first:], span, 1)
    windows = windows[:, : (count - 1) * stride + 1 : stride, :, :, ::dilation]
    return np.reshape(np.transpose(windows, (0, 1, 4, 2, 3)), (len(rows), count, taps * rows.shape[2], rows.shape[3]))


def _by_group(g: Any, groups: int) -> Any:
    """A gradient of the output, (N, O, H', W'), as (groups, H', O/groups, W' · N)."""
    rows = batch_last(g)
    height, channels, width, batch = rows.shape
    parts = np.reshape(rows, (height, groups, channels // groups, width * batch))
    return parts[None, :, 0] if groups == 1 else np.copy(np.transpose(parts, (1, 0, 2, 3)), order="C")


def _planar(x: Any) -> Any:
    """(N, C, L) as (N, C, 1, L): one dimension is a picture of one row."""
    return x if x.ndim == 4 else x[:, :, None]


def _like(out: Any, x: Any) -> Any:
    return out if x.ndim == 4 else out[:, :, 0]


def _merged(rows: Any) -> Any:
    """(groups, H', K, M) as one matrix for each group: (groups, K, H' · M)."""
    groups, height, size, columns = rows.shape
    return np.reshape(np.transpose(rows, (0, 2, 1, 3)), (groups, size, height * columns))


class _Slide(NamedTuple):
    """How the windows move, in two dimensions."""

    stride: Sizes
    padding: Pairs
    dilation: Sizes

    def windows(self, size: Sizes, kernel: Sizes) -> Sizes:
        return tuple(
            window_count(n, k, s, *p, d)
            for n, k, s, p, d in zip(size, kernel, self.stride, self.padding, self.dilation, strict=True)
        )


def _slide(stride: Sizes, padding: Pairs, dilation: Sizes) -> _Slide:
    if len(stride) == 1:
        return _Slide((1, *stride), ((0, 0), *padding), (1, *dilation))
    return _Slide(stride, padding, dilation)


# --- convolution ------------------------------------------------------------------------------------------------------
@primitive(cure="input (N, C, H, W), weight (O, C/groups, kH, kW) and bias (O,) must fit")
def convolve(x: Any, w: Any, bias: Any = None, *, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """Products of the weight with every window of the input, summed; in one or two dimensions.

    Shapes:
        x: (N, C, H, W) or (N, C, L).
        w: (O, C/groups, kernel height, kernel width) or (O, C/groups, kernel length).
        bias: (O,) or None.
        result: (N, O, H', W') or (N, O, L').
    """
    slide = _slide(stride, padding, dilation)
    planar, kernel = _planar(x), _planar(w)
    outputs, _, taps_down, taps = kernel.shape
    height, width = slide.windows(planar.shape[2:], (taps_down, taps))
    columns = _columns(planar, taps, width, slide.stride[1], slide.padding, slide.dilation[1], groups)
    stacked = _stacked(columns, 0, height, taps_down, slide.dilation[0], slide.stride[0])
    matrices = _matrices(kernel, groups)
    batch = len(x)
    narrow = height > 1 and width * batch < _NARROW
    shape: Sizes = (height, groups, outputs // groups, width * batch)
    if narrow:
        shape = (groups, outputs // groups, height * width * batch)
    out = np.empty_like(columns, shape=shape, dtype=np.result_type(x.dtype, w.dtype))
    if narrow:
        np.matmul(matrices[:, 0], _merged(stacked), out=out)
    else:
        np.matmul(matrices, stacked, out=np.transpose(out, (1, 0, 2, 3)))
    if bias is not None:
        column = np.reshape(bias, (groups, outputs // groups, 1))
        out = np.add(out, column, out=out) if bias.dtype == out.dtype else out + column
    if narrow:
        return _like(np.transpose(np.reshape(out, (outputs, height, width, batch)), (3, 0, 1, 2)), x)
    return _like(batch_first(np.reshape(out, (height, outputs, width, batch))), x)


def _matrices(kernel: Any, groups: int) -> Any:
    """The weight as one matrix per group, with columns in the order of the stacked rows: (groups, 1, O/groups, ·)."""
    outputs, channels, taps_down, taps = kernel.shape
    order = np.transpose(kernel, (0, 2, 1, 3))
    return np.reshape(order, (groups, 1, outputs // groups, taps_down * channels * taps))


# --- its adjoint by the input -----------------------------------------------------------------------------------------
@primitive()
def convolve_input(g: Any, w: Any, *, size: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """Every element of ``g`` times the weight, added where its window lay: the gradient of ``convolve`` by x.

    Also known as transposed convolution.

    Shapes:
        g: (N, O, H', W') or (N, O, L').
        w: as for ``convolve``.
        result: (N, C, *size).
    """
    slide = _slide(stride, padding, dilation)
    kernel = _planar(w)
    _, channels, taps_down, taps = kernel.shape
    height, width = size if len(size) == 2 else (1, *size)
    rows = _by_group(_planar(g), groups)
    windows = g.shape[-1]
    batch = len(g)
    parts = np.reshape(kernel, (groups, -1, channels, taps_down, taps))
    if rows.shape[1] > 1 and windows * batch < _NARROW:
        columns = _all_rows(rows, parts, height, slide)
    else:
        columns = _row_by_row(rows, parts, height, slide)
    columns = np.reshape(columns, (groups, height, channels, taps, windows, batch))
    out = _spread(columns, width, slide.stride[1], slide.padding[1][0], slide.dilation[1])
    return _like(batch_first(out), g)


def _row_by_row(rows: Any, parts: Any, height: int, slide: _Slide) -> Any:
    """What falls on every row of the input, still spread over the taps along it: (groups, H, C/groups · taps, M).

    Args:
        rows: the gradient of the output, (groups, H', O/groups, M).
        parts: the weight, (groups, O/groups, C/groups, kernel height, kernel width).
        height: H.
        slide: how the windows move.
    """
    groups, _, channels, taps_down, taps = parts.shape
    columns = np.empty_like(
        rows, shape=(groups, height, channels * taps, rows.shape[3]), dtype=np.result_type(rows.dtype, parts.dtype)
    )
    for run in _runs(height, rows.shape[1], taps_down, slide.stride[0], slide.padding[0][0], slide.dilation[0]):
        target = columns[:, run.first :: run.step][:, : run.rows]
        if not run.taps:
            target[...] = 0
            continue
        chosen = np.transpose(parts[:, :, :, run.kernel_rows], (0, 2, 4, 3, 1))
        matrices = np.reshape(chosen, (groups, 1, channels * taps, -1))
        np.matmul(matrices, _stacked(rows, run.source, run.rows, run.taps, run.source_step), out=target)
    return columns


def _all_rows(rows: Any, parts: Any, height: int, slide: _Slide) -> Any:
    """The same by one product for all rows, whose result is then added row by row."""
    groups, _, channels, taps_down, taps = parts.shape
    windows, columns = rows.shape[1], rows.shape[3]
    matrices = np.reshape(np.transpose(parts, (0, 3, 2, 4, 1)), (groups, taps_down * channels * taps, -1))
    spread = np.reshape(np.matmul(matrices, _merged(rows)), (groups, taps_down, channels * taps, windows, columns))
    out = np.zeros_like(spread, shape=(groups, height, channels * taps, columns))
    for tap in range(taps_down):
        offset = tap * slide.dilation[0] - slide.padding[0][0]
        first, end, elements = reach(height, windows, slide.stride[0], offset)
        part = out[:, elements]
        np.add(part, np.transpose(spread[:, tap, :, first:end], (0, 2, 1, 3)), out=part)
    return out


class _Run(NamedTuple):
    """Rows of the input, ``step`` apart, that are reached by the same rows of the kernel."""

    first: int  # the first of these rows
    step: int
    rows: int
    kernel_rows: slice  # last row first, so that the rows of the output that they come from ascend
    taps: int  # how many rows of the kernel that is
    source: int  # the first row of the output that reaches the first row
    source_step: int  # and how far it is to the next


@functools.lru_cache(maxsize=512)
def _runs(height: int, windows: int, taps: int, stride: int, top: int, dilation: int) -> tuple[_Run, ...]:
    """All rows of the input, each once.

    Row h of the padded input is reached by row i of the kernel at window (h - i · dilation) / stride, if that is one.
    """
    runs: list[_Run] = []
    for phase in range(min(stride, height)):
        last: tuple[list[int], int] | None = None
        for row in range(phase, height, stride):
            padded = row + top
            hits = [i for i in range(taps) if (padded - i * dilation) % stride == 0]
            hits = [i for i in hits if 0 <= (padded - i * dilation) // stride < windows]
            if last is not None and hits == last[0]:
                runs[-1] = runs[-1]._replace(rows=runs[-1].rows + 1)
                continue
            last = (hits, row)
            if not hits:
                runs.append(_Run(row, stride, 1, slice(0, 0), 0, 0, 1))
                continue
            apart = hits[1] - hits[0] if len(hits) > 1 else 1
            down = slice(hits[-1], hits[0] - 1 if hits[0] else None, -apart)
            source = (padded - hits[-1] * dilation) // stride
            runs.append(_Run(row, stride, 1, down, len(hits), source, max(apart * dilation // stride, 1)))
    return tuple(runs)


def _spread(columns: Any, width: int, stride: int, left: int, dilation: int) -> Any:
    """Add the taps of every window along a row where they fell: (groups, H, C, taps, W', N) to (H, C', width, N)."""
    groups, height, channels, taps, windows, batch = columns.shape
    if groups == taps == stride == 1 and left == 0 and width == windows:
        return np.reshape(columns, (height, channels, width, batch))
    out = np.empty_like(columns, shape=(height, groups, channels, width, batch))
    target = np.transpose(out, (1, 0, 2, 3, 4))
    places = [(tap, *reach(width, windows, stride, tap * dilation - left)) for tap in range(taps)]
    whole = [place for place in places if place[3] == slice(0, width, 1)]  # one that is everywhere goes first
    if whole:
        places.remove(whole[0])
        tap, first, end, _ = whole[0]
        target[...] = columns[:, :, :, tap, first:end]
    else:
        out[...] = 0
    for tap, first, end, elements in places:
        part = target[:, :, :, elements]
        np.add(part, columns[:, :, :, tap, first:end], out=part)
    return np.reshape(out, (height, groups * channels, width, batch))


# --- and by the weight ------------------------------------------------------------------------------------------------
@primitive()
def convolve_weight(
    x: Any, g: Any, *, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int
) -> Any:
    """Products of ``g`` with the windows of the input, summed over windows: the gradient of ``convolve`` by w.

    Shapes:
        x, g: the input and the gradient of the output of ``convolve``.
        result: (O, C/groups, *kernel).
    """
    slide = _slide(stride, padding, dilation)
    taps_down, taps = kernel if len(kernel) == 2 else (1, *kernel)
    channels = x.shape[1] // groups
    columns = _columns(_planar(x), taps, g.shape[-1], slide.stride[1], slide.padding, slide.dilation[1], groups)
    rows = _by_group(_planar(g), groups)
    height = rows.shape[1]
    shape = (rows.shape[2], taps_down * columns.shape[2])
    many = max(_ROOM // max(groups * math.prod(shape), 1), 1)
    total: Any = None
    if height > 1 and rows.shape[3] < _NARROW:
        stacked = _stacked(columns, 0, height, taps_down, slide.dilation[0], slide.stride[0])
        total = np.matmul(_merged(rows), np.swapaxes(_merged(stacked), 1, 2))
        height = 0
    for start in range(0, height, many):
        count = min(many, height - start)
        stacked = _stacked(columns, start * slide.stride[0], count, taps_down, slide.dilation[0], slide.stride[0])
        part = np.sum(_products(rows[:, start : start + count], stacked), axis=1)
        total = part if total is None else np.add(total, part, out=total)
    parts = np.reshape(total, (g.shape[1], taps_down, channels, taps))
    out = np.copy(np.transpose(parts, (0, 2, 1, 3)), order="C")
    return out if len(kernel) == 2 else out[:, :, 0]


def _products(rows: Any, stacked: Any) -> Any:
    """``rows @ stacked.T``; with the longer matrix in front, BLAS took 630 µs instead of 760 for 32 rows and 144."""
    if stacked.shape[2] > rows.shape[2]:
        return np.swapaxes(np.matmul(stacked, np.swapaxes(rows, 2, 3)), 2, 3)
    return np.matmul(rows, np.swapaxes(stacked, 2, 3))


# --- sums over everything but the channels ----------------------------------------------------------------------------
@primitive()
def channel_sums(x: Any) -> Any:
    """The sum over batch and positions, for every channel: the gradient of a bias. (N, C, ...) to (C,)."""
    rows = batch_last(_planar(x))
    height, channels, width, batch = rows.shape
    flat = np.reshape(rows, (height, channels, width * batch))
    return np.sum(np.matmul(flat, np.ones_like(flat, shape=flat.shape[2:])), axis=0)


def _over_channels(g: Any, x_shape: Sizes) -> Any:
    return np.broadcast_to(np.reshape(g, (-1, *[1] * (len(x_shape) - 2))), x_shape)


channel_sums.rule(x=_over_channels)


# --- rules ------------------------------------------------------------------------------------------------------------
def _by_input(g: Any, w: Any, x_shape: Sizes, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    return convolve_input(g, w, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups)


def _by_weight(g: Any, x: Any, w_shape: Sizes, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    return convolve_weight(x, g, kernel=w_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups)


convolve.rule(x=_by_input, w=_by_weight, bias=lambda g: channel_sums(g))
convolve_input.rule(
    g=lambda g_, w, stride, padding, dilation, groups: convolve(
        g_, w, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    w=lambda g_, g, w_shape, stride, padding, dilation, groups: _by_weight(
        g, g_, w_shape, stride, padding, dilation, groups
    ),
)
convolve_weight.rule(
    x=lambda g_, g, x_shape, stride, padding, dilation, groups: _by_input(
        g, g_, x_shape, stride, padding, dilation, groups
    ),
    g=lambda g_, x, stride, padding, dilation, groups: convolve(
        x, g_, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)
