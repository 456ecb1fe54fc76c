"""How pictures and weights lie in memory for the loops of convolution, and bringing them there.

Pictures are (H, C, W, N) in memory. Windows a stride apart do not lie side by side there; they do after splitting every
row into as many phases as the stride is long, each with its own places: (H, C, phases, places, N), where column
``place * phases + phase`` of the picture stands. With stride 1 that is the picture itself.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.conv.slide import Sizes, Slide
from ...nn.kernels.windows import reach
from ..compiler import compiled
from ..layout import FLOAT
from ..pool import settings


@compiled(parallel=True)
def _with_batch_last(x: Any, out: Any) -> None:
    batch, channels, height, width = x.shape
    for line in prange(height * channels):
        h, c = divmod(np.int64(line), channels)
        for n in range(batch):
            source = x[n, c, h]
            for w in range(width):
                out[h, c, w, n] = source[w]


def rows_of(x: ndarray) -> ndarray:
    """(N, C, H, W), in any order of memory, as (H, C, W, N) in C order; without a copy if it lies that way."""
    rows = x.transpose(2, 1, 3, 0)
    if rows.flags.c_contiguous:
        return rows
    if not x.flags.c_contiguous:
        return np.ascontiguousarray(rows)
    out = np.empty(rows.shape, FLOAT)
    settings.launch(_with_batch_last, x, out)
    return out


@compiled(parallel=True)
def _split(lines: Any, out: Any) -> None:
    count, width, batch = lines.shape
    phases, places = out.shape[1:3]
    for i in prange(count):
        for phase in range(phases):
            for place in range((width - phase + phases - 1) // phases):
                source, target = lines[i, place * phases + phase], out[i, phase, place]
                for n in range(batch):
                    target[n] = source[n]


def split(rows: ndarray, phases: int) -> ndarray:
    """(H, C, W, N) as (H, C, phases, places, N); what no column stands for is left as it is."""
    height, channels, width, batch = rows.shape
    if phases == 1:
        return rows.reshape(height, channels, 1, width, batch)
    out = np.empty((height * channels, phases, -(-width // phases), batch), FLOAT)
    settings.launch(_split, rows.reshape(-1, width, batch), out)
    return out.reshape(height, channels, phases, -1, batch)


@compiled(parallel=True)
def _joined(parts: Any, out: Any) -> None:
    count, width, batch = out.shape
    phases = parts.shape[1]
    for i in prange(count):
        for w in range(width):
            source, target = parts[i, w % phases, w // phases], out[i, w]
            for n in range(batch):
                target[n] = source[n]


def joined(parts: ndarray, width: int) -> ndarray:
    """What ``split`` has split: (H, C, phases, places, N) as (H, C, W, N)."""
    height, channels, phases, places, batch = parts.shape
    if phases == 1:
        return parts.reshape(height, channels, width, batch)
    out = np.empty((height * channels, width, batch), FLOAT)
    settings.launch(_joined, parts.reshape(-1, phases, places, batch), out)
    return out.reshape(height, channels, width, batch)


@compiled(parallel=True)
def _turned(matrices: Any, out: Any) -> None:
    count, channels, length = matrices.shape
    for m in prange(count):
        source, target = matrices[m], out[m]
        for first in range(0, length, 16):  # a cache line of every channel at a time
            for c in range(channels):
                for i in range(first, min(first + 16, length)):
                    target[i, c] = source[c, i]


def turned(parts: ndarray, groups: int) -> ndarray:
    """(H, C, phases, places, N) with the channels of a group last: (H, groups, phases · places · N, C/groups)."""
    height, channels, *line = parts.shape
    length, inner = math.prod(line), channels // groups
    if inner == 1:
        return parts.reshape(height, groups, length, 1)
    out = np.empty((height * groups, length, inner), FLOAT)
    settings.launch(_turned, parts.reshape(-1, inner, length), out)
    return out.reshape(height, groups, length, inner)


# --- weights ----------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _by_element(weight: Any, out: Any) -> None:
    elements, outputs, channels = out.shape
    for o in prange(outputs):
        for e in range(elements):
            for c in range(channels):
                out[e, o, c] = weight[o, c, e]


@compiled(parallel=True)
def _by_channel(parts: Any, out: Any) -> None:
    elements, outputs, channels = parts.shape
    for o in prange(outputs):
        for c in range(channels):
            for e in range(elements):
                out[o, c, e] = parts[e, o, c]


def by_element(weight: ndarray) -> ndarray:
    """A weight as one matrix for each element of the kernel: (O, C, kH, kW) to (kH · kW, O, C)."""
    outputs, channels, *kernel = weight.shape
    count = math.prod(kernel)
    if count == 1:
        return np.ascontiguousarray(weight).reshape(1, outputs, channels)
    out = np.empty((count, outputs, channels), FLOAT)
    settings.launch(_by_element, np.ascontiguousarray(weight).reshape(outputs, channels, count), out)
    return out


def by_channel(parts: ndarray, kernel: Sizes) -> ndarray:
    """The other way round: (kH · kW, O, C) to (O, C, *kernel)."""
    count, outputs, channels = parts.shape
    if count == 1:
        return parts.reshape(outputs, channels, *kernel)
    out = np.empty((outputs, channels, count), FLOAT)
    settings.launch(_by_channel, parts, out)
    return out.reshape(outputs, channels, *kernel)


# --- where windows fall -----------------------------------------------------------------------------------------------
@functools.lru_cache(maxsize=512)
def elements(kernel: Sizes, width: int, windows: int, slide: Slide) -> tuple[ndarray, ndarray]:
    """Where the elements of the kernel fall.

    Args:
        kernel: its height and width.
        width: of the picture.
        windows: how many there are along a row.
        slide: how they move.

    Returns:
        For every row of the kernel, which row of the picture it meets in the first window; and for every column of
        it: the phase in which it moves, its place there in the first window, the first window in which it lies inside
        the picture, and the one behind the last.
    """
    down = [i * slide.dilation[0] - slide.padding[0][0] for i in range(kernel[0])]
    along = []
    for j in range(kernel[1]):
        offset = j * slide.dilation[1] - slide.padding[1][0]
        place, phase = divmod(offset, slide.stride[1])
        first, end, _ = reach(width, windows, slide.stride[1], offset)
        along.append((phase, place, first, end))
    return np.array(down, np.int64), np.array(along, np.int64)
