"""RMSprop: the gradient over the root of its mean square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class RMSprop(FlatOptimizer):
    """Divides the gradient by the root of its mean square over recent steps.

    With ``centered`` the divisor is the deviation of the gradient from its mean. Where the two means are equal but for
    rounding, their difference counts as 0; PyTorch takes the root of a negative number there, and loses the parameter.

    Math:
        g = gradient (negated to maximize) + weight_decay · p; v = α · v + (1 - α) · g²
        centered: m = α · m + (1 - α) · g, and v - m² in the place of v
        p -= lr · g / (√v + eps); with momentum μ: b = μ · b + g / (√v + eps); p -= lr · b.

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate.
        alpha: α, the share of the running means that is kept.
        eps: keeps the division finite; here it is added outside the root.
        weight_decay: λ, added to the gradient as λ · p.
        momentum: the share μ of the last direction that is kept.
        centered: divide by the deviation.
        maximize: go up instead of down.
        foreach: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013, section 4.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = optim.RMSprop([w], lr=0.01)
        >>> (w * w).sum().backward()
        >>> optimizer.step()  # g / √((1 - α) g²) is 10 for both
        >>> np.round(w.detach(), 3)
        Tensor([ 0.9, 99.9])
    """

    ranges = {**FlatOptimizer.ranges, "alpha": (0, np.nextafter(1, 2)), "eps": (0, np.inf), "momentum": (0, np.inf)}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_options("RMSprop", capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        super().__init__(params, {**options, "weight_decay": weight_decay, "maximize": maximize})

    def buffers(self, group: Group) -> dict[str, float]:
        """The mean square, the direction with momentum, and the mean if centered."""
        chosen = {"square_avg": True, "momentum_buffer": group["momentum"] > 0, "grad_avg": group["centered"]}
        return {name: 0.0 for name, used in chosen.items() if used}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The gradient over the root of its mean square, or of its variance."""
        named = {"rate": group["lr"], "alpha": group["alpha"], "eps": group["eps"]}
        if group["momentum"]:
            return centered_momentum if group["centered"] else momentum, {**named, "momentum": group["momentum"]}
        return centered if group["centered"] else rmsprop, named


def rmsprop(p: Array, g: Array, v: Array, *, rate: float, alpha: float, eps: float) -> tuple[Array, ...]:
    """Over the root of the mean square."""
    v = alpha * v + (1 - alpha) * g * g
    return p - rate * g / (np.sqrt(v) + eps), v


def centered(p: Array, g: Array, v: Array, m: Array, *, rate: float, alpha: float, eps: float) -> tuple[Array, ...]:
    """Over the deviation from the mean."""
    v = alpha * v + (1 - alpha) * g * g
    m = m + (1 - alpha) * (g - m)  # exactly g where all were
    return p - rate * g / (np.sqrt(np.maximum(v - m * m, 0)) + eps), v, m


def momentum(
    p: Array, g: Array, v: Array, b: Array, *, rate: float, alpha: float, eps: float, momentum: float
) -> tuple[Array, ...]:
    """Over the root of the mean square, with momentum."""
    v = alpha * v + (1 - alpha) * g * g
    b = momentum * b + g / (np.sqrt(v) + eps)
    return p - rate * b, v, b


def centered_momentum(
    p: Array, g: Array, v: Array, b: Array, m: Array, *, rate: float, alpha: float, eps: float, momentum: float
) -> tuple[Array, ...]:
    """Over the deviation from the mean, with momentum."""
    v = alpha * v + (1 - alpha) * g * g
    m = m + (1 - alpha) * (g - m)
    b = momentum * b + g / (np.sqrt(np.maximum(v - m * m, 0)) + eps)
    return p - rate * b, v, b, m
