"""Adafactor: the mean square of a matrix of gradients, kept as its rows and columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..core.arrays import HALF
from ..core.graph import Array
from ..core.tensor import Tensor, wrap
from ..core.writes import stamp
from .optimizer import Group, Optimizer, gradient_of, loss_of
from .options import check_pair, check_range
from .state import number


class Adafactor(Optimizer):
    """Divides the gradient by the root of its mean square, of which only rows and columns are kept.

    The state of an (n, m) matrix is n + m numbers instead of Adam's 2 n m. Steps are in proportion to the size of the
    parameters.

    Math:
        s = t^beta2_decay; r = r + s · (mean of g² along rows - r), c likewise along columns; v = r c / mean(r)
        (vectors and numbers keep v itself: v = v + s · (g² - v))
        u = g / √max(v, ε1²); α = max(ε2, rms(p)) · min(lr, 1 / √t)
        p = p · (1 - lr · weight_decay) - α · u / max(1, rms(u) / d).

    Args:
        params: Tensors or parameter groups.
        lr: the largest relative step.
        beta2_decay: how the weight of new squares falls with the steps, at most 0.
        eps: ε1, None for the resolution of the dtype, and ε2, the least size of a parameter.
        d: what the root mean square of an update is clipped to, at least 1.
        weight_decay: the share of a parameter, times lr, that every step takes away.
        foreach: accepted for PyTorch's sake.
        maximize: go up instead of down.

    Source:
        Shazeer & Stern 2018, algorithms 4 to 6, without the first moment.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([[1.0, -1.0], [1.0, 1.0]], requires_grad=True)
        >>> optimizer = optim.Adafactor([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([[ 0.9, -0.9],
                [ 0.9,  0.9]], requires_grad=True)
        >>> {name: value.shape for name, value in optimizer.state[w].items() if name != "step"}
        {'row_var': (2, 1), 'col_var': (1, 2)}
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def _check(self, group: Group) -> None:
        for name in ("lr", "weight_decay"):
            check_range(name, group[name], 0)
        check_range("d", group["d"], 1)
        if group["beta2_decay"] > 0:
            raise ValueError(f"beta2_decay must be at most 0, got {group['beta2_decay']}; the paper has -0.8")
        check_pair("eps", group["eps"], "(None, 1e-3)")
        for i, value in enumerate(group["eps"]):
            if i or value is not None:
                check_range(f"eps[{i}]", value, 0)

    def _state_dtype(self, parameter: Tensor) -> Any:
        return np.dtype(np.float32) if parameter.dtype == HALF else parameter.dtype

    def _restored(self, place: Any, entry: Mapping[str, Any], parameter: Tensor, group: Group) -> dict[str, Any]:
        state = super()._restored(place, entry, parameter, group)
        return {**state, "step": number("step", state["step"])} if "step" in state else state

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
                gradient = gradient_of(parameter, group["maximize"])
                if gradient is not None and gradient.size:
                    self._update(parameter, gradient.astype(self._state_dtype(parameter), copy=False), group)
        return loss

    @np.errstate(all="ignore")
    def _update(self, parameter: Tensor, gradient: Array, group: Group) -> None:
        values, state, lr = parameter._array, self.state[parameter], float(group["lr"])
        smallest, least = group["eps"]
        smallest = float(np.finfo(values.dtype).eps) if smallest is None else float(smallest)
        state["step"] = t = state.get("step", 0) + 1
        size = max(float(least), rms(values)) * min(lr, 1 / math.sqrt(t))
        if group["weight_decay"]:
            values *= 1 - lr * float(group["weight_decay"])
        square = self._mean_square(gradient, state, t ** float(group["beta2_decay"]), smallest)
        update = gradient / np.sqrt(np.maximum(square, smallest * smallest))
        values -= size / max(1.0, rms(update) / float(group["d"])) * update
        stamp(values)

    def _mean_square(self, gradient: Array, state: dict[str, Any], weight: float, smallest: float) -> Array:
        squares = gradient * gradient
        if gradient.ndim < 2:
            return _mean("variance", squares, state, weight)
        rows = _mean("row_var", squares.mean(-1, keepdims=True), state, weight)
        columns = _mean("col_var", squares.mean(-2, keepdims=True), state, weight)
        return rows * columns / np.maximum(rows.mean(-2, keepdims=True), smallest)


def rms(x: Array) -> float:
    """The root mean square of an array."""
    return float(np.linalg.norm(x.astype(np.float32, copy=False) if x.dtype == HALF else x)) / math.sqrt(x.size)


def _mean(name: str, new: Array, state: dict[str, Any], weight: float) -> Array:
    """The running mean of that name, brought up to date."""
    if name not in state:
        state[name] = wrap(np.zeros_like(new), None)
    mean = state[name]._array
    mean += weight * (new - mean)
    return mean
