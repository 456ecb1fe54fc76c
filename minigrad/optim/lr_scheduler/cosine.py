"""Rates that follow a cosine."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from . import schedules
from .base import LRScheduler
from .groups import for_each, values


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the base rate to ``eta_min`` within ``T_max`` steps, and back again within as many.

    Each step changes what the rate is above ``eta_min`` by a factor, so that other schedules and changes by hand last.

    Math:
        lr = eta_min + (base - eta_min) · (1 + cos(π · step / T_max)) / 2

    Args:
        optimizer: whose rates are set.
        T_max: how many steps the way down takes.
        eta_min: the lowest rate.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Source:
        Loshchilov & Hutter 2017, equation 5.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> [round(rate, 3) for rate in preview(CosineAnnealingLR(optimizer, T_max=4), 6)[0]]
        [1.0, 0.854, 0.5, 0.146, 0.0, 0.146]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        schedules.check_positive("T_max", T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of the groups, one step further along the cosine."""
        self._warn_outside_step()
        step = self.last_epoch
        if self._is_initial:
            return values(self.optimizer)
        if (step - 1 - self.T_max) % (2 * self.T_max) == 0:  # nothing is left to be multiplied
            share = schedules.cosine(self.T_max - 1, self.T_max)
            pairs = for_each(self, "base_lrs", self.base_lrs)
            return [group["lr"] + (base - self.eta_min) * share for group, base in pairs]
        change = schedules.cosine(step, self.T_max) / schedules.cosine(step - 1, self.T_max)
        return [(group["lr"] - self.eta_min) * change + self.eta_min for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        return [schedules.cosine(self.last_epoch, self.T_max, base, self.eta_min) for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half cosines from the base rate to ``eta_min``: the first takes ``T_0`` steps, each ``T_mult`` times as many.

    ``step(epoch)`` takes fractions too: ``scheduler.step(epoch + batch / batches)``. The number of the cycle is counted
    exactly; PyTorch's logarithm misses some restarts, and a resumed one may be in the wrong cycle.

    Args:
        optimizer: whose rates are set.
        T_0: how many steps the first cycle takes.
        T_mult: how many times longer each is than the one before.
        eta_min: the lowest rate.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Source:
        Loshchilov & Hutter 2017, equation 5.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> [round(rate, 3) for rate in preview(CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2), 7)[0]]
        [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"eta_min must be a number, got {eta_min!r}")
        self.T_0 = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur, self.T_i = schedules.since_restart(max(last_epoch, 0), T_0, T_mult)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates at this point of the cycle."""
        self._warn_outside_step()
        pairs = for_each(self, "base_lrs", self.base_lrs)
        return [schedules.cosine(self.T_cur, self.T_i, base, self.eta_min) for _, base in pairs]

    def _get_closed_form_lr(self) -> list[Any]:
        self.T_cur, self.T_i = schedules.since_restart(self.last_epoch, self.T_0, self.T_mult)
        return self.get_lr()

    def step(self, epoch: float | None = None) -> None:
        """Set the rates for the next step, or for the step ``epoch``, which may be a fraction."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            self.last_epoch += 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"epoch must be at least 0, got {epoch}")
        else:
            self.T_cur, self.T_i = schedules.since_restart(epoch, self.T_0, self.T_mult)
            self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        try:
            rates = self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)
