"""Adagrad: the gradient over the root of the sum of all its squares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class Adagrad(FlatOptimizer):
    """Divides the gradient by the root of the sum of its squares so far: rare features keep large steps.

    Math:
        g = gradient (negated to maximize) + weight_decay · p; s = s + g²
        p -= lr / (1 + (t - 1) · lr_decay) · g / (√s + eps).

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate.
        lr_decay: how fast the rate falls with the steps.
        weight_decay: λ, added to the gradient as λ · p.
        initial_accumulator_value: what the sum of squares begins with.
        eps: keeps the division finite.
        maximize: go up instead of down.
        foreach, fused: accepted for PyTorch's sake; every step here is computed over flat blocks.
        differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Duchi, Hazan & Singer 2011, figure 1.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = optim.Adagrad([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([ 0.9, 99.9], requires_grad=True)
    """

    ranges = {
        **FlatOptimizer.ranges, "lr_decay": (0, np.inf), "initial_accumulator_value": (0, np.inf), "eps": (0, np.inf)
    }  # fmt: skip

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_options("Adagrad", differentiable=differentiable)
        options = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        start = {"initial_accumulator_value": initial_accumulator_value}
        super().__init__(params, {**options, **start, "maximize": maximize})

    def buffers(self, group: Group) -> dict[str, float]:
        """The sum of squares."""
        return {"sum": float(group["initial_accumulator_value"])}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The gradient over the root of the sum of squares."""
        rate = float(group["lr"]) / (1 + (numbers["step"] - 1) * float(group["lr_decay"]))
        return adagrad, {"rate": rate, "eps": group["eps"]}


def adagrad(p: Array, g: Array, s: Array, *, rate: float, eps: float) -> tuple[Array, Array]:
    """Figure 1, with the diagonal of the matrix."""
    s = s + g * g
    return p - rate * g / (np.sqrt(s) + eps), s
