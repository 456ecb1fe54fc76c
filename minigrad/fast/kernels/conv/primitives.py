"""The primitives of convolution, and which loops run in their place."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.conv.convolution import channel_sums, convolve, convolve_input, convolve_weight
from ....nn.kernels.conv.slide import Pairs, Sizes, slide_of
from ....nn.kernels.windows import batch_first
from ...compiler import compiled
from ...layout import FLOAT
from ...pool import settings
from . import products, shifts, unfolding
from .pictures import by_channel, by_element, elements, joined, lines, rows_of, seen, split


# --- arguments --------------------------------------------------------------------------------------------------------
def _taken(*arrays: Any) -> bool:
    """Whether all are pictures or weights in one or two dimensions, and not empty."""
    same_rank = len({np.ndim(a) for a in arrays}) == 1
    return same_rank and all(type(a) is ndarray and a.dtype is FLOAT and a.size and 3 <= a.ndim <= 4 for a in arrays)


def _planar(x: ndarray) -> ndarray:
    return x if x.ndim == 4 else x[:, :, None]


def _in_shape(rows: ndarray, like: ndarray) -> Any:
    out = batch_first(rows)
    return out if like.ndim == 4 else out[:, :, 0]


# --- the primitives ---------------------------------------------------------------------------------------------------
def _loops(channels: int, outputs: int) -> ModuleType:
    """The module whose loops serve groups of so many channels."""
    return shifts if channels == 1 and outputs <= 4 else products


@convolve.fast()
def _(x: ndarray, w: Any, bias: Any = None, *, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    if not _taken(x, w) or x.shape[1] != w.shape[1] * groups or len(w) % groups:
        return NotImplemented
    if bias is None:
        bias = np.zeros(len(w), FLOAT)
    if type(bias) is not ndarray or bias.dtype is not FLOAT or bias.shape != (len(w),):
        return NotImplemented
    weight = _planar(w)
    outputs, channels, *kernel = weight.shape
    rows, slide = seen(rows_of(_planar(x)), tuple(kernel), slide_of(stride, padding, dilation))
    height, width = slide.windows((len(rows), rows.shape[2]), tuple(kernel))
    loops = _loops(channels, outputs // groups)
    if loops is products and unfolding.pays(channels, tuple(kernel)):
        rows = unfolding.unfolded(rows, kernel[1], width, slide)
        weight, slide = unfolding.unfolded_weight(weight), unfolding.unfolded_slide(slide)
    out = np.empty((height, outputs, width, len(x)), FLOAT)
    where = elements(weight.shape[2:], rows.shape[2], width, len(x), slide)
    parts = split(rows, slide.stride[1])
    loops.forward(parts, by_element(weight), np.ascontiguousarray(bias), lines(out), where, groups)
    return _in_shape(out, x)


@convolve_input.fast()
def _(g: ndarray, w: Any, *, size: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    if not _taken(g, w) or g.shape[1] != len(w) or len(w) % groups:
        return NotImplemented
    slide, weight, rows = slide_of(stride, padding, dilation), _planar(w), rows_of(_planar(g))
    outputs, channels, *kernel = weight.shape
    height, width = size if len(size) == 2 else (1, *size)
    where = elements(tuple(kernel), width, rows.shape[2], len(g), slide)
    phases = slide.stride[1]
    out = np.empty((height, channels * groups, phases, -(-width // phases) * len(g)), FLOAT)
    _loops(channels, outputs // groups).adjoint(lines(rows), by_element(weight), out, where, groups)
    return _in_shape(joined(out, width, len(g)), g)


@convolve_weight.fast()
def _(x: ndarray, g: Any, *, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    if not _taken(x, g) or len(x) != len(g) or x.shape[1] % groups or g.shape[1] % groups:
        return NotImplemented
    size = kernel if len(kernel) == 2 else (1, *kernel)
    rows, slide = seen(rows_of(_planar(x)), size, slide_of(stride, padding, dilation))
    target = rows_of(_planar(g))
    channels, width = x.shape[1] // groups, target.shape[2]
    loops = _loops(channels, g.shape[1] // groups)
    if unfold := loops is products and unfolding.pays(channels, size):
        rows = unfolding.unfolded(rows, size[1], width, slide)
        slide = unfolding.unfolded_slide(slide)
    left = (size[0], 1) if unfold else size
    where = elements(left, rows.shape[2], width, len(x), slide)
    gradient = by_channel(loops.by_weight(lines(target), split(rows, slide.stride[1]), where, groups), left)
    gradient = unfolding.folded_weight(gradient, size[1]) if unfold else gradient
    return gradient if len(kernel) == 2 else gradient[:, :, 0]


# --- sums over everything but the channels ----------------------------------------------------------------------------
@compiled(parallel=True)
def _sums(rows: Any, out: Any) -> None:
    height, channels, columns = rows.shape
    for c in prange(channels):
        total = 0.0
        for h in range(height):
            line = rows[h, c]
            part: Any = np.float32(0)
            for i in range(columns):
                part += line[i]
            total += part
        out[c] = total


@channel_sums.fast()
def _(x: ndarray) -> Any:
    if not _taken(x):
        return NotImplemented
    out = np.empty(x.shape[1], FLOAT)
    settings.launch(_sums, lines(rows_of(_planar(x))), out)
    return out
