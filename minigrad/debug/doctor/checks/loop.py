"""What the user's training step does to the model."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..examination import Examination
from ..finding import Finding, Severity
from ..numbers import norm


def left_over(exam: Examination) -> list[str]:
    """Parameters, in the model's order, to whose gradients those of earlier steps are added, and that move by the sum.

    Gradients that are gathered for a later step are meant so, and those of Parameters that never move do no harm.
    """
    if len(exam.steps) < 3:
        return []
    found = []
    for name in exam.parameters:
        if name not in exam.steps[2].arrived:
            continue
        fresh, total = exam.steps[2].arrived[name][0]
        moved = exam.steps[1].moved.get(name) and exam.steps[2].moved.get(name)
        if moved and norm(total - fresh) > 1e-3 * max(norm(fresh), 1e-12):
            found.append(name)
    return found


def no_zero_grad(exam: Examination) -> Iterator[Finding]:
    """Gradients of earlier steps that are added to those of the present one."""
    names = left_over(exam)
    if not names:
        return
    fresh, total = exam.steps[2].arrived[names[0]][0]
    yield Finding(
        "no-zero-grad",
        "error",
        "the training step",
        f"in the third step {names[0]}.grad has the norm {norm(total):.3g}, the step's own part {norm(fresh):.3g}",
        "equal norms, in all Parameters: the gradient of the present batch alone",
        "no zero_grad() between two steps: backward() adds to .grad",
        "call optimizer.zero_grad() before loss.backward()",
        "docs/training.md",
        likelihood=0.95,
    )


def no_step(exam: Examination) -> Iterator[Finding]:
    """Nothing moved."""
    steps = exam.steps
    if not steps or steps[0].error is not None or any(any(seen.moved.values()) for seen in steps):
        return
    if not any(p.requires_grad for p in exam.parameters.values()):
        return
    if not any(g is not None and g.any() for g in exam.first.gradients.values()):
        return  # no step of any kind would bring a gradient: the cause is in the model or in the loss
    gradients = any(g.any() for pairs in steps[0].arrived.values() for g, _ in pairs)
    stepped = any(seen.stepped for seen in steps)
    if stepped and gradients and exam.has_optimizer and not exam.optimized & {id(p) for p in exam.parameters.values()}:
        return  # the optimizer has other Parameters: parameter_not_optimized says so
    if stepped and all(rate == 0 for seen in steps for rate in seen.rates) and steps[0].rates:
        return  # a rate of 0 is a matter of the schedule
    if not gradients:
        found, cause = "and no gradient arrived at any", "loss.backward() is missing, or the loss is cut off (detach)"
    elif not stepped:
        found, cause = "although gradients arrived: no step was taken", "optimizer.step() is missing"
    elif not any(seen.gradients_at_step for seen in steps):
        found = "although gradients arrived: they were gone when step() came"
        cause = "zero_grad() stands between backward() and step()"
    else:
        found, cause = "although the optimizer had gradients", "a learning rate of 0, or another model's optimizer"
    yield Finding(
        "no-step",
        "error",
        "the training step",
        f"in {len(steps)} steps no Parameter changed, {found}",
        "every trainable Parameter moves in every step",
        cause,
        "optimizer.zero_grad(); loss.backward(); optimizer.step()  # in this order",
        "docs/training.md",
        likelihood=0.98,
    )


def parameter_not_optimized(exam: Examination) -> Iterator[Finding]:
    """Parameters that get gradients, and that no optimizer moves."""
    left = _left_out(exam)
    if not left:
        return
    none = len(left) == sum(p.requires_grad for p in exam.parameters.values())
    names = list(exam.parameters)
    front = not none and max(map(names.index, left)) < min(i for i, name in enumerate(names) if name not in left)
    poor = exam.training.progress < 0.8
    if front and not poor:  # a head that is trained on a base left as it is; only requires_grad says that it is meant
        severity: Severity = "note"
    else:
        severity = "error" if none or poor else "warning"
    yield Finding(
        "parameter-not-optimized",
        severity,
        some(left),
        f"{len(left)} of {len(exam.parameters)} Parameters get gradients, and "
        + ("did not move in the training step" if exam.steps else "the optimizer does not have them"),
        "every Parameter that requires grad is in an optimizer",
        "the optimizer was made for another model, or before this one was built anew or copied"
        if none
        else "the optimizer was given a part of the model, or before the layer was added or replaced",
        "optimizer = optim.Adam(model.parameters(), lr=1e-3)  # after the model is complete",
        "docs/training.md",
        likelihood=0.93 if none or poor else 0.6,
    )


def _left_out(exam: Examination) -> list[str]:
    """Parameters that no optimizer moves although they get gradients."""
    if exam.step_function is not None:
        if not exam.steps or exam.steps[0].error is not None or not any(seen.stepped for seen in exam.steps):
            return []
        if not any(seen.gradients_at_step for seen in exam.steps) and exam.optimized & _ids(exam):
            return []
        got = {name for seen in exam.steps for name, pairs in seen.arrived.items() if any(g.any() for g, _ in pairs)}
        still = [name for name in got if not any(seen.moved.get(name) for seen in exam.steps)]
        known = {id(p) for o in exam.training.optimizers for group in o.param_groups for p in group["params"]}
        return [name for name in exam.parameters if name in still and id(exam.parameters[name]) not in known]
    if not exam.has_optimizer:
        return []
    gradients = exam.first.gradients
    return [
        name
        for name, p in exam.parameters.items()
        if p.requires_grad and gradients.get(name) is not None and id(p) not in exam.optimized
    ]


def _ids(exam: Examination) -> set[int]:
    return {id(p) for p in exam.parameters.values()}


def parameter_frozen(exam: Examination) -> Iterator[Finding]:
    """Parameters without requires_grad, where training fails for want of them."""
    frozen = [name for name, p in exam.parameters.items() if not p.requires_grad]
    if not frozen or exam.first.failed_in in ("model", "loss"):
        return
    training = exam.training
    everything = len(frozen) == len(exam.parameters)
    with_them = training.best
    if everything:
        without = training.gained(exam.first.value)
    else:
        losses = exam.trained(thaw=False)[1][-20:]
        without = training.gained(min(losses)) if losses else math.nan
    if not everything and not (training.learnable and without < 0.75 * with_them):
        return
    reached = training.baseline - without
    yield Finding(
        "parameter-frozen",
        "error" if everything or without < 0.4 * with_them else "warning",
        some(frozen),
        f"requires_grad is False for {len(frozen)} of {len(exam.parameters)} Parameters"
        + ("" if everything else f"; a copy of the model reaches the loss {reached:.3g}"),
        f"with all Parameters the copy reaches {training.baseline - with_them:.3g} in as many steps of Adam"
        if not everything
        else "at least one Parameter that requires grad",
        "layers were frozen with values that are not fit for this task, or not thawed again",
        "model.requires_grad_(True)  # or the layers that must learn; then make the optimizer",
        "docs/training.md",
        likelihood=0.9,
    )


def some(names: list[str]) -> str:
    """A few of the names."""
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


CHECKS = (no_zero_grad, no_step, parameter_not_optimized, parameter_frozen)
