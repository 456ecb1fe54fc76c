"""Targets that are class indices: rows of scores beside their labels, with ignored rows taken out."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.graph import Array
from ....core.tensor import Tensor, raw
from ....ops.join import concatenate
from ....ops.shape.permute import permute
from ....ops.shape.reshape import reshape
from .reduction import reduced, require_rows, values


def without_classes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the labels for scores of this shape: (C,), (N, C) or (N, C, d1, ...) without C."""
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


def rows_of(x: Any) -> Any:
    """One row of classes per sample and position: (C,), (N, C) or (N, C, d1, ...) to (rows, C)."""
    if x.ndim == 2:
        return x
    if x.ndim > 2:
        x = permute(x, 0, *range(2, x.ndim), 1)
    return reshape(x, math.prod(x.shape[:-1]), x.shape[-1])


def require_classes(name: str, input: Tensor, reduction: str) -> int:
    """The number of classes of scores; refuses scores without any, and the mean over no rows."""
    if input.ndim == 0:
        raise ValueError(f"{name}: the input needs a dimension for the classes, got a single number")
    classes = input.shape[min(input.ndim - 1, 1)]
    if classes == 0:
        raise ValueError(f"{name}: an input of shape {input.shape} has no classes")
    require_rows(name, input.shape, reduction)
    return classes


def class_number(name: str, what: str, value: Any) -> int:
    """The number of a class, or what stands in the place of one, as a Python integer."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: {what} must be an integer, got {value!r}") from None


def class_weights(name: str, weight: Any, classes: int, dtype: Any, what: str = "weight") -> Any:
    """One weight for each class, in the precision of the input, or None."""
    if weight is None:
        return None
    weight = values(weight, dtype)
    if weight.shape != (classes,):
        raise ValueError(f"{name}: one {what} per class is needed, shape ({classes},), got {weight.shape}")
    return weight


def require_labels(name: str, shape: tuple[int, ...], target: Any) -> Array:
    """The labels for scores of this shape as an array; refuses other shapes, and what is no integer."""
    labels = without_classes(shape)
    if target.shape != labels:
        raise ValueError(f"{name}: input {shape} needs labels of shape {labels}, got a target of shape {target.shape}")
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}: labels must be integers, got {target.dtype}; use target.astype(np.int64)")
    return raw(target)


@dataclass(slots=True)
class Labelled:
    """Rows of scores that count, each with its label.

    Attributes:
        rows: (kept, C).
        labels: (kept,) integers in [0, C).
        kept: which of all rows these are, or None for all of them.
        shape: that of the labels, of which ``rows`` makes one dimension.
    """

    rows: Tensor
    labels: Array
    kept: Array | None
    shape: tuple[int, ...]

    def reduced(self, losses: Tensor, reduction: str) -> Tensor:
        """The losses of the rows, reduced, or each at its place, with 0 where a row was ignored."""
        if reduction == "none" and self.kept is not None:
            losses = _put_back(losses, self.kept)
        return reduced(losses, reduction, self.shape)


def labelled(
    name: str, input: Tensor, target: Array, ignore_index: int, reduction: str, classes: int | None = None
) -> Labelled:
    """The rows that count, with their labels; of as many classes as a row has scores, unless it holds something else.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for an ``ignore_index`` that is no integer.
        ValueError: for the mean over rows that are all ignored.
    """
    ignore_index = class_number(name, "ignore_index", ignore_index)
    rows = rows_of(input)
    labels = target.astype(np.intp).reshape(-1)  # a copy: the caller may write into the target before backward
    kept = _kept(name, labels, rows.shape[1] if classes is None else classes, ignore_index, target)
    if kept is not None:
        rows, labels = rows[kept], labels[kept]
        if reduction == "mean" and not labels.size:
            raise ValueError(
                f"{name}: all {target.size} rows are ignored (ignore_index={ignore_index}), and their mean is "
                "not defined; skip this batch, or use reduction='sum' and divide by a number of your own"
            )
    return Labelled(rows, labels, kept, target.shape)


def _kept(name: str, labels: Array, classes: int, ignore_index: int, target: Array) -> Array | None:
    """Which rows count, or None for all; refuses labels that are neither a class nor ``ignore_index``."""
    valid = not labels.size or labels.view(np.uintp).max() < classes  # below 0 are large ones
    if valid and not 0 <= ignore_index < classes:
        return None
    kept = labels != ignore_index
    wrong = kept & ((labels < 0) | (labels >= classes))
    if wrong.any():
        raise _no_class(name, target, int(wrong.argmax()), classes, f" (or are ignore_index={ignore_index})")
    return None if kept.all() else kept


def class_labels(name: str, target: Array, classes: int) -> Array:
    """Labels of which none is ignored, in one dimension, as a copy.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
    """
    labels = target.astype(np.intp).reshape(-1)
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise _no_class(name, target, int(wrong.argmax()), classes)
    return labels


def _no_class(name: str, target: Array, position: int, classes: int, others: str = "") -> IndexError:
    where = ", ".join(str(int(i)) for i in np.unravel_index(position, target.shape))
    return IndexError(
        f"{name}: the label {target.reshape(-1)[position]} at target[{where or '()'}] is no class; with {classes} "
        f"classes, labels go from 0 to {classes - 1}{others}"
    )


def _put_back(losses: Tensor, kept: Array) -> Tensor:
    """The losses at the positions of the rows that they belong to, and 0 at the others."""
    positions = np.where(kept, np.cumsum(kept) - 1, np.size(losses))
    extended: Tensor = concatenate([losses, np.zeros_like(raw(losses), shape=1)])
    return extended[positions]


def weighted_mean(name: str, losses: Tensor, weights: Any) -> Tensor:
    """The sum of losses that are weighted already, divided by the sum of their weights."""
    total = weights.sum()
    if raw(total) == 0:
        raise ValueError(f"{name}: the weights of all labels in the batch sum to 0, so their mean is not defined")
    return losses.sum() / total  # type: ignore[no-any-return]
