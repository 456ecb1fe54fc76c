"""What all schedules share: PyTorch's face before a function of the step."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from ...core.caller import warn
from ..optimizer import Optimizer
from .groups import check_optimizer, copied, for_each, set_value, values
from .order import check_order, watch


class LRScheduler:
    """Sets the learning rate of every parameter group, anew at each ``step()``.

    A schedule of one's own defines ``get_lr()``, and may use ``self.last_epoch``, ``self.base_lrs`` and
    ``self.optimizer.param_groups`` there.

    Args:
        optimizer: whose rates are set, at once and then at every ``step()``.
        last_epoch: -1 to begin; otherwise the number of the last step that was made before, and every group must have
            an ``"initial_lr"``, as a loaded optimizer has.

    Attributes:
        last_epoch: the number of the current step, from 0.
        base_lrs: the rates that the schedule began with.

    Raises:
        TypeError: for what is not an optimizer.
        KeyError: if a group has no ``"initial_lr"`` to go on from.

    Example:
        >>> from minigrad import optim
        >>> class Halving(LRScheduler):
        ...     def get_lr(self):
        ...         return [base / 2**self.last_epoch for base in self.base_lrs]
        >>> weight = Tensor([1.0], requires_grad=True)
        >>> optimizer = optim.SGD([weight], lr=0.8)
        >>> scheduler = Halving(optimizer)
        >>> for _ in range(3):
        ...     (weight * weight).sum().backward()
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.1]
    """

    optimizer: Optimizer
    last_epoch: int
    base_lrs: list[Any]
    _last_lr: list[Any]
    _step_count: int
    _get_lr_called_within_step = False  # schedules written for PyTorch look at these two
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(type(self).__name__, optimizer)
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"group {number} has no 'initial_lr', from which a schedule with last_epoch={last_epoch} goes on; "
                    "load the state of the optimizer first, or write: for group in optimizer.param_groups: "
                    "group['initial_lr'] = group['lr']"
                )
        self.base_lrs = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        watch(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        """The rates for the first step."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    # --- what a schedule is -------------------------------------------------------------------------------------------
    def get_lr(self) -> list[Any]:
        """The rates for the step ``self.last_epoch``, one for each group: what a schedule of one's own defines."""
        raise NotImplementedError(
            f"{type(self).__name__} has no get_lr; define it in the class: "
            "def get_lr(self): return [base * ... for base in self.base_lrs]"
        )

    def get_last_lr(self) -> list[Any]:
        """The rates that were set last, one for each group."""
        return self._last_lr

    # --- the step -----------------------------------------------------------------------------------------------------
    def step(self, epoch: int | None = None) -> None:
        """Set the rates for the next step, after ``optimizer.step()``.

        Args:
            epoch: jump to this step instead; PyTorch keeps it for old programs, and warns.
        """
        if self._step_count == 1:
            check_order(self.optimizer)
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = getattr(self, "_get_closed_form_lr", self.get_lr)()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates: list[Any]) -> None:
        for group, rate in for_each(self, "rates", rates):
            set_value(group, "lr", rate)
        self._last_lr = values(self.optimizer)

    def _warn_outside_step(self) -> None:
        """What ``get_lr`` answers is the next rate, if the schedule multiplies the last one."""
        if not self._get_lr_called_within_step:
            warn(f"{type(self).__name__}.get_lr() is for step() alone; the last rates are scheduler.get_last_lr()")

    # --- state --------------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """All that the schedule remembers, under PyTorch's names; not the optimizer, which has a state of its own."""
        return self._state_without()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned. Load the state of the optimizer too: the rates are there.

        Raises:
            TypeError: for what is not a dict.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict takes what scheduler.state_dict() returned, got {type(state_dict).__name__}"
            )
        if "param_groups" in state_dict:
            raise ValueError("this is the state of an optimizer; pass what scheduler.state_dict() returned")
        vars(self).update({name: own_copy(value) for name, value in state_dict.items()})

    def _state_without(self, *left_out: str) -> dict[str, Any]:
        names = vars(self).keys() - {"optimizer", *left_out}
        return {name: own_copy(value) for name, value in vars(self).items() if name in names}

    def __repr__(self) -> str:
        rates = ", ".join(f"{float(rate):.6g}" for rate in self._last_lr)
        return f"{type(self).__name__}(step {getattr(self, 'last_epoch', '?')}, lr {rates})"


class ChainableLR(LRScheduler):
    """A schedule that multiplies the rate that it finds, so that several act together, and changes by hand last.

    A subclass says by how much (``_change``), and what that amounts to since the beginning (``_factor``).
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._factor(0)  # so that what makes no sense is refused before anything has changed
        super().__init__(optimizer, last_epoch)

    def _factor(self, step: float) -> float:
        """The rate of a step as a multiple of the base rate: a function of ``schedules``."""
        raise NotImplementedError

    def _change(self, step: int) -> float:
        """What the rate is multiplied by on the way to ``step``, from the one before."""
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        """The rates of the groups, times the change of this step."""
        self._warn_outside_step()
        change = self._change(self.last_epoch)
        return [group["lr"] * change for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        factor = self._factor(self.last_epoch)
        return [base * factor for base in self.base_lrs]


# --- state of functions -----------------------------------------------------------------------------------------------
def own_copy(value: Any) -> Any:
    """The value, copied if it is a list or dict that would go on changing."""
    return copy.copy(value) if isinstance(value, (list, dict, set)) else value


def state_of_function(function: Any) -> dict[str, Any] | None:
    """What an object that stands for a function remembers; None for a plain function, which remembers nothing."""
    state = None if isinstance(function, FunctionType) else getattr(function, "__dict__", None)
    return dict(state) if isinstance(state, dict) else None


def restore_function(function: Any, state: Mapping[str, Any] | None) -> None:
    """Give the object back what it remembered."""
    if state and isinstance(getattr(function, "__dict__", None), dict):
        vars(function).update(state)


def warn_of_epoch() -> None:
    """``step(epoch)`` is an old way."""
    warn(
        "scheduler.step(epoch) jumps to the rate of that step by a formula, and forgets changes by hand; write "
        "scheduler.step() after every epoch, and load_state_dict to go on from a saved one"
    )
