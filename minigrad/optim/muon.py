"""Muon: momentum whose matrix is made orthogonal, so that no direction dominates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core.arrays import HALF
from ..core.graph import Array
from ..core.tensor import Tensor, wrap
from ..core.writes import stamp
from .optimizer import Group, Optimizer, gradient_of, loss_of
from .options import check_range

_RATES: dict[str | None, Callable[[int, int], float]] = {
    None: lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "original": lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}


class Muon(Optimizer):
    """Steps along an orthogonal matrix near the momentum of a weight matrix; for the matrices of hidden layers.

    Biases, scales, embeddings and the last layer are left to another optimizer, such as AdamW. The orthogonal matrix is
    found with a few matrix products, in single precision at least; PyTorch's are in bfloat16, with two digits.

    Shapes:
        Every parameter is a matrix, (rows, columns).

    Math:
        b = μ · b + (1 - μ) · g; n = μ · b + (1 - μ) · g with nesterov, else b
        X = n / ‖n‖, then ns_steps times with A = X Xᵀ: X = a · X + (b · A + c · A²) X
        p = p · (1 - lr · weight_decay) - lr · √max(1, rows / columns) · X.

    Args:
        params: matrices or parameter groups.
        lr: the learning rate.
        weight_decay: the share of a parameter, times lr, that every step takes away.
        momentum: μ, the share of the mean gradient that is kept.
        nesterov: look ahead along the momentum.
        ns_coefficients: a, b and c of the iteration.
        eps: the least norm to divide by.
        ns_steps: how many iterations.
        adjust_lr_fn: None or ``"original"`` for the factor above; ``"match_rms_adamw"`` for 0.2 · √max(rows, columns),
            with which AdamW's rate and weight decay can be kept.

    Source:
        Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; the second factor: Liu et al.
        2025, "Muon is scalable for LLM training", section 2.2.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
        >>> optimizer = optim.Muon([w], lr=0.1, weight_decay=0.0)
        >>> (w * Tensor([[100.0, 0.0], [0.0, 1.0]])).sum().backward()
        >>> optimizer.step()  # both directions move alike
        >>> np.round(w.detach(), 1)
        Tensor([[0.9, 0. ],
                [0. , 0.9]])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        options = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        iteration = {"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps}
        super().__init__(params, {**options, **iteration, "adjust_lr_fn": adjust_lr_fn})

    def _check(self, group: Group) -> None:
        for name in ("lr", "weight_decay", "momentum", "eps"):
            check_range(name, group[name], 0)
        check_range("ns_steps", group["ns_steps"], 0, below=100)
        if not isinstance(group["ns_coefficients"], (tuple, list)) or len(group["ns_coefficients"]) != 3:
            raise ValueError(f"ns_coefficients must be three numbers, got {group['ns_coefficients']!r}")
        if group["adjust_lr_fn"] not in _RATES:
            raise ValueError(f"adjust_lr_fn must be one of {list(_RATES)}, got {group['adjust_lr_fn']!r}")
        for position, parameter in enumerate(group["params"]):
            if parameter.ndim != 2:
                raise ValueError(
                    f"Muon is for matrices, and parameter {position} of its group has shape {parameter.shape}; give it "
                    "to another optimizer: optim.AdamW([p for p in model.parameters() if p.ndim != 2])"
                )

    def _state_dtype(self, parameter: Tensor) -> Any:
        return np.dtype(np.float32) if parameter.dtype == HALF else parameter.dtype

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        Args:
            closure: computes the loss anew and calls its ``backward()``; gradients are recorded while it runs.
        """
        loss = loss_of(closure)
        for group in self.param_groups:
            self._check(group)
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = gradient_of(parameter)
                if gradient is not None and gradient.size:
                    self._update(parameter, gradient, group)
        return loss

    @np.errstate(all="ignore")
    def _update(self, parameter: Tensor, gradient: Array, group: Group) -> None:
        lr, momentum, values = float(group["lr"]), float(group["momentum"]), parameter._array
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = wrap(np.zeros_like(values, dtype=self._state_dtype(parameter)), None)
        buffer = state["momentum_buffer"]._array
        buffer += (1 - momentum) * (gradient - buffer)
        update = gradient + momentum * (buffer - gradient) if group["nesterov"] else buffer
        update = orthogonal(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
        values *= 1 - lr * float(group["weight_decay"])
        values -= lr * _RATES[group["adjust_lr_fn"]](*values.shape) * update
        stamp(values)


def orthogonal(matrix: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """A matrix with the singular vectors of ``matrix``, and singular values near 1, by Newton-Schulz iteration."""
    a, b, c = map(float, coefficients)
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / max(float(np.linalg.norm(x)), float(eps))
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x
