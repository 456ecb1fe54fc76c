"""Cross-entropy of a linear layer's scores: every thread computes tiles of them in a buffer of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.loss.linear_cross_entropy import (
    Norm,
    linear_cross_entropy_gradients,
    linear_cross_entropy_of_labels,
)
from ..compiler import compiled
from ..layout import FLOAT, indices, plain
from ..mathematics import exp, maximum
from ..pool import settings
from ..products import gemm
from ..rows import finite_or_zero, sum_of_exponentials, top_of

f32 = np.float32
_ROWS, _CLASSES = 256, 512  # of a tile, which stays in the cache of a processor with the inputs and weights for it


@compiled(inline=True)
def _scores(x: Any, w: Any, b: Any, buffer: Any) -> Any:
    """The scores x @ w.T + b, in the buffer."""
    scores = buffer[: len(x) * len(w)].reshape(len(x), len(w))
    gemm(x, w.T, scores, f32(1), f32(0))
    for i in range(len(x)):
        row = scores[i]
        for j in range(len(w)):
            row[j] += b[j]
    return scores


def _labels_of(x: Any, w: Any, b: Any, labels: Any) -> ndarray | None:
    """The labels as int64, if all of it fits together; else None."""
    if not plain(x, w) or x.ndim != 2 or w.ndim != 2 or x.shape[1] != w.shape[1] or not (x.size and w.size):
        return None
    if b is not None and not (plain(b) and b.shape == w.shape[:1]):
        return None
    known = indices(labels, len(w))
    return known if known is not None and known.shape == x.shape[:1] else None


def _or_zeros(b: Any, w: ndarray) -> Any:
    return np.zeros(len(w), FLOAT) if b is None else b


# --- forward ----------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _normalised(x: Any, w: Any, b: Any, labels: Any, step: int, top: Any, total: Any, right: Any) -> None:
    """A thread takes rows, and knows the largest score so far and the sum of the exponentials."""
    rows, classes = len(x), len(w)
    for block in prange((rows + step - 1) // step):
        low = block * step
        high = min(low + step, rows)
        buffer = np.empty(step * _CLASSES, np.float32)
        for i in range(low, high):
            top[i], total[i] = -f32(np.inf), f32(0)
        for first in range(0, classes, _CLASSES):
            scores = _scores(x[low:high], w[first : first + _CLASSES], b[first : first + _CLASSES], buffer)
            for i in range(low, high):
                row, before = scores[i - low], top[i]
                highest = maximum(before, top_of(row))
                shift = finite_or_zero(highest)
                total[i] = total[i] * exp(before - shift) + sum_of_exponentials(row, shift)
                top[i] = highest
                if first <= labels[i] < first + row.size:
                    right[i] = row[labels[i] - first]


def _norm_of(x: ndarray, w: ndarray, b: ndarray, labels: ndarray) -> tuple[Norm, ndarray]:
    """The norm, and the score of every label."""
    top, total, right = np.empty((3, len(x)), FLOAT)
    settings.launch(_normalised, x, w, b, labels, min(_ROWS, -(-len(x) // settings.threads)), top, total, right)
    return Norm(top, total), right


@linear_cross_entropy_of_labels.fast()
def _(x: ndarray, w: ndarray, b: Any = None, *, labels: Any, step: int | None = None) -> Any:
    known = _labels_of(x, w, b, labels)
    if known is None:
        return NotImplemented
    norm, right = _norm_of(x, w, _or_zeros(b, w), known)
    logarithm = np.log(norm.total)
    return logarithm - (right - norm.top), logarithm + norm.top, norm


# --- backward ---------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _gradients(
    scale: Any, share: Any, x: Any, w: Any, b: Any, labels: Any, top: Any, by_x: bool, by_w: bool,
    of_x: Any, of_w: Any, of_b: Any,
) -> None:  # fmt: skip
    """A thread takes classes; the gradient of x is in parts that are to be added."""
    rows, classes, parts = len(x), len(w), len(of_x)
    size = (classes + parts - 1) // parts
    for part in prange(parts):
        start = min(part * size, classes)
        end = min(start + size, classes)
        buffer = np.empty(_ROWS * _CLASSES, np.float32)
        of_x[part] = 0
        for first in range(start, end, _CLASSES):
            last = min(first + _CLASSES, end)
            of_b[first:last] = 0
            for low in range(0, rows, _ROWS):
                high = min(low + _ROWS, rows)
                flow = _scores(x[low:high], w[first:last], b[first:last], buffer)
                for i in range(low, high):
                    row, shift, factor = flow[i - low], top[i], scale[i]
                    for j in range(row.size):
                        row[j] = exp(row[j] - shift) * factor
                    if first <= labels[i] < last:
                        row[labels[i] - first] -= share[i]
                    for j in range(row.size):
                        of_b[first + j] += row[j]
                if by_x:
                    gemm(flow, w[first:last], of_x[part, low:high], f32(1), f32(1))
                if by_w:
                    gemm(flow.T, x[low:high], of_w[first:last], f32(1), f32(low > 0))


@linear_cross_entropy_gradients.fast()
def _(
    mass: ndarray, share: Any, x: Any, w: Any, b: Any = None, *,
    labels: Any, step: int | None = None, norm: Norm | None = None, wanted: tuple[bool, ...] = (True, True, True),
) -> Any:  # fmt: skip
    known = _labels_of(x, w, b, labels)
    if known is None or not all([type(a) is ndarray and a.dtype is FLOAT for a in (mass, share)]):
        return NotImplemented
    if not known.shape == mass.shape == share.shape:
        return NotImplemented
    shift = _or_zeros(b, w)
    top, total = _norm_of(x, w, shift, known)[0] if norm is None else norm
    scale = np.ascontiguousarray(mass / np.where(total == 0, f32(1), total))
    by_x, by_w, by_b = wanted
    of_x = np.empty((settings.threads, *x.shape), FLOAT)
    of_w, of_b = np.empty_like(w) if by_w else np.zeros_like(w), np.empty(len(w), FLOAT)
    share = np.ascontiguousarray(share)
    settings.launch(_gradients, scale, share, x, w, shift, known, top, by_x, by_w, of_x, of_w, of_b)
    return of_x.sum(0), of_w, of_b if by_b else np.zeros_like(of_b)
