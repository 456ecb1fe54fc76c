"""What stops a pass or a training step by raising."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..examination import Examination
from ..finding import Finding


def refused_in_place(exam: Examination) -> Iterator[Finding]:
    """An in-place operation that was refused because it would have destroyed what a gradient is for."""
    error = exam.first.error
    if isinstance(error, RuntimeError) and "leaf that requires grad" in str(error):
        yield Finding(
            "in-place-damage",
            "error",
            f"the {exam.first.failed_in}",
            str(error).partition("; ")[0],
            "Parameters that change only in the optimizer, or inside no_grad() before they are used",
            "an in-place operation on a Parameter in forward or in the loss",
            "compute a new Tensor: w = w / w.norm(), instead of w.div_(w.norm())",
            likelihood=0.95,
        )


def raised(exam: Examination) -> Iterator[Finding]:
    """Whatever else stops a pass."""
    error = exam.first.error
    place = {"model": "the forward pass", "loss": "the loss", "backward": "the backward pass"}.get(exam.first.failed_in)
    if error is None and exam.steps:
        error, place = exam.steps[0].error, "the training step"
    if error is None or (exam.first.failed_in == "backward" and getattr(exam.first.loss, "_node", None) is None):
        return
    if isinstance(error, StopIteration):
        yield from _nothing_left(error)
        return
    what, _, more = str(error).partition("\n")[0].partition("; ")
    yield Finding(
        "raises",
        "error",
        place or "",
        textwrap.shorten(f"{type(error).__name__}: {what}", 190, placeholder=" …"),
        "" if more else "one pass through the model, the loss and backward without an error",
        textwrap.shorten(more, 190, placeholder=" …") or "what the message says",
        "step() alone shows the line it comes from"
        if place == "the training step"
        else "loss_fn(model(x), y).backward() shows the line it comes from",
        likelihood=0.3,
    )


def _nothing_left(error: Exception) -> Iterator[Finding]:
    """The iterator that the training step takes its batches from is at its end before the first step."""
    yield Finding(
        "raises",
        "error",
        "the training step",
        f"{type(error).__name__} in the first step: next() found no batch left",
        "a batch in every step",
        "the iterator has been used up, by an epoch before or by an earlier diagnosis",
        "make it anew: batches = iter(loader)",
        likelihood=0.9,
    )


CHECKS = (refused_in_place, raised)
