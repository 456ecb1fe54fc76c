"""Cross-entropy of scores, and of log-probabilities: minus the logarithm of what the target was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.caller import warn
from ....core.graph import Array
from ....core.tensor import Tensor, raw
from ...kernels.loss.cross_entropy import cross_entropy_of_labels, cross_entropy_of_probabilities
from ..arguments import computed_in_single_precision
from .labels import (
    Labelled,
    class_number,
    class_weights,
    labelled,
    require_classes,
    require_labels,
    rows_of,
    weighted_mean,
    without_classes,
)
from .reduction import check_share, check_temperature, first_wrong, predictions, reduced, reduction_of, values

_ROUNDING = 1e-5  # by how much a probability may lie below 0


@computed_in_single_precision
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    temperature: Any = 1.0,
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
        size_average: an old word for ``reduction``.
        ignore_index: rows with this label count as absent; not for probabilities.
        reduce: an old word for ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share ε, in [0, 1], of the target that is spread evenly over all classes.
        temperature: divides the scores, so that 2 makes the distribution flatter; may be learned. PyTorch has none.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers, and integers that look like one-hot rows.
        ValueError: for shapes that do not fit, negative probabilities (PyTorch takes them), and for the mean of
            nothing: an empty batch, all rows ignored, or all weights 0. (PyTorch returns NaN for these.)

    Example:
        >>> scores = Tensor([[2.0, 0.0], [0.0, 0.0]], requires_grad=True)
        >>> cross_entropy(scores, [0, 1], reduction="none")
        Tensor([0.12692805, 0.6931472 ], op=cross_entropy)
    """
    reduction = reduction_of("cross_entropy", size_average, reduce, reduction)
    check_share("cross_entropy", "label_smoothing", label_smoothing)
    input = predictions("cross_entropy", input)
    classes = require_classes("cross_entropy", input, reduction)
    weight = class_weights("cross_entropy", weight, classes, input.dtype)
    target = values(target)
    _check_target(input.shape, target)
    if classes == 1:
        warn(
            f"cross_entropy over one class (input shape {input.shape}) is 0 whatever the scores, and so is its "
            "gradient; give every class a score of its own: two for a question of yes or no"
        )
    if temperature is not None and not (isinstance(temperature, (int, float)) and temperature == 1):
        check_temperature("cross_entropy", temperature)
        input = input / values(temperature, input.dtype)
    if target.dtype.kind == "f":
        if class_number("cross_entropy", "ignore_index", ignore_index) >= 0:
            raise ValueError(
                f"cross_entropy: ignore_index={ignore_index} has no meaning for probabilities; leave it out"
            )
        _require_probabilities(raw(target))
        losses = _of_probabilities(rows_of(input), rows_of(values(target, input.dtype)), weight, label_smoothing)
        return reduced(losses, reduction, without_classes(input.shape))
    found = labelled("cross_entropy", input, raw(target), ignore_index, reduction)
    return _of_labels(found, weight, reduction, label_smoothing)


def _check_target(shape: tuple[int, ...], target: Any) -> None:
    """Refuse a target that is neither labels nor probabilities for an input of this shape."""
    kind = target.dtype.kind
    if (kind in "iu" and target.shape == without_classes(shape)) or (kind == "f" and target.shape == shape):
        return
    if target.shape == shape:
        if shape != without_classes(shape):
            raise TypeError(
                f"cross_entropy: a target of the input's shape {shape} holds probabilities, which are floating-point, "
                f"got {target.dtype}; for one-hot rows use target.astype(np.float32)"
            )
    elif target.shape != without_classes(shape):
        raise ValueError(
            f"cross_entropy: input {shape} needs labels of shape {without_classes(shape)} or probabilities of shape "
            f"{shape}, got a target of shape {target.shape}"
        )
    require_labels("cross_entropy", shape, target)


def _require_probabilities(target: Array) -> None:
    """Refuse negative ones, but for what rounding makes of 0; the loss would have no lower bound."""
    if target.size and not target.min() >= -_ROUNDING:
        wrong = np.logical_not(target >= -_ROUNDING)
        raise ValueError(
            f"cross_entropy: a target of probabilities must not be negative, got {first_wrong(target, wrong)}; for "
            "scores use softmax(scores, dim=1), for weights with a sign labels and reduction='none'"
        )


def _of_probabilities(rows: Tensor, target: Any, weight: Any, label_smoothing: float) -> Tensor:
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / rows.shape[1]
    if weight is not None:
        target = target * weight
    return cross_entropy_of_probabilities(rows, target)  # type: ignore[no-any-return]


def _of_labels(found: Labelled, weight: Any, reduction: str, label_smoothing: float) -> Tensor:
    losses: Tensor
    if label_smoothing:
        smoothed = _smoothed(found.rows, found.labels, label_smoothing, weight)
        losses = cross_entropy_of_probabilities(found.rows, smoothed)
    else:
        at_once = reduction if weight is None else "none"
        losses = cross_entropy_of_labels(found.rows, labels=found.labels, reduction=at_once)
        if at_once != "none":
            return losses
        if weight is not None:
            losses = losses * weight[found.labels]
    if reduction == "mean" and weight is not None:
        return weighted_mean("cross_entropy", losses, weight[found.labels])
    return found.reduced(losses, reduction)


def _smoothed(input: Tensor, labels: Array, label_smoothing: float, weight: Any) -> Any:
    """Labels as weighted rows of probabilities, a share of which is spread evenly."""
    spread = label_smoothing / input.shape[1]
    rows = np.full_like(raw(input), spread)
    rows[np.arange(labels.size, like=labels), labels] += 1 - label_smoothing
    return rows if weight is None else rows * weight


@computed_in_single_precision
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability of the label: ``cross_entropy`` after ``log_softmax``.

    The input holds log-probabilities. Probabilities themselves, straight from ``softmax``, give a loss without meaning.

    Shapes:
        input: (C,), (N, C) or (N, C, d1, ...), for C classes.
        target: integers of the shape of the input without C.
        weight: (C,).
        result: () or, with ``reduction="none"``, the shape of the target.

    Math:
        loss = -w[y] input[y]; the mean divides the sum by Σ w[y] over rows not ignored.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers.
        ValueError: for shapes that do not fit, and for the mean of nothing. (PyTorch returns NaN for that.)

    Example:
        >>> nll_loss(Tensor([[-0.5, -2.0]]), [1])
        Tensor(2.)
    """
    reduction = reduction_of("nll_loss", size_average, reduce, reduction)
    input = predictions("nll_loss", input)
    weight = class_weights("nll_loss", weight, require_classes("nll_loss", input, reduction), input.dtype)
    target = require_labels("nll_loss", input.shape, values(target))
    found = labelled("nll_loss", input, target, ignore_index, reduction)
    losses = -found.rows[np.arange(found.labels.size), found.labels]
    if weight is not None:
        losses = losses * weight[found.labels]
        if reduction == "mean":
            return weighted_mean("nll_loss", losses, weight[found.labels])
    return found.reduced(losses, reduction)
