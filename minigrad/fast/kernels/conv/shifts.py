"""Convolution and its two derivatives where an output channel sees one input channel, and few see the same.

Matrices would have one row or one column. Instead, every element of the kernel adds a shifted run of the input, times
one number, to a run of the output; what is added to stays in the first cache meanwhile. Arguments are those of the same
functions in ``products``.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy import ndarray

from ...compiler import compiled
from ...layout import FLOAT
from ...pool import settings
from .pictures import Elements

f32 = np.float32


@compiled(parallel=True)
def _forward(x, weight, bias, out, down, stride, along, groups) -> None:  # type: ignore[no-untyped-def]
    rows, outputs, _ = out.shape
    for task in prange(rows * outputs):
        h, o = divmod(np.int64(task), outputs)
        target = out[h, o]
        target[:] = bias[o]
        for i in range(len(down)):
            row = h * stride + down[i]
            if 0 <= row < len(x):
                source = x[row, o // (outputs // groups)]
                for j in range(len(along)):
                    phase, shift, first, end = along[j]
                    number = weight[i * len(along) + j, o, 0]
                    part, run = target[first:end], source[phase, first + shift : end + shift]
                    for n in range(end - first):
                        part[n] += number * run[n]


@compiled(parallel=True)
def _adjoint(g, weight, out, down, stride, along, groups) -> None:  # type: ignore[no-untyped-def]
    rows, outputs, _ = g.shape
    outer = outputs // groups
    for task in prange(len(out) * groups):
        row, c = divmod(np.int64(task), groups)
        target = out[row, c]
        target[:] = f32(0)
        for i in range(len(down)):
            h, rest = divmod(row - down[i], stride)
            if rest == 0 and 0 <= h < rows:
                for o in range(c * outer, c * outer + outer):
                    source = g[h, o]
                    for j in range(len(along)):
                        phase, shift, first, end = along[j]
                        number = weight[i * len(along) + j, o, 0]
                        part, run = target[phase, first + shift : end + shift], source[first:end]
                        for n in range(end - first):
                            part[n] += number * run[n]


@compiled(parallel=True)
def _by_weight(g, x, out, down, stride, along, groups) -> None:  # type: ignore[no-untyped-def]
    rows, outputs, _ = g.shape
    for o in prange(outputs):
        c = np.int64(o) // (outputs // groups)
        out[:, o] = f32(0)
        for h in range(rows):
            for i in range(len(down)):
                row = h * stride + down[i]
                if 0 <= row < len(x):
                    for j in range(len(along)):
                        phase, shift, first, end = along[j]
                        run, source = g[h, o, first:end], x[row, c, phase, first + shift : end + shift]
                        total = f32(0)
                        for n in range(end - first):
                            total += run[n] * source[n]
                        out[i * len(along) + j, o, 0] += total


def forward(x: ndarray, weight: ndarray, bias: ndarray, out: ndarray, where: Elements, groups: int) -> None:
    """Every thread takes part of the lines of the output."""
    settings.launch(_forward, x, weight, bias, out, *where, groups)


def adjoint(g: ndarray, weight: ndarray, out: ndarray, where: Elements, groups: int) -> None:
    """Every thread takes part of the lines of the picture."""
    settings.launch(_adjoint, g, weight, out, *where, groups)


def by_weight(g: ndarray, x: ndarray, where: Elements, groups: int) -> ndarray:
    """Every thread takes part of the output channels."""
    out = np.empty((1, len(where.down) * len(where.along), g.shape[1], 1), FLOAT)
    settings.launch(_by_weight, g, x, out[0], *where, groups)
    return out
