"""Divergences as Modules."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.divergence import js_divergence, kl_div, kl_divergence, normal_kl, soft_cross_entropy
from ..functional.loss.reduction import REDUCTIONS, check_reduction
from .reduction import Loss


class KLDivLoss(Loss):
    """PyTorch's Kullback-Leibler divergence, from log-probabilities; see ``functional.kl_div``.

    Args:
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"batchmean"``, ``"mean"``, ``"sum"`` or ``"none"``.
        log_target: whether targets are logarithms, too

    Example:
        >>> KLDivLoss(reduction="batchmean")(Tensor([[0.5, 0.5]]).log(), Tensor([[1.0, 0.0]]))
        Tensor(0.6931472)
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        if size_average is None and reduce is None:
            check_reduction("KLDivLoss", reduction, (*REDUCTIONS, "batchmean"))
            self.reduction = reduction
        else:
            super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Tensor:
        """The divergence of log-probabilities ``input`` from the true probabilities ``target``."""
        return kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class KLDivergenceLoss(Loss):
    """The Kullback-Leibler divergence KL(p ‖ q) of probabilities; see ``functional.kl_divergence``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> KLDivergenceLoss()(Tensor([[1.0, 0.0]]), Tensor([[0.5, 0.5]]))
        Tensor(0.6931472)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, p: Any, q: Any) -> Tensor:
        """The divergence of the truth ``p`` from ``q``."""
        return kl_divergence(p, q, self.reduction)


class SoftCrossEntropyLoss(Loss):
    """The cross-entropy of two distributions; see ``functional.soft_cross_entropy``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> SoftCrossEntropyLoss()(Tensor([[0.5, 0.5]]), Tensor([[0.5, 0.5]]))
        Tensor(0.6931472)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, p: Any, q: Any) -> Tensor:
        """The cross-entropy of the truth ``p`` and ``q``."""
        return soft_cross_entropy(p, q, self.reduction)


class JSDivergenceLoss(Loss):
    """The Jensen-Shannon divergence of two distributions; see ``functional.js_divergence``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> JSDivergenceLoss()(Tensor([[1.0, 0.0]]), Tensor([[0.0, 1.0]]))
        Tensor(0.6931472)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, p: Any, q: Any) -> Tensor:
        """The divergence of ``p`` and ``q``."""
        return js_divergence(p, q, self.reduction)


class NormalKLLoss(Loss):
    """The divergence of diagonal Gaussians from the standard normal; see ``functional.normal_kl``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> NormalKLLoss()(Tensor([[1.0, 0.0]]), Tensor([[0.0, 0.0]]))
        Tensor(0.5)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, mean: Any, log_var: Any) -> Tensor:
        """The divergence of Gaussians with these means and logarithms of variances."""
        return normal_kl(mean, log_var, self.reduction)
