"""Schedules one after another, and several at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler
from .groups import set_value, values
from .plateau import ReduceLROnPlateau


class _Composed(LRScheduler):
    """What both have in common: schedules of one optimizer, and a state that holds theirs."""

    _schedulers: list[LRScheduler]

    def _take(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        name = type(self).__name__
        self._schedulers = list(schedulers)
        if not self._schedulers:
            raise ValueError(f"{name} needs at least one scheduler, and got an empty list")
        for number, scheduler in enumerate(self._schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"scheduler {number} of {name} is {type(scheduler).__name__}, which has no optimizer")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"scheduler {number} of {name} is ReduceLROnPlateau, whose step needs a metric; call its "
                    "step(metric) by itself"
                )
            optimizer = scheduler.optimizer if optimizer is None else optimizer
            if scheduler.optimizer is not optimizer:
                raise ValueError(f"scheduler {number} of {name} belongs to another optimizer; make all for the same")
        assert optimizer is not None
        self.optimizer = optimizer

    def _to_initial_rates(self) -> None:
        for group in self.optimizer.param_groups:
            set_value(group, "lr", group["initial_lr"])

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule and those in it remember."""
        states = [scheduler.state_dict() for scheduler in self._schedulers]
        return {**self._state_without("_schedulers"), "_schedulers": states}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned."""
        states = state_dict.get("_schedulers", ())
        if len(states) != len(self._schedulers):
            raise ValueError(
                f"the state holds {len(states)} schedulers, this {type(self).__name__} has {len(self._schedulers)}"
            )
        super().load_state_dict({name: state_dict[name] for name in state_dict if name != "_schedulers"})
        for scheduler, state in zip(self._schedulers, states, strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(_Composed):
    """One schedule after another: the next begins, at its own step 0, at each of the milestones.

    Other compositions may be among them, which PyTorch counts wrongly or refuses at a milestone.

    Args:
        optimizer: whose rates are set.
        schedulers: what acts before the first milestone, between it and the second, and so on.
        milestones: the steps at which the next one begins: one less than schedulers.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import ConstantLR, ExponentialLR, preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> warmup, decay = ConstantLR(optimizer, factor=0.1, total_iters=9), ExponentialLR(optimizer, gamma=0.5)
        >>> preview(SequentialLR(optimizer, [warmup, decay], milestones=[2]), 5)
        [[0.1, 0.1, 1.0, 0.5, 0.25]]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self._take(schedulers, optimizer)
        self._milestones = list(milestones)
        if len(self._milestones) != len(self._schedulers) - 1:
            raise ValueError(
                f"SequentialLR got {len(self._schedulers)} schedulers and {len(self._milestones)} milestones; there "
                "must be one milestone less, each the step at which the next scheduler begins"
            )
        if self._milestones != sorted(self._milestones):
            raise ValueError(f"milestones must rise, got {self._milestones}")
        self.last_epoch = last_epoch + 1
        self._to_initial_rates()  # which making the schedulers has changed
        self.recursive_undo()
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take the step back that schedulers make when they are made."""
        for scheduler in self._schedulers if sched is None else [sched]:
            _undo(scheduler)

    def _active(self) -> int:
        return bisect_right(self._milestones, self.last_epoch)

    def step(self) -> None:  # type: ignore[override] # as in PyTorch: what to jump to would not be clear
        """Set the rates for the next step, by the schedule that acts now."""
        self.last_epoch += 1
        number = self._active()
        scheduler = self._schedulers[number]
        if number and self._milestones[number - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    # --- within another composition -----------------------------------------------------------------------------------
    def _initial_step(self) -> None:
        self.last_epoch += 1
        self._begin()

    def _update_lr(self, epoch: int | None = None) -> None:
        """Begin anew, from the initial rates."""
        self.last_epoch = 0
        self._to_initial_rates()
        for scheduler in self._schedulers:
            _rewind(scheduler)
        self._begin()

    def _begin(self) -> None:
        scheduler = self._schedulers[self._active()]
        scheduler._initial_step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    """Several schedules at once: each step is a step of all, in their order.

    Those that multiply the rate that they find act together; one that computes it from the base rate, such as
    ``LambdaLR``, ``OneCycleLR`` or ``CyclicLR``, forgets those before it.

    Args:
        schedulers: of one optimizer.
        optimizer: theirs; taken from the first if None.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import ConstantLR, ExponentialLR, preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> warmup, decay = ConstantLR(optimizer, factor=0.1, total_iters=2), ExponentialLR(optimizer, gamma=0.5)
        >>> preview(ChainedScheduler([warmup, decay]), 4)
        [[0.1, 0.05, 0.25, 0.125]]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take(schedulers, optimizer)
        self._last_lr = values(self.optimizer)

    def step(self) -> None:  # type: ignore[override] # as in PyTorch
        """Set the rates for the next step, by all schedules in turn."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = values(self.optimizer)

    # --- within another composition -----------------------------------------------------------------------------------
    def _initial_step(self) -> None:
        for scheduler in self._schedulers:
            scheduler._initial_step()
        self._last_lr = values(self.optimizer)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Begin anew, from the initial rates."""
        self._to_initial_rates()
        for scheduler in self._schedulers:
            _rewind(scheduler)
        self._initial_step()


def _undo(scheduler: Any) -> None:
    """Take back the step that a scheduler made when it was made."""
    if isinstance(scheduler, SequentialLR):
        _undo(scheduler._schedulers[scheduler._active()])
        scheduler.last_epoch -= 1
    elif hasattr(scheduler, "_schedulers"):
        for inner in scheduler._schedulers:
            _undo(inner)
    elif hasattr(scheduler, "last_epoch"):
        scheduler.last_epoch -= 1


def _rewind(scheduler: Any) -> None:
    """Before the first step, wherever a scheduler is."""
    for inner in getattr(scheduler, "_schedulers", ()):
        _rewind(inner)
    scheduler.last_epoch = -1
