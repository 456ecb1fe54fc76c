"""Focal loss as a Module."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.focal import focal_loss
from .reduction import Loss, one_per_class


class FocalLoss(Loss):
    """Cross-entropy in which examples that are right already count little; see ``functional.focal_loss``.

    Args:
        alpha: (C,) a weight for every class; becomes the buffer ``alpha``
        gamma: how much less they count
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        ignore_index: rows with this label count as absent

    Example:
        >>> FocalLoss()(Tensor([[0.0, 0.0]]), [1])
        Tensor(0.1732868)
    """

    _takes_arrays = frozenset({"alpha"})
    alpha: Tensor | None

    def __init__(
        self, alpha: Any = None, gamma: float = 2.0, reduction: str = "mean", ignore_index: int = -100
    ) -> None:
        one_per_class("FocalLoss", "alpha", alpha)
        super().__init__(reduction=reduction)
        self.keep("alpha", alpha)
        self.gamma = gamma
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return focal_loss(input, target, self.alpha, self.gamma, self.reduction, self.ignore_index)
