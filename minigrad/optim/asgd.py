"""ASGD: gradient descent with falling steps, and the mean of the parameters over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import check_range, refuse_options
from .reading import Text


class ASGD(FlatOptimizer):
    """Stochastic gradient descent with falling steps, which also keeps the mean of the parameters.

    The mean is ``optimizer.state[p]["ax"]``; it begins after ``t0`` steps, until when it is the parameters.

    Math:
        g = gradient (negated to maximize) + weight_decay · p; p = (1 - lambd · η) · p - η · g
        ax = ax + μ · (p - ax); then η = lr / (1 + lambd · lr · t)^alpha and μ = 1 / max(1, t - t0).

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate η of the first step.
        lambd: how fast it falls, and how fast parameters decay.
        alpha: the power with which it falls.
        t0: the step after which the mean begins.
        weight_decay: λ, added to the gradient as λ · p.
        maximize: go up instead of down.
        foreach: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Polyak & Juditsky 1992; the schedules: Bottou 2012, section 5.2.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = optim.ASGD([w], lr=0.1, lambd=0.0, t0=0)
        >>> for _ in range(3):
        ...     optimizer.zero_grad()
        ...     (w * w).sum().backward()
        ...     optimizer.step()
        >>> optimizer.state[w]["ax"]  # the mean of 0.64 and 0.512
        Tensor([0.576])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        refuse_options("ASGD", capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def _check(self, group: Group) -> None:
        super()._check(group)
        for name in ("lambd", "alpha", "t0"):
            check_range(name, group[name], -np.inf)

    def buffers(self, group: Group) -> dict[str, float]:
        """The mean of the parameters."""
        return {"ax": 0.0}

    def numbers(self, group: Group) -> dict[str, Any]:
        """The count of steps, the rate, and the share of the new parameters in the mean."""
        return {"step": 0, "eta": float(group["lr"]), "mu": 1.0}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """Down the gradient and the decay; the mean follows."""
        lr, lambd, eta, mu = float(group["lr"]), float(group["lambd"]), numbers["eta"], numbers["mu"]
        numbers["eta"] = lr / (1 + lambd * lr * numbers["step"]) ** float(group["alpha"])
        numbers["mu"] = 1 / max(1, numbers["step"] - float(group["t0"]))
        return asgd, {"eta": eta, "mu": mu, "lambd": lambd}


def asgd(p: Array, g: Array, ax: Array, *, eta: float, mu: float, lambd: float) -> tuple[Array, Array]:
    """The step, and the mean of the parameters."""
    p = (1 - lambd * eta) * p - eta * g
    return p, ax + mu * (p - ax)
