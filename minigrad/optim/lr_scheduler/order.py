"""Whether an optimizer has made a step: the rate shall change after it, or its first value would never be used."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from ...core.caller import warn


class Watched:
    """Stands before the ``step`` of one optimizer and notes, under PyTorch's name, that it was called."""

    _wrapped_by_lr_sched = True  # as PyTorch calls it

    def __init__(self, optimizer: Any, replaced: Callable[..., Any] | None = None) -> None:
        self._optimizer = weakref.ref(optimizer)  # an optimizer shall be freed with its last user, not by a collector
        self._replaced = replaced  # a step that the user had put there, in place of the method
        self.__doc__ = type(optimizer).step.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make the step."""
        optimizer = self._optimizer()
        if optimizer is None:
            raise ReferenceError("the optimizer of this step is gone; keep it, not only its step")
        optimizer._opt_called = True
        if self._replaced is not None:
            return self._replaced(*args, **kwargs)
        return type(optimizer).step(optimizer, *args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Watched:
        """Before the step of the copied optimizer, if that is what is being copied."""
        return Watched(memo.get(id(self._optimizer()), self._optimizer()), self._replaced)

    def __reduce__(self) -> tuple[Any, ...]:
        return Watched, (self._optimizer(), self._replaced)


def watch(optimizer: Any) -> None:
    """From now on, note when the optimizer makes a step."""
    if not hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        optimizer.step = Watched(optimizer, vars(optimizer).get("step"))


def check_order(optimizer: Any) -> None:
    """Warn, once for every optimizer, if the rate is changed before the first step was made with it."""
    if vars(optimizer).get("_order_warned"):
        return
    if not hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        optimizer._order_warned = True
        warn(
            f"{type(optimizer).__name__}.step was replaced after the scheduler was made, so that nobody knows whether "
            "it is called before scheduler.step(); replace it first, and then make the scheduler"
        )
    elif not getattr(optimizer, "_opt_called", False):
        optimizer._order_warned = True
        warn(
            "scheduler.step() was called before optimizer.step(), so that the first rate of the schedule is never "
            "used. Write, in this order: loss.backward(); optimizer.step(); scheduler.step()"
        )
