"""Convolution and its two derivatives, as sums of products of matrices.

Each element of the kernel is a matrix W (outputs × inputs) that takes a run of one row of the picture, X (inputs ×
columns), to a run of one row of the output, G (outputs × columns). All three primitives run over the same triples of
matrices: ``G += W X`` is convolution, ``X += Wᵀ G`` its adjoint, and ``W += G Xᵀ`` the gradient of the weight. With
memory in the order (H, C, W, N) these matrices are there already: no windows are gathered, and none of them is padding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.conv.convolution import channel_sums, convolve, convolve_input, convolve_weight
from ...nn.kernels.conv.slide import Pairs, Sizes, slide_of
from ...nn.kernels.windows import batch_first
from ..blocks import ROWS, add_product, room
from ..compiler import compiled
from ..layout import FLOAT
from ..pool import settings
from .pictures import by_channel, by_element, elements, joined, rows_of, split, turned

_COLUMNS = 512  # of a row are computed together, so that they stay in the second cache
_ROOM = room()


# --- the three loops --------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _forward(x, weight, bias, out, down, along, stride, groups, room, threads) -> None:  # type: ignore[no-untyped-def]
    """Every thread takes part of the blocks of output channels, of the rows, and of the parts of a row.

    Shapes:
        x: (H, C, phases, places, N).
        weight: (kH · kW, O, C/groups).
        bias: (O,).
        out: (H', O, W', N).
        down, along: what ``elements`` returns.
        stride: of the rows.
        groups, room, threads: numbers.
    """
    height, _, phases, places, batch = x.shape
    rows, outputs, windows, _ = out.shape
    inner, outer = weight.shape[2], outputs // groups
    together = min(max(_COLUMNS // batch, 1), windows)
    pieces, blocks = (windows + together - 1) // together, (outer + ROWS - 1) // ROWS
    tasks = groups * blocks * rows * pieces
    part = (tasks + threads - 1) // threads
    for t in prange(threads):
        low = np.int64(t) * part
        for task in range(low, min(low + part, tasks)):
            block, place = divmod(task, rows * pieces)
            h, piece = divmod(place, pieces)
            group, block = divmod(block, blocks)
            start, left = group * outer + block * ROWS, piece * together
            count, right = min(outer - block * ROWS, ROWS), min(left + together, windows)
            for o in range(start, start + count):
                for w in range(left, right):
                    line = out[h, o, w]
                    for n in range(batch):
                        line[n] = bias[o]
            for i in range(len(down)):
                row = h * stride + down[i]
                if 0 <= row < height:
                    for j in range(len(along)):
                        first, end = max(along[j, 2], left), min(along[j, 3], right)
                        if first < end:
                            source = x[row, group * inner, along[j, 0], along[j, 1] + first]
                            add_product(
                                0, count, (end - first) * batch, inner,
                                weight[i * len(along) + j, start].ctypes.data, inner,
                                source.ctypes.data, phases * places * batch,
                                out[h, start, first].ctypes.data, windows * batch, room,
                            )  # fmt: skip


@compiled(parallel=True)
def _adjoint(g, weight, out, down, along, stride, groups, room, threads) -> None:  # type: ignore[no-untyped-def]
    """As ``_forward``, with the parts of input and output exchanged.

    Shapes:
        g: (H', O, W', N).
        weight: (kH · kW, O, C/groups).
        out: (H, C, phases, places, N).
        down, along, stride, groups, room, threads: as for ``_forward``.
    """
    rows, outputs, windows, batch = g.shape
    height, channels, phases, places, _ = out.shape
    inner, outer = outputs // groups, channels // groups
    together = min(max(_COLUMNS // batch, 1), places)
    pieces, blocks = (places + together - 1) // together, (outer + ROWS - 1) // ROWS
    tasks = groups * blocks * height * pieces
    part = (tasks + threads - 1) // threads
    for t in prange(threads):
        low = np.int64(t) * part
        for task in range(low, min(low + part, tasks)):
            block, place = divmod(task, height * pieces)
            row, piece = divmod(place, pieces)
            group, block = divmod(block, blocks)
            start, left = block * ROWS, piece * together
            count, right = min(outer - start, ROWS), min(left + together, places)
            top = group * outer + start
            for c in range(top, top + count):
                for phase in range(phases):
                    for q in range(left, right):
                        line = out[row, c, phase, q]
                        for n in range(batch):
                            line[n] = 0
            for i in range(len(down)):
                h, rest = divmod(row - down[i], stride)
                if rest == 0 and 0 <= h < rows:
                    for j in range(len(along)):
                        phase, shift = along[j, 0], along[j, 1]
                        first, end = max(along[j, 2], left - shift), min(along[j, 3], right - shift)
                        if first < end:
                            add_product(
                                1, count, (end - first) * batch, inner,
                                weight[i * len(along) + j, group * inner, start:].ctypes.data, outer,
                                g[h, group * inner, first].ctypes.data, windows * batch,
                                out[row, top, phase, first + shift].ctypes.data, phases * places * batch, room,
                            )  # fmt: skip


@compiled(parallel=True)
def _by_weight(g, x, out, down, along, stride, places, room, threads) -> None:  # type: ignore[no-untyped-def]
    """Every thread takes part of the elements of the kernel and of the output channels, and sums over all rows.

    Shapes:
        g: (H', O, W', N).
        x: (H, groups, phases · places · N, C/groups).
        out: (kH · kW, O, C/groups).
        down, along, stride, room, threads: as for ``_forward``.
        places: how many of them a phase has.
    """
    rows, outputs, windows, batch = g.shape
    height, groups, _, inner = x.shape
    outer = outputs // groups
    size = min(max(outputs * len(out) // (8 * threads) // 16 * 16, 16), ROWS)  # all threads shall have enough tasks
    blocks = (outer + size - 1) // size
    tasks = len(out) * groups * blocks
    part = (tasks + threads - 1) // threads
    for t in prange(threads):
        low = np.int64(t) * part
        for task in range(low, min(low + part, tasks)):
            element, block = divmod(task, groups * blocks)
            group, block = divmod(block, blocks)
            i, j = divmod(element, len(along))
            start, count = group * outer + block * size, min(outer - block * size, size)
            for o in range(start, start + count):
                line = out[element, o]
                for c in range(inner):
                    line[c] = 0
            first, end = along[j, 2], along[j, 3]
            for h in range(rows):
                row = h * stride + down[i]
                if 0 <= row < height and first < end:
                    place = (along[j, 0] * places + along[j, 1] + first) * batch
                    add_product(
                        0, count, inner, (end - first) * batch,
                        g[h, start, first].ctypes.data, windows * batch,
                        x[row, group, place].ctypes.data, inner,
                        out[element, start].ctypes.data, inner, room,
                    )  # fmt: skip


# --- in place of the primitives ---------------------------------------------------------------------------------------
def _taken(*arrays: Any) -> bool:
    return all(type(a) is ndarray and a.dtype is FLOAT and a.size and 3 <= a.ndim <= 4 for a in arrays)


def _planar(x: ndarray) -> ndarray:
    return x if x.ndim == 4 else x[:, :, None]


def _in_shape(rows: ndarray, like: ndarray) -> Any:
    out = batch_first(rows)
    return out if like.ndim == 4 else out[:, :, 0]


@convolve.fast()
def _(x: ndarray, w: Any, bias: Any = None, *, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    if not _taken(x, w) or not (bias is None or type(bias) is ndarray and bias.dtype is FLOAT):
        return NotImplemented
    slide = slide_of(stride, padding, dilation)
    planar, kernel = _planar(x), _planar(w)
    height, width = slide.windows(planar.shape[2:], kernel.shape[2:])
    if bias is None:
        bias = np.zeros(len(w), FLOAT)
    out = np.empty((height, len(w), width, len(x)), FLOAT)
    if out.size:
        down, along = elements(kernel.shape[2:], planar.shape[3], width, slide)
        source = split(rows_of(planar), slide.stride[1])
        parts = by_element(kernel)
        settings.launch(
            _forward, source, parts, np.ascontiguousarray(bias), out, down, along, slide.stride[0], groups, _ROOM,
            settings.threads,
        )  # fmt: skip
    return _in_shape(out, x)


@convolve_input.fast()
def _(g: ndarray, w: Any, *, size: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    if not _taken(g, w):
        return NotImplemented
    slide = slide_of(stride, padding, dilation)
    kernel, rows = _planar(w), rows_of(_planar(g))
    height, width = size if len(size) == 2 else (1, *size)
    phases = slide.stride[1]
    down, along = elements(kernel.shape[2:], width, rows.shape[2], slide)
    out = np.empty((height, kernel.shape[1] * groups, phases, -(-width // phases), len(g)), FLOAT)
    settings.launch(
        _adjoint, rows, by_element(kernel), out, down, along, slide.stride[0], groups, _ROOM, settings.threads
    )  # fmt: skip
    return _in_shape(joined(out, width), g)


@convolve_weight.fast()
def _(x: ndarray, g: Any, *, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    if not _taken(x, g):
        return NotImplemented
    slide = slide_of(stride, padding, dilation)
    planar, rows = _planar(x), rows_of(_planar(g))
    shape = kernel if len(kernel) == 2 else (1, *kernel)
    down, along = elements(shape, planar.shape[3], rows.shape[2], slide)
    parts = split(rows_of(planar), slide.stride[1])
    out = np.empty((len(down) * len(along), g.shape[1], x.shape[1] // groups), FLOAT)
    settings.launch(
        _by_weight, rows, turned(parts, groups), out, down, along, slide.stride[0], parts.shape[3], _ROOM,
        settings.threads,
    )  # fmt: skip
    return by_channel(out, kernel)


# --- sums over everything but the channels ----------------------------------------------------------------------------
@compiled(parallel=True)
def _channel_sums(rows: Any, out: Any) -> None:
    height, channels, width, batch = rows.shape
    for c in prange(channels):
        total = 0.0
        for h in range(height):
            part: Any = np.float32(0)
            for w in range(width):
                line = rows[h, c, w]
                for n in range(batch):
                    part += line[n]
            total += part
        out[c] = total


@channel_sums.fast()
def _(x: ndarray) -> Any:
    if not _taken(x):
        return NotImplemented
    out = np.empty(x.shape[1], FLOAT)
    settings.launch(_channel_sums, rows_of(_planar(x)), out)
    return out
