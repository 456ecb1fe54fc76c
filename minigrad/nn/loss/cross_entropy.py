"""Cross-entropy as Modules."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.cross_entropy import cross_entropy, nll_loss
from ..functional.loss.reduction import check_share, check_temperature
from .reduction import WeightedLoss, one_per_class


class CrossEntropyLoss(WeightedLoss):
    """Cross-entropy between class scores and targets, in nats; see ``functional.cross_entropy``.

    Args:
        weight: (C,) a weight for every class; becomes the buffer ``weight``.
        size_average: an old word for ``reduction``, as is ``reduce``.
        ignore_index: rows with this label count as absent.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share, in [0, 1], of every target that is spread evenly over all classes.
        temperature: divides the scores; a Parameter is learned. PyTorch has none.

    Example:
        >>> loss = CrossEntropyLoss()
        >>> loss(Tensor([[0.0, 0.0], [0.0, 0.0]]), [0, 1])
        Tensor(0.6931472)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        temperature: Any = 1.0,
    ) -> None:
        check_share("CrossEntropyLoss", "label_smoothing", label_smoothing)
        check_temperature("CrossEntropyLoss", temperature)
        one_per_class("CrossEntropyLoss", "weight", weight)
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.temperature = temperature

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of scores ``input`` for labels or probabilities ``target``."""
        return cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
            temperature=self.temperature,
        )


class NLLLoss(WeightedLoss):
    """Minus the log-probability of the label; see ``functional.nll_loss``.

    Args:
        weight: (C,) a weight for every class; becomes the buffer ``weight``.
        size_average: an old word for ``reduction``, as is ``reduce``.
        ignore_index: rows with this label count as absent.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> NLLLoss()(Tensor([[-0.5, -2.0]]), [1])
        Tensor(2.)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        one_per_class("NLLLoss", "weight", weight)
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of log-probabilities ``input`` for labels ``target``."""
        return nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)
