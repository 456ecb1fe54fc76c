"""Losses of yes and no as Modules."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    multilabel_bce_loss,
    sigmoid_focal_loss,
)
from .reduction import Loss, WeightedLoss


class BCELoss(WeightedLoss):
    """Cross-entropy of yes-or-no questions for probabilities; see ``functional.binary_cross_entropy``.

    Args:
        weight: a factor of every loss; becomes the buffer ``weight``
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> BCELoss()(Tensor([0.5]), [1.0])
        Tensor(0.6931472)
    """

    def __init__(
        self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    """Cross-entropy of yes-or-no questions for scores; see ``functional.binary_cross_entropy_with_logits``.

    Args:
        weight: a factor of every loss; becomes the buffer ``weight``
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        pos_weight: a factor of the losses of yes; becomes the buffer ``pos_weight``

    Example:
        >>> BCEWithLogitsLoss()(Tensor([0.0]), [1.0])
        Tensor(0.6931472)
    """

    _takes_arrays = frozenset({"weight", "pos_weight"})
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.keep("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class MultilabelBCELoss(Loss):
    """Binary cross-entropy summed over labels and averaged over samples; see ``functional.multilabel_bce_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MultilabelBCELoss()(Tensor([[0.0, 0.0]]), [[1.0, 0.0]])
        Tensor(1.3862944)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return multilabel_bce_loss(input, target, reduction=self.reduction)


class SigmoidFocalLoss(Loss):
    """Binary cross-entropy in which easy examples count little; see ``functional.sigmoid_focal_loss``.

    Args:
        alpha: the weight of yes, or -1 for none
        gamma: how much less easy examples count
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> SigmoidFocalLoss(alpha=-1)(Tensor([0.0]), [1.0])
        Tensor([0.1732868])
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "none") -> None:
        super().__init__(reduction=reduction)
        self.alpha = alpha
        self.gamma = gamma

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return sigmoid_focal_loss(input, target, self.alpha, self.gamma, self.reduction)
