"""Losses of predicted distributions over numbers as Modules."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.loss.likelihood import (
    gaussian_nll_logvar_loss,
    gaussian_nll_loss,
    laplace_nll_loss,
    poisson_nll_loss,
)
from .reduction import Loss


class GaussianNLLLoss(Loss):
    """Minus the log-density of a Gaussian of predicted mean and variance; see ``functional.gaussian_nll_loss``.

    Args:
        full: whether to add ½ log 2π
        eps: the least variance
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> GaussianNLLLoss()(Tensor([1.0]), [3.0], [4.0])
        Tensor(1.1931472)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any, var: Any) -> Tensor:
        """The loss of means ``input`` and variances ``var`` for ``target``."""
        return gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


class GaussianNLLLogVarLoss(Loss):
    """Minus the log-density of a Gaussian of predicted mean and log-variance.

    The function is ``functional.gaussian_nll_logvar_loss``.

    Args:
        full: whether to add ½ log 2π
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> GaussianNLLLogVarLoss()(Tensor([1.0]), [3.0], [0.0])
        Tensor(2.)
    """

    def __init__(self, *, full: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full

    def forward(self, input: Any, target: Any, log_var: Any) -> Tensor:
        """The loss of means ``input`` and log-variances ``log_var`` for ``target``."""
        return gaussian_nll_logvar_loss(input, target, log_var, full=self.full, reduction=self.reduction)


class LaplaceNLLLoss(Loss):
    """Minus the log-density of a Laplace distribution of predicted median and scale.

    The function is ``functional.laplace_nll_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> LaplaceNLLLoss()(Tensor([1.0]), [3.0], [0.5])
        Tensor(4.)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any, scale: Any) -> Tensor:
        """The loss of medians ``input`` and ``scale`` for ``target``."""
        return laplace_nll_loss(input, target, scale, reduction=self.reduction)


class PoissonNLLLoss(Loss):
    """Minus the log-probability of counts; see ``functional.poisson_nll_loss``.

    Args:
        log_input: whether the input is the logarithm of the rate
        full: whether to add log target!, by Stirling's formula
        size_average: an old word for ``reduction``, as is ``reduce``.
        eps: what is added to a rate before its logarithm
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> PoissonNLLLoss()(Tensor([0.0]), [2.0])
        Tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``."""
        return poisson_nll_loss(
            input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )
