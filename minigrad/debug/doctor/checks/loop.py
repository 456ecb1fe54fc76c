"""What the user's training step does to the model."""

from __future__ import annotations

from collections.abc import Iterator

from ..examination import Examination, norm
from ..finding import Finding


def no_zero_grad(exam: Examination) -> Iterator[Finding]:
    """Gradients of earlier steps that are added to those of the present one."""
    if len(exam.steps) < 3:
        return
    left_over = []
    for name, pairs in exam.steps[2].arrived.items():
        fresh, total = pairs[0]
        if norm(total - fresh) > 1e-3 * max(norm(fresh), 1e-12):
            left_over.append(name)
    if not left_over:
        return
    fresh, total = exam.steps[2].arrived[left_over[0]][0]
    yield Finding(
        "no-zero-grad",
        "error",
        "the training step",
        f"in the third step {left_over[0]}.grad held more than that step's gradient: its norm was {norm(total):.3g}, "
        f"that of the new part {norm(fresh):.3g} ({len(left_over)} of {len(exam.parameters)} Parameters)",
        "the gradient of the present batch alone: backward() adds to .grad",
        "no zero_grad() between two steps",
        "call optimizer.zero_grad() before loss.backward()",
        "docs/training.md",
        likelihood=0.95,
    )


def no_step(exam: Examination) -> Iterator[Finding]:
    """Nothing moved."""
    if not exam.steps or exam.steps[0].error is not None:
        return
    if any(any(seen.moved.values()) for seen in exam.steps):
        return
    gradients = bool(exam.steps[0].arrived)
    yield Finding(
        "no-step",
        "error",
        "the training step",
        f"in {len(exam.steps)} steps no Parameter changed, "
        + ("although gradients arrived" if gradients else "and no gradient arrived at any"),
        "every trainable Parameter moves in every step",
        "optimizer.step() is missing, or the optimizer was made for another model"
        if gradients
        else "loss.backward() is missing, or the loss is cut off from the model (detach, item, argmax, no_grad)",
        "optimizer.zero_grad(); loss.backward(); optimizer.step()",
        "docs/training.md",
        likelihood=0.98,
    )


CHECKS = (no_zero_grad, no_step)
