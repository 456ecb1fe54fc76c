"""(x - center) · scale + shift with one number for each channel: batch norm by statistics that are known.

In exactly this order: a large center must not be mixed with the shift.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ...nn.kernels.normalization.sums import affine
from ..compiler import compiled
from ..folds import FEW, fold_of
from ..layout import FLOAT
from ..pool import settings


@compiled(parallel=True, exact=True)
def _runs(x: Any, center: Any, scale: Any, shift: Any, out: Any) -> None:
    outer, kept, inner = x.shape
    for item in prange(outer * kept):
        a, k = item // kept, item % kept
        run, result = x[a, k], out[a, k]
        middle, factor, constant = center[k], scale[k], shift[k]
        for j in range(inner):
            result[j] = (run[j] - middle) * factor + constant


@compiled(parallel=True, exact=True)
def affine_of_columns(x: Any, center: Any, scale: Any, shift: Any, out: Any, step: int) -> None:
    """(x - center) · scale + shift with numbers for each column, which take part ``step`` rows at a time."""
    outer, groups, inner, kept = x.shape
    parts = (inner + step - 1) // step
    for item in prange(outer * groups * parts):
        a, k, p = item // parts // groups, item // parts % groups, item % parts
        middle, factor, constant = center[k], scale[k], shift[k]
        for i in range(p * step, min(p * step + step, inner)):
            line, result = x[a, k, i], out[a, k, i]
            for j in range(kept):
                result[j] = (line[j] - middle[j]) * factor[j] + constant[j]


@affine.fast()
def _(x: ndarray, center: Any, scale: Any, shift: Any) -> Any:
    columns = [column for column in (center, scale, shift) if column is not None]
    if type(x) is not ndarray or x.dtype is not FLOAT or not x.size or scale is None:
        return NotImplemented
    if not all([type(c) is ndarray and c.dtype is FLOAT and c.ndim == x.ndim for c in columns]):
        return NotImplemented
    axis = tuple([d for d in range(x.ndim) if all([c.shape[d] == 1 for c in columns])])
    fold = fold_of(x, axis)
    if fold is None or not axis or not all([_fits(column.shape, fold.kept) for column in columns]):
        return NotImplemented
    out = np.empty_like(x)
    arguments = fold.whole(x), fold.column(center), fold.column(scale), fold.column(shift), fold.whole(out)
    if fold.in_runs:
        settings.launch(_runs, *arguments)
    else:
        settings.launch(affine_of_columns, *arguments, min(FEW, -(-fold.sizes[2] // settings.threads)))
    return out


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    return all([n in (1, m) for n, m in zip(shape, whole, strict=True)])
