"""Batch norm: its statistics, and what they make of the numbers that they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.normalization.batch import batch_norm
from ..compiler import compiled
from ..folds import (
    FEW,
    Fold,
    centered_products_of_rows,
    centered_products_of_runs,
    fold_of,
    squares_of_runs,
    sum_of_rows,
    sum_of_runs,
)
from ..layout import FLOAT, dense_like
from ..pool import settings
from .affine import affine_of_columns

f32 = np.float32


def _per_channel(part: Any, rank: int) -> Any:
    return None if part is None else part.reshape(1, -1, *[1] * (rank - 2))


def _fit(x: Any, *columns: Any) -> bool:
    """Whether these are an input and one number for each of its channels, or None."""
    if type(x) is not ndarray or x.dtype is not FLOAT or x.ndim < 2 or not x.size:
        return False
    return all([c is None or (type(c) is ndarray and c.dtype is FLOAT and c.shape == x.shape[1:2]) for c in columns])


def _parts(fold: Fold) -> tuple[int, ndarray]:
    """How many lines to add up at a time, and the places of two sums of each such part."""
    outer, groups, inner, kept = fold.sizes
    step = min(FEW, -(-inner // settings.threads))
    return step, np.empty((2, outer, groups, -(-inner // step), kept), FLOAT)


# --- forward, along runs ----------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _normalised_runs(x: Any, weight: Any, bias: Any, eps: float, mean: Any, variance: Any, out: Any) -> None:
    """A thread finishes with a channel while it is in the cache."""
    outer, kept, inner = x.shape
    count = outer * inner
    for k in prange(kept):
        middle = f32(sum_of_runs(x, k) / count)
        square = f32(squares_of_runs(x, middle, k) / count)
        mean[k], variance[k] = middle, square
        scale, shift = f32(1) / np.sqrt(square + f32(eps)) * weight[k], bias[k]
        for a in range(outer):
            run, result = x[a, k], out[a, k]
            for j in range(inner):
                result[j] = (run[j] - middle) * scale + shift


# --- forward, line by line --------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _statistics(x: Any, step: int, means: Any, squares: Any) -> None:
    """Of parts of ``step`` lines each: the mean, and the sum of squares around it."""
    outer, groups, parts, kept = means.shape
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


@compiled()
def _merged(means: Any, squares: Any, step: int, inner: int, mean: Any, variance: Any) -> None:
    """Of all from those of the parts, after one pass over the numbers (Chan, Golub & LeVeque 1983)."""
    outer, groups, parts, kept = means.shape
    count = outer * inner
    for k in range(groups):
        middle, square = np.zeros(kept), np.zeros(kept)
        for a in range(outer):
            for p in range(parts):
                share, part = min(step, inner - p * step) / count, means[a, k, p]
                for j in range(kept):
                    middle[j] += part[j] * share
        for a in range(outer):
            for p in range(parts):
                share, part, own = min(step, inner - p * step) / count, means[a, k, p], squares[a, k, p]
                for j in range(kept):
                    square[j] += own[j] / count + (part[j] - middle[j]) * (part[j] - middle[j]) * share
        for j in range(kept):
            mean[k, j], variance[k, j] = middle[j], square[j]


def _lines(fold: Fold, x: Any, weight: Any, bias: Any, eps: float, statistics: ndarray, out: Any) -> None:
    mean, variance = statistics
    step, (means, squares) = _parts(fold)
    settings.launch(_statistics, x, step, means, squares)
    settings.launch(_merged, means, squares, step, fold.sizes[2], mean, variance)
    settings.launch(affine_of_columns, x, mean, _roots(variance, eps) * weight, bias, out, step)


def _roots(variance: Any, eps: float) -> Any:
    """The reciprocal standard deviations."""
    return f32(1) / np.sqrt(variance + f32(eps))


@batch_norm.fast()
def _(x: ndarray, weight: Any = None, bias: Any = None, *, axis: tuple[int, ...], eps: float) -> Any:
    fold = fold_of(x, axis) if _fit(x, weight, bias) else None
    if fold is None:
        return NotImplemented
    scale, shift = fold.column(_per_channel(weight, x.ndim), 1), fold.column(_per_channel(bias, x.ndim), 0)
    out, statistics = np.empty_like(x), np.empty((2, *scale.shape), FLOAT)
    numbers, result = fold.whole(x), fold.whole(out)
    if fold.in_runs:
        settings.launch(_normalised_runs, numbers, scale, shift, float(eps), *statistics, result)
    else:
        _lines(fold, numbers, scale, shift, eps, statistics, result)
    return out, *map(fold.part, statistics)


# --- backward ---------------------------------------------------------------------------------------------------------
@compiled(parallel=True)
def _pulled_runs(
    g: Any, x: Any, weight: Any, mean: Any, reciprocal_std: Any, of_x: Any, of_weight: Any, of_bias: Any
) -> None:
    outer, kept, inner = g.shape
    count = outer * inner
    for k in prange(kept):
        middle, root = mean[k], reciprocal_std[k]
        total, along = sum_of_runs(g, k), centered_products_of_runs(g, x, middle, k) * root
        of_weight[k], of_bias[k] = along, total
        constant, slope, scale = f32(total / count), f32(along * root / count), root * weight[k]
        for a in range(outer):
            run, numbers, result = g[a, k], x[a, k], of_x[a, k]
            for j in range(inner):
                result[j] = (run[j] - constant - (numbers[j] - middle) * slope) * scale


@compiled(parallel=True)
def _products(g: Any, x: Any, mean: Any, step: int, sums: Any, products: Any) -> None:
    """Of parts of ``step`` lines each: the sum of g, and that of g · (x - mean)."""
    outer, groups, parts, _ = sums.shape
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        lines = g[a, k, p * step : (p + 1) * step]
        sum_of_rows(lines, sums[a, k, p])
        centered_products_of_rows(lines, x[a, k, p * step : (p + 1) * step], mean[k], products[a, k, p])


@compiled(parallel=True)
def _pulled_lines(g: Any, x: Any, mean: Any, constant: Any, slope: Any, scale: Any, step: int, of_x: Any) -> None:
    outer, groups, inner, kept = g.shape
    parts = (inner + step - 1) // step
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        middle, shift, factor, stretch = mean[k], constant[k], slope[k], scale[k]
        for i in range(p * step, min(p * step + step, inner)):
            line, numbers, result = g[a, k, i], x[a, k, i], of_x[a, k, i]
            for j in range(kept):
                result[j] = (line[j] - shift[j] - (numbers[j] - middle[j]) * factor[j]) * stretch[j]


def _lines_back(fold: Fold, g: Any, x: Any, weight: Any, mean: Any, roots: Any, of_x: Any, sums: ndarray) -> None:
    step, parts = _parts(fold)
    count = fold.sizes[0] * fold.sizes[2]
    settings.launch(_products, g, x, mean, step, *parts)
    total, along = parts.sum((1, 3), dtype=np.float64)
    along *= roots
    sums[0], sums[1] = along, total
    constant, slope = (total / count).astype(FLOAT), (along * roots / count).astype(FLOAT)
    settings.launch(_pulled_lines, g, x, mean, constant, slope, roots * weight, step, of_x)


@batch_norm.fast("joint")
def _(
    g: Any, x: ndarray, weight: Any, mean: ndarray, variance: ndarray, axis: tuple[int, ...], eps: float,
    needed: tuple[bool, ...],
) -> Any:  # fmt: skip
    flow, of_mean, of_variance = g
    if of_mean is not None or of_variance is not None or not _fit(x, weight) or not _fit(flow):
        return NotImplemented
    fold = fold_of(x, axis)
    if fold is None or flow.shape != x.shape:
        return NotImplemented
    flow, _ = dense_like([flow, x])
    scale, middle, roots = fold.column(_per_channel(weight, x.ndim), 1), fold.column(mean), _roots(variance, eps)
    of_x, sums = np.empty_like(x), np.empty((2, *scale.shape), FLOAT)
    arguments = fold.whole(flow), fold.whole(x), scale, middle, fold.column(roots), fold.whole(of_x)
    if fold.in_runs:
        settings.launch(_pulled_runs, *arguments, *sums)
    else:
        _lines_back(fold, *arguments, sums)
    of_weight, of_bias = [_of_samples(fold.part(column)) for column in sums]
    return [of_x, of_weight, of_bias]


def _of_samples(part: ndarray) -> Any:
    """(N, C, 1, ...) to (C,)."""
    return part.reshape(-1) if len(part) == 1 else part.sum(0).reshape(-1)
