"""Losses: how far an input is from its target. They compose primitives, so every one has derivatives of any order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import as_array, refuse_gradient
from ...core.caller import warn
from ...core.graph import Array
from ...core.tensor import Tensor, raw
from ...ops.join import concatenate
from ...ops.shape.permute import permute
from ...ops.shape.reshape import reshape
from ..kernels.loss import cross_entropy_of_labels, cross_entropy_of_probabilities
from .arguments import floating


# --- what losses have in common ---------------------------------------------------------------------------------------
def check_reduction(name: str, reduction: Any) -> None:
    """Refuse what is not ``"mean"``, ``"sum"`` or ``"none"``."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction must be 'mean', 'sum' or 'none', got {reduction!r}")


def check_smoothing(name: str, label_smoothing: float) -> None:
    """Refuse a share outside [0, 1]."""
    refuse_gradient(name, label_smoothing=label_smoothing)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing is a share between 0 and 1, got {label_smoothing}")


def _values(x: Any, dtype: Any = None) -> Any:
    """``x`` as Tensor or array, of this dtype; a Tensor keeps its place in the graph."""
    if isinstance(x, Tensor):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return as_array(x, dtype)


def _predictions(name: str, input: Any) -> Tensor:
    return floating(name, input, cure="is it the target?")


def _require_rows(name: str, shape: tuple[int, ...], reduction: str) -> None:
    if reduction == "mean" and 0 in shape:
        raise ValueError(f"{name}: the mean over an empty batch, input shape {shape}; skip it, or use reduction='sum'")


def _reduced(losses: Tensor, reduction: str, shape: tuple[int, ...]) -> Tensor:
    """One number, or with ``"none"`` the losses in their shape."""
    if reduction == "none":
        return losses if losses.shape == shape else losses.reshape(shape)
    return losses.mean() if reduction == "mean" else losses.sum()


# --- cross-entropy ----------------------------------------------------------------------------------------------------
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Minus the logarithm of the probability that softmax(input) gives to the target, in nats.

    The input holds scores (logits): no softmax before it. Rows whose label is ``ignore_index`` are taken out before
    anything is computed, so that whatever stands there, NaN included, has no effect.

    Shapes:
        input: (C,), (N, C) or (N, C, d1, ...), for C classes.
        target: integers of the shape of the input without C; or floating-point probabilities of the input's shape,
            through which gradients flow too.
        weight: (C,).
        result: () or, with ``reduction="none"``, the shape of the input without C.

    Math:
        labels y, smoothing ε, weights w, log-probabilities l:
        loss = -(1 - ε) w[y] l[y] - ε/C Σ_c w[c] l[c]; the mean divides the sum by Σ w[y] over rows not ignored.
        probabilities t: loss = -Σ_c w[c] ((1 - ε) t[c] + ε/C) l[c]; the mean divides by the number of rows.

    Args:
        input: the scores.
        target: labels or probabilities.
        weight: a weight for every class.
        ignore_index: rows with this label count as absent; not for probabilities.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share ε, in [0, 1], of the target that is spread evenly over all classes.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers, and integers that look like one-hot rows.
        ValueError: for shapes that do not fit, and for the mean of nothing: an empty batch, all rows ignored, or all
            weights 0. (PyTorch returns NaN for these.)

    Example:
        >>> scores = Tensor([[2.0, 0.0], [0.0, 0.0]], requires_grad=True)
        >>> cross_entropy(scores, [0, 1], reduction="none")
        Tensor([0.12692805, 0.6931472 ], op=cross_entropy_of_labels)
    """
    check_reduction("cross_entropy", reduction)
    check_smoothing("cross_entropy", label_smoothing)
    input = _predictions("cross_entropy", input)
    if input.ndim == 0:
        raise ValueError("cross_entropy: the input needs a dimension for the classes, got a single number")
    classes = input.shape[min(input.ndim - 1, 1)]
    if classes == 0:
        raise ValueError(f"cross_entropy: an input of shape {input.shape} has no classes")
    _require_rows("cross_entropy", input.shape, reduction)
    if weight is not None:
        weight = _values(weight, input.dtype)
        if weight.shape != (classes,):
            raise ValueError(f"cross_entropy: one weight per class is needed, shape ({classes},), got {weight.shape}")
    target = _values(target)
    _check_target(input.shape, target)
    if classes == 1:
        warn(
            f"cross_entropy over one class (input shape {input.shape}) is 0 whatever the scores, and so is its "
            "gradient; give every class a score of its own: two for a question of yes or no"
        )
    if target.dtype.kind == "f":
        if ignore_index >= 0:
            raise ValueError(
                f"cross_entropy: ignore_index={ignore_index} has no meaning for probabilities; leave it out"
            )
        losses = _of_probabilities(_rows(input), _rows(_values(target, input.dtype)), weight, label_smoothing)
        return _reduced(losses, reduction, _without_classes(input.shape))
    return _of_labels(input, raw(target), weight, ignore_index, reduction, label_smoothing)


def _check_target(shape: tuple[int, ...], target: Any) -> None:
    """Refuse a target that is neither labels nor probabilities for an input of this shape."""
    labels = _without_classes(shape)
    kind = target.dtype.kind
    if target.shape == (shape if kind == "f" else labels) and kind != "b":
        return
    if target.shape == labels:
        raise TypeError(f"cross_entropy: labels must be integers, got {target.dtype}; use target.astype(np.int64)")
    if target.shape == shape:
        raise TypeError(
            f"cross_entropy: a target of the input's shape {shape} holds probabilities, which are floating-point, got "
            f"{target.dtype}; for one-hot rows use target.astype(np.float32)"
        )
    raise ValueError(
        f"cross_entropy: input {shape} needs labels of shape {labels} or probabilities of shape {shape}, got a target "
        f"of shape {target.shape}"
    )


def _without_classes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


def _rows(x: Any) -> Any:
    """One row of classes per sample and position: (C,), (N, C) or (N, C, d1, ...) to (rows, C)."""
    if x.ndim == 2:
        return x
    if x.ndim > 2:
        x = permute(x, 0, *range(2, x.ndim), 1)
    return reshape(x, math.prod(x.shape[:-1]), x.shape[-1])


def _of_probabilities(rows: Tensor, target: Any, weight: Any, label_smoothing: float) -> Tensor:
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / rows.shape[1]
    if weight is not None:
        target = target * weight
    return cross_entropy_of_probabilities(rows, target)  # type: ignore[no-any-return]


def _of_labels(
    input: Tensor, target: Array, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    rows = _rows(input)
    labels = target.astype(np.intp).reshape(-1)  # a copy: the caller may write into the target before backward
    kept = _kept(labels, rows.shape[1], ignore_index, target)
    if kept is not None:
        rows, labels = rows[kept], labels[kept]
        if reduction == "mean" and not labels.size:
            raise ValueError(
                f"cross_entropy: all {target.size} rows are ignored (ignore_index={ignore_index}), and their mean is "
                "not defined; skip this batch, or use reduction='sum' and divide by a number of your own"
            )
    losses: Tensor
    if label_smoothing:
        losses = cross_entropy_of_probabilities(rows, _smoothed(rows, labels, label_smoothing, weight))
    else:
        losses = cross_entropy_of_labels(rows, labels=labels)
        if weight is not None:
            losses = losses * weight[labels]
    if reduction == "mean" and weight is not None:
        return _weighted_mean(losses, weight[labels])
    if reduction == "none" and kept is not None:
        losses = _put_back(losses, kept)
    return _reduced(losses, reduction, target.shape)


def _kept(labels: Array, classes: int, ignore_index: int, target: Array) -> Array | None:
    """Which rows count, or None for all; refuses labels that are neither a class nor ``ignore_index``."""
    valid = not labels.size or (labels.min() >= 0 and labels.max() < classes)
    if valid and not 0 <= ignore_index < classes:
        return None
    kept = labels != ignore_index
    wrong = kept & ((labels < 0) | (labels >= classes))
    if wrong.any():
        position = int(wrong.argmax())
        where = ", ".join(str(int(i)) for i in np.unravel_index(position, target.shape))
        raise IndexError(
            f"cross_entropy: the label {target.reshape(-1)[position]} at target[{where or '()'}] is no class; with "
            f"{classes} classes, labels go from 0 to {classes - 1} (or are ignore_index={ignore_index})"
        )
    return None if kept.all() else kept


def _smoothed(input: Tensor, labels: Array, label_smoothing: float, weight: Any) -> Any:
    """Labels as weighted rows of probabilities, a share of which is spread evenly."""
    spread = label_smoothing / input.shape[1]
    rows = np.full_like(raw(input), spread)
    rows[np.arange(labels.size, like=labels), labels] += 1 - label_smoothing
    return rows if weight is None else rows * weight


def _put_back(losses: Tensor, kept: Array) -> Tensor:
    """The losses at the positions of the rows that they belong to, and 0 at the others."""
    positions = np.where(kept, np.cumsum(kept) - 1, np.size(losses))
    extended: Tensor = concatenate([losses, np.zeros_like(raw(losses), shape=1)])
    return extended[positions]


def _weighted_mean(losses: Tensor, weights: Any) -> Tensor:
    total = weights.sum()
    if raw(total) == 0:
        raise ValueError("cross_entropy: the weights of all labels in the batch sum to 0, so their mean is not defined")
    return losses.sum() / total  # type: ignore[no-any-return]


# --- regression -------------------------------------------------------------------------------------------------------
def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """The squared difference, elementwise, then averaged (or summed).

    Shapes:
        input, target: any, but both the same: nothing is broadcast.
        result: () or, with ``reduction="none"``, that of the input.

    Raises:
        ValueError: for different shapes. (PyTorch broadcasts (N, 1) and (N,) to (N, N), with a warning.)

    Example:
        >>> mse_loss(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(2.)
    """
    check_reduction("mse_loss", reduction)
    input = _predictions("mse_loss", input)
    target = _values(target, input.dtype)
    if input.shape != target.shape:
        raise ValueError(
            f"mse_loss: the input has shape {input.shape}, the target {target.shape}; they must be equal, for example "
            "input.squeeze(1) or target.reshape(input.shape)"
        )
    _require_rows("mse_loss", input.shape, reduction)
    return _reduced(np.square(input - target), reduction, input.shape)
