"""Cross-entropy of scores: the threads share the rows, or pieces of them where rows are few and long.

Exponentials are never kept, but computed again in backward, which takes as long as to write and to read them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.loss.cross_entropy import (
    Norm,
    cross_entropy_of_labels,
    cross_entropy_of_probabilities,
    reduced,
    softmax_minus_one_hot,
    softmax_minus_target,
)
from ..compiler import compiled
from ..layout import FLOAT, indices, plain
from ..mathematics import exp
from ..pool import settings
from ..rows import finite_or_zero, sum_of_exponentials, top_of

f32 = np.float32
_PIECE = 4096  # scores that are worth a thread
_EVEN = 8  # pieces for every thread, from which on it matters little that some thread has one more


def _piece_of(logits: ndarray) -> Any:
    """How many scores of a row are taken at a time: all, unless there are too few rows for the threads."""
    rows, classes = logits.shape
    pieces = -(-_EVEN * settings.threads // rows)
    return max(-(-classes // pieces), min(classes, _PIECE))


# --- the softmax, unnormalised ----------------------------------------------------------------------------------------
@compiled(parallel=True)
def _norm(logits: Any, piece: int, tops: Any, totals: Any, top: Any, total: Any) -> None:
    """The largest score of every row and the sum of its exponentials, from those of its pieces."""
    rows, pieces = tops.shape
    for k in prange(rows * pieces):
        i, p = k // pieces, k % pieces
        part = logits[i, p * piece : (p + 1) * piece]
        tops[i, p] = top_of(part)
        totals[i, p] = sum_of_exponentials(part, finite_or_zero(tops[i, p]))
    for i in prange(rows):
        highest = top_of(tops[i])
        whole = f32(0)
        for p in range(pieces):
            whole += totals[i, p] * exp(tops[i, p] - highest)
        top[i, 0], total[i, 0] = highest, whole


def _norm_of(logits: ndarray) -> Norm:
    rows, classes = logits.shape
    piece = _piece_of(logits)
    tops, totals = np.empty((2, rows, -(-classes // piece)), FLOAT)
    top, total = np.empty((rows, 1), FLOAT), np.empty((rows, 1), FLOAT)
    settings.launch(_norm, logits, piece, tops, totals, top, total)
    return Norm(top, total, None)


def _are_scores(logits: Any, *others: Any) -> bool:
    return (
        plain(logits, *others) and logits.ndim == 2 and logits.size > 0 and all(a.shape == logits.shape for a in others)
    )


def _are_weights(weight: Any, logits: ndarray) -> bool:
    return type(weight) is ndarray and weight.dtype is FLOAT and weight.shape == logits.shape[:1]


# --- labels -----------------------------------------------------------------------------------------------------------
@cross_entropy_of_labels.fast()
def _(logits: ndarray, *, labels: Any, reduction: str = "none") -> Any:
    known = indices(labels, logits.shape[1]) if _are_scores(logits) else None
    if known is None or known.shape != logits.shape[:1]:
        return NotImplemented
    norm = _norm_of(logits)
    right = logits[np.arange(len(known)), known]
    return reduced(np.log(norm.total[:, 0]) - (right - norm.top[:, 0]), reduction), norm


@compiled(parallel=True)
def _softmax_minus_one_hot(weight: Any, logits: Any, labels: Any, top: Any, total: Any, piece: int, out: Any) -> None:
    rows, classes = logits.shape
    pieces = (classes + piece - 1) // piece
    for k in prange(rows * pieces):
        i, low = k // pieces, k % pieces * piece
        part, result = logits[i, low : low + piece], out[i, low : low + piece]
        shift, scale = top[i, 0], weight[i] / total[i, 0]
        for j in range(part.size):
            result[j] = exp(part[j] - shift) * scale
        place = labels[i] - low
        if 0 <= place < part.size:
            result[place] -= weight[i]


@softmax_minus_one_hot.fast()
def _(weight: ndarray, logits: ndarray, *, labels: Any, norm: Norm | None = None) -> Any:
    known = indices(labels, logits.shape[1]) if _are_scores(logits) and _are_weights(weight, logits) else None
    if known is None or known.shape != weight.shape:
        return NotImplemented
    top, total, _ = _norm_of(logits) if norm is None else norm
    out, weight = np.empty_like(logits), np.ascontiguousarray(weight)
    settings.launch(_softmax_minus_one_hot, weight, logits, known, top, total, _piece_of(logits), out)
    return out


# --- probabilities ----------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _products(logits: Any, target: Any, top: Any, products: Any, mass: Any) -> None:
    """Σ target · (logits - top), with 0 · inf = 0, and Σ target, for every row."""
    for i in prange(len(logits)):
        row, share = logits[i], target[i]
        product, whole = f32(0), f32(0)
        for j in range(row.size):
            product += share[j] * (row[j] - top[i, 0]) if share[j] != f32(0) else f32(0)
            whole += share[j]
        products[i], mass[i] = product, whole


@cross_entropy_of_probabilities.fast()
def _(logits: ndarray, target: Any) -> Any:
    if not _are_scores(logits, target):
        return NotImplemented
    norm = _norm_of(logits)
    products, mass = np.empty((2, len(logits)), FLOAT)
    settings.launch(_products, logits, target, norm.top, products, mass)
    return np.log(norm.total[:, 0]) * mass - products, norm


@compiled(parallel=True)
def _softmax_minus_target(weight: Any, logits: Any, target: Any, top: Any, total: Any, out: Any) -> None:
    for i in prange(len(logits)):
        row, share, result = logits[i], target[i], out[i]
        mass = f32(0)
        for j in range(row.size):
            mass += share[j]
        shift, factor = top[i, 0], weight[i]
        scale = factor * mass / total[i, 0]
        for j in range(row.size):
            result[j] = exp(row[j] - shift) * scale - factor * share[j]


@softmax_minus_target.fast()
def _(weight: ndarray, logits: ndarray, target: Any, *, norm: Norm | None = None) -> Any:
    if not _are_scores(logits, target) or not _are_weights(weight, logits):
        return NotImplemented
    top, total, _ = _norm_of(logits) if norm is None else norm
    out = np.empty_like(logits)
    settings.launch(_softmax_minus_target, np.ascontiguousarray(weight), logits, target, top, total, out)
    return out
