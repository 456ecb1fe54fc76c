"""Losses of yes and no: one answer or many at once, from scores or from probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.caller import warn
from ....core.tensor import Tensor, raw
from ....ops.elementwise import maximum, pow_, sigmoid
from ...kernels.activation.smooth import softplus
from ...kernels.loss.binary import binary_cross_entropy_of_logits, binary_cross_entropy_of_probabilities
from ..arguments import at_least_zero, computed_in_single_precision, numbers
from .reduction import check_reduction, first_wrong, matching, reduced, reduction_of, require_rows, values


def rescaled(name: str, losses: Tensor, weight: Any, shape: tuple[int, ...], what: str = "weight") -> Any:
    """A constant factor of every loss, which may be smaller than they are: (C,) for (N, C)."""
    weight = values(weight, losses.dtype)
    try:
        fits = np.broadcast_shapes(weight.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}: {what} of shape {weight.shape} does not broadcast to the losses' shape {shape}")
    return weight


def check_answers(name: str, target: Any) -> None:
    """Warn of targets outside [0, 1]: their loss has no lower bound, and labels 1 and 2 are a common slip."""
    found = raw(target)
    if found.size and (found.min() < 0 or found.max() > 1):
        wrong = (found < 0) | (found > 1)
        warn(
            f"{name}: targets are answers between 0 (no) and 1 (yes), got {first_wrong(found, wrong)}; the loss is no "
            "longer bounded below"
        )


@computed_in_single_precision
def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """Cross-entropy of yes-or-no questions, in nats, for scores (logits): no sigmoid before it.

    Shapes:
        input: any; the target has the same, between 0 (no) and 1 (yes).
        weight: what broadcasts to the input's shape: a factor of every loss.
        pos_weight: what broadcasts to the input's shape: a factor of the losses of yes, such as (C,) for C questions.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        -p t log σ(z) - (1 - t) log σ(-z) for z = input, p = pos_weight. The derivative by z is σ(z) - t, without
        saturation: at z = -10, t = 1 it is -1, where that of (σ(z) - t)² is -9e-5. Finite for all z. The mean divides
        by the number of losses, also of weighted ones.

    Raises:
        ValueError: for shapes that do not fit, and the mean of nothing.

    Example:
        >>> binary_cross_entropy_with_logits(Tensor([0.0, -50.0]), [1.0, 1.0], reduction="none")
        Tensor([ 0.6931472, 50.       ])
    """
    name = "binary_cross_entropy_with_logits"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input, target = matching(name, input, target)
    require_rows(name, input.shape, reduction)
    check_answers(name, target)
    losses: Tensor
    if pos_weight is None:
        losses = binary_cross_entropy_of_logits(input, target)
    else:
        factor = rescaled(name, input, pos_weight, input.shape, "pos_weight")
        losses = (1 - target) * input + (1 + (factor - 1) * target) * softplus(-input, beta=1.0, threshold=np.inf)
    if weight is not None:
        losses = losses * rescaled(name, losses, weight, input.shape)
    return reduced(losses, reduction)


@computed_in_single_precision
def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy of yes-or-no questions, in nats, for probabilities; for scores take the form ``_with_logits``.

    A sigmoid before it rounds to 0 and 1, where the gradient is lost: at a score of -50 and the answer yes it is 2e-11
    instead of -1.

    Shapes:
        input: any, probabilities; the target has the same, between 0 (no) and 1 (yes).
        weight: what broadcasts to the input's shape: a factor of every loss.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        -t log p - (1 - t) log(1 - p), each logarithm at least -100, so that certainty in the wrong answer costs 100.
        The derivative by p is (p - t) / max(p (1 - p), 1e-12).

    Raises:
        ValueError: for an input outside [0, 1], naming the value, shapes that do not fit, and the mean of nothing.

    Example:
        >>> binary_cross_entropy(Tensor([0.5, 0.0]), [1.0, 1.0], reduction="none")
        Tensor([  0.6931472, 100.       ])
    """
    name = "binary_cross_entropy"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input, target = matching(name, input, target)
    require_rows(name, input.shape, reduction)
    found = raw(input)
    wrong = np.logical_not((found >= 0) & (found <= 1))
    if wrong.any():
        raise ValueError(
            f"{name}: the input holds probabilities between 0 and 1, got {first_wrong(found, wrong)}; for scores "
            "use binary_cross_entropy_with_logits"
        )
    check_answers(name, target)
    losses: Tensor = binary_cross_entropy_of_probabilities(input, target)
    if weight is not None:
        losses = losses * rescaled(name, losses, weight, input.shape)
    return reduced(losses, reduction)


@computed_in_single_precision
def multilabel_bce_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Binary cross-entropy of several labels that may occur together: summed over labels, averaged over samples.

    ``binary_cross_entropy_with_logits`` averages over both, and is smaller by the number of labels.

    Shapes:
        input: (..., C) scores; the target has the same, 0 or 1 for each label.
        result: () or, with ``reduction="none"``, (...).

    Raises:
        ValueError: for different shapes, a single number, and the mean of nothing.

    Example:
        >>> multilabel_bce_loss(Tensor([[0.0, 0.0, 0.0]]), [[1.0, 0.0, 1.0]])
        Tensor(2.0794415)
    """
    check_reduction("multilabel_bce_loss", reduction)
    input, target = matching("multilabel_bce_loss", input, target)
    if input.ndim == 0:
        raise ValueError("multilabel_bce_loss: the input needs a last dimension for the labels, got a single number")
    require_rows("multilabel_bce_loss", input.shape, reduction)
    check_answers("multilabel_bce_loss", target)
    losses: Tensor = binary_cross_entropy_of_logits(input, target)
    return reduced(losses.sum(dim=-1), reduction)


@computed_in_single_precision
def sigmoid_focal_loss(
    input: Any, target: Any, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "none"
) -> Tensor:
    """Binary cross-entropy of scores in which easy examples count little: each loss times (1 - p_t)^gamma.

    Shapes:
        input: any; the target has the same, between 0 and 1.
        result: that of the input or, with ``reduction="mean"`` or ``"sum"``, ().

    Math:
        α_t (1 - p_t)^γ · BCE, where p_t = p t + (1 - p)(1 - t) is the probability given to the answer, and α_t is alpha
        for yes and 1 - alpha for no. ``alpha=-1`` leaves α_t out; γ = 0 leaves the cross-entropy.

    Raises:
        ValueError: for different shapes, a negative gamma, an alpha that is neither -1 nor in [0, 1], and the mean of
            nothing.

    Source: T.-Y. Lin et al., "Focal loss for dense object detection", ICCV (2017). Signature and defaults are
        torchvision's.

    Example:
        >>> sigmoid_focal_loss(Tensor([0.0]), [1.0], alpha=-1)
        Tensor([0.1732868])
    """
    name = "sigmoid_focal_loss"
    check_reduction(name, reduction)
    (alpha,) = numbers(name, alpha=alpha)
    gamma = at_least_zero(name, "gamma", gamma)
    if not (alpha == -1 or 0 <= alpha <= 1):
        raise ValueError(f"{name}: alpha, the weight of yes, is between 0 and 1, or -1 for none, got {alpha}")
    input, target = matching(name, input, target)
    require_rows(name, input.shape, reduction)
    check_answers(name, target)
    losses = binary_cross_entropy_of_logits(input, target)
    missed = sigmoid(input) * (1 - target) + sigmoid(-input) * target  # 1 - p_t, without cancellation
    losses = focused(missed, gamma) * losses
    if alpha >= 0:
        losses = (alpha * target + (1 - alpha) * (1 - target)) * losses
    return reduced(losses, reduction)


def focused(missed: Tensor, gamma: float) -> Tensor:
    """``missed`` to the power ``gamma``, with a finite derivative at 0 also for powers below 1."""
    least = float(np.finfo(missed.dtype).tiny)
    return pow_(maximum(missed, least), gamma)  # type: ignore[no-any-return]
