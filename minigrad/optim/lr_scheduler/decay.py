"""Rates that fall: in steps, at milestones, exponentially, along a power."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..optimizer import Optimizer
from . import schedules
from .base import ChainableLR


class StepLR(ChainableLR):
    """``gamma`` times the rate after every ``step_size`` steps.

    Args:
        optimizer: whose rates are set.
        step_size: how many steps one rate is kept.
        gamma: the factor.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(StepLR(optimizer, step_size=2, gamma=0.5), 5)
        [[1.0, 1.0, 0.5, 0.5, 0.25]]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, step: float) -> float:
        return schedules.step_decay(step, self.step_size, self.gamma)

    def _change(self, step: int) -> float:
        return 1 if step == 0 or step % self.step_size else self.gamma


class MultiStepLR(ChainableLR):
    """``gamma`` times the rate at each of the milestones.

    Args:
        optimizer: whose rates are set.
        milestones: numbers of steps; one that is given twice counts twice.
        gamma: the factor.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5), 5)
        [[1.0, 0.5, 0.5, 0.25, 0.25]]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(
                f"milestones must be numbers of steps such as [30, 80], got {milestones!r}; for a factor after every "
                f"{milestones} steps take StepLR(optimizer, {milestones})"
            )
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, step: float) -> float:
        return schedules.multi_step(step, self.milestones.elements(), self.gamma)

    def _change(self, step: int) -> float:
        return self.gamma ** self.milestones[step] if step in self.milestones else 1

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned, also if it went through JSON, where keys are strings."""
        super().load_state_dict(state_dict)
        self.milestones = Counter({int(step): count for step, count in self.milestones.items()})


class ExponentialLR(ChainableLR):
    """``gamma`` times the rate at every step.

    Args:
        optimizer: whose rates are set.
        gamma: the factor.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(ExponentialLR(optimizer, gamma=0.5), 4)
        [[1.0, 0.5, 0.25, 0.125]]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, step: float) -> float:
        return schedules.exponential(step, self.gamma)

    def _change(self, step: int) -> float:
        return 1 if self._is_initial else self.gamma


class PolynomialLR(ChainableLR):
    """Down to 0 within ``total_iters`` steps, along a power of what is left of them.

    Math:
        lr = base · (1 - step / total_iters) ** power

    Args:
        optimizer: whose rates are set.
        total_iters: the step at which the rate is 0.
        power: 1 is a straight line.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(PolynomialLR(optimizer, total_iters=4), 6)
        [[1.0, 0.75, 0.5, 0.25, 0.0, 0.0]]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _factor(self, step: float) -> float:
        return schedules.polynomial(step, self.total_iters, self.power)

    def _change(self, step: int) -> float:
        if self._is_initial or step > self.total_iters:
            return 1
        left = (1 - step / self.total_iters) / (1 - (step - 1) / self.total_iters)  # of what was left before
        return float(left**self.power)
