"""Training: short trials with the user's own training step, as it is and with one thing changed.

A cause is tried out rather than guessed: if the loop learns with a tenth of its rate, the rate was too high.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.modes import no_grad
from ...core.tensor import Tensor
from ...optim import LBFGS
from .numbers import Array, norm
from .state import quietly, used_by

if TYPE_CHECKING:
    from .examination import Examination

STEPS, WORK = 150, 8e10  # as many steps as a network of the usual size is given, and multiplications in all
WATCHED = 4  # of so many steps the lengths are measured


@dataclass(eq=False)
class Course:
    """How a trial went.

    Attributes:
        losses: on the batch, before the first step and after every tenth part.
        rates: the largest learning rate at every step; empty without an optimizer.
        broke: whether it ended early, by an error or a loss that is no finite number.
        moved: by which part of its size one of the first steps changes a Parameter, the median; None if none moves.
    """

    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    broke: bool = False
    moved: float | None = None

    @property
    def start(self) -> float:
        """The loss before."""
        return self.losses[0] if self.losses else math.nan

    @property
    def end(self) -> float:
        """The loss at the end, as the mean of the last three; infinite if it ran away."""
        if not self.losses or not math.isfinite(self.losses[-1]):
            return math.inf
        return float(np.mean(self.losses[-3:])) if len(self.losses) > 3 else self.losses[-1]


class Training:
    """Trials with the user's training step; without one, but with an optimizer, with the step that everybody writes.

    Args:
        exam: the examination.
    """

    def __init__(self, exam: Examination) -> None:
        self.exam = exam
        self.ran_out = False  # whether a trial ended for want of batches
        self._courses: dict[Any, Course] = {}

    @cached_property
    def optimizers(self) -> list[Any]:
        """The optimizer that was given, and those that the step uses."""
        found = [self.exam.optimizer, *used_by(*filter(None, [self.exam.step_function]))]
        return list({id(o): o for o in found if hasattr(o, "param_groups")}.values())

    @cached_property
    def schedulers(self) -> list[Any]:
        """The schedules of the learning rate that the step uses."""
        return [s for s in used_by(*filter(None, [self.exam.step_function])) if hasattr(s, "base_lrs")]

    @property
    def possible(self) -> bool:
        """Whether there is a step to try."""
        return self.exam.first.error is None and (self.exam.step_function is not None or self.exam.has_optimizer)

    @cached_property
    def patience(self) -> int:
        """How many steps a trial takes: fewer for models whose steps are long."""
        work = 0.0
        for step in self.exam.first.model_steps:
            weights = [a.size / max(a.shape[0], 1) for a in step.inputs[1:] if isinstance(a, np.ndarray) and a.ndim > 1]
            work += step.out.size * (10 + 6 * (weights[0] if step.name in ("linear", "convolve", "matmul") else 0))
        return int(np.clip(WORK / max(work, 1), 30, STEPS))

    # --- trials -------------------------------------------------------------------------------------------------------
    def course(self, factor: float = 1.0, *, steady: bool = False, decay: bool = True) -> Course:
        """A trial.

        Args:
            factor: on every learning rate.
            steady: hold the learning rates at what they began with, whatever a schedule does.
            decay: False sets every weight decay to 0.
        """
        key = factor, steady, decay
        if key not in self._courses:
            self._courses[key] = self._tried(factor, steady, decay)
        return self._courses[key]

    def _tried(self, factor: float, steady: bool, decay: bool) -> Course:
        course, exam = Course(), self.exam
        with exam.kept(), quietly():
            for group in self._groups():
                for key in ("lr", "initial_lr", "max_lr", "min_lr", "base_lr"):
                    if isinstance(group.get(key), (int, float)):
                        group[key] = group[key] * factor
                if not decay and "weight_decay" in group:
                    group["weight_decay"] = 0.0
            for scheduler in self.schedulers:
                scheduler.base_lrs = [base * factor for base in scheduler.base_lrs]
            held = [group.get("initial_lr", group.get("lr")) for group in self._groups()]
            course.losses.append(exam.loss_now())
            ratios: list[float] = []
            for i in range(self.patience):
                before = {name: p._array.copy() for name, p in exam.parameters.items()} if i < WATCHED else {}
                if steady:
                    for group, rate in zip(self._groups(), held, strict=True):
                        group["lr"] = rate
                course.rates.append(self._rate())
                try:
                    self._step()
                except Exception as error:  # a schedule may be at its end, or the numbers
                    course.broke = True
                    self.ran_out = self.ran_out or isinstance(error, StopIteration)
                    course.losses.append(exam.loss_now())
                    break
                ratios += self._relative(before)
                if i % 10 == 9:
                    course.losses.append(exam.loss_now())
                    if not math.isfinite(course.losses[-1]):
                        course.broke = True
                        break
        course.moved = float(np.median(ratios)) if ratios else None
        return course

    def _relative(self, before: dict[str, Array]) -> list[float]:
        """By which part of its size every Parameter that moved has changed."""
        pairs = [(norm(self.exam.parameters[name]._array - array), norm(array)) for name, array in before.items()]
        return [moved / size for moved, size in pairs if size > 0 and moved > 0]

    def _groups(self) -> Iterator[dict[str, Any]]:
        for optimizer in self.optimizers:
            yield from optimizer.param_groups

    def _rate(self) -> float:
        rates = [group["lr"] for group in self._groups() if isinstance(group.get("lr"), (int, float))]
        return float(max(rates, default=math.nan))

    def _step(self) -> None:
        exam = self.exam
        if exam.step_function is not None:
            exam.take_step()
            return
        exam.model.train()
        exam.optimizer.zero_grad()
        loss = exam.loss_fn(exam.forward(exam.model), exam.y)
        loss.backward()
        exam.optimizer.step()

    # --- what a loss is worth -----------------------------------------------------------------------------------------
    @cached_property
    def baseline(self) -> float:
        """The best loss of an output that is the same for every sample; the loss at the start where none is found."""
        start, output = self.exam.first.value, self.exam.first.output
        if not isinstance(output, Tensor) or output.ndim < 1 or output.dtype.kind != "f":
            return start
        shape = output.shape
        array = output._array
        rows = array.reshape(-1, shape[-1]) if len(shape) > 1 else array.reshape(-1, 1)
        mean = Tensor(rows.mean(axis=0), requires_grad=True)
        blank = Tensor(np.zeros(shape, array.dtype))
        loss_fn: Callable[[Any, Any], Any] = self.exam.loss_fn
        optimizer = LBFGS([mean], max_iter=20, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss: Tensor = loss_fn(blank + mean, self.exam.y)
            loss.backward()
            return loss

        found = math.nan
        with suppress(Exception):  # a loss may not take such an output; the start stands for it then
            optimizer.step(closure)
            with no_grad():
                found = float(loss_fn(blank + mean, self.exam.y).item())
        for p in self.exam.parameters.values():  # a penalty in the loss has left gradients
            p.grad = None
        return found if math.isfinite(found) and found > min(0.0, start) - 3 * abs(start) else start

    def gained(self, loss: float) -> float:
        """How much better a loss is than that of the best constant output; minus infinity for none."""
        return self.baseline - loss if math.isfinite(loss) else -math.inf

    @cached_property
    def best(self) -> float:
        """What the reference loop gains."""
        losses = [loss for loss in self.exam.reference[-20:] if math.isfinite(loss)]
        return self.gained(min(losses, default=math.inf))

    @cached_property
    def progress(self) -> float:
        """What the user's loop gains, as a share of what the reference gains."""
        if not self.possible:
            return 1.0
        course = self.course()
        gained, scale = self.gained(course.end), abs(self.baseline)
        if gained > 0.7 * scale > 0:
            return 1.0
        if self.learnable:
            return gained / self.best
        return 1.0 if gained > 0.1 * scale else 0.0

    @cached_property
    def learnable(self) -> bool:
        """Whether the reference loop learns more than a constant output."""
        return self.best > 0.1 * abs(self.baseline)

    @cached_property
    def struggles(self) -> bool:
        """Whether training as it is gets hardly anywhere: the user's loop or, without one, the reference."""
        if self.possible:
            return self.gained(self.course().end) < 0.3 * abs(self.baseline) and self.progress < 0.5
        return self.best < 0.3 * abs(self.baseline)
