"""Cross-entropy of a linear layer's scores, which never exist as a whole: with many classes they would fill the memory.

Scores are computed in tiles, some rows by some classes, and used up at once; backward computes them again, which costs
one product more. The rows of the weights are gone through once, and their gradient is written once, as long as the
inputs are one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ....core.arrays import sum_along
from ....core.declare import primitive
from ....core.tensor import raw
from ....ops.linalg import mT
from ....ops.reduce.sums import sum_
from ..softmax import softmax

ROWS = 1024  # inputs in a tile, unless the caller says
TILE = 1 << 19  # scores in a tile: 2 MiB in float32


class Norm(NamedTuple):
    """The largest score of every row, and the sum of exp(score - top); both (rows,)."""

    top: Any
    total: Any


class Tile(NamedTuple):
    """Which scores are computed together."""

    rows: slice
    classes: slice


def _tiles(rows: int, classes: int, step: int | None) -> Iterator[Tile]:
    step = max(1, min(rows, ROWS if step is None else step))
    width = max(64, TILE // step)
    for start in range(0, rows, step):
        block = slice(start, min(start + step, rows))
        for first in range(0, classes, width):
            yield Tile(block, slice(first, min(first + width, classes)))


def _scores(x: Any, w: Any, b: Any, tile: Tile) -> Any:
    scores = np.matmul(x[tile.rows], w[tile.classes].T)
    if b is not None:
        scores += b[tile.classes]
    return scores


def _labelled(labels: Any, tile: Tile) -> tuple[Any, Any]:
    """The rows of a tile whose label is in it, and its column there."""
    columns = labels[tile.rows] - tile.classes.start
    (rows,) = np.nonzero(np.greater_equal(columns, 0) & np.less(columns, tile.classes.stop - tile.classes.start))
    return rows, columns[rows]


def _normalised(x: Any, w: Any, b: Any, labels: Any, step: int | None) -> tuple[Norm, Any]:
    """The norm, tile by tile, and the score of every label."""
    rows = x.shape[0]
    top = np.full_like(x, -np.inf, shape=(rows,))
    total, right = np.zeros_like(top), np.zeros_like(top)
    for tile in _tiles(rows, w.shape[0], step):
        scores = _scores(x, w, b, tile)
        found, columns = _labelled(labels, tile)
        right[found + tile.rows.start] = scores[found, columns]
        before = top[tile.rows]
        now = np.maximum(before, np.max(scores, axis=1))
        shift = np.where(np.isfinite(now), now, 0)  # so far -inf only
        np.exp(np.subtract(scores, shift[:, None], out=scores), out=scores)
        total[tile.rows] = total[tile.rows] * np.exp(before - shift) + sum_along(scores, 1, False)
        top[tile.rows] = now
    return Norm(top, total), right


@primitive(outputs=("x_gradient", "w_gradient", "b_gradient"))
def linear_cross_entropy_gradients(
    mass: Any,
    share: Any,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    labels: Any,
    step: int | None = None,
    norm: Norm | None = None,
    wanted: tuple[bool, ...] = (True, True, True),
) -> Any:
    """What mass · softmax(scores) - share · one_hot(labels) gives as a gradient of the scores, by x, w and b.

    Shapes:
        mass, share: (rows,).
        x: (rows, features).
        w: (classes, features).
        b: (classes,) or None.
        result: those of x, w and (classes,); 0 for those that are not ``wanted``.
    """
    by_x, by_w, by_b = wanted
    rows, (classes, _) = x.shape[0], w.shape
    top, total = _normalised(x, w, b, labels, step)[0] if norm is None else norm
    scale = mass / np.where(np.equal(total, 0), 1, total)
    of_x, of_w, of_b = np.zeros_like(x, order="C"), np.zeros_like(w, order="C"), np.zeros_like(w, shape=(classes,))
    for tile in _tiles(rows, classes, step):
        flow = _scores(x, w, b, tile)
        flow -= top[tile.rows][:, None]
        np.exp(flow, out=flow)
        flow *= scale[tile.rows][:, None]
        found, columns = _labelled(labels, tile)
        flow[found, columns] -= share[tile.rows][found]
        if by_x:
            of_x[tile.rows] += np.matmul(flow, w[tile.classes])
        if by_w and tile.rows.start == 0:
            np.matmul(flow.T, x[tile.rows], out=of_w[tile.classes])
        elif by_w:
            of_w[tile.classes] += np.matmul(flow.T, x[tile.rows])
        if by_b:
            of_b[tile.classes] += sum_along(flow, 0, False)
    return of_x, of_w, of_b


def _second(g: Any, mass: Any, share: Any, x: Any, w: Any, b: Any, labels: Any) -> list[Any]:
    """The gradients of these gradients, with all scores at once."""
    of_x, of_w, of_b = (
        np.zeros_like(raw(like), shape=shape) if part is None else part
        for part, like, shape in zip(g, (x, w, w), (x.shape, w.shape, w.shape[:1]), strict=True)
    )
    scores = np.matmul(x, mT(w))
    p = softmax(scores if b is None else scores + b, dim=1)
    hot = np.equal(labels[:, None], np.arange(w.shape[0], like=labels))
    weight = np.expand_dims(mass, 1)
    flow = weight * p - np.expand_dims(share, 1) * hot
    by_flow = np.matmul(of_x, mT(w)) + np.matmul(x, mT(of_w)) + of_b
    mean = sum_(p * by_flow, dim=1, keepdim=True)
    by_scores = weight * p * (by_flow - mean)
    return [
        np.squeeze(mean, axis=1),
        -sum_(by_flow * hot, dim=1),
        np.matmul(by_scores, w) + np.matmul(flow, of_w),
        np.matmul(mT(by_scores), x) + np.matmul(mT(flow), of_x),
        None if b is None else sum_(by_scores, dim=0),
    ]


linear_cross_entropy_gradients.joint(_second)


@primitive(
    shown="linear_cross_entropy",
    outputs=("losses", "totals"),
    residuals={"norm": lambda x, w, b, labels, step: _normalised(raw(x), raw(w), raw(b), labels, step)[0]},
    cure="x is (rows, features), w (classes, features), and b (classes,)",
)
def linear_cross_entropy_of_labels(x: Any, w: Any, b: Any = None, *, labels: Any, step: int | None = None) -> Any:
    """-log softmax(x wᵀ + b)[label] for every row, and the logarithm of the sum of exp(scores).

    Shapes:
        x: (rows, features).
        w: (classes, features).
        b: (classes,) or None.
        labels: (rows,) integers in [0, classes).
        result: (rows,), twice.

    Args:
        x: the inputs of the layer.
        w: its weights.
        b: its bias.
        labels: the classes.
        step: how many rows are computed at a time.
    """
    norm, right = _normalised(x, w, b, labels, step)
    logarithm = np.log(norm.total)
    return logarithm - (right - norm.top), logarithm + norm.top, norm


def _pull(
    g: Any, x: Any, w: Any, b: Any, labels: Any, step: int | None, norm: Norm, needed: tuple[bool, ...]
) -> tuple[Any, ...]:
    share, of_total = (np.zeros_like(raw(x), shape=x.shape[:1]) if part is None else part for part in g)
    parts: tuple[Any, ...] = linear_cross_entropy_gradients(
        share + of_total, share, x, w, b, labels=labels, step=step, norm=norm, wanted=needed
    )
    return parts


linear_cross_entropy_of_labels.joint(_pull)
