"""RAdam: Adam that waits until the mean square is known well enough."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .adam import adam
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class RAdam(FlatOptimizer):
    """Adam whose first steps follow the mean gradient alone, and whose next ones are shortened by a known factor.

    Math:
        m, v and g as in ``Adam``; ρ = 2 / (1 - β2) - 1; ρ_t = ρ - 2 t · β2^t / (1 - β2^t)
        ρ_t > 5: r = √((ρ_t - 4)(ρ_t - 2) ρ / ((ρ - 4)(ρ - 2) ρ_t));
        p -= lr · m / (1 - β1^t) · r √(1 - β2^t) / (√v + eps)
        else: p -= lr · m / (1 - β1^t).

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate.
        betas: β1 and β2, the shares of the running means that are kept.
        eps: keeps the division finite.
        weight_decay: λ, added to the gradient as λ · p.
        decoupled_weight_decay: shrink the parameters by lr · weight_decay instead, as AdamW.
        maximize: go up instead of down.
        foreach: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Liu et al. 2020, algorithm 2.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([3.0], requires_grad=True)
        >>> optimizer = optim.RAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()  # as gradient descent
        >>> w
        Tensor([2.4], requires_grad=True)
    """

    ranges = {**FlatOptimizer.ranges, "eps": (0, np.inf)}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_options("RAdam", capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, {**options, "decoupled_weight_decay": decoupled_weight_decay})

    def buffers(self, group: Group) -> dict[str, float]:
        """The two running means."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The mean, over the root of the mean square once that is known well enough."""
        beta1, beta2 = map(float, group["betas"])
        t = numbers["step"]
        left = 1 - beta2**t
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / left
        named = {"beta1": beta1, "beta2": beta2, "rate": float(group["lr"]) / (1 - beta1**t)}
        if length <= 5:
            return unrectified, named
        factor = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length) * left)
        return adam, {**named, "rate": named["rate"] * factor, "eps": group["eps"]}


def unrectified(
    p: Array, g: Array, m: Array, v: Array, *, beta1: float, beta2: float, rate: float
) -> tuple[Array, Array, Array]:
    """Along the mean alone."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return p - rate * m, m, v
