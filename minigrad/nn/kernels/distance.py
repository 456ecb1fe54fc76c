"""Distances of all pairs of two sets of points, without the array of all their differences.

Euclidean ones come from one product of matrices, |x|² + |y|² - 2 x·y, which cancels where points are close beside their
distance from the centre: at 1000 ± 0.001 nothing would be left. So the points are centred, the product is taken in
double precision, and the pairs that are still too close for it are computed from their differences, as are those whose
squares overflow or are not finite. The other norms go through the differences block by block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.arrays import sum_along
from ...core.declare import primitive
from ...ops.elementwise import unless_zero, zero_or_quotient
from ...ops.linalg import mT
from ...ops.reduce.norms import norm
from ...ops.reduce.sums import sum_

_BLOCK = 2**19  # differences held at once
# Below this share of |x|² + |y|² a squared distance is taken from the difference itself: too many digits of the product
# are lost there for the precision of the points, by their size in bytes. Single has all of double as its reserve.
_CLOSE = {4: 1e-6, 8: 1e-2}
_LEAST = float(np.finfo(np.float64).tiny / np.finfo(np.float64).eps)


# --- Euclidean distances, by a product --------------------------------------------------------------------------------
def _squares(x: Any) -> Any:
    return sum_along(x * x, -1, False)


def _centred(x: Any, y: Any) -> tuple[Any, Any]:
    """Both sets in double precision, around the middle of the second, where that is finite."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    if not (x.size and y.size):
        return x, y
    with np.errstate(over="ignore", invalid="ignore"):
        centre = np.mean(y, axis=1, keepdims=True)
        centre = np.where(np.isfinite(centre), centre, 0)
        return x - centre, y - centre


def _by_product(x: Any, y: Any) -> tuple[Any, Any]:
    """The distances, and the numbers of the pairs for which the product was not good enough."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        a, b = _centred(x, y)
        reach = _squares(a)[:, :, None] + _squares(b)[:, None, :]
        squared = reach - 2 * np.matmul(a, mT(b))
        good = (squared > np.maximum(_CLOSE[x.dtype.itemsize] * reach, _LEAST)) & (squared < math.inf)
        out = np.sqrt(np.maximum(squared, 0)).astype(x.dtype)
        close = np.nonzero(np.logical_not(good).reshape((math.prod(out.shape),)))[0]
        for place in _places(close, x.shape, y.shape):
            batch, row, column = place
            out[place] = norm(x[batch, row] - y[batch, column], 2, -1)
    return out, close


def _places(close: Any, x_shape: tuple[int, ...], y_shape: tuple[int, ...]) -> Iterator[tuple[Any, Any, Any]]:
    """Batch, row and column of the pairs of these numbers, in parts."""
    rows, columns = x_shape[1], y_shape[1]
    step = max(1, _BLOCK // max(x_shape[2], 1))
    for start in range(0, close.shape[0], step):
        part = close[start : start + step]
        which = np.floor_divide(part, columns)
        yield np.floor_divide(which, rows), np.remainder(which, rows), np.remainder(part, columns)


def _turned(close: Any, x: Any, y: Any) -> Any:
    """The numbers of the same pairs where ``y`` comes first, in order."""
    rows, columns = x.shape[1], y.shape[1]
    which = np.floor_divide(close, columns)
    first = np.floor_divide(which, rows) * (rows * columns)
    return np.sort(first + np.remainder(close, columns) * rows + np.remainder(which, rows))


@primitive(shown="cdist", residuals={"close": None})  # which pairs are close: a choice, also for Tensors
def euclidean_distances(x: Any, y: Any) -> Any:
    """The Euclidean distance of every point of ``x`` from every point of ``y``, to full precision.

    Shapes:
        x: (batch, n, d).
        y: (batch, m, d).
        result: (batch, n, m).
    """
    return _by_product(x, y)


@primitive()
def weighted_differences(w: Any, x: Any, y: Any, *, close: Any) -> Any:
    """Σ_j w_ij (x_i - y_j), for pairs of these numbers, which rise, from the differences, for others by a product.

    Shapes:
        w: (batch, n, m).
        x, y: as for ``euclidean_distances``.
        result: (batch, n, d).
    """
    a, b = _centred(x, y)
    far = w
    if close.shape[0]:
        far = w.copy().reshape((math.prod(w.shape),))
        far[close] = 0
        far = far.reshape(w.shape)
    out = sum_along(far, -1, True) * a - np.matmul(far, b)
    for place in _places(close, x.shape, y.shape):
        batch, row, column = place
        added = w[place][:, None] * (x[batch, row] - y[batch, column])
        # Pairs are in order, so that a point's are neighbours: where many points are equal, np.add.at takes seconds.
        starts = np.nonzero(np.diff(batch * x.shape[1] + row, prepend=-1))[0]
        out[batch[starts], row[starts]] += np.add.reduceat(added, starts, axis=0)
    return out.astype(x.dtype)


@primitive()
def differences_along(u: Any, x: Any, y: Any, *, close: Any) -> Any:
    """u_i · (x_i - y_j), likewise: what ``weighted_differences`` is the transpose of.

    Shapes:
        u, x, y: as for ``euclidean_distances``, u with the points of x.
        result: (batch, n, m).
    """
    a, b = _centred(x, y)
    out = sum_along(u * a, -1, True) - np.matmul(u, mT(b))
    for place in _places(close, x.shape, y.shape):
        batch, row, column = place
        out[place] = sum_along(u[batch, row] * (x[batch, row] - y[batch, column]), -1, False)
    return out.astype(x.dtype)


euclidean_distances.rule(
    x=lambda g, x, y, out, close: weighted_differences(zero_or_quotient(g, out), x, y, close=close),
    y=lambda g, x, y, out, close: weighted_differences(mT(zero_or_quotient(g, out)), y, x, close=_turned(close, x, y)),
)
weighted_differences.rule(
    w=lambda g, x, y, close: differences_along(g, x, y, close=close),
    x=lambda g, w: sum_(w, -1, True) * g,
    y=lambda g, w: -np.matmul(mT(w), g),
)
differences_along.rule(
    u=lambda g, x, y, close: weighted_differences(g, x, y, close=close),
    x=lambda g, u: sum_(g, -1, True) * u,
    y=lambda g, u: -np.matmul(mT(g), u),
)


# --- any norm, block by block -----------------------------------------------------------------------------------------
def _blocks(x: Any, y: Any) -> Iterator[tuple[slice, slice, slice]]:
    """Slices of batch, rows and columns whose differences are few enough to be held at once."""
    (batches, rows, width), columns = x.shape, y.shape[1]
    if not width:  # of no numbers every norm is 0, but there is no largest one
        return
    batch_step = max(1, _BLOCK // max(rows * columns * width, 1))
    row_step = max(1, _BLOCK // max(columns * width, 1))
    column_step = max(1, _BLOCK // width)
    for batch in range(0, batches, batch_step):
        for row in range(0, rows, row_step):
            for column in range(0, columns, column_step):
                yield (
                    slice(batch, batch + batch_step),
                    slice(row, row + row_step),
                    slice(column, column + column_step),
                )


def _differences(x: Any, y: Any) -> Any:
    return np.expand_dims(x, 2) - np.expand_dims(y, 1)


def _slope(difference: Any, p: float) -> Any:
    """The gradient of the p-norm along the last dimension, taken as 0 where it has a kink; ties share it."""
    if p == 0 or difference.shape[-1] == 0:
        return np.zeros_like(difference)
    if p == 1:
        return np.sign(difference)
    size, distance = np.abs(difference), norm(difference, p, -1, True)
    if p == math.inf:
        top = np.where(np.equal(size, distance), np.ones_like(difference), 0)
        return np.sign(difference) * top / unless_zero(sum_(top, -1, True))
    if p == 2:
        return difference / unless_zero(distance)
    return np.sign(difference) * _power(size / unless_zero(distance), p - 1)


def _power(share: Any, exponent: float) -> Any:
    """``share`` to a power that may be negative, and 0 where it is 0."""
    nothing = np.equal(share, 0)
    return np.where(nothing, 0, np.where(nothing, 1, share) ** exponent)


def _bend(difference: Any, u: Any, p: float) -> Any:
    """The second derivative of the p-norm along ``u``."""
    if p in (0, 1, math.inf):
        return np.zeros_like(difference) * u
    distance, slope = norm(difference, p, -1, True), _slope(difference, p)
    straight = u if p == 2 else _power(np.abs(difference) / unless_zero(distance), p - 2) * u
    return zero_or_quotient((p - 1) * (straight - slope * sum_(slope * u, -1, True)), distance + 0 * difference)


@primitive(shown="cdist")
def norm_distances(x: Any, y: Any, *, p: float) -> Any:
    """The p-norm of the difference of every point of ``x`` and every point of ``y``.

    Shapes:
        x: (batch, n, d).
        y: (batch, m, d).
        result: (batch, n, m).
    """
    out = np.zeros_like(x, shape=(x.shape[0], x.shape[1], y.shape[1]))
    for batch, row, column in _blocks(x, y):
        out[batch, row, column] = norm(_differences(x[batch, row], y[batch, column]), p, -1)
    return out


@primitive()
def weighted_slopes(w: Any, x: Any, y: Any, *, p: float) -> Any:
    """Σ_j w_ij ∇‖x_i - y_j‖: what reaches ``x`` from its distances.

    Shapes:
        w: (batch, n, m).
        x, y: as for ``norm_distances``.
        result: (batch, n, d).
    """
    out = np.zeros_like(x)
    for batch, row, column in _blocks(x, y):
        slopes = _slope(_differences(x[batch, row], y[batch, column]), p)
        out[batch, row] += np.matmul(w[batch, row, None, column], slopes)[:, :, 0]
    return out


def _weighted_slopes(g: Any, w: Any, x: Any, y: Any, p: float) -> tuple[Any, Any, Any]:
    """By weights and points; this holds all differences at once, since only second derivatives need it."""
    difference, u = _differences(x, y), np.expand_dims(g, 2)
    bent = np.expand_dims(w, 3) * _bend(difference, u, p)
    return sum_(u * _slope(difference, p), -1), sum_(bent, 2), -sum_(bent, 1)


norm_distances.rule(
    x=lambda g, x, y, p: weighted_slopes(g, x, y, p=p),
    y=lambda g, x, y, p: weighted_slopes(mT(g), y, x, p=p),
)
weighted_slopes.joint(_weighted_slopes)
