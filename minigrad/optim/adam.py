"""Adam: a step size of its own for every number, from running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import refuse_options
from .reading import Text


class Adam(FlatOptimizer):
    """Divides the mean gradient by the root of the mean squared gradient, both over recent steps.

    Math:
        g = gradient (negated to maximize) + weight_decay · p
        m = β1 · m + (1 - β1) · g; v = β2 · v + (1 - β2) · g²
        p -= lr · m / (1 - β1^t) / (√(v / (1 - β2^t)) + eps); with amsgrad the largest v so far takes the place of v.

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate: about how far a step moves a number whose gradient keeps its sign.
        betas: β1 and β2, the shares of the running means that are kept.
        eps: keeps the division finite.
        weight_decay: λ, added to the gradient as λ · p, so that it is divided like the gradient (AdamW differs).
        amsgrad: never let the divisor shrink.
        maximize: go up instead of down.
        decoupled_weight_decay: decay as AdamW does.
        foreach, fused: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Kingma & Ba 2015, algorithm 1; amsgrad: Reddi, Kale & Kumar 2018.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([3.0, -5.0], requires_grad=True)
        >>> optimizer = optim.Adam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()  # the first step is lr long, whatever the size of the gradient
        >>> w
        Tensor([ 2.9, -4.9], requires_grad=True)
    """

    ranges = {**FlatOptimizer.ranges, "eps": (0, np.inf)}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        refuse_options(type(self).__name__, capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, {**options, "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay})

    def buffers(self, group: Group) -> dict[str, float]:
        """The two running means, and the largest of the second."""
        means = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
        return {**means, "max_exp_avg_sq": 0.0} if group["amsgrad"] else means

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The mean over the root of the mean square; the corrections of both means are drawn into rate and eps."""
        beta1, beta2 = map(float, group["betas"])
        root = math.sqrt(1 - beta2 ** numbers["step"])
        rate = float(group["lr"]) * root / (1 - beta1 ** numbers["step"])
        named = {"beta1": beta1, "beta2": beta2, "rate": rate, "eps": float(group["eps"]) * root}
        return amsgrad if group["amsgrad"] else adam, named


def adam(
    p: Array, g: Array, m: Array, v: Array, *, beta1: float, beta2: float, rate: float, eps: float
) -> tuple[Array, ...]:
    """The step, with both corrections in ``rate`` and ``eps``."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return p - rate * (m / (np.sqrt(v) + eps)), m, v


def amsgrad(
    p: Array, g: Array, m: Array, v: Array, most: Array, *, beta1: float, beta2: float, rate: float, eps: float
) -> tuple[Array, ...]:
    """The same with the largest mean square so far."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    most = np.maximum(most, v)
    return p - rate * (m / (np.sqrt(most) + eps)), m, v, most


class AdamW(Adam):
    """Adam whose weight decay is a decay: a step first shrinks the parameters by the share lr · weight_decay.

    In ``Adam`` the decay passes through the gradient, and is divided by the root of its mean square like everything
    else, so that parameters with large gradients hardly decay. Here all decay at one rate. Usually given to matrices
    only, by two parameter groups: biases and the scales of normalisation layers have nothing to gain from being small.

    Math:
        p = p · (1 - lr · weight_decay), then as ``Adam`` with weight_decay 0.

    Args:
        params: Tensors or parameter groups.
        lr: the learning rate.
        betas: β1 and β2, the shares of the running means that are kept.
        eps: keeps the division finite.
        weight_decay: the share of a parameter, times lr, that every step takes away.
        amsgrad: never let the divisor shrink.
        maximize: go up instead of down.
        foreach, fused: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Loshchilov & Hutter 2019, algorithm 2.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([100.0], requires_grad=True)
        >>> optimizer = optim.AdamW([w], lr=0.1, weight_decay=0.5)
        >>> (0 * w).sum().backward()
        >>> optimizer.step()  # 100 · (1 - 0.1 · 0.5)
        >>> w
        Tensor([95.], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        others = {"maximize": maximize, "capturable": capturable, "differentiable": differentiable}
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, decoupled_weight_decay=True, **others)
