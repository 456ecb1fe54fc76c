"""NAdam: Adam that looks ahead along its momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class NAdam(FlatOptimizer):
    """Adam with Nesterov's momentum, whose share grows over the first steps.

    Math:
        g = gradient (negated to maximize) + weight_decay · p; μ_t = β1 · (1 - 0.96^(t · momentum_decay) / 2)
        m = β1 · m + (1 - β1) · g; v = β2 · v + (1 - β2) · g²; Π = μ_1 · … · μ_t
        n = μ_(t+1) · m / (1 - Π · μ_(t+1)) + (1 - μ_t) · g / (1 - Π); p -= lr · n / (√(v / (1 - β2^t)) + eps).

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate.
        betas: β1 and β2, the shares of the running means that are kept.
        eps: keeps the division finite.
        weight_decay: λ, added to the gradient as λ · p.
        momentum_decay: how fast the share of the momentum grows.
        decoupled_weight_decay: shrink the parameters by lr · weight_decay instead, as AdamW.
        maximize: go up instead of down.
        foreach: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Dozat 2016, algorithm 2, with the schedule of its section 3.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([3.0, -5.0], requires_grad=True)
        >>> optimizer = optim.NAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> abs(3 - w.detach()[0].item()) < 0.15
        True
    """

    ranges = {**FlatOptimizer.ranges, "eps": (0, np.inf), "momentum_decay": (0, np.inf)}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_options("NAdam", capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay}
        super().__init__(params, {**options, "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize})

    def buffers(self, group: Group) -> dict[str, float]:
        """The two running means."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def numbers(self, group: Group) -> dict[str, Any]:
        """The count of steps, and the product of all shares of the momentum."""
        return {"step": 0, "mu_product": 1.0}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The mean a step ahead, over the root of the mean square."""
        beta1, beta2 = map(float, group["betas"])
        t, lr, slow = numbers["step"], float(group["lr"]), float(group["momentum_decay"])
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (i * slow)) for i in (t, t + 1))
        numbers["mu_product"] *= mu
        of_gradient = lr * (1 - mu) / (1 - numbers["mu_product"])
        of_mean = lr * mu_next / (1 - numbers["mu_product"] * mu_next)
        named = {"beta1": beta1, "beta2": beta2, "eps": group["eps"], "correction": 1 - beta2**t}
        return nadam, {**named, "of_gradient": of_gradient, "of_mean": of_mean}


def nadam(
    p: Array, g: Array, m: Array, v: Array, *, beta1: float, beta2: float, eps: float, correction: float,
    of_gradient: float, of_mean: float,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The step, with the rate and the corrections of gradient and mean in ``of_gradient`` and ``of_mean``."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return p - (of_gradient * g + of_mean * m) / (np.sqrt(v / correction) + eps), m, v
