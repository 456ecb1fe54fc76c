"""A lower rate whenever what is measured has stopped to improve."""

from __future__ import annotations

import math
from typing import SupportsFloat

from ..optimizer import Optimizer
from .base import LRScheduler, warn_of_epoch
from .groups import check_optimizer, set_value, values


class ReduceLROnPlateau(LRScheduler):
    """``factor`` times the rate after more than ``patience`` steps without a better metric: ``step(validation_loss)``.

    With ``threshold_mode="rel"``, better means by the share ``threshold`` of the best so far, also where that is
    negative; PyTorch takes the share in the wrong direction there, so that even equal values count as better.

    Args:
        optimizer: whose rates are set.
        mode: whether ``"min"`` or ``"max"`` is better.
        factor: below 1.
        patience: how many steps without improvement are borne.
        threshold: by how much a metric must be better than the best to count.
        threshold_mode: ``"rel"``, a share of the best, or ``"abs"``.
        cooldown: for how many steps after a change no bad ones are counted.
        min_lr: the lowest rate, or one for each group.
        eps: changes that are no larger are left out.

    Raises:
        TypeError, ValueError: for arguments out of range.

    Example:
        >>> from minigrad import optim
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        >>> for loss in [3.0, 2.0, 2.5, 2.5, 2.5]:
        ...     scheduler.step(loss)
        ...     print(scheduler.get_last_lr())
        [1.0]
        [1.0]
        [1.0]
        [0.5]
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        check_optimizer("ReduceLROnPlateau", optimizer)
        if not 0 <= factor < 1:
            raise ValueError(f"factor must be at least 0 and below 1, got {factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode must be 'rel' or 'abs', got {threshold_mode!r}")
        groups = len(optimizer.param_groups)
        given = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        if len(given) != groups:
            raise ValueError(f"min_lr has {len(given)} rates for {groups} parameter groups")
        self.optimizer = optimizer
        self.factor = factor
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = given
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = values(optimizer)
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf  # the worst that can be
        self._reset()

    def _reset(self) -> None:
        """Forget the best metric and all counts."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take note of a metric, and lower the rates if it is time to.

        Args:
            metrics: a number, such as the loss on held-out data; NaN counts as no improvement.
            epoch: the number of this step; PyTorch keeps it for old programs, and warns.
        """
        current = float(metrics)
        if epoch is not None:
            warn_of_epoch()
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = values(self.optimizer)

    @property
    def in_cooldown(self) -> bool:
        """Whether bad steps are not counted now."""
        return self.cooldown_counter > 0

    def _is_better(self, a: float, best: float) -> bool:
        """Whether ``a`` improves on ``best``."""
        sign = 1 if self.mode == "min" else -1
        needed = 0.0 if math.isinf(best) else self.threshold
        if self.threshold_mode == "rel":
            return sign * a < sign * best * (1 - sign * math.copysign(needed, best))
        return sign * a < sign * (best - sign * needed)

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"min_lr was given for {len(self.min_lrs)} parameter groups, and there are {len(groups)} now; "
                    "add the lowest rate of the new ones: scheduler.min_lrs.append(0.0)"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, lowest)
            if old - new > self.eps:
                set_value(group, "lr", new)
