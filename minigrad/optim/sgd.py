"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class SGD(FlatOptimizer):
    """Steps against the gradient, optionally with momentum.

    Math:
        g = gradient (negated to maximize) + weight_decay · p; without momentum p -= lr · g. With momentum μ:
        b = μ · b + (1 - dampening) · g, but b = g in the first step; then p -= lr · b, with nesterov lr · (g + μ · b).

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate.
        momentum: the share μ of the last direction that is kept.
        dampening: the share of the gradient that momentum leaves out.
        weight_decay: λ, added to the gradient as λ · p: the derivative of a penalty λ/2 · p².
        nesterov: look ahead along the momentum.
        maximize: go up instead of down.
        foreach, fused: accepted for PyTorch's sake; every step here is computed over flat blocks.
        differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Robbins & Monro 1951; momentum: Polyak 1964, Sutskever et al. 2013.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = optim.SGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([0.8], requires_grad=True)
    """

    ranges = {**FlatOptimizer.ranges, "momentum": (0, np.inf)}
    shows_step = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_options("SGD", differentiable=differentiable)
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**options, "nesterov": nesterov, "maximize": maximize})

    def _check(self, group: Group) -> None:
        super()._check(group)
        if group["nesterov"] and not (group["momentum"] > 0 and group["dampening"] == 0):
            raise ValueError(
                f"nesterov needs momentum and no dampening, such as momentum=0.9, dampening=0; got "
                f"momentum={group['momentum']}, dampening={group['dampening']}"
            )

    def buffers(self, group: Group) -> dict[str, float]:
        """The direction of the last step, with momentum."""
        return {"momentum_buffer": 0.0} if group["momentum"] else {}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """Down the gradient, or along the buffer of the momentum."""
        rate, momentum, dampening = group["lr"], group["momentum"], group["dampening"]
        if not momentum:
            return descent, {"rate": rate}
        named = {"rate": rate, "momentum": momentum}
        if group["nesterov"]:
            return nesterov, named
        if not dampening or numbers["step"] == 1:
            return heavy_ball, named
        return dampened, {**named, "dampening": dampening}


def descent(p: Array, g: Array, *, rate: float) -> Array:
    """Down the gradient."""
    return p - rate * g


def heavy_ball(p: Array, g: Array, b: Array, *, rate: float, momentum: float) -> tuple[Array, Array]:
    """Along the buffer, which was 0 before the first step."""
    b = momentum * b + g
    return p - rate * b, b


def dampened(p: Array, g: Array, b: Array, *, rate: float, momentum: float, dampening: float) -> tuple[Array, Array]:
    """Along the buffer, which takes up a part of the gradient only."""
    b = momentum * b + (1 - dampening) * g
    return p - rate * b, b


def nesterov(p: Array, g: Array, b: Array, *, rate: float, momentum: float) -> tuple[Array, Array]:
    """From where the momentum leads, down the gradient."""
    b = momentum * b + g
    return p - rate * (g + momentum * b), b
