"""Adadelta: steps in the units of the parameters, from the steps before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class Adadelta(FlatOptimizer):
    """Scales the gradient by the root mean square of recent steps over that of recent gradients.

    Math:
        g = gradient (negated to maximize) + weight_decay · p; v = ρ · v + (1 - ρ) · g²
        Δ = √(u + eps) / √(v + eps) · g; u = ρ · u + (1 - ρ) · Δ²; p -= lr · Δ.

    Args:
        params: Tensors or parameter groups.
        lr: a factor of the step; the paper has 1.
        rho: ρ, the share of the running means that is kept.
        eps: what the first steps are made of, and keeps the division finite.
        weight_decay: λ, added to the gradient as λ · p.
        maximize: go up instead of down.
        foreach: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Zeiler 2012, algorithm 1.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = optim.Adadelta([w])
        >>> (w * w).sum().backward()
        >>> optimizer.step()  # √eps / √(1 - ρ), about
        >>> np.round(1e4 * (Tensor([1.0, 100.0]) - w.detach()))
        Tensor([32., 32.])
    """

    ranges = {**FlatOptimizer.ranges, "rho": (0, np.nextafter(1, 2)), "eps": (0, np.inf)}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_options("Adadelta", capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def buffers(self, group: Group) -> dict[str, float]:
        """The mean squares of gradients and of steps."""
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The gradient in the units of the steps before."""
        return adadelta, {"rate": group["lr"], "rho": group["rho"], "eps": group["eps"]}


def adadelta(
    p: Array, g: Array, v: Array, u: Array, *, rate: float, rho: float, eps: float
) -> tuple[Array, Array, Array]:
    """Algorithm 1."""
    v = rho * v + (1 - rho) * g * g
    step = np.sqrt(u + eps) / np.sqrt(v + eps) * g
    u = rho * u + (1 - rho) * step * step
    return p - rate * step, v, u
