"""Convolution of pictures, its adjoint and the gradient of its weight: three primitives whose rules call one another.

A convolution is linear in the input x and in the weight w, so ``Σ g · convolve(x, w)`` is a form linear in g, x and w.
Its derivative by each of the three is one of the three primitives below. The derivatives of those are the same three
again, so gradients of any order exist, and the adjoint doubles as transposed convolution.

How it is computed: with memory in the order (H, C, W, N) the elements of a window *along a row* are gathered by copying
the input once per column of the kernel, in runs of W·N. Those *across rows* need no copy: consecutive rows are
neighbours in memory, so a view whose rows overlap has them side by side, and one batched matrix product over it does
the rest. Depthwise convolution (one channel per group) goes the same way, as vectors times matrices.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ....core.declare import primitive
from ..windows import batch_first, batch_last, reach
from .slide import Pairs, Sizes, Slide, phases, runs, slide_of

_ROOM = 1 << 20  # elements that the partial sums of a weight gradient may take
_BLOCK = 1 << 20  # elements to gather at a time where groups allow it, so that a cache keeps them until they are read
_FEW = 4  # up to so many vectors a matrix is multiplied with one after the other
_NARROW = 96  # below so many columns a matrix product is slow: then all rows share one, on a copy of their windows


# --- gathering --------------------------------------------------------------------------------------------------------
def _columns(
    x: Any,
    kernel_width: int,
    windows: int,
    stride: int,
    padding: Pairs,
    dilation: int,
    groups: int,
    chosen: slice = slice(None),
) -> Any:
    """The elements of every window along a row, with padding above and below: (groups, rows, C/groups · kW, W' · N).

    Args:
        x: (N, C, H, W).
        kernel_width: kW.
        windows: how many there are along a row: W'.
        stride: between them.
        padding: of both dimensions; a negative one cuts off.
        dilation: from one element of a window to the next.
        groups: in how many parts the channels fall.
        chosen: which of them to gather.
    """
    rows = batch_last(x)
    height, channels, width, batch = rows.shape
    (top, bottom), (left, right) = padding
    if groups == kernel_width == stride == 1 and top == bottom == left == right == 0:
        return np.reshape(rows, (1, height, channels, width * batch))
    source = np.transpose(np.reshape(rows, (height, groups, channels // groups, width, batch)), (1, 0, 2, 3, 4))[chosen]
    total = top + height + bottom
    columns = np.empty_like(rows, shape=(len(source), total, channels // groups, kernel_width, windows, batch))
    above, below, inside = reach(height, total, 1, -top)
    columns[:, :above] = 0
    columns[:, below:] = 0
    for position in range(kernel_width):
        target = columns[:, above:below, :, position]
        first, end, elements = reach(width, windows, stride, position * dilation - left)
        target[:, :, :, :first] = 0
        target[:, :, :, end:] = 0
        target[:, :, :, first:end] = source[:, inside, :, elements]
    return np.reshape(columns, (len(source), total, channels // groups * kernel_width, windows * batch))


def _stacked(rows: Any, first: int, count: int, height: int, dilation: int = 1, stride: int = 1) -> Any:
    """``height`` rows, ``dilation`` apart, on top of each other, for each of ``count`` starts: (groups, count, ·, M).

    A view without a copy while the rows are neighbours (dilation 1).
    """
    if height == 1:
        return rows[:, first : first + (count - 1) * stride + 1 : stride]
    span = (height - 1) * dilation + 1
    windows = np.lib.stride_tricks.sliding_window_view(rows[:, first:], span, 1)
    windows = windows[:, : (count - 1) * stride + 1 : stride, :, :, ::dilation]
    return np.reshape(np.transpose(windows, (0, 1, 4, 2, 3)), (len(rows), count, height * rows.shape[2], rows.shape[3]))


def _by_group(g: Any, groups: int) -> Any:
    """A gradient of the output, (N, O, H', W'), as a view (groups, H', O/groups, W' · N)."""
    rows = batch_last(g)
    height, channels, width, batch = rows.shape
    return np.transpose(np.reshape(rows, (height, groups, channels // groups, width * batch)), (1, 0, 2, 3))


def _blocks(groups: int, columns: int) -> list[slice]:
    """Groups to compute together when all of them have so many columns."""
    together = max(groups * _BLOCK // max(columns, 1), 1)
    return [slice(first, first + together) for first in range(0, groups, together)]


def _planar(x: Any) -> Any:
    """(N, C, L) as (N, C, 1, L): one dimension is a picture of one row."""
    return x if x.ndim == 4 else x[:, :, None]


def _like(out: Any, x: Any) -> Any:
    return out if x.ndim == 4 else out[:, :, 0]


def _merged(rows: Any) -> Any:
    """(groups, H', K, M) as one matrix for each group: (groups, K, H' · M)."""
    groups, height, size, columns = rows.shape
    return np.reshape(np.transpose(rows, (0, 2, 1, 3)), (groups, size, height * columns))


# --- convolution ------------------------------------------------------------------------------------------------------
@primitive(shown="conv", cure="input (N, C, H, W), weight (O, C/groups, kH, kW) and bias (O,) must fit")
def convolve(x: Any, w: Any, bias: Any = None, *, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """Products of the weight with every window of the input, summed; in one or two dimensions.

    Shapes:
        x: (N, C, H, W) or (N, C, L).
        w: (O, C/groups, kernel height, kernel width) or (O, C/groups, kernel length).
        bias: (O,) or None.
        result: (N, O, H', W') or (N, O, L').
    """
    slide = slide_of(stride, padding, dilation)
    planar, kernel = _planar(x), _planar(w)
    outputs, _, kernel_height, kernel_width = kernel.shape
    height, width = slide.windows(planar.shape[2:], (kernel_height, kernel_width))
    batch = len(x)
    narrow = height > 1 and width * batch < _NARROW
    dtype = np.result_type(x.dtype, w.dtype)
    if slide.dilation[0] > 1 and kernel_height > 1 and not narrow:
        dtype = dtype if bias is None else np.result_type(dtype, bias.dtype)
        rows = np.empty_like(x, shape=(height, outputs, width, batch), dtype=dtype, order="C")
        for phase in phases(x.shape[2], height, kernel_height, slide):
            rows[phase.windows] = batch_last(convolve(x[:, :, phase.rows], w, bias, groups=groups, **phase.slide))
        return batch_first(rows)
    gather = functools.partial(
        _columns, planar, kernel_width, width, slide.stride[1], slide.padding, slide.dilation[1], groups
    )
    matrices = _matrices(kernel, groups)
    if narrow:
        stacked = _stacked(gather(), 0, height, kernel_height, slide.dilation[0], slide.stride[0])
        out = np.matmul(matrices[:, 0], _merged(stacked))
    else:
        out = np.empty_like(x, shape=(height, groups, outputs // groups, width * batch), dtype=dtype, order="C")
        for block in _blocks(groups, planar.size * kernel_width // slide.stride[1]):
            stacked = _stacked(gather(block), 0, height, kernel_height, 1, slide.stride[0])
            np.matmul(matrices[block], stacked, out=np.transpose(out[:, block], (1, 0, 2, 3)))
    if bias is not None:
        column = np.reshape(bias, (groups, outputs // groups, 1))
        out = np.add(out, column, out=out) if bias.dtype == out.dtype else out + column
    if narrow:
        return _like(np.transpose(np.reshape(out, (outputs, height, width, batch)), (3, 0, 1, 2)), x)
    return _like(batch_first(np.reshape(out, (height, outputs, width, batch))), x)


def _matrices(kernel: Any, groups: int) -> Any:
    """The weight as one matrix per group, with columns in the order of the stacked rows: (groups, 1, O/groups, ·)."""
    outputs, channels, kernel_height, kernel_width = kernel.shape
    order = np.transpose(kernel, (0, 2, 1, 3))
    return np.reshape(order, (groups, 1, outputs // groups, kernel_height * channels * kernel_width))


# --- its adjoint by the input -----------------------------------------------------------------------------------------
@primitive(shown="conv_transpose")
def convolve_input(g: Any, w: Any, *, size: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """Every element of ``g`` times the weight, added where its window lay: the gradient of ``convolve`` by x.

    Also known as transposed convolution.

    Shapes:
        g: (N, O, H', W') or (N, O, L').
        w: as for ``convolve``.
        result: (N, C, *size).
    """
    slide = slide_of(stride, padding, dilation)
    kernel = _planar(w)
    outputs, channels, kernel_height, kernel_width = kernel.shape
    height, width = size if len(size) == 2 else (1, *size)
    if outputs == groups and channels == 1:
        return _like(_turned(_planar(g), kernel, (height, width), slide), g)
    rows = _by_group(_planar(g), groups)
    if groups > 1:
        rows = np.copy(rows, order="C")  # neighbours again, to be stacked without a copy
    windows = g.shape[-1]
    batch = len(g)
    parts = np.reshape(kernel, (groups, -1, channels, kernel_height, kernel_width))
    if rows.shape[1] > 1 and windows * batch < _NARROW:
        columns = _all_rows(rows, parts, height, slide)
    else:
        columns = _row_by_row(rows, parts, height, slide)
    columns = np.reshape(columns, (groups, height, channels, kernel_width, windows, batch))
    out = _spread(columns, width, slide.stride[1], slide.padding[1][0], slide.dilation[1])
    return _like(batch_first(out), g)


def _turned(g: Any, kernel: Any, size: Sizes, slide: Slide) -> Any:
    """For depthwise convolution: convolve with the kernel turned round, the windows a stride of zeros apart.

    Products for the elements of one row, spread afterwards, would have inner dimensions too small for BLAS.
    """
    if slide.stride != (1, 1):
        rows = batch_last(g)
        down, along = slide.stride
        height, channels, width, batch = rows.shape
        shape = ((height - 1) * down + 1, channels, (width - 1) * along + 1, batch)
        apart = np.zeros_like(rows, shape=shape, order="C")
        apart[::down, :, ::along] = rows
        g = batch_first(apart)
    befores = [d * (k - 1) - p for d, k, (p, _) in zip(slide.dilation, kernel.shape[2:], slide.padding, strict=True)]
    afters = [n + p - m for n, (p, _), m in zip(size, slide.padding, g.shape[2:], strict=True)]
    padding = tuple(zip(befores, afters, strict=True))
    turned = np.copy(np.flip(kernel, (2, 3)), order="C")  # BLAS takes no negative strides
    return convolve(g, turned, stride=(1, 1), padding=padding, dilation=slide.dilation, groups=len(kernel))


def _row_by_row(rows: Any, parts: Any, height: int, slide: Slide) -> Any:
    """What falls on every row of the input, still spread over the columns of the kernel: (groups, H, C/groups · kW, M).

    Args:
        rows: the gradient of the output, (groups, H', O/groups, M).
        parts: the weight, (groups, O/groups, C/groups, kernel height, kernel width).
        height: H.
        slide: how the windows move.
    """
    groups, _, channels, kernel_height, kernel_width = parts.shape
    columns = np.empty_like(
        rows,
        shape=(groups, height, channels * kernel_width, rows.shape[3]),
        dtype=np.result_type(rows.dtype, parts.dtype),
    )
    for run in runs(height, rows.shape[1], kernel_height, slide.stride[0], slide.padding[0][0], slide.dilation[0]):
        target = columns[:, run.first :: run.step][:, : run.rows]
        if not run.kernel_count:
            target[...] = 0
            continue
        chosen = np.transpose(parts[:, :, :, run.kernel_rows], (0, 2, 4, 3, 1))
        matrices = np.reshape(chosen, (groups, 1, channels * kernel_width, -1))
        np.matmul(matrices, _stacked(rows, run.source, run.rows, run.kernel_count, run.source_step), out=target)
    return columns


def _all_rows(rows: Any, parts: Any, height: int, slide: Slide) -> Any:
    """The same by one product for all rows, whose result is then added row by row."""
    groups, _, channels, kernel_height, kernel_width = parts.shape
    windows, columns = rows.shape[1], rows.shape[3]
    matrices = np.reshape(np.transpose(parts, (0, 3, 2, 4, 1)), (groups, kernel_height * channels * kernel_width, -1))
    spread = np.reshape(
        np.matmul(matrices, _merged(rows)), (groups, kernel_height, channels * kernel_width, windows, columns)
    )
    out = np.zeros_like(spread, shape=(groups, height, channels * kernel_width, columns))
    for position in range(kernel_height):
        offset = position * slide.dilation[0] - slide.padding[0][0]
        first, end, elements = reach(height, windows, slide.stride[0], offset)
        part = out[:, elements]
        np.add(part, np.transpose(spread[:, position, :, first:end], (0, 2, 1, 3)), out=part)
    return out


def _spread(columns: Any, width: int, stride: int, left: int, dilation: int) -> Any:
    """Add the elements of every window along a row where they fell: (groups, H, C, kW, W', N) to (H, C', width, N)."""
    groups, height, channels, kernel_width, windows, batch = columns.shape
    if groups == kernel_width == stride == 1 and left == 0 and width == windows:
        return np.reshape(columns, (height, channels, width, batch))
    out = np.empty_like(columns, shape=(height, groups, channels, width, batch))
    target = np.transpose(out, (1, 0, 2, 3, 4))
    reaches = [
        (position, *reach(width, windows, stride, position * dilation - left)) for position in range(kernel_width)
    ]
    whole = [reached for reached in reaches if reached[3] == slice(0, width, 1)]  # one that is everywhere goes first
    if whole:
        reaches.remove(whole[0])
        position, first, end, _ = whole[0]
        target[...] = columns[:, :, :, position, first:end]
    else:
        out[...] = 0
    for position, first, end, elements in reaches:
        part = target[:, :, :, elements]
        np.add(part, columns[:, :, :, position, first:end], out=part)
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
    slide = slide_of(stride, padding, dilation)
    kernel_height, kernel_width = kernel if len(kernel) == 2 else (1, *kernel)
    channels = x.shape[1] // groups
    rows = _by_group(_planar(g), groups)
    height = rows.shape[1]
    narrow = height > 1 and rows.shape[3] < _NARROW
    if slide.dilation[0] > 1 and kernel_height > 1 and not narrow:
        every: Any = 0
        for phase in phases(x.shape[2], height, kernel_height, slide):
            part = g[:, :, phase.windows]
            every += convolve_weight(x[:, :, phase.rows], part, kernel=kernel, groups=groups, **phase.slide)
        return every
    gather = functools.partial(
        _columns, _planar(x), kernel_width, g.shape[-1], slide.stride[1], slide.padding, slide.dilation[1], groups
    )
    if narrow:
        stacked = _stacked(gather(), 0, height, kernel_height, slide.dilation[0], slide.stride[0])
        total = np.matmul(_merged(rows), np.swapaxes(_merged(stacked), 1, 2))
    else:
        blocks = _blocks(groups, x.size * kernel_width // slide.stride[1])
        sums = [_sum_over_rows(rows[block], gather(block), kernel_height, slide.stride[0]) for block in blocks]
        total = sums[0] if len(sums) == 1 else np.concatenate(sums)
    parts = np.reshape(total, (g.shape[1], kernel_height, channels, kernel_width))
    out = np.copy(np.transpose(parts, (0, 2, 1, 3)), order="C")
    return out if len(kernel) == 2 else out[:, :, 0]


def _sum_over_rows(rows: Any, columns: Any, kernel_height: int, stride: int) -> Any:
    """Products of the rows of ``g`` with those that their windows reach, summed: (groups, O/groups, kH · K)."""
    groups, height, outputs, _ = rows.shape
    many = max(_ROOM // max(groups * outputs * kernel_height * columns.shape[2], 1), 1)
    total: Any = None
    for start in range(0, height, many):
        count = min(many, height - start)
        stacked = _stacked(columns, start * stride, count, kernel_height, 1, stride)
        part = np.sum(_products(rows[:, start : start + count], stacked), axis=1)
        total = part if total is None else np.add(total, part, out=total)
    return total


def _products(rows: Any, stacked: Any) -> Any:
    """``rows @ stacked.T``: with the longer matrix in front, which BLAS prefers, and a few rows one by one."""
    if rows.shape[2] <= _FEW:
        return np.matmul(stacked[:, :, None], rows[..., None])[..., 0]
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
