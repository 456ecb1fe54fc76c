"""How pictures and weights lie in memory for the loops of convolution, and bringing them there.

Pictures are (H, C, W, N) in memory, and with the columns of a row and the batch as one dimension (H, C, W · N): a line
for each row of each channel, of which a run can be cut out and shifted. Windows a stride apart do not lie side by side
in it. They do after splitting every line into as many phases as the stride is long: (H, C, phases, length), where
column ``place · phases + phase`` of the picture stands at ``place`` of its phase. With stride 1 that is the line
itself.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.conv.slide import Sizes, Slide
from ....nn.kernels.windows import reach
from ...compiler import compiled
from ...layout import FLOAT
from ...pool import settings


# --- pictures ---------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _with_batch_last(x: Any, out: Any) -> None:
    batch, channels, height, width = x.shape
    for task in prange(height * channels):
        h, c = divmod(np.int64(task), channels)
        for n in range(batch):
            for w in range(width):
                out[h, c, w, n] = x[n, c, h, w]


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
def _thinned(rows: Any, out: Any, down: int, along: int) -> None:
    height, channels, width, _ = out.shape
    for task in prange(height * channels):
        h, c = divmod(np.int64(task), channels)
        for w in range(width):
            out[h, c, w] = rows[h * down, c, w * along]


def seen(rows: ndarray, kernel: Sizes, slide: Slide) -> tuple[ndarray, Slide]:
    """(H, C, W, N) without what lies between windows of a single element, and how these move over the rest."""
    unpadded = ((0, 0), (0, 0))
    if kernel != (1, 1) or slide.stride == (1, 1) or slide.padding != unpadded:
        return rows, slide
    height, channels, width, batch = rows.shape
    down, along = slide.stride
    out = np.empty((-(-height // down), channels, -(-width // along), batch), FLOAT)
    settings.launch(_thinned, rows, out, down, along)
    return out, Slide((1, 1), unpadded, (1, 1))


def lines(rows: ndarray) -> ndarray:
    """(H, C, W, N) as (H, C, W · N)."""
    return rows.reshape(*rows.shape[:2], -1)


@compiled(parallel=True)
def _split(rows: Any, out: Any) -> None:
    count, width, batch = rows.shape
    phases = out.shape[1]
    for i in prange(count):
        for phase in range(phases):
            for place in range((width - phase + phases - 1) // phases):
                source, target = rows[i, place * phases + phase], out[i, phase, place]
                for n in range(batch):
                    target[n] = source[n]


@compiled(parallel=True)
def _joined(parts: Any, out: Any) -> None:
    count, width, batch = out.shape
    phases = parts.shape[1]
    for i in prange(count):
        for w in range(width):
            source, target = parts[i, w % phases, w // phases], out[i, w]
            for n in range(batch):
                target[n] = source[n]


def split(rows: ndarray, phases: int) -> ndarray:
    """(H, C, W, N) as (H, C, phases, length); what no column stands for is left as it is."""
    height, channels, width, batch = rows.shape
    if phases == 1:
        return rows.reshape(height, channels, 1, -1)
    out = np.empty((height * channels, phases, -(-width // phases), batch), FLOAT)
    settings.launch(_split, rows.reshape(-1, width, batch), out)
    return out.reshape(height, channels, phases, -1)


def joined(parts: ndarray, width: int, batch: int) -> ndarray:
    """The other way round."""
    height, channels, phases, _ = parts.shape
    if phases == 1:
        return parts.reshape(height, channels, width, batch)
    out = np.empty((height * channels, width, batch), FLOAT)
    settings.launch(_joined, parts.reshape(height * channels, phases, -1, batch), out)
    return out.reshape(height, channels, width, batch)


@compiled(parallel=True)
def _turned(matrices: Any, out: Any) -> None:
    count, m, n = matrices.shape
    for k in prange(count):
        source, target = matrices[k], out[k]
        for first in range(0, n, 16):  # a cache line of every row at a time
            for i in range(m):
                for j in range(first, min(first + 16, n)):
                    target[j, i] = source[i, j]


def turned(parts: ndarray, groups: int) -> ndarray:
    """(H, C, phases, length) with the channels of a group last: (H, groups, phases · length, C/groups)."""
    height, channels, phases, length = parts.shape
    out = np.empty((height * groups, phases * length, channels // groups), FLOAT)
    settings.launch(_turned, parts.reshape(height * groups, channels // groups, -1), out)
    return out.reshape(height, groups, phases * length, -1)


# --- weights ----------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _by_element(weight: Any, out: Any) -> None:
    count, outputs, channels = out.shape
    for o in prange(outputs):
        for e in range(count):
            for c in range(channels):
                out[e, o, c] = weight[o, c, e]


@compiled(parallel=True)
def _by_channel(parts: Any, out: Any) -> None:
    several, count, outputs, channels = parts.shape
    for o in prange(outputs):
        for c in range(channels):
            for e in range(count):
                total = parts[0, e, o, c]
                for p in range(1, several):
                    total += parts[p, e, o, c]
                out[o, c, e] = total


def by_element(weight: ndarray) -> ndarray:
    """A weight as one matrix for each element of the kernel: (O, C, kH, kW) to (kH · kW, O, C)."""
    outputs, channels, *kernel = weight.shape
    count = math.prod(kernel)
    weight = np.ascontiguousarray(weight).reshape(outputs, channels, count)
    if count == 1:
        return weight.reshape(1, outputs, channels)
    out = np.empty((count, outputs, channels), FLOAT)
    settings.launch(_by_element, weight, out)
    return out


def by_channel(parts: ndarray, kernel: Sizes) -> ndarray:
    """The other way round, the sum of several: (parts, kH · kW, O, C) to (O, C, kH, kW)."""
    several, count, outputs, channels = parts.shape
    if several == count == 1:
        return parts.reshape(outputs, channels, *kernel)
    out = np.empty((outputs, channels, count), FLOAT)
    settings.launch(_by_channel, parts, out)
    return out.reshape(outputs, channels, *kernel)


# --- where the elements of a kernel fall ------------------------------------------------------------------------------
class Elements(NamedTuple):
    """Where the elements of the kernel fall, for all windows.

    Attributes:
        down: for every row of the kernel, which row of the picture it meets in the first row of windows.
        stride: from one row of windows to the next.
        along: for every column of the kernel, the phase in which it moves; its shift from a window's place in a line of
            the output to its own in the phase; and from where to where in that line it lies inside the picture.
    """

    down: ndarray
    stride: int
    along: ndarray


@functools.lru_cache(maxsize=512)
def elements(kernel: Sizes, width: int, windows: int, batch: int, slide: Slide) -> Elements:
    """Where they fall.

    Args:
        kernel: its height and width.
        width: of the picture.
        windows: how many there are along a row.
        batch: how many pictures there are.
        slide: how the windows move.
    """
    down = [i * slide.dilation[0] - slide.padding[0][0] for i in range(kernel[0])]
    along = []
    for j in range(kernel[1]):
        offset = j * slide.dilation[1] - slide.padding[1][0]
        place, phase = divmod(offset, slide.stride[1])
        first, end, _ = reach(width, windows, slide.stride[1], offset)
        along.append((phase, place * batch, first * batch, end * batch))
    return Elements(np.array(down, np.int64), slide.stride[0], np.array(along, np.int64))
