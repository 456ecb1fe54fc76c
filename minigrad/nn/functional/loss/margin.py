"""Losses that ask for a margin between the right score and the wrong ones, and then for nothing more."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.graph import Array
from ....core.tensor import Tensor, raw
from ....ops.index.basic import put
from ....ops.search import where
from ...kernels.activation.rectifier import relu
from ...kernels.activation.smooth import softplus
from ...kernels.loss.binary import binary_cross_entropy_of_logits
from ..arguments import computed_in_single_precision, numbers
from .binary import check_answers, rescaled
from .labels import Labelled, class_weights, labelled, require_classes, require_labels
from .reduction import (
    check_reduction,
    first_wrong,
    matching,
    predictions,
    reduced,
    reduction_of,
    require_rows,
    values,
)


# --- scores of several classes, one of which is right -----------------------------------------------------------------
def _scored(name: str, input: Any, target: Any, reduction: str) -> Labelled:
    """Scores (C,) or (N, C) beside their labels."""
    input = predictions(name, input)
    require_classes(name, input, reduction)
    if input.ndim > 2:
        raise ValueError(f"{name}: the input has shape (N, C) or (C,), got {input.shape}")
    return labelled(name, input, require_labels(name, input.shape, values(target)), -100, reduction)


def _violations(found: Labelled, margin: float) -> Tensor:
    """By how much every wrong score comes closer to the right one than the margin: (rows, C), 0 for the right one."""
    numbered = np.arange(found.labels.size)
    wrong = np.ones(found.rows.shape, bool)
    wrong[numbered, found.labels] = False
    right = found.rows[numbered, found.labels].unsqueeze(1)
    others = where(wrong, found.rows, 0)  # the right score beside itself would be NaN where it is infinite
    return where(wrong, relu(others - right + margin), 0)  # type: ignore[no-any-return]


@computed_in_single_precision
def multiclass_hinge_loss(input: Any, target: Any, delta: float = 1.0, reduction: str = "mean") -> Tensor:
    """The hinge loss of support vector machines: how far wrong scores reach beyond the right one minus ``delta``.

    Shapes:
        input: (C,) or (N, C) scores.
        target: integers, () or (N,).
        result: () or, with ``reduction="none"``, the shape of the target.

    Math:
        Σ_k max(0, s_k - s_y + delta) over the classes k other than y; it is 0, and learning stops, once the right score
        leads by delta. The sum is not divided by C, as ``multi_margin_loss`` does it: scores [5, 10, 10] with label 0
        cost 12. (optax takes the largest term, 6.)

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers.
        ValueError: for shapes that do not fit, and the mean of nothing.

    Source: J. Weston and C. Watkins, "Support vector machines for multi-class pattern recognition", ESANN (1999).

    Example:
        >>> multiclass_hinge_loss(Tensor([[5.0, 10.0, 10.0], [5.0, -3.0, 2.0]]), [0, 0], reduction="none")
        Tensor([12.,  0.])
    """
    check_reduction("multiclass_hinge_loss", reduction)
    (delta,) = numbers("multiclass_hinge_loss", delta=delta)
    found = _scored("multiclass_hinge_loss", input, target, reduction)
    return found.reduced(_violations(found, delta).sum(dim=1), reduction)


def check_power(name: str, p: Any) -> None:
    """Refuse another power than 1 and 2."""
    if p not in (1, 2):
        raise ValueError(f"{name}: p must be 1 or 2, got {p!r}")


@computed_in_single_precision
def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """PyTorch's hinge loss over classes: ``multiclass_hinge_loss`` divided by the number of classes.

    Shapes:
        input: (C,) or (N, C) scores.
        target: integers, () or (N,).
        weight: (C,), by the class of the label.
        result: () or, with ``reduction="none"``, the shape of the target.

    Math:
        1/C Σ_k w[y] max(0, margin - s_y + s_k)^p over the classes k other than y. The mean divides by N.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers.
        ValueError: for another power than 1 or 2, shapes that do not fit, and the mean of nothing.

    Example:
        >>> multi_margin_loss(Tensor([[5.0, 10.0, 10.0]]), [0])
        Tensor(4.)
    """
    name = "multi_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    (margin,) = numbers(name, margin=margin)
    check_power(name, p)
    found = _scored(name, input, target, reduction)
    slack = _violations(found, margin)
    losses: Tensor = (slack * slack if p == 2 else slack).mean(dim=1)
    weight = class_weights(name, weight, found.rows.shape[1], found.rows.dtype)
    return found.reduced(losses if weight is None else losses * weight[found.labels], reduction)


# --- one score, whose sign should be that of the target ---------------------------------------------------------------
def signed(name: str, input: Any, target: Any, reduction: str) -> tuple[Tensor, Any]:
    """Input and target of the same shape, the target holding -1 and 1 only."""
    input, target = matching(name, input, target)
    require_signs(name, target)
    require_rows(name, input.shape, reduction)
    return input, target


def require_signs(name: str, target: Any) -> None:
    """Refuse a target that is neither 1 nor -1, naming the first."""
    found = raw(target)
    wrong = np.not_equal(np.abs(found), 1)
    if wrong.any():
        raise ValueError(
            f"{name}: the target holds 1 and -1, got {first_wrong(found, wrong)}; use 2 * target - 1 if it has 0 and 1"
        )


@computed_in_single_precision
def binary_hinge_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """max(0, 1 - target · input), for scores and targets of 1 or -1.

    Shapes:
        input, target: any, but both the same.
        result: () or, with ``reduction="none"``, that of the input.

    Raises:
        ValueError: for different shapes, targets other than 1 and -1, and the mean of nothing.

    Example:
        >>> binary_hinge_loss(Tensor([3.0, 0.5]), [1.0, -1.0], reduction="none")
        Tensor([0. , 1.5])
    """
    check_reduction("binary_hinge_loss", reduction)
    input, target = signed("binary_hinge_loss", input, target, reduction)
    return reduced(relu(1 - target * input), reduction)


@computed_in_single_precision
def squared_hinge_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """max(0, 1 - target · input)², without a factor of ½: smooth where it becomes 0.

    Shapes:
        input, target: any, but both the same.
        result: () or, with ``reduction="none"``, that of the input.

    Raises:
        ValueError: for different shapes, targets other than 1 and -1, and the mean of nothing.

    Example:
        >>> squared_hinge_loss(Tensor([3.0, 0.5]), [1.0, -1.0], reduction="none")
        Tensor([0.  , 2.25])
    """
    check_reduction("squared_hinge_loss", reduction)
    input, target = signed("squared_hinge_loss", input, target, reduction)
    return reduced(np.square(relu(1 - target * input)), reduction)


@computed_in_single_precision
def soft_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + exp(-target · input)) for targets of 1 or -1: binary cross-entropy of scores, in other labels.

    Finite for all scores. (PyTorch's overflows from 89 on in single precision.)

    Shapes:
        input, target: any, but both the same.
        result: () or, with ``reduction="none"``, that of the input.

    Raises:
        ValueError: for different shapes, targets other than 1 and -1, and the mean of nothing.

    Example:
        >>> soft_margin_loss(Tensor([0.0, -10000.0]), [1.0, 1.0], reduction="none")
        Tensor([6.931472e-01, 1.000000e+04])
    """
    reduction = reduction_of("soft_margin_loss", size_average, reduce, reduction)
    input, target = signed("soft_margin_loss", input, target, reduction)
    return reduced(softplus(-(target * input), beta=1.0, threshold=np.inf), reduction)


# --- several labels at once -------------------------------------------------------------------------------------------
@computed_in_single_precision
def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy of several labels that may occur together, averaged over labels and samples.

    Shapes:
        input: (..., C) scores; the target has the same, 0 or 1 for each label.
        weight: what broadcasts to the input's shape, such as (C,).
        result: () or, with ``reduction="none"``, (...).

    Math:
        -1/C Σ_c w_c (t log σ(z) + (1 - t) log σ(-z)).

    Raises:
        ValueError: for shapes that do not fit, a single number, and the mean of nothing.

    Example:
        >>> multilabel_soft_margin_loss(Tensor([[0.0, 0.0]]), [[1.0, 0.0]])
        Tensor(0.6931472)
    """
    name = "multilabel_soft_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input, target = matching(name, input, target)
    if input.ndim == 0:
        raise ValueError(f"{name}: the input needs a last dimension for the labels, got a single number")
    require_rows(name, input.shape, reduction)
    check_answers(name, target)
    losses: Tensor = binary_cross_entropy_of_logits(input, target)
    if weight is not None:
        losses = losses * rescaled(name, losses, weight, input.shape)
    return reduced(losses.mean(dim=-1), reduction)


@computed_in_single_precision
def multilabel_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """How far the scores of absent labels reach beyond those of present ones minus 1, over all pairs of them.

    Shapes:
        input: (C,) or (N, C) scores.
        target: integers of the same shape: in each row the labels that are present, then -1; the rest does not count.
        result: () or, with ``reduction="none"``, () or (N,).

    Math:
        1/C Σ_y Σ_k max(0, 1 - s_y + s_k) over present labels y and absent ones k.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers.
        ValueError: for shapes that do not fit, and the mean of nothing.

    Example:
        >>> multilabel_margin_loss(Tensor([[0.1, 0.2, 0.4, 0.8]]), [[3, 0, -1, 1]])
        Tensor(0.85)
    """
    name = "multilabel_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input = predictions(name, input)
    require_classes(name, input, reduction)
    found = raw(values(target))
    if input.ndim > 2 or found.shape != input.shape:
        raise ValueError(
            f"{name}: input and target have the same shape, (N, C) or (C,), got {input.shape} and {found.shape}"
        )
    if found.dtype.kind not in "iu":
        raise TypeError(f"{name}: labels must be integers, got {found.dtype}; use target.astype(np.int64)")
    scores, shape = (input, input.shape[:1]) if input.ndim == 2 else (input.unsqueeze(0), ())
    rows, labels = _present(name, found.reshape(scores.shape))
    absent = np.ones(scores.shape, bool)
    absent[rows, labels] = False
    absent = absent[rows]  # beside every present label all classes of its row: (labels, C)
    lead = scores[rows, labels].unsqueeze(1) - where(absent, scores[rows], 0)
    gaps = where(absent, relu(1 - lead), 0).sum(dim=1)
    return reduced(put(gaps, index=(rows,), shape=shape or (1,)) / scores.shape[1], reduction, shape)


def _present(name: str, target: Array) -> tuple[Array, Array]:
    """Row and class of every label before the first -1 of its row."""
    target = target.astype(np.intp)
    classes = target.shape[1]
    wrong = (target < -1) | (target >= classes)
    if wrong.any():
        raise IndexError(
            f"{name}: the label {first_wrong(target, wrong)} is no class; with {classes} classes, labels go from 0 to "
            f"{classes - 1}, and -1 ends a row"
        )
    rows, places = np.nonzero(np.logical_and.accumulate(target >= 0, axis=1))
    return rows, target[rows, places]
