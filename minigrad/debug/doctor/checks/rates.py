"""How fast the loop learns: rates, schedules, and penalties that pull harder than the data.

Each cause is tried out: the user's own steps are run again with that one thing changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ....core.graph import Leaf, Node, reachable
from ..examination import Examination
from ..finding import Finding, Severity
from ..numbers import Array, norm
from ..records import Pass
from ..training import Course, Training
from .loop import left_over

USUAL = 2e-4  # by which part a step of healthy length changes a Parameter, at least; 0.001 is common
LOWER, HIGHER = (0.1, 0.01, 0.001), (10.0, 100.0, 1e3, 1e5)


def _worth_trying(exam: Examination) -> bool:
    """Whether the loop runs, moves something, and gets little done."""
    if not exam.training.possible or not math.isfinite(exam.training.baseline):
        return False
    if exam.steps and (exam.steps[0].error is not None or left_over(exam)):
        return False
    return exam.training.progress < 0.6 and exam.training.learnable


def _much_better(training: Training, other: Course, course: Course, times: float = 3) -> bool:
    """Whether the other trial learns something, and several times as much."""
    gained, before = training.gained(other.end), max(training.gained(course.end), 0.0)
    return gained > 0.1 * abs(training.baseline) and gained > times * before


def rate_too_high(exam: Examination) -> Iterator[Finding]:
    """A loss that jumps or runs away, and falls with a smaller rate."""
    if not _worth_trying(exam) or exam.training.progress > 0.4:
        return
    training, course = exam.training, exam.training.course()
    if not training.optimizers:
        yield from _overshoots(exam)
        return
    moved = _relative(exam)
    if max(course.losses) < 1.02 * course.start and math.isfinite(course.end) and (moved is None or moved < 0.05):
        return
    for factor in LOWER:
        other = training.course(factor)
        if _much_better(training, other, course, times=2):
            break
    else:
        return
    yield Finding(
        "rate-too-high",
        "error",
        _rate(course),
        f"the loss goes from {_number(course.start)} to {_number(course.end)} in {_steps(course)} steps"
        + _updates(exam),
        f"the same steps with {factor:g} times the rate bring it to {_number(other.end)}",
        "steps beyond the valley: at curvature c, gradient descent diverges above a rate of 2/c",
        f"lr={_rounded(course.rates[0] * factor)}" if course.rates else "a smaller learning rate",
        "docs/training.md",
        likelihood=0.8,
    )


def _overshoots(exam: Examination) -> Iterator[Finding]:
    """The same without an optimizer that could be given another rate: the loss rose, and the steps are large."""
    training, course = exam.training, exam.training.course()
    moved = _relative(exam)
    if not training.learnable or moved is None or moved < 0.3 or course.end < course.start:
        return
    yield Finding(
        "rate-too-high",
        "error",
        "the training step",
        f"the loss goes from {_number(course.start)} to {_number(course.end)} in {_steps(course)} steps"
        + _updates(exam),
        f"steps of about 0.001; Adam at a rate of 0.01 brings the loss to {training.baseline - training.best:.3g}",
        "steps beyond the valley: at curvature c, gradient descent diverges above a rate of 2/c",
        "divide the learning rate by 10 until the loss falls",
        "docs/training.md",
        likelihood=0.75,
    )


def rate_too_low(exam: Examination) -> Iterator[Finding]:
    """A loss that hardly moves, and falls with a larger rate."""
    if not _worth_trying(exam) or exam.training.progress > 0.15:
        return
    training, course = exam.training, exam.training.course()
    if course.broke or course.end > 1.02 * course.start or not training.optimizers or not course.rates:
        return
    if _decayed(course, exam) or course.rates[-1] > 1.2 * course.rates[0]:  # a schedule that has hardly begun
        return
    moved = _relative(exam)
    if training.gained(course.end) > 0.25 * abs(training.baseline) or (moved is not None and moved > 0.02):
        return
    for factor in HIGHER:
        other = training.course(factor)
        if _much_better(training, other, course) and training.gained(other.end) > 0.3 * training.best:
            break
    else:
        return
    # without a step, nobody says for how long the user trains
    usual = moved is not None and moved >= (USUAL if exam.step_function is not None else USUAL / 10)
    if usual:
        severity: Severity = "note"
    else:
        severity = "error" if training.progress < 0.05 else "warning"
    short = min((seen.shortened for seen in exam.steps), default=1.0)
    clipped = short < 0.05 and len(training.optimizers) == 1
    yield Finding(
        "rate-too-low",
        severity,
        "the clipping of gradients" if clipped else _rate(course),
        f"the loss goes from {_number(course.start)} to {_number(course.end)} in {_steps(course)} steps"
        + _updates(exam),
        f"the same steps with {factor:g} times the rate bring it to {_number(other.end)}",
        "the steps are short but not too short: more of them would do as well"
        if usual
        else f"gradients are cut to {short:.2g} of their length before step()"
        if clipped
        else "steps too short to get anywhere; a healthy one changes a Parameter by about 0.001",
        "nn.utils.clip_grad_norm_(model.parameters(), 1.0)"
        if clipped
        else f"lr={_rounded(course.rates[0] * factor)}" + (", or more steps" if usual else ""),
        "docs/training.md",
        likelihood=0.75,
    )


def schedule_too_fast(exam: Examination) -> Iterator[Finding]:
    """A rate that is gone before the loop has learned."""
    if not _worth_trying(exam):
        return
    training, course = exam.training, exam.training.course()
    if not course.rates or not _decayed(course, exam):
        return
    other = training.course(steady=True)
    gained, before = training.gained(other.end), max(training.gained(course.end), 0.0)
    if not (gained > 0.15 * abs(training.baseline) and gained > 1.4 * before):
        return
    gone = next((i for i, rate in enumerate(course.rates) if rate < 0.01 * _peak(course, exam)), len(course.rates))
    yield Finding(
        "schedule-too-fast",
        "error" if gained > 2.5 * before else "warning",
        "the schedule of the learning rate",
        f"from {_peak(course, exam):.3g} to {course.rates[-1]:.3g}, below a hundredth after {gone} "
        f"step{'s' * (gone != 1)}; the loss stops at {_number(course.end)}",
        f"with the rate held, the same {_steps(course)} steps bring it to {_number(other.end)}",
        "the schedule counts epochs and is stepped after every batch, or is made for fewer steps",
        "scheduler.step() once per epoch, after the loop over batches; or a schedule over all steps",
        "docs/training.md",
        likelihood=0.85,
    )


def _peak(course: Course, exam: Examination) -> float:
    """The rate that was asked for."""
    asked = [
        group["initial_lr"]
        for optimizer in exam.training.optimizers
        for group in optimizer.param_groups
        if "initial_lr" in group
    ]
    return float(max([*course.rates, *asked]))


def _decayed(course: Course, exam: Examination) -> bool:
    """Whether a schedule brought the rate down."""
    return bool(exam.training.schedulers or len(set(course.rates)) > 1) and course.rates[-1] < 0.1 * _peak(course, exam)


def penalty_dominates(exam: Examination) -> Iterator[Finding]:
    """A penalty on the weights that pulls harder than the data."""
    yield from _in_the_optimizer(exam) if _worth_trying(exam) else ()
    yield from _in_the_loss(exam)
    yield from _in_the_step(exam) if _worth_trying(exam) else ()


def _in_the_optimizer(exam: Examination) -> Iterator[Finding]:
    training, course = exam.training, exam.training.course()
    decays = [float(g.get("weight_decay", 0) or 0) for o in training.optimizers for g in o.param_groups]
    if not any(decays):
        return
    other = training.course(decay=False)
    gained, before = training.gained(other.end), max(training.gained(course.end), 0.0)
    if not (gained > 0.2 * abs(training.baseline) and gained > 2 * before):
        return
    weights = math.sqrt(sum(norm(p._array) ** 2 for p in exam.parameters.values()))
    gradient = math.sqrt(sum(norm(g) ** 2 for g in exam.first.gradients.values() if g is not None))
    yield Finding(
        "penalty-dominates",
        "error",
        "the optimizer's weight_decay",
        f"weight_decay={max(decays):g} pulls with {max(decays) * weights:.3g}, the data with {gradient:.3g}; the loss "
        f"ends at {_number(course.end)}",
        f"without weight_decay the same {_steps(course)} steps bring the loss to {_number(other.end)}",
        "the penalty holds the weights at 0, where they cannot fit the data",
        "weight_decay=1e-4 for SGD or Adam, 1e-2 for AdamW",
        "docs/training.md",
        likelihood=0.88,
    )


def _in_the_loss(exam: Examination) -> Iterator[Finding]:
    parts = _parts(exam.first)
    if parts is None or not exam.first.value > 0:
        return
    data, penalty = parts
    if penalty < 3 * abs(data) or not math.isfinite(penalty):
        return
    pull = _penalty_pull(exam)
    if pull is None or pull < 3:
        return
    yield Finding(
        "penalty-dominates",
        "error",
        "the loss",
        f"of the loss {exam.first.value:.3g} the penalty on the weights is {penalty:.3g}; its gradient is {pull:.2g} "
        "times the data's",
        "a penalty that is a small part of the loss",
        "its factor is too large for a sum over all weights",
        f"multiply the penalty by {_rounded(0.01 / pull)}, or use AdamW(..., weight_decay=0.01) instead",
        "docs/losses.md",
        likelihood=0.88,
    )


def _in_the_step(exam: Examination) -> Iterator[Finding]:
    """The user's step minimises the loss plus a penalty that ``loss_fn`` does not have: gradients along the weights."""
    if not exam.steps or not exam.steps[0].arrived:
        return
    extra: list[Array] = []
    weights: list[Array] = []
    signs: list[Array] = []
    data = 0.0
    for name, pairs in exam.steps[0].arrived.items():
        gradient = exam.first.gradients.get(name)
        array = exam.parameters[name]._array
        if gradient is None or gradient.shape != pairs[0][0].shape:
            continue
        data += norm(gradient) ** 2
        extra.append((pairs[0][0] - gradient).ravel())
        weights.append(array.ravel())
        signs.append(np.sign(array).ravel())
    if not extra:
        return
    more = np.concatenate(extra)
    alike = max(_cosine(more, np.concatenate(weights)), _cosine(more, np.concatenate(signs)))
    if alike < 0.9 or norm(more) < 3 * math.sqrt(data):
        return
    yield Finding(
        "penalty-dominates",
        "error",
        "the training step",
        f"gradients {norm(more) / max(math.sqrt(data), 1e-30):.3g} times as long as the loss's, along the weights "
        f"(cosine {alike:.2f})",
        "gradients of the loss, and a penalty that adds little to them",
        "the training step adds a penalty on the weights whose factor is too large",
        f"multiply the penalty by {_rounded(0.01 * math.sqrt(data) / norm(more))}, or use AdamW(weight_decay=0.01)",
        "docs/losses.md",
        likelihood=0.87,
    )


def _split(done: Pass) -> tuple[list[Node], list[Node]] | None:
    """The summands of the loss that depend on what the model returned, and those that do not."""
    if done.loss is None or getattr(done.loss, "_node", None) is None or not done.model_steps:
        return None
    of_model = {step.node for step in done.model_steps}
    data: list[Node] = []
    penalties: list[Node] = []
    waiting: list[Node] = [done.loss._node]
    while waiting:
        node = waiting.pop()
        if not reachable([node]) & of_model:
            penalties.append(node)
        elif node.name == "add" and all(p is not None for p in node.parents):
            waiting += [p for p in node.parents if p is not None]
        else:
            data.append(node)
    return (data, penalties) if data and penalties else None


def _parts(done: Pass) -> tuple[float, float] | None:
    """How much of the loss comes from the data, and how much from penalties on the Parameters alone."""
    split = _split(done)
    if split is None:
        return None
    values = {step.node: float(np.sum(step.out)) for step in done.trace.steps}
    data, penalties = ([values.get(node, math.nan) for node in nodes] for nodes in split)
    return sum(data), sum(penalties)


def _penalty_pull(exam: Examination) -> float | None:
    """The length of the penalty's gradient relative to that of the data's."""
    split = _split(exam.first)
    if split is None:
        return None
    reached: dict[str, Array] = {}
    leaves = {node for node in reachable(split[1]) if isinstance(node, Leaf)}
    names = [name for name, p in exam.parameters.items() if any(leaf.tensor() is p for leaf in leaves)]
    for name in names:
        gradient = exam.first.gradients.get(name)
        if gradient is not None:
            reached[name] = gradient
    if not reached:
        return None
    # L2 and L1 are what is used: the part along the weights, or along their signs, is the penalty's
    total = np.concatenate([g.ravel() for g in reached.values()])
    weights = np.concatenate([exam.parameters[name]._array.ravel() for name in reached])
    alike = max(abs(_cosine(total, weights)), abs(_cosine(total, np.sign(weights))))
    return alike / math.sqrt(max(1 - alike * alike, 1e-12))


def _cosine(a: Array, b: Array) -> float:
    lengths = norm(a) * norm(b)
    return float(np.dot(a.astype(np.float64), b.astype(np.float64))) / lengths if lengths > 0 else 0.0


# --- words ------------------------------------------------------------------------------------------------------------
def _relative(exam: Examination) -> float | None:
    """By which part of its size a step changes a Parameter, the median over them."""
    return exam.training.course().moved


def _updates(exam: Examination) -> str:
    moved = _relative(exam)
    if moved is None:
        return ""
    return f"; a step is {f'{moved:.0f} times' if moved >= 1.5 else f'{moved:.1g} of'} a Parameter's size"


def _rate(course: Course) -> str:
    return f"the learning rate {course.rates[0]:.3g}" if course.rates else "the learning rate"


def _steps(course: Course) -> int:
    return max(len(course.rates), 1)


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "no finite number"


def _rounded(rate: float) -> str:
    return f"{rate:.1g}"


CHECKS = (penalty_dominates, schedule_too_fast, rate_too_high, rate_too_low)
