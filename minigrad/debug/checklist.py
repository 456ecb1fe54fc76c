"""The first-batch checklist: what to look at before a long training run, in one table."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from ..autograd.trees import leaves, rebuilt
from ..core.tensor import Tensor
from ..nn.module.module import Module
from ..optim import Adam
from ..random import default_generator
from .doctor.examination import Examination, quietly
from .doctor.numbers import Array, number
from .doctor.state import restored

RATES = np.geomspace(1e-6, 10, 40)


@dataclass(frozen=True)
class Item:
    """One line of the checklist.

    Attributes:
        name: what was looked at.
        passed: whether it is well; None where it does not apply.
        found: what was measured.
        expected: what is expected.
    """

    name: str
    passed: bool | None
    found: str
    expected: str


@dataclass(frozen=True)
class Checklist:
    """What ``checklist`` found; printed, it is a table.

    Attributes:
        items: one for each check, in order.
        rates: the learning rates of the range scan.
        losses: the loss after the step with each of them; shorter where it ran away.
        suggested: the rate at which the loss falls fastest; None where it never falls.
    """

    items: Sequence[Item]
    rates: Sequence[float] = field(repr=False, default=())
    losses: Sequence[float] = field(repr=False, default=())
    suggested: float | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return all(item.passed is not False for item in self.items)

    def __str__(self) -> str:
        rows = [("", "check", "found", "expected")]
        rows += [(_MARK[item.passed], item.name, item.found, item.expected) for item in self.items]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_MARK[i.passed]}</td><td>{escape(i.name)}</td><td>{escape(i.found)}</td>"
            f"<td>{escape(i.expected)}</td></tr>"
            for i in self.items
        )
        return f"<table><tr><th></th><th>check</th><th>found</th><th>expected</th></tr>{rows}</table>"

    def plot(self, axes: Any = None) -> Any:
        """Draw the scan of learning rates.

        Args:
            axes: of matplotlib, to draw into; new ones if None.

        Returns:
            The axes: ``checklist(...).plot().figure.savefig("rates.png")``.
        """
        if axes is None:
            try:
                figure = importlib.import_module("matplotlib.figure")
            except ImportError as error:
                raise ImportError(
                    "the scan is drawn with matplotlib, which is missing: pip install matplotlib"
                ) from error
            axes = figure.Figure(figsize=(7, 4), layout="constrained").subplots()
        axes.plot(self.rates[: len(self.losses)], self.losses, ".-", color="#0072B2")
        axes.set(
            xscale="log", xlabel="learning rate of Adam", ylabel="loss on the batch", title="Range of learning rates"
        )
        if self.suggested is not None:
            axes.axvline(self.suggested, color="#D55E00", linestyle="--", label=f"falls fastest: {self.suggested:.1g}")
            axes.legend()
        finite = [loss for loss in self.losses if math.isfinite(loss)]
        if finite:
            axes.set_ylim(min(finite) - 0.05 * abs(finite[0]), min(2.5 * finite[0], max(finite) * 1.05))
        return axes


_MARK = {True: "ok", False: "FAILED", None: "-"}


def checklist(model: Module, loss_fn: Callable[[Any, Any], Any], loader: Iterable[Any]) -> Checklist:
    """Go through what should be looked at before a long run; the model and everything random are as before afterwards.

    Args:
        model: the model, before training.
        loss_fn: how the loss is computed: ``loss_fn(model(x), y)``.
        loader: gives batches ``(x, y)``, of which the first is used; a list of one batch will do.

    Raises:
        TypeError: for batches that are no pairs.
        ValueError: for a loader that gives no batch.

    Example:
        >>> from minigrad import nn
        >>> model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3))
        >>> x = np.random.default_rng(0).normal(size=(24, 4)).astype("f")
        >>> checklist(model, nn.CrossEntropyLoss(), [(Tensor(x), Tensor(x[:, :3].argmax(axis=1)))]).ok
        True
    """
    for batch in loader:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise TypeError(f"a batch is a pair of inputs and targets, got {type(batch).__name__}")
        exam = Examination(model, loss_fn, (batch[0], batch[1]))
        break
    else:
        raise ValueError("the loader gave no batch")
    with restored(model), quietly():
        items = [_inputs(exam), _initial_loss(exam), _overfits(exam), _independent(exam), _shuffled(exam)]
        rates, losses = _scan(exam)
        items.append(_rate(rates, losses))
    return Checklist(items, rates, losses, _suggested(rates, losses))


def _inputs(exam: Examination) -> Item:
    floats = [array for array in exam.inputs if array.dtype.kind == "f"]
    if not floats:
        return Item("inputs", None, "no floating-point inputs", "mean about 0, spread about 1")
    array = floats[0]
    finite = bool(np.isfinite(array).all())
    mean, spread = float(array.mean()), float(array.std())
    good = finite and abs(mean) < 3 * max(spread, 1e-12) and 0.05 < spread < 20
    found = f"mean {mean:.3g}, spread {spread:.3g}" if finite else f"{int((~np.isfinite(array)).sum())} not finite"
    return Item("inputs", good, found, "mean about 0, spread about 1")


def _initial_loss(exam: Examination) -> Item:
    value = exam.first.value
    classes = _classes(exam)
    if exam.first.error is not None:
        return Item(
            "initial loss", False, f"{type(exam.first.error).__name__} in the {exam.first.failed_in}", "a number"
        )
    if classes is None:
        return Item("initial loss", bool(math.isfinite(value)), f"{value:.4g}", "a finite number")
    expected = math.log(classes)
    return Item(
        "initial loss", expected * 0.5 < value < expected * 2, f"{value:.4g}", f"log {classes} = {expected:.4g}"
    )


def _classes(exam: Examination) -> int | None:
    """How many classes a cross-entropy chooses from; None for another loss."""
    names = {step.name for step in exam.first.loss_steps}
    if exam.output is None or exam.output.ndim < 2 or not names & {"cross_entropy_of_labels", "log_softmax"}:
        return None
    return int(exam.output.shape[1])


def _overfits(exam: Examination) -> Item:
    losses = exam.reference
    if len(losses) < 2:
        return Item("learns one batch by heart", False, "training broke off", "the loss falls to a tenth")
    first, best = losses[0], min(losses)
    good = best < max(0.1 * first, 1e-3) if first > 0 else best < first - 1
    return Item("learns one batch by heart", bool(good), f"{first:.3g} to {best:.3g} in {len(losses)} steps", "a tenth")


def _independent(exam: Examination) -> Item:
    name, expected = "samples are independent", "an output depends on its own sample only"
    floats = [array for array in exam.inputs if array.dtype.kind == "f" and array.ndim]
    if not floats or len(floats[0]) < 2:
        return Item(name, None, "no floating-point batch of two samples", expected)
    rows = len(floats[0])
    changed = rebuilt(exam.x, iter([_other_first(leaf, rows) for leaf in leaves(exam.x)]))
    before, after = exam.outputs_for(exam.x), exam.outputs_for(changed)
    if before is None or after is None or before.shape != after.shape or len(before) != rows:
        return Item(name, None, "the output has no row for each sample", expected)
    moved = np.logical_not(np.asarray(np.isclose(before, after, rtol=1e-4, atol=1e-6)).reshape(rows, -1).all(axis=1))
    others = int(moved[1:].sum())
    return Item(name, others == 0, f"changing sample 0 changed {others} others", expected)


def _other_first(leaf: Any, rows: int) -> Any:
    """The input with another first sample."""
    array: Array = leaf._array if isinstance(leaf, Tensor) else leaf
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.ndim == 0 or len(array) != rows:
        return leaf
    changed = array.copy()
    changed[0] = changed[0] + changed.std() + 1
    return Tensor(changed)


def _shuffled(exam: Examination) -> Item:
    """A model that fits shuffled targets of other samples as fast as its own has not looked at its inputs."""
    name, expected = "right targets are easier than shuffled ones", "lower loss after as many steps"
    if exam.target is None or len(exam.target) < 8 or not exam.reference:
        return Item(name, None, "fewer than 8 targets in one array", expected)
    order = default_generator().permutation(len(exam.target))
    _, own = exam.trained(steps=30, lr=3e-3)
    _, other = exam.trained(steps=30, lr=3e-3, y=Tensor(exam.target[order]))
    if not own or not other:
        return Item(name, None, "training broke off", expected)
    return Item(name, own[-1] < other[-1], f"{own[-1]:.3g} against {other[-1]:.3g} after {len(own)} steps", expected)


def _scan(exam: Examination) -> tuple[list[float], list[float]]:
    """One step of Adam with every rate, each ten times the last after eight steps; the loss before each step."""
    with restored(exam.model):
        exam.model.train()
        optimizer, losses = Adam(exam.model.parameters(), lr=float(RATES[0])), []
        for rate in RATES:
            for group in optimizer.param_groups:
                group["lr"] = float(rate)
            try:
                optimizer.zero_grad()
                loss = exam.loss_fn(exam.forward(exam.model), exam.y)
                loss.backward()
                optimizer.step()
                losses.append(number(exam.loss_fn(exam.forward(exam.model), exam.y)))
            except Exception:  # the initial loss tells what is wrong
                break
            if not math.isfinite(losses[-1]) or losses[-1] > 10 * abs(losses[0]) + 10:
                break
    return [float(rate) for rate in RATES], losses


def _suggested(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """Where the loss, smoothed over three steps, falls fastest per decade; None where it never falls clearly."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    if len(finite) < 5:
        return None
    smooth = np.convolve(finite, np.ones(3) / 3, "valid")
    slopes = np.diff(smooth)
    steepest = int(slopes.argmin())
    return rates[steepest + 1] if slopes[steepest] < -1e-3 * abs(finite[0]) else None


def _rate(rates: Sequence[float], losses: Sequence[float]) -> Item:
    best = _suggested(rates, losses)
    if best is None:
        return Item("range of learning rates", False, f"no rate up to {rates[-1]:g} lowers the loss", "some rate does")
    return Item("range of learning rates", True, f"the loss falls fastest at {best:.1g}", "some rate lowers the loss")
