"""LBFGS: a quasi-Newton method that learns curvature from the last few steps."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from ..core.modes import Mode, grad_enabled
from ..core.tensor import Tensor, wrap
from ..core.writes import stamp
from .line_search import strong_wolfe
from .optimizer import Group, Optimizer
from .options import check_range


class LBFGS(Optimizer):
    """Follows an estimate of Newton's direction; for full batches, where gradients have no noise.

    One call of ``step`` makes up to ``max_iter`` iterations, and calls the closure for each at least once. State is
    kept of all parameters together; gradients that are None count as 0. There is one parameter group.

    Math:
        s_k = p_(k+1) - p_k and y_k = g_(k+1) - g_k of the last ``history_size`` steps with sᵀy > 1e-10 give H ≈ the
        inverse of the second derivative, by two loops over them; p = p - t · H g.

    Args:
        params: Tensors, or one parameter group.
        lr: the step length t, or the first one that the line search tries.
        max_iter: iterations per call of ``step``.
        max_eval: evaluations of the closure per call of ``step``; None for 5/4 of ``max_iter``.
        tolerance_grad: the largest gradient at which a minimum is found.
        tolerance_change: the change of the loss, or of all parameters, at which iterations end.
        history_size: how many steps are remembered.
        line_search_fn: None for steps of length ``lr``; ``"strong_wolfe"`` searches, and wants ``lr=1``.

    Source:
        Liu & Nocedal 1989; Nocedal & Wright 2006, algorithm 7.4.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([-1.0, 2.0], requires_grad=True, dtype=np.float64)
        >>> optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe", max_iter=60)
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2  # Rosenbrock's valley
        ...     loss.backward()
        ...     return loss
        >>> _ = optimizer.step(closure)
        >>> np.round(w.detach(), 4)
        Tensor([1., 1.], dtype=float64)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        options = {"lr": lr, "max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad}
        more = {"tolerance_change": tolerance_change, "history_size": history_size, "line_search_fn": line_search_fn}
        super().__init__(params, {**options, **more})

    def add_param_group(self, param_group: Group) -> None:
        """Add the only group."""
        if self.param_groups:
            raise ValueError("LBFGS has one parameter group, since it moves all parameters along one direction")
        super().add_param_group(param_group)

    def _check(self, group: Group) -> None:
        for name in ("lr", "tolerance_grad", "tolerance_change"):
            check_range(name, group[name], 0)
        for name, least in (("max_iter", 0), ("max_eval", 0), ("history_size", 1)):
            check_range(name, group[name], least)
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(f"line_search_fn must be None or 'strong_wolfe', got {group['line_search_fn']!r}")

    # --- all parameters as one vector ---------------------------------------------------------------------------------
    def _gradient(self) -> Array:
        parameters = self.param_groups[0]["params"]
        arrays = [p._array * 0 if p._grad is None else p._grad._array for p in parameters]
        return np.concatenate(arrays, axis=None)

    def _place(self, start: list[Array], t: float, direction: Array) -> None:
        """Move all parameters to ``start`` plus ``t`` times the direction."""
        end = 0
        for parameter, values in zip(self.param_groups[0]["params"], start, strict=True):
            begin, end = end, end + values.size
            parameter._array[...] = values + t * direction[begin:end].reshape(values.shape)
            stamp(parameter._array)

    def _evaluate(
        self, closure: Callable[[], Any], start: list[Array], direction: Array, t: float
    ) -> tuple[float, Array]:
        self._place(start, t, direction)
        return _value(closure()), self._gradient()

    # --- the step -----------------------------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to ``max_iter`` iterations.

        Args:
            closure: sets the gradients to zero, computes the loss, calls its ``backward()`` and returns it.

        Returns:
            What the closure returned first, before anything was changed.

        Raises:
            TypeError: without a closure.
        """
        if closure is None:
            raise TypeError(
                "LBFGS evaluates the loss several times in a step, so it needs a closure: optimizer.step(closure), "
                "where closure() calls optimizer.zero_grad(), computes the loss, calls loss.backward() and returns it"
            )
        (group,) = self.param_groups
        self._check(group)
        closure = Mode(grad_enabled, True)(closure)
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = closure()
        loss, gradient, evaluations = _value(first), self._gradient(), 1
        state["func_evals"] += 1
        if _largest(gradient) <= group["tolerance_grad"]:
            return first
        for iteration in range(1, int(group["max_iter"]) + 1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, int(group["history_size"]))
            before = loss
            state.update(prev_flat_grad=wrap(gradient.copy(), None), prev_loss=loss, d=wrap(direction, None))
            t = float(group["lr"])
            if state["n_iter"] == 1:
                t *= min(1.0, 1.0 / float(np.abs(gradient).sum()))
            state["t"] = t
            slope = float(gradient @ direction)
            if slope > -group["tolerance_change"]:
                break
            start = [parameter._array.copy() for parameter in group["params"]]
            used = 0
            if group["line_search_fn"] is not None:
                objective = functools.partial(self._evaluate, closure, start, direction)
                left = int(group["max_eval"]) - evaluations
                loss, gradient, t, used = strong_wolfe(objective, t, direction, loss, gradient, max_evaluations=left)
                state["t"] = t
                self._place(start, t, direction)
            elif iteration < group["max_iter"]:
                loss, gradient = self._evaluate(closure, start, direction, t)
                used = 1
            else:
                self._place(start, t, direction)
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(t * direction) <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first

    def _direction(self, state: dict[str, Any], gradient: Array, history_size: int) -> Array:
        """-H g, by two loops over the steps that are remembered, after the last one has joined them."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -gradient
        y = gradient - state["prev_flat_grad"]._array
        s = state["t"] * state["d"]._array
        product = float(y @ s)
        if product > 1e-10:
            state["old_dirs"].append(wrap(y, None))
            state["old_stps"].append(wrap(s, None))
            state["ro"].append(1.0 / product)
            state["H_diag"] = product / float(y @ y)
            for name in ("old_dirs", "old_stps", "ro"):
                del state[name][:-history_size]
        pairs = zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True)
        steps = [(y._array, s._array, ro) for y, s, ro in pairs]
        q, weights = -gradient, []
        for y, s, ro in reversed(steps):
            weights.append(float(s @ q) * ro)
            q -= weights[-1] * y
        q *= state["H_diag"]
        for y, s, ro in steps:
            q += (weights.pop() - float(y @ q) * ro) * s
        return q

    def _restored(self, number: Any, entry: Any, parameter: Tensor, group: Group) -> dict[str, Any]:
        state = super()._restored(number, entry, parameter, group)
        for name in state.keys() & {"func_evals", "n_iter", "t", "H_diag", "prev_loss"}:
            state[name] = _plain(state[name])
        return {**state, "ro": [_plain(ro) for ro in state["ro"]]} if "ro" in state else state


def _plain(value: Any) -> Any:
    """A number as Python's; PyTorch keeps some in tensors."""
    return value.item() if hasattr(value, "item") else value


def _value(loss: Any) -> float:
    if loss is None:
        raise TypeError("the closure of LBFGS returned None; end it with `return loss`")
    return float(_plain(loss))


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0.0))
