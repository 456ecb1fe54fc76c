"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..core.graph import Array
from ..core.tensor import Tensor
from .optimizer import Group, Optimizer, check_range, refuse_options


class SGD(Optimizer):
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

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = optim.SGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([0.8], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
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
        for name in ("lr", "momentum", "weight_decay"):
            check_range(name, group[name], 0)
        if group["nesterov"] and not (group["momentum"] > 0 and group["dampening"] == 0):
            raise ValueError(
                f"nesterov needs momentum and no dampening, such as momentum=0.9, dampening=0; got "
                f"momentum={group['momentum']}, dampening={group['dampening']}"
            )

    def _buffers(self, group: Group) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def _coefficients(self, group: Group, step: int) -> tuple[float, ...]:
        share = 1.0 if step == 1 else 1 - float(group["dampening"])
        return float(group["lr"]), float(group["momentum"]), share, bool(group["nesterov"])

    def _update(self, coefficients: tuple[float, ...], gradient: Array, change: Array, *state: Array) -> None:
        lr, momentum, share, nesterov = coefficients
        direction = gradient
        for momentum_buffer in state:
            np.multiply(momentum_buffer, momentum, out=momentum_buffer)
            if share != 1:
                gradient = np.multiply(gradient, share, out=change)
            direction = np.add(momentum_buffer, gradient, out=momentum_buffer)
            if nesterov:  # then there is no dampening
                np.multiply(momentum_buffer, momentum, out=change)
                direction = np.add(change, gradient, out=change)
        np.multiply(direction, lr, out=change)
