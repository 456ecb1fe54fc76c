"""One cycle: the rate up and then down to almost nothing, the momentum the other way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from . import schedules
from .base import LRScheduler
from .groups import check_optimizer, for_each, has_beta1, set_momentum, spread


class OneCycleLR(LRScheduler):
    """Up to ``max_lr`` and down to almost nothing within ``total_steps``, a step after every batch.

    The momentum (``betas[0]`` where it is called so) goes the other way: low while the rate is high.

    Args:
        optimizer: whose rates are set; its own rates do not count.
        max_lr: the highest rate, or one for each group.
        total_steps: the length of the cycle; or, instead:
        epochs: how many epochs there are;
        steps_per_epoch: and how many batches in each.
        pct_start: the share of the steps in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: move the momentum too.
        base_momentum: the lowest momentum, or one for each group.
        max_momentum: the highest.
        div_factor: how many times less than ``max_lr`` the first rate is.
        final_div_factor: how many times less than the first the last one is.
        three_phase: fall to the first rate in as many steps as it rose, and then to the last.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Raises:
        ValueError: for numbers out of range, an optimizer without momentum, and, in ``step()``, after the last step.

    Source:
        Smith & Topin 2018.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.Adam([Tensor([1.0], requires_grad=True)])
        >>> scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=8, pct_start=0.5)
        >>> [round(rate, 3) for rate in preview(scheduler, 8)[0]]
        [0.04, 0.28, 0.76, 1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("OneCycleLR", optimizer)
        self.optimizer = optimizer
        self.total_steps = _length(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, (int, float)) or not 0 <= pct_start <= 1:
            raise ValueError(f"pct_start is a share of the steps, between 0 and 1; got {pct_start!r}")
        if anneal_strategy not in schedules.ANNEALING:
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        highest = spread("max_lr", optimizer, max_lr)
        momenta: Sequence[tuple[Any, Any]] = [(None, None)] * len(highest)
        if cycle_momentum:
            self.use_beta1 = has_beta1("OneCycleLR", optimizer)
            lows = spread("base_momentum", optimizer, base_momentum)
            momenta = list(zip(lows, spread("max_momentum", optimizer, max_momentum), strict=True))
        if last_epoch == -1:
            for group, rate, (low, high) in zip(optimizer.param_groups, highest, momenta, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
                if cycle_momentum:
                    set_momentum(group, self.use_beta1, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of this step; sets the momentum that belongs to them."""
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for total_steps={self.total_steps}, and this would be step {step}; call "
                "scheduler.step() once for every batch and give their whole number: epochs * len(loader)"
            )
        number, share = schedules.phase_at(step, [phase["end_step"] for phase in self._schedule_phases])
        phase, anneal = self._schedule_phases[number], schedules.ANNEALING[self._anneal_func_type]
        rates = []
        for group, _ in for_each(self, "base_lrs", self.base_lrs):
            rates.append(anneal(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                momentum = anneal(group[phase["start_momentum"]], group[phase["end_momentum"]], share)
                set_momentum(group, self.use_beta1, momentum)
        return rates


def _length(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """The number of steps, which was given as one number or as two."""
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("OneCycleLR needs total_steps, or epochs and steps_per_epoch=len(loader)")
    given = {"total_steps": total_steps}
    if total_steps is None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    length = 1
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"{name} must be an integer above 0, got {value!r}")
        length *= value
    return length


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """The end of every phase, and what it goes between, by the names that these numbers have in a group."""
    rates = ["initial_lr", "max_lr", "initial_lr", "min_lr"] if three_phase else ["initial_lr", "max_lr", "min_lr"]
    momenta = ["max_momentum", "base_momentum", "max_momentum", "max_momentum"]
    return [
        {
            "end_step": end,
            "start_lr": rates[number],
            "end_lr": rates[number + 1],
            "start_momentum": momenta[number],
            "end_momentum": momenta[number + 1],
        }
        for number, end in enumerate(schedules.ends_of_phases(total_steps, pct_start, three_phase))
    ]
