"""What a schedule will do: its rates as numbers and as a picture, without touching the optimizer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler
from .groups import copied, values
from .order import watch
from .plateau import ReduceLROnPlateau


def preview(scheduler: LRScheduler | Callable[[int], float], steps: int) -> list[list[float]]:
    """The rates of the next ``steps`` steps, the current one first: a list for every parameter group.

    Args:
        scheduler: a scheduler, which stays where it is, as does its optimizer; or a function of the step, from 0.
        steps: how many.

    Raises:
        TypeError: for ``ReduceLROnPlateau``, whose rates depend on metrics.
        ValueError: for no steps.

    Example:
        >>> from minigrad.optim.lr_scheduler import schedules
        >>> preview(lambda step: schedules.warmup_cosine(step, warmup_steps=1, total_steps=5, min_ratio=0.5), 3)
        [[0.5, 1.0, 0.9267766952966369]]
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if isinstance(scheduler, LRScheduler):
        if isinstance(scheduler, ReduceLROnPlateau):
            raise TypeError("the rates of ReduceLROnPlateau depend on metrics that nobody knows yet")
        copy_of_it = _on_a_stand_in(scheduler)
        found = []
        for step in range(steps):
            if step:
                copy_of_it.step()
            found.append([float(rate) for rate in values(copy_of_it.optimizer)])
        return [list(rates) for rates in zip(*found, strict=True)]
    if not callable(scheduler):
        raise TypeError(f"pass a scheduler or a function of the step, got {type(scheduler).__name__}")
    return [[float(scheduler(step)) for step in range(steps)]]


def plot_schedule(scheduler: LRScheduler | Callable[[int], float], steps: int, axes: Any = None) -> Any:
    """Draw the rates of the next ``steps`` steps; the scheduler and its optimizer stay where they are.

    Args:
        scheduler: a scheduler, or a function of the step, from 0.
        steps: how many.
        axes: of matplotlib, to draw into; new ones if None.

    Returns:
        The axes: ``plot_schedule(...).figure.savefig("schedule.png")``.

    Raises:
        ImportError: without matplotlib.
    """
    rates = preview(scheduler, steps)
    if axes is None:
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError("plot_schedule draws with matplotlib: pip install matplotlib") from error
        axes = plt.subplots(figsize=(6, 3), layout="constrained")[1]
    first = getattr(scheduler, "last_epoch", 0) if isinstance(scheduler, LRScheduler) else 0
    numbers = range(first, first + steps)
    for group, line in enumerate(rates):
        axes.plot(numbers, line, label=f"group {group}", drawstyle="steps-post")  # a rate is kept for one step
    if len(rates) > 1:
        axes.legend()
    axes.set_xlabel("step")
    axes.set_ylabel("learning rate" if isinstance(scheduler, LRScheduler) else "value")
    axes.update_datalim([(first, 0.0)])  # rates are compared with 0
    axes.autoscale_view()
    axes.grid(alpha=0.3)
    return axes


def _on_a_stand_in(scheduler: LRScheduler) -> LRScheduler:
    """A copy of the scheduler and all within it, for a stand-in that has the options of the optimizer alone."""
    optimizer = scheduler.optimizer
    stand_in: Any = object.__new__(type(optimizer))
    groups = [{name: copied(value) for name, value in group.items()} for group in optimizer.param_groups]
    stand_in.__dict__.update(defaults=optimizer.defaults, param_groups=groups)
    stand_in.__dict__.update(_opt_called=True)  # no order of calls to warn of
    watch(stand_in)
    assert isinstance(stand_in, Optimizer)
    return copy.deepcopy(scheduler, {id(optimizer): stand_in})
