"""Cycles: the rate up and down, over and over, and the momentum the other way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..optimizer import Optimizer
from . import schedules
from .base import LRScheduler, restore_function, state_of_function
from .groups import check_optimizer, for_each, has_beta1, set_momentum, set_value, spread

_MODES = ("triangular", "triangular2", "exp_range")


class CyclicLR(LRScheduler):
    """Between ``base_lr`` and ``max_lr`` up and down, over and over, a step after every batch.

    The momentum (``betas[0]`` where it is called so) goes the other way: low while the rate is high.

    Args:
        optimizer: whose rates are set; its own rates do not count.
        base_lr: the lowest rate, or one for each group.
        max_lr: the highest, if ``mode`` does not lower it.
        step_size_up: how many steps go up.
        step_size_down: how many go down; as many if None.
        mode: ``"triangular"``; ``"triangular2"`` halves the height after every cycle; ``"exp_range"`` multiplies it by
            ``gamma`` at every step.
        gamma: for ``"exp_range"``.
        scale_fn: instead of ``mode``: the factor of the height.
        scale_mode: whether ``scale_fn`` takes the number of the ``"cycle"``, from 1, or of the step: ``"iterations"``.
        cycle_momentum: move the momentum too.
        base_momentum: the lowest momentum, or one for each group.
        max_momentum: the highest.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Raises:
        ValueError: for numbers out of range and an optimizer without momentum.

    Source:
        Smith 2017.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], momentum=0.9)
        >>> preview(CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2, mode="triangular2"), 8)
        [[0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5, 0.25]]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("CyclicLR", optimizer)
        self.optimizer = optimizer
        lowest = spread("base_lr", optimizer, base_lr)
        self.max_lrs = spread("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        schedules.check_positive("step_size_up", up)
        if down < 0:
            raise ValueError(f"step_size_down is a number of steps, at least 0; got {step_size_down}")
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if scale_fn is None and mode not in _MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, _MODES))}, got {mode!r}; or pass scale_fn")
        if scale_fn is not None and scale_mode not in ("cycle", "iterations"):
            raise ValueError(f"scale_mode must be 'cycle' or 'iterations', got {scale_mode!r}")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = has_beta1("CyclicLR", optimizer)
            self.base_momentums = spread("base_momentum", optimizer, base_momentum)
            self.max_momentums = spread("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, lowest, strict=True):
                set_value(group, "lr", rate)
            if cycle_momentum:
                momenta = zip(optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
                for group, low, high in momenta:
                    set_momentum(group, self.use_beta1, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """The factor of the height in a cycle, or at a step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return schedules.scale(self.mode, x, x, self.gamma)

    def get_lr(self) -> list[Any]:
        """The rates of this step; sets the momentum that belongs to them."""
        self._warn_outside_step()
        up = self.total_size * self.step_ratio
        cycle, height = schedules.triangle(self.last_epoch, up, self.total_size - up)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momenta = list(zip(self.base_momentums, self.max_momentums, strict=True))
            for group, (low, high) in for_each(self, "base_momentums", momenta):
                set_momentum(group, self.use_beta1, high - (high - low) * height * scale)
        rates = list(zip(self.base_lrs, self.max_lrs, strict=True))
        return [low + (high - low) * height * scale for _, (low, high) in for_each(self, "base_lrs", rates)]

    def state_dict(self) -> dict[str, Any]:
        """As ever; of ``scale_fn`` only what an object that stands for it remembers."""
        return {
            **self._state_without("_scale_fn_custom"),
            "_scale_fn_custom": state_of_function(self._scale_fn_custom),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned, with a ``scale_fn`` that was given to the constructor again."""
        super().load_state_dict({name: state_dict[name] for name in state_dict if name != "_scale_fn_custom"})
        restore_function(self._scale_fn_custom, state_dict.get("_scale_fn_custom"))
