"""Cross-entropy of logits, row by row and fused: the composition would overflow, or pass over the data too often.

Rows are computed in blocks that stay in the processor's cache. Of a large input only two numbers per row are kept for
backward, which computes the exponentials again: that takes no longer than to read them, and needs no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ....core.arrays import sum_along
from ....core.broadcasting import broadcast
from ....core.declare import primitive
from ....core.tensor import raw
from ....ops.reduce.sums import sum_
from ..softmax import log_softmax, softmax

BLOCK = 1 << 16  # numbers in a block of rows: 256 KiB in float32
KEPT = 1 << 20  # the exponentials of up to so many numbers are kept


# --- the softmax, unnormalised ----------------------------------------------------------------------------------------
class Norm(NamedTuple):
    """What makes a softmax of logits: exp(logits - top) / total.

    A cache beside the logits, from which it can be computed at any time; derivatives go through the logits.

    Attributes:
        top: (rows, 1) the largest logit.
        total: (rows, 1) the sum of the exponentials.
        exponentials: (rows, classes), or None where there are many.
    """

    top: Any
    total: Any
    exponentials: Any


def row_blocks(shape: tuple[int, int]) -> Iterator[slice]:
    """Slices of rows that fit in the cache."""
    rows, classes = shape
    step = max(1, BLOCK // max(classes, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def norm_of(logits: Any, target: Any = None) -> tuple[Norm, Any]:
    """The norm of logits, and with a ``target`` also its product with logits - top, (rows, 1)."""
    rows, classes = logits.shape
    if logits.size <= BLOCK:
        top = np.maximum.reduce(logits, axis=1, keepdims=True)
        z = logits - top
        products = None if target is None else _products(target, z)
        e = np.exp(z, out=z)
        return Norm(top, sum_along(e, 1, True), e), products
    top = np.empty_like(logits, shape=(rows, 1))
    total = np.empty_like(top)
    products = None if target is None else np.empty_like(top)
    e = np.empty_like(logits, order="C") if logits.size <= KEPT else None
    scratch = None
    for block in row_blocks(logits.shape):
        top[block] = np.maximum.reduce(logits[block], axis=1, keepdims=True)
        if e is not None:
            z = e[block]
        else:
            scratch = np.empty_like(logits[block], order="C") if scratch is None else scratch
            z = scratch[: block.stop - block.start]
        np.subtract(logits[block], top[block], out=z)
        if products is not None:
            products[block] = _products(target[block], z)
        np.exp(z, out=z)
        total[block] = sum_along(z, 1, True)
    return Norm(top, total, e), products


def _products(target: Any, z: Any) -> Any:
    """Σ target · z for every row, with 0 · inf = 0."""
    with np.errstate(invalid="ignore"):
        products = target * z
    sums = sum_along(products, 1, True)
    if np.all(np.isfinite(sums)):
        return sums
    return sum_along(np.where(np.equal(target, 0), 0, products), 1, True)


def scaled_softmax(logits: Any, norm: Norm, weight: Any) -> Any:
    """The softmax, each row multiplied by its weight, (rows, 1), as a new array."""
    top, total, e = norm
    scale = weight / total
    if e is not None:
        return e * scale
    out = np.empty_like(logits, order="C")
    for block in row_blocks(logits.shape):
        z = np.subtract(logits[block], top[block], out=out[block])
        np.exp(z, out=z)
        z *= scale[block]
    return out


def _one_hot(labels: Any, classes: int) -> Any:
    return np.equal(labels[:, None], np.arange(classes, like=labels))


def _pushed_through(g: Any, weight: Any, p: Any) -> Any:
    """The gradient by the logits of weight · p, for probabilities p = softmax(logits)."""
    return weight * p * (g - sum_(g * p, dim=1, keepdim=True))


# --- labels -----------------------------------------------------------------------------------------------------------
@primitive()
def softmax_minus_one_hot(weight: Any, logits: Any, *, labels: Any, norm: Norm | None = None) -> Any:
    """Weight · (softmax(logits) - one_hot(labels)), the gradient of ``cross_entropy_of_labels``.

    Shapes:
        weight: (rows,).
        logits: (rows, classes), the shape of the result.
        labels: (rows,) integers in [0, classes).
    """
    norm = norm_of(logits)[0] if norm is None else norm
    out = scaled_softmax(logits, norm, weight[:, None])
    out[np.arange(labels.shape[0], like=labels), labels] -= weight
    return out


softmax_minus_one_hot.rule(
    weight=lambda g, logits, labels: sum_(g * (softmax(logits, dim=1) - _one_hot(labels, g.shape[1])), dim=1),
    logits=lambda g, weight, logits: _pushed_through(g, weight[:, None], softmax(logits, dim=1)),
)


@primitive(shown="cross_entropy", residuals={"norm": lambda logits: norm_of(raw(logits))[0]})
def cross_entropy_of_labels(logits: Any, *, labels: Any, reduction: str = "none") -> Any:
    """-log softmax(logits)[label] for every row, in nats, or their ``"mean"`` or ``"sum"``.

    Shapes:
        logits: (rows, classes).
        labels: (rows,) integers in [0, classes).
        result: (rows,) or ().
    """
    norm, _ = norm_of(logits)
    rows = np.arange(labels.shape[0], like=labels)
    losses = np.log(norm.total[:, 0]) - (logits[rows, labels] - norm.top[:, 0])
    return reduced(losses, reduction), norm


def reduced(losses: Any, reduction: str) -> Any:
    """The losses of rows, their ``"mean"`` or their ``"sum"``."""
    if reduction == "none":
        return losses
    total = sum_along(losses, None, False)
    return total / losses.size if reduction == "mean" else total


def of_rows(g: Any, rows: int, reduction: str) -> Any:
    """The gradient of the loss of every row, from that of what ``reduced`` made of them."""
    if reduction == "none":
        return g
    return broadcast((g / rows if reduction == "mean" else g).reshape(1), (rows,))


cross_entropy_of_labels.rule(
    logits=lambda g, logits, labels, norm, reduction: softmax_minus_one_hot(
        of_rows(g, labels.shape[0], reduction), logits, labels=labels, norm=norm
    )
)


# --- probabilities ----------------------------------------------------------------------------------------------------
@primitive()
def softmax_minus_target(weight: Any, logits: Any, target: Any, *, norm: Norm | None = None) -> Any:
    """Weight · (softmax(logits) · Σ target - target), the gradient of ``cross_entropy_of_probabilities``.

    Shapes:
        weight: (rows,).
        logits, target: (rows, classes), the shape of the result.
    """
    norm = norm_of(logits)[0] if norm is None else norm
    weight = weight[:, None]
    out = scaled_softmax(logits, norm, weight * sum_along(target, 1, True))
    for block in row_blocks(logits.shape):
        out[block] -= weight[block] * target[block]
    return out


def _mass(target: Any) -> Any:
    return sum_(target, dim=1, keepdim=True)


softmax_minus_target.rule(
    weight=lambda g, logits, target: sum_(g * (softmax(logits, dim=1) * _mass(target) - target), dim=1),
    logits=lambda g, weight, logits, target: _pushed_through(
        g, weight[:, None] * _mass(target), softmax(logits, dim=1)
    ),
    target=lambda g, weight, logits: weight[:, None] * (_mass(g * softmax(logits, dim=1)) - g),
)


@primitive(shown="cross_entropy", residuals={"norm": lambda logits: norm_of(raw(logits))[0]})
def cross_entropy_of_probabilities(logits: Any, target: Any) -> Any:
    """-Σ target · log softmax(logits) for every row, in nats, with 0 · log 0 = 0.

    Shapes:
        logits: (rows, classes).
        target: (rows, classes), not necessarily summing to 1.
        result: (rows,).
    """
    norm, products = norm_of(logits, target)
    return (np.log(norm.total) * sum_along(target, 1, True) - products)[:, 0], norm


cross_entropy_of_probabilities.rule(
    logits=lambda g, logits, target, norm: softmax_minus_target(g, logits, target, norm=norm),
    target=lambda g, logits: -log_softmax(logits, dim=1) * np.expand_dims(g, 1),
)
