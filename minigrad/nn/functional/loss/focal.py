"""Focal loss over classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.tensor import Tensor
from ...kernels.loss.cross_entropy import cross_entropy_of_labels
from ..arguments import at_least_zero, computed_in_single_precision
from .binary import focused
from .labels import class_weights, labelled, require_classes, require_labels
from .reduction import check_reduction, predictions, values


@computed_in_single_precision
def focal_loss(
    input: Any,
    target: Any,
    alpha: Any = None,
    gamma: float = 2.0,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Cross-entropy in which examples that are right already count little: each loss times (1 - p)^gamma.

    Shapes:
        input: (C,), (N, C) or (N, C, d1, ...) scores, for C classes.
        target: integers of the shape of the input without C.
        alpha: (C,), a weight for every class, or None.
        result: () or, with ``reduction="none"``, the shape of the target.

    Math:
        -α[y] (1 - p)^γ log p for p = softmax(input)[y]. The mean divides by the number of rows not ignored, not by the
        sum of their weights as the weighted mean of ``cross_entropy`` does.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers.
        ValueError: for shapes that do not fit, a negative gamma, and the mean of nothing.

    Source: T.-Y. Lin et al., "Focal loss for dense object detection", ICCV (2017).

    Example:
        >>> focal_loss(Tensor([[0.0, 0.0]]), [1])
        Tensor(0.1732868)
    """
    check_reduction("focal_loss", reduction)
    gamma = at_least_zero("focal_loss", "gamma", gamma)
    input = predictions("focal_loss", input)
    alpha = class_weights("focal_loss", alpha, require_classes("focal_loss", input, reduction), input.dtype, "alpha")
    target = require_labels("focal_loss", input.shape, values(target))
    found = labelled("focal_loss", input, target, ignore_index, reduction)
    costs: Tensor = cross_entropy_of_labels(found.rows, labels=found.labels)
    losses = focused(-np.expm1(-costs), gamma) * costs  # 1 - p keeps its digits where p is almost 1
    if alpha is not None:
        losses = losses * alpha[found.labels]
    return found.reduced(losses, reduction)
