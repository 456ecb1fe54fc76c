"""Losses of predicted numbers as Modules."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.regression import (
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mae_loss,
    mse_loss,
    quantile_loss,
    smooth_l1_loss,
    sse_loss,
)
from ..module.module import Module
from .reduction import Loss


class MSELoss(Loss):
    """The squared error, elementwise, then averaged; see ``functional.mse_loss``.

    Args:
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MSELoss()(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(2.)
    """

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return mse_loss(input, target, reduction=self.reduction)


class SSELoss(Module):
    """The sum of squared errors; see ``functional.sse_loss``.

    Example:
        >>> SSELoss()(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(4.)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return sse_loss(input, target)


class L1Loss(Loss):
    """The size of the error, elementwise, then averaged; see ``functional.l1_loss``.

    Args:
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> L1Loss()(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(1.)
    """

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return l1_loss(input, target, reduction=self.reduction)


class MAELoss(Loss):
    """The mean absolute error; see ``functional.mae_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MAELoss()(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(1.)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return mae_loss(input, target, reduction=self.reduction)


class HuberLoss(Loss):
    """The squared error, halved, and beyond ``delta`` its tangent; see ``functional.huber_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        delta: where the square ends

    Example:
        >>> HuberLoss(delta=2.0)(Tensor([4.0]), [0.0])
        Tensor(6.)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class SmoothL1Loss(Loss):
    """The size of the error, rounded off below ``beta``; see ``functional.smooth_l1_loss``.

    Args:
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        beta: where the square ends

    Example:
        >>> SmoothL1Loss()(Tensor([4.0]), [0.0])
        Tensor(3.5)
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class LogCoshLoss(Loss):
    """log cosh of the error; see ``functional.log_cosh_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> LogCoshLoss()(Tensor([0.0]), [0.0])
        Tensor(0.)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return log_cosh_loss(input, target, reduction=self.reduction)


class QuantileLoss(Loss):
    """The pinball loss; see ``functional.quantile_loss``.

    Args:
        q: the quantile, or several for predictions along the last dimension
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> QuantileLoss(0.9)(Tensor([0.0]), [1.0])
        Tensor(0.9)
    """

    def __init__(self, q: Any = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.q = q

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return quantile_loss(input, target, self.q, reduction=self.reduction)
