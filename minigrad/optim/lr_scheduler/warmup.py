"""Rates that rise at the beginning."""

from __future__ import annotations

import functools
from typing import Any

from ..optimizer import Optimizer
from . import schedules
from .base import ChainableLR
from .functions import LambdaLR
from .groups import copied, for_each


class ConstantLR(ChainableLR):
    """``factor`` times the rate for the first ``total_iters`` steps.

    With factor 0, where PyTorch divides by zero at the end, the rate returns to the base rate.

    Args:
        optimizer: whose rates are set.
        factor: between 0 and 1.
        total_iters: for how many steps; for 0 nothing happens, where PyTorch keeps the factor for ever.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(ConstantLR(optimizer, factor=0.5, total_iters=2), 4)
        [[0.5, 0.5, 1.0, 1.0]]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"factor must be between 0 and 1, got {factor}; set the largest rate in the optimizer")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, step: float) -> float:
        return schedules.constant(step, self.factor, self.total_iters)

    def _change(self, step: int) -> float:
        if step == 0:
            return self._factor(0)
        return 1 / self.factor if step == self.total_iters else 1

    def get_lr(self) -> list[Any]:
        """The rates of the groups, times the change of this step."""
        if self.factor == 0 and self.last_epoch == self.total_iters:  # nothing is left to be multiplied
            return [copied(base) for _, base in for_each(self, "base_lrs", self.base_lrs)]
        return super().get_lr()


class LinearLR(ChainableLR):
    """From ``start_factor`` to ``end_factor`` times the rate, in ``total_iters`` equal steps.

    Args:
        optimizer: whose rates are set.
        start_factor: above 0, at most 1.
        end_factor: between 0 and 1.
        total_iters: how many steps it takes; with 0 the end is reached at once, where PyTorch stays at the start.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(LinearLR(optimizer, start_factor=0.5, total_iters=2), 4)
        [[0.5, 0.75, 1.0, 1.0]]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"start_factor must be above 0 and at most 1, got {start_factor}; 1e-3 is almost nothing")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"end_factor must be between 0 and 1, got {end_factor}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, step: float) -> float:
        return schedules.linear(step, self.start_factor, self.end_factor, self.total_iters)

    def _change(self, step: int) -> float:
        if step == 0:
            return self._factor(0)
        return 1 if self._is_initial or step > self.total_iters else self._factor(step) / self._factor(step - 1)


class WarmupLR(LinearLR):
    """Linear warm-up: ``warmup_steps`` rates in equal parts below the base rate, which then stays.

    Adam's mean squares, and much else, mean little in the first steps; small rates keep these from doing harm. Chain
    it with the schedule that follows, or take ``warmup_cosine``.

    Math:
        lr = base · min(1, (step + 1) / (warmup_steps + 1))

    Args:
        optimizer: whose rates are set.
        warmup_steps: how many steps are below the base rate; 0 for none.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(WarmupLR(optimizer, warmup_steps=3), 5)
        [[0.25, 0.5, 0.75, 1.0, 1.0]]
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: int, last_epoch: int = -1) -> None:
        if warmup_steps < 0:
            raise ValueError(f"warmup_steps must be at least 0, got {warmup_steps}")
        super().__init__(optimizer, 1 / (warmup_steps + 1), 1.0, warmup_steps, last_epoch)


def warmup_cosine(
    optimizer: Optimizer, warmup_steps: int, total_steps: int, min_ratio: float = 0.0, last_epoch: int = -1
) -> LambdaLR:
    """Linear warm-up, then half a cosine down: how most transformers are trained.

    Args:
        optimizer: its rates are the highest.
        warmup_steps: how many steps are below them at the beginning.
        total_steps: the step at which the lowest rate is reached, which is kept.
        min_ratio: the lowest rate as a share of the highest.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Raises:
        ValueError: if the warm-up takes all steps.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.AdamW([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = warmup_cosine(optimizer, warmup_steps=1, total_steps=5, min_ratio=0.1)
        >>> [round(rate, 3) for rate in preview(scheduler, 7)[0]]
        [0.5, 1.0, 0.868, 0.55, 0.232, 0.1, 0.1]
    """
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(
            f"warmup_steps must be at least 0 and below total_steps, got {warmup_steps} and {total_steps}; both are "
            "numbers of steps, such as 100 and epochs * len(loader)"
        )
    if not 0 <= min_ratio <= 1:
        raise ValueError(f"min_ratio is a share of the highest rate, between 0 and 1; got {min_ratio}")
    factor = functools.partial(
        schedules.warmup_cosine, warmup_steps=warmup_steps, total_steps=total_steps, min_ratio=min_ratio
    )
    return LambdaLR(optimizer, factor, last_epoch)
