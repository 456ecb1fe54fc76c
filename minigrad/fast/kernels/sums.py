"""Sums of large arrays, and of products, over some of their dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...core.primitive import REGISTRY
from ...nn.kernels.normalization.sums import sum_of_products
from ...ops.reduce.sums import count_of
from ..compiler import compiled
from ..folds import FEW, Fold, fold_of, products_of_rows, sum_of_rows
from ..layout import FLOAT, dense_like
from ..pool import settings

f32, f64 = np.float32, np.float64
sum_, mean = REGISTRY["sum"], REGISTRY["mean"]
_PIECE = 1 << 14  # numbers of a run, which one thread adds up
_LARGE = 1 << 16  # numbers: of fewer the sum takes one thread no longer


@compiled(parallel=True)
def _runs(x: Any, piece: int, sums: Any) -> None:
    kept, outer, pieces = sums.shape
    for item in prange(kept * outer * pieces):
        k, a, p = item // pieces // outer, item // pieces % outer, item % pieces
        run = x[a, k, p * piece : (p + 1) * piece]
        total = f32(0)
        for j in range(run.size):
            total += run[j]
        sums[k, a, p] = total


@compiled(parallel=True)
def _products_of_runs(x: Any, y: Any, piece: int, sums: Any) -> None:
    kept, outer, pieces = sums.shape
    for item in prange(kept * outer * pieces):
        k, a, p = item // pieces // outer, item // pieces % outer, item % pieces
        run, other = x[a, k, p * piece : (p + 1) * piece], y[a, k, p * piece : (p + 1) * piece]
        total = f32(0)
        for j in range(run.size):
            total += run[j] * other[j]
        sums[k, a, p] = total


@compiled(parallel=True)
def _columns(x: Any, step: int, sums: Any) -> None:
    outer, groups, parts, kept = sums.shape
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        sum_of_rows(x[a, k, p * step : (p + 1) * step], sums[a, k, p])


@compiled(parallel=True)
def _products_of_columns(x: Any, y: Any, step: int, sums: Any) -> None:
    outer, groups, parts, kept = sums.shape
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        products_of_rows(x[a, k, p * step : (p + 1) * step], y[a, k, p * step : (p + 1) * step], sums[a, k, p])


def _sums(fold: Fold, *factors: ndarray) -> Any:
    """The sums of the product of one or two arrays, in the shape that is kept."""
    outer, groups, inner, kept = fold.sizes
    wholes = [fold.whole(factor) for factor in factors]
    if fold.in_runs:
        piece = min(inner, _PIECE)
        sums = np.empty((groups, outer, -(-inner // piece)), FLOAT)
        settings.launch(_runs if len(factors) == 1 else _products_of_runs, *wholes, piece, sums)
        axis: tuple[int, ...] = (1, 2)
    else:
        step = min(FEW, -(-inner // settings.threads))
        sums = np.empty((outer, groups, -(-inner // step), kept), FLOAT)
        settings.launch(_columns if len(factors) == 1 else _products_of_columns, *wholes, step, sums)
        axis = (0, 2)
    return fold.part(sums.sum(axis, dtype=f64).astype(f32))


def _sum(x: ndarray, axis: Any, keepdims: bool) -> Any:
    if x.dtype is not FLOAT or x.size <= settings.least(_LARGE):
        return NotImplemented
    axis = tuple(range(x.ndim)) if axis is None else axis
    fold = fold_of(x, axis) if axis else None
    if fold is None:
        return NotImplemented
    out = _sums(fold, x)
    return out if keepdims else out.squeeze(axis)[()]  # of everything, a number


@sum_.fast()
def _(x: ndarray, *, axis: Any = None, keepdims: bool = False) -> Any:
    return _sum(x, axis, keepdims)


@mean.fast()
def _(x: ndarray, *, axis: Any = None, keepdims: bool = False) -> Any:
    total = _sum(x, axis, keepdims)
    return total if total is NotImplemented else total / count_of(x.shape, axis)


@sum_of_products.fast()
def _(x: ndarray, y: Any = None, *, axis: tuple[int, ...]) -> Any:
    arrays = (x,) if y is None else (x, y)
    if not all([type(a) is ndarray and a.dtype is FLOAT and a.shape == x.shape for a in arrays]):
        return NotImplemented
    fold = fold_of(arrays[-1], axis) if axis and x.size > settings.least(_LARGE) else None
    return NotImplemented if fold is None else _sums(fold, *dense_like(arrays))
