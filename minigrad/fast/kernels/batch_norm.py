"""Batch norm: its statistics, and what they make of the numbers that they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.normalization.batch import batch_norm
from ..compiler import compiled
from ..folds import FEW, Fold, fold_of, products_of_rows, products_of_runs, sum_of_rows, sum_of_runs
from ..layout import FLOAT, dense_like
from ..pool import settings

f32, f64 = np.float32, np.float64


def _per_channel(part: Any, rank: int) -> Any:
    return None if part is None else part.reshape(1, -1, *[1] * (rank - 2))


def _fit(x: Any, *columns: Any) -> bool:
    """Whether these are an input and one number for each of its channels, or None."""
    if type(x) is not ndarray or x.dtype is not FLOAT or x.ndim < 2 or not x.size:
        return False
    return all([c is None or (type(c) is ndarray and c.dtype is FLOAT and c.shape == x.shape[1:2]) for c in columns])


def _parts(fold: Fold) -> tuple[int, ndarray, ndarray]:
    """How many lines to add up at a time, and the places of two sums of each such part."""
    outer, groups, inner, kept = fold.sizes
    step = min(FEW, -(-inner // settings.threads))
    sums, others = np.empty((2, outer, groups, -(-inner // step), kept), FLOAT)
    return step, sums, others


# --- forward ----------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _of_runs(
    x: Any, weight: Any, bias: Any, eps: float, mean: Any, variance: Any, reciprocal_std: Any, centered: Any, out: Any
) -> None:
    """A thread finishes with a channel while it is in the cache."""
    outer, kept, inner = x.shape
    count = outer * inner
    for k in prange(kept):
        middle = f32(sum_of_runs(x, k) / count)
        for a in range(outer):
            run, around = x[a, k], centered[a, k]
            for j in range(inner):
                around[j] = run[j] - middle
        square = f32(products_of_runs(centered, centered, k) / count)
        root = f32(1) / np.sqrt(square + f32(eps))
        mean[k], variance[k], reciprocal_std[k] = middle, square, root
        scale, shift = root * weight[k], bias[k]
        for a in range(outer):
            around, result = centered[a, k], out[a, k]
            for j in range(inner):
                result[j] = around[j] * scale + shift


@compiled(parallel=True)
def _of_columns(
    x: Any, weight: Any, bias: Any, eps: float, mean: Any, variance: Any, reciprocal_std: Any, centered: Any, out: Any,
    step: int, means: Any, squares: Any,
) -> None:  # fmt: skip
    """Every part of ``step`` lines has its own mean, and squares around it (Chan, Golub & LeVeque 1983): one pass."""
    outer, groups, inner, kept = x.shape
    count, parts = outer * inner, means.shape[2]
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        lines, middle, square = x[a, k, p * step : (p + 1) * step], means[a, k, p], squares[a, k, p]
        sum_of_rows(lines, middle)
        for j in range(kept):
            middle[j] /= f32(len(lines))
            square[j] = 0
        for i in range(len(lines)):
            line = lines[i]
            for j in range(kept):
                square[j] += (line[j] - middle[j]) * (line[j] - middle[j])
    scale = np.empty((groups, kept), np.float32)
    for k in range(groups):
        middle, square = np.zeros(kept), np.zeros(kept)
        for a in range(outer):
            for p in range(parts):
                share = min(step, inner - p * step) / count
                for j in range(kept):
                    middle[j] += means[a, k, p, j] * share
        for a in range(outer):
            for p in range(parts):
                share = min(step, inner - p * step) / count
                for j in range(kept):
                    square[j] += squares[a, k, p, j] / count + (means[a, k, p, j] - middle[j]) ** 2 * share
        for j in range(kept):
            mean[k, j], variance[k, j] = middle[j], square[j]
            reciprocal_std[k, j] = f32(1) / np.sqrt(variance[k, j] + f32(eps))
            scale[k, j] = reciprocal_std[k, j] * weight[k, j]
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        center, factor, shift = mean[k], scale[k], bias[k]
        for i in range(p * step, min(p * step + step, inner)):
            line, around, result = x[a, k, i], centered[a, k, i], out[a, k, i]
            for j in range(kept):
                around[j] = line[j] - center[j]
                result[j] = around[j] * factor[j] + shift[j]


@batch_norm.fast()
def _(x: ndarray, weight: Any = None, bias: Any = None, *, axis: tuple[int, ...], eps: float) -> Any:
    fold = fold_of(x, axis) if _fit(x, weight, bias) else None
    if fold is None:
        return NotImplemented
    scale, shift = fold.column(_per_channel(weight, x.ndim), 1), fold.column(_per_channel(bias, x.ndim), 0)
    centered, out = np.empty_like(x), np.empty_like(x)
    statistics = np.empty((3, *scale.shape), FLOAT)
    arguments = fold.whole(x), scale, shift, float(eps), *statistics, fold.whole(centered), fold.whole(out)
    if fold.in_runs:
        settings.launch(_of_runs, *arguments)
    else:
        settings.launch(_of_columns, *arguments, *_parts(fold))
    mean, variance, reciprocal_std = map(fold.part, statistics)
    return out, mean, variance, centered, reciprocal_std


# --- backward ---------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _of_runs_back(
    g: Any, weight: Any, centered: Any, reciprocal_std: Any, of_x: Any, of_weight: Any, of_bias: Any
) -> None:
    outer, kept, inner = g.shape
    count = outer * inner
    for k in prange(kept):
        root = reciprocal_std[k]
        total, along = sum_of_runs(g, k), products_of_runs(g, centered, k) * root
        of_weight[k], of_bias[k] = along, total
        constant, slope, scale = f32(total / count), f32(along * root / count), root * weight[k]
        for a in range(outer):
            run, around, result = g[a, k], centered[a, k], of_x[a, k]
            for j in range(inner):
                result[j] = (run[j] - constant - around[j] * slope) * scale


@compiled(parallel=True)
def _of_columns_back(
    g: Any, weight: Any, centered: Any, reciprocal_std: Any, of_x: Any, of_weight: Any, of_bias: Any,
    step: int, sums: Any, products: Any,
) -> None:  # fmt: skip
    outer, groups, inner, kept = g.shape
    count, parts = outer * inner, sums.shape[2]
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        lines = g[a, k, p * step : (p + 1) * step]
        sum_of_rows(lines, sums[a, k, p])
        products_of_rows(lines, centered[a, k, p * step : (p + 1) * step], products[a, k, p])
    constant, slope = np.empty((groups, kept), np.float32), np.empty((groups, kept), np.float32)
    scale = np.empty((groups, kept), np.float32)
    for k in range(groups):
        total, along = np.zeros(kept), np.zeros(kept)
        for a in range(outer):
            for p in range(parts):
                for j in range(kept):
                    total[j] += sums[a, k, p, j]
                    along[j] += products[a, k, p, j]
        for j in range(kept):
            root = reciprocal_std[k, j]
            of_weight[k, j], of_bias[k, j] = along[j] * root, total[j]
            constant[k, j], slope[k, j], scale[k, j] = (
                total[j] / count, along[j] * root * root / count, root * weight[k, j]
            )  # fmt: skip
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        shift, factor, stretch = constant[k], slope[k], scale[k]
        for i in range(p * step, min(p * step + step, inner)):
            line, around, result = g[a, k, i], centered[a, k, i], of_x[a, k, i]
            for j in range(kept):
                result[j] = (line[j] - shift[j] - around[j] * factor[j]) * stretch[j]


@batch_norm.fast("joint")
def _(
    g: Any, weight: Any, centered: ndarray, reciprocal_std: ndarray, axis: tuple[int, ...], needed: tuple[bool, ...]
) -> Any:
    flow, of_mean, of_variance = g
    if of_mean is not None or of_variance is not None or not _fit(centered, weight) or not _fit(flow):
        return NotImplemented
    fold = fold_of(centered, axis)
    if fold is None or flow.shape != centered.shape:
        return NotImplemented
    flow, _ = dense_like([flow, centered])
    scale, of_x = fold.column(_per_channel(weight, flow.ndim), 1), np.empty_like(centered)
    sums = np.empty((2, *scale.shape), FLOAT)
    around, roots = fold.whole(centered), fold.column(reciprocal_std)
    arguments = fold.whole(flow), scale, around, roots, fold.whole(of_x), *sums
    if fold.in_runs:
        settings.launch(_of_runs_back, *arguments)
    else:
        settings.launch(_of_columns_back, *arguments, *_parts(fold))
    of_weight, of_bias = [_of_samples(fold.part(column)) for column in sums]
    return [of_x, of_weight, of_bias]


def _of_samples(part: ndarray) -> Any:
    """(N, C, 1, ...) to (C,)."""
    return part.reshape(-1) if len(part) == 1 else part.sum(0).reshape(-1)
