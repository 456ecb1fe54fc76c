"""Losses that ask for a margin, as Modules."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.margin import (
    binary_hinge_loss,
    check_power,
    multi_margin_loss,
    multiclass_hinge_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
    squared_hinge_loss,
)
from .reduction import Loss, WeightedLoss, one_per_class


class MulticlassHingeLoss(Loss):
    """How far wrong scores reach beyond the right one minus ``delta``, summed over classes.

    The function is ``functional.multiclass_hinge_loss``.

    Args:
        delta: the margin
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MulticlassHingeLoss()(Tensor([[5.0, 10.0, 10.0]]), [0])
        Tensor(12.)
    """

    def __init__(self, delta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return multiclass_hinge_loss(input, target, self.delta, self.reduction)


class MultiMarginLoss(WeightedLoss):
    """PyTorch's hinge loss over classes, divided by their number; see ``functional.multi_margin_loss``.

    Args:
        p: the power, 1 or 2
        margin: the margin
        weight: (C,) a weight for every class; becomes the buffer ``weight``
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MultiMarginLoss()(Tensor([[5.0, 10.0, 10.0]]), [0])
        Tensor(4.)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        check_power("MultiMarginLoss", p)
        one_per_class("MultiMarginLoss", "weight", weight)
        super().__init__(weight, size_average, reduce, reduction)
        self.p = p
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class BinaryHingeLoss(Loss):
    """max(0, 1 - target · input); see ``functional.binary_hinge_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> BinaryHingeLoss()(Tensor([0.5]), [-1.0])
        Tensor(1.5)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return binary_hinge_loss(input, target, reduction=self.reduction)


class SquaredHingeLoss(Loss):
    """max(0, 1 - target · input)²; see ``functional.squared_hinge_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> SquaredHingeLoss()(Tensor([0.5]), [-1.0])
        Tensor(2.25)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return squared_hinge_loss(input, target, reduction=self.reduction)


class SoftMarginLoss(Loss):
    """log(1 + exp(-target · input)); see ``functional.soft_margin_loss``.

    Args:
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> SoftMarginLoss()(Tensor([0.0]), [1.0])
        Tensor(0.6931472)
    """

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """Binary cross-entropy averaged over labels and samples; see ``functional.multilabel_soft_margin_loss``.

    Args:
        weight: what broadcasts to the losses, such as (C,); becomes the buffer ``weight``
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MultiLabelSoftMarginLoss()(Tensor([[0.0, 0.0]]), [[1.0, 0.0]])
        Tensor(0.6931472)
    """

    def __init__(
        self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class MultiLabelMarginLoss(Loss):
    """How far scores of absent labels reach beyond those of present ones minus 1.

    The function is ``functional.multilabel_margin_loss``.

    Args:
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MultiLabelMarginLoss()(Tensor([[0.1, 0.2, 0.4, 0.8]]), [[3, 0, -1, 1]])
        Tensor(0.85)
    """

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return multilabel_margin_loss(input, target, reduction=self.reduction)
