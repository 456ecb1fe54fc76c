"""Adamax: Adam with the largest recent gradient as its divisor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class Adamax(FlatOptimizer):
    """Divides the mean gradient by the largest recent one, which fades: Adam with the infinity norm.

    Math:
        g = gradient (negated to maximize) + weight_decay · p
        m = β1 · m + (1 - β1) · g; u = max(β2 · u, |g| + eps); p -= lr / (1 - β1^t) · m / u.

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate.
        betas: β1 and β2, the shares of the mean and of the maximum that are kept.
        eps: keeps the division finite.
        weight_decay: λ, added to the gradient as λ · p.
        maximize: go up instead of down.
        foreach: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Kingma & Ba 2015, algorithm 2.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([3.0, -5.0], requires_grad=True)
        >>> optimizer = optim.Adamax([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([ 2.9, -4.9], requires_grad=True)
    """

    ranges = {**FlatOptimizer.ranges, "eps": (0, np.inf)}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        refuse_options("Adamax", capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def buffers(self, group: Group) -> dict[str, float]:
        """The running mean and the fading maximum."""
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The mean over the largest."""
        beta1, beta2 = map(float, group["betas"])
        rate = float(group["lr"]) / (1 - beta1 ** numbers["step"])
        return adamax, {"beta1": beta1, "beta2": beta2, "rate": rate, "eps": group["eps"]}


def adamax(
    p: Array, g: Array, m: Array, u: Array, *, beta1: float, beta2: float, rate: float, eps: float
) -> tuple[Array, Array, Array]:
    """Algorithm 2, with the correction of the mean in ``rate``."""
    m = beta1 * m + (1 - beta1) * g
    u = np.maximum(beta2 * u, np.abs(g) + eps)
    return p - rate * m / u, m, u
