"""Lion: the sign of a mean gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class Lion(FlatOptimizer):
    """Steps by the sign of a mean of gradients: every number moves by the same amount, and one buffer is kept.

    PyTorch has none. Wants a rate three to ten times smaller than AdamW's, and a weight decay as much larger.

    Math:
        g = gradient (negated to maximize); d = sign(β1 · m + (1 - β1) · g)
        p = p · (1 - lr · weight_decay) - lr · d; then m = β2 · m + (1 - β2) · g.

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate: how far a step moves every number.
        betas: β1, the share of the mean in the direction, and β2, the share of it that is kept.
        weight_decay: the share of a parameter, times lr, that every step takes away.
        maximize: go up instead of down.
        foreach, fused: accepted as by others.

    Source:
        Chen et al. 2023, "Symbolic discovery of optimization algorithms", program 1.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([3.0, -5.0], requires_grad=True)
        >>> optimizer = optim.Lion([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([ 2.9, -4.9], requires_grad=True)
    """

    shows_step = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_options("Lion", capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, options)

    def decay(self, group: Group) -> tuple[float, float]:
        """The parameters shrink; nothing is added to the gradient."""
        return 0.0, 1 - float(group["lr"]) * float(group["weight_decay"])

    def buffers(self, group: Group) -> dict[str, float]:
        """The running mean."""
        return {"exp_avg": 0.0}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The sign of the mean with the gradient."""
        beta1, beta2 = map(float, group["betas"])
        return lion, {"beta1": beta1, "beta2": beta2, "rate": group["lr"]}


def lion(p: Array, g: Array, m: Array, *, beta1: float, beta2: float, rate: float) -> tuple[Array, Array]:
    """Program 1, without its weight decay."""
    p = p - rate * np.sign(beta1 * m + (1 - beta1) * g)
    return p, beta2 * m + (1 - beta2) * g
