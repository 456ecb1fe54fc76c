"""Convolution and its two derivatives, as sums of products of matrices.

Each element of the kernel is a matrix W (outputs × inputs) that takes a run of the lines of the picture, X (inputs ×
columns), to a run of the lines of the output, G (outputs × columns). All three primitives go through the same triples
of matrices: ``G += W X`` is convolution, ``X += Wᵀ G`` its adjoint, and ``W += G Xᵀ`` the gradient of the weight. They
are there already: no windows are gathered, and none of them is padding.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy import ndarray

from ...blocks import ROOM, ROWS, add_product
from ...compiler import compiled
from ...layout import FLOAT
from ...pool import settings
from .pictures import Elements, turned

_COLUMNS = 512  # of a line are computed together, so that they stay in the second cache
_TASKS = 8  # for each thread at least, so that none waits long for the others
_THIN = 16  # fewer columns are multiplied as they lie, along the lines; for more, these are turned into columns first
f32 = np.float32


@compiled(parallel=True)
def _forward(x, weight, bias, out, down, stride, along, groups, room, threads) -> None:  # type: ignore[no-untyped-def]
    height, _, phases, length = x.shape
    rows, outputs, columns = out.shape
    inner, outer = weight.shape[2], outputs // groups
    pieces, blocks = (columns + _COLUMNS - 1) // _COLUMNS, (outer + ROWS - 1) // ROWS
    tasks = groups * blocks * rows * pieces
    part = (tasks + threads - 1) // threads
    for t in prange(threads):
        low = np.int64(t) * part
        for task in range(low, min(low + part, tasks)):
            block, place = divmod(task, rows * pieces)
            h, piece = divmod(place, pieces)
            group, block = divmod(block, blocks)
            top, count = group * outer + block * ROWS, min(outer - block * ROWS, ROWS)
            left, right = piece * _COLUMNS, min(piece * _COLUMNS + _COLUMNS, columns)
            for o in range(top, top + count):
                out[h, o, left:right] = bias[o]
            for i in range(len(down)):
                row = h * stride + down[i]
                if 0 <= row < height:
                    for j in range(len(along)):
                        phase, shift = along[j, 0], along[j, 1]
                        first, end = max(along[j, 2], left), min(along[j, 3], right)
                        if first < end:
                            add_product(
                                0, 0, count, end - first, inner,
                                weight[i * len(along) + j, top:].ctypes.data, inner,
                                x[row, group * inner, phase, first + shift :].ctypes.data, phases * length,
                                out[h, top, first:].ctypes.data, columns, room,
                            )  # fmt: skip


@compiled(parallel=True)
def _adjoint(g, weight, out, down, stride, along, groups, room, threads) -> None:  # type: ignore[no-untyped-def]
    rows, outputs, columns = g.shape
    height, channels, phases, length = out.shape
    inner, outer = outputs // groups, channels // groups
    pieces, blocks = (length + _COLUMNS - 1) // _COLUMNS, (outer + ROWS - 1) // ROWS
    tasks = groups * blocks * height * pieces
    part = (tasks + threads - 1) // threads
    for t in prange(threads):
        low = np.int64(t) * part
        for task in range(low, min(low + part, tasks)):
            block, place = divmod(task, height * pieces)
            row, piece = divmod(place, pieces)
            group, block = divmod(block, blocks)
            left, right = piece * _COLUMNS, min(piece * _COLUMNS + _COLUMNS, length)
            start, count = block * ROWS, min(outer - block * ROWS, ROWS)
            top = group * outer + start
            out[row, top : top + count, :, left:right] = f32(0)
            for i in range(len(down)):
                h, rest = divmod(row - down[i], stride)
                if rest == 0 and 0 <= h < rows:
                    for j in range(len(along)):
                        phase, shift = along[j, 0], along[j, 1]
                        first, end = max(along[j, 2], left - shift), min(along[j, 3], right - shift)
                        if first < end:
                            add_product(
                                1, 0, count, end - first, inner,
                                weight[i * len(along) + j, group * inner, start:].ctypes.data, outer,
                                g[h, group * inner, first:].ctypes.data, columns,
                                out[row, top, phase, first + shift :].ctypes.data, phases * length, room,
                            )  # fmt: skip


@compiled(parallel=True)
def _by_weight(g, x, turn, out, down, stride, along, length, room, threads) -> None:  # type: ignore[no-untyped-def]
    rows, outputs, columns = g.shape
    height, groups = x.shape[:2]
    shares, count, _, inner = out.shape
    outer = outputs // groups
    blocks = (outer + ROWS - 1) // ROWS
    tasks = shares * count * groups * blocks
    part = (tasks + threads - 1) // threads
    for t in prange(threads):
        low = np.int64(t) * part
        for task in range(low, min(low + part, tasks)):
            share, rest = divmod(task, count * groups * blocks)
            element, rest = divmod(rest, groups * blocks)
            group, block = divmod(rest, blocks)
            i, j = divmod(element, len(along))
            phase, shift, first, end = along[j]
            top, size = group * outer + block * ROWS, min(outer - block * ROWS, ROWS)
            out[share, element, top : top + size] = f32(0)
            for h in range(share * rows // shares, (share + 1) * rows // shares):
                row = h * stride + down[i]
                if 0 <= row < height and first < end:
                    place = phase * length + first + shift
                    source = x[row, group, 0, place:] if turn else x[row, group, place]
                    add_product(
                        0, turn, size, inner, end - first,
                        g[h, top, first:].ctypes.data, columns,
                        source.ctypes.data, x.shape[3],
                        out[share, element, top].ctypes.data, inner, room,
                    )  # fmt: skip


def forward(x: ndarray, weight: ndarray, bias: ndarray, out: ndarray, where: Elements, groups: int) -> None:
    """Write the convolution to ``out``.

    Every thread takes part of the blocks of output channels, of the rows, and of the parts of a row.

    Args:
        x: (H, C, phases, length).
        weight: (kH · kW, O, C/groups).
        bias: (O,).
        out: (H', O, columns).
        where: what ``elements`` says.
        groups: in how many parts the channels fall.
    """
    settings.launch(_forward, x, weight, bias, out, *where, groups, ROOM, settings.threads)


def adjoint(g: ndarray, weight: ndarray, out: ndarray, where: Elements, groups: int) -> None:
    """Write the gradient of the input to ``out``: the same, with the parts of input and output exchanged.

    Args:
        g: (H', O, columns).
        weight: (kH · kW, O, C/groups).
        out: (H, C, phases, length).
        where: what ``elements`` says.
        groups: in how many parts the channels fall.
    """
    settings.launch(_adjoint, g, weight, out, *where, groups, ROOM, settings.threads)


def by_weight(g: ndarray, x: ndarray, where: Elements, groups: int) -> ndarray:
    """The gradient of the weight, in parts that are to be added: (parts, kH · kW, O, C/groups).

    Every thread takes part of the elements of the kernel and of the blocks of output channels; where these are few,
    they take parts of the rows as well, and each part has a sum of its own.

    Args:
        g: (H', O, columns).
        x: (H, C, phases, length).
        where: what ``elements`` says.
        groups: in how many parts the channels fall.
    """
    height, channels, phases, length = x.shape
    inner, outputs, count = channels // groups, g.shape[1], len(where.down) * len(where.along)
    tasks = count * groups * -(-outputs // groups // ROWS)
    shares = min(-(-_TASKS * settings.threads // tasks), len(g))
    out = np.empty((shares, count, outputs, inner), FLOAT)
    turn = inner < _THIN
    source = x.reshape(height, groups, inner, phases * length) if turn else turned(x, groups)
    settings.launch(_by_weight, g, source, int(turn), out, *where, length, ROOM, settings.threads)
    return out
