"""Connectionist temporal classification as a Module."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.ctc import ctc_loss
from .reduction import Loss


class CTCLoss(Loss):
    """Minus the log-probability of a target, over all ways to spread it over time; see ``functional.ctc_loss``.

    Args:
        blank: which class is the blank.
        reduction: ``"mean"``, over target lengths and then over samples, ``"sum"`` or ``"none"``.
        zero_infinity: whether losses of targets that do not fit into their time become 0.

    Example:
        >>> scores = Tensor(np.zeros((2, 1, 2)))
        >>> round(float(np.exp(-CTCLoss()(scores.log_softmax(2), [[1]], [2], [1]).item())), 6)
        0.75
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Tensor:
        """The loss of log-probabilities (T, N, C) for ``targets``."""
        return ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
