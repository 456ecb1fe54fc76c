"""Adam: a step size of its own for every number, from running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ..core.graph import Array
from ..core.tensor import Tensor
from .optimizer import Group, Optimizer, check_range, refuse_options


class Adam(Optimizer):
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

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_options(type(self).__name__, capturable=capturable, differentiable=differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "amsgrad": amsgrad, "maximize": maximize})

    def _check(self, group: Group) -> None:
        for name in ("lr", "eps", "weight_decay"):
            check_range(name, group[name], 0)
        if not isinstance(group["betas"], (tuple, list)) or len(group["betas"]) != 2:
            raise TypeError(f"betas must be two numbers such as (0.9, 0.999), got {group['betas']!r}")
        for name, value in zip(("betas[0]", "betas[1]"), group["betas"], strict=True):
            check_range(name, value, 0, below=1)

    def _buffers(self, group: Group) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def _coefficients(self, group: Group, step: int) -> tuple[float, ...]:
        beta1, beta2 = map(float, group["betas"])
        root = math.sqrt(1 - beta2**step)
        return beta1, beta2, float(group["eps"]) * root, float(group["lr"]) * root / (1 - beta1**step)

    def _update(self, coefficients: tuple[float, ...], gradient: Array, change: Array, *state: Array) -> None:
        beta1, beta2, eps, rate = coefficients
        exp_avg, exp_avg_sq = state[:2]
        np.multiply(exp_avg, beta1, out=exp_avg)
        np.multiply(gradient, 1 - beta1, out=change)
        np.add(exp_avg, change, out=exp_avg)
        np.multiply(exp_avg_sq, beta2, out=exp_avg_sq)
        np.multiply(gradient, gradient, out=change)
        np.multiply(change, 1 - beta2, out=change)
        np.add(exp_avg_sq, change, out=exp_avg_sq)
        for max_exp_avg_sq in state[2:]:
            exp_avg_sq = np.maximum(max_exp_avg_sq, exp_avg_sq, out=max_exp_avg_sq)
        np.sqrt(exp_avg_sq, out=change)
        np.add(change, eps, out=change)
        np.divide(exp_avg, change, out=change)
        np.multiply(change, rate, out=change)


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
        params: Iterable[Tensor] | Iterable[Group],
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
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **others)

    def _decay(self, group: Group) -> tuple[float, float]:
        return 0.0, 1 - float(group["lr"]) * float(group["weight_decay"])
