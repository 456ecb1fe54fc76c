"""What the model returns, against what the loss expects."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ....autograd.trees import leaves
from ....core.graph import Node
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array
from ..task import CROSS_ENTROPY, compares_numbers, last_operation, loss_step, place, source

INFINITE = math.inf
RANGES = {  # what an operation at the end of a model can put out
    "sigmoid": (0.0, 1.0), "hardsigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0), "softsign": (-1.0, 1.0), "relu": (0.0, INFINITE), "softplus": (0.0, INFINITE),
    "exp": (0.0, INFINITE), "square": (0.0, INFINITE), "abs": (0.0, INFINITE), "log_softmax": (-INFINITE, 0.0),
    "logsigmoid": (-INFINITE, 0.0),
}  # fmt: skip


def double_softmax(exam: Examination) -> Iterator[Finding]:
    """Probabilities given to a cross-entropy, which applies softmax itself."""
    step = loss_step(exam, CROSS_ENTROPY)
    scores = exam.output if step is None else step.inputs[0]
    if step is None or not isinstance(scores, np.ndarray) or scores.ndim < 2 or not _probabilities(scores):
        return
    count = scores.shape[1]
    floor = float(np.log(1 + (count - 1) * np.exp(-1)))
    yield Finding(
        "double-softmax",
        "error",
        "the model's output",
        f"every row is at least 0 and sums to 1, and the loss applies softmax to it again: {exam.first.value:.3g}",
        f"logits, any numbers: with probabilities the loss of {count} classes stays above {floor:.3g}",
        "a softmax at the end of the model, before a cross-entropy that has its own",
        "remove the softmax: return the logits; apply softmax only to read probabilities",
        "docs/losses.md",
        likelihood=0.97,
    )


def _probabilities(output: Array) -> bool:
    """Whether the numbers along the classes are at least 0 and sum to 1."""
    return bool(output.shape[1] > 1 and (output >= 0).all() and np.allclose(output.sum(axis=1), 1, atol=1e-3))


def double_sigmoid(exam: Examination) -> Iterator[Finding]:
    """Probabilities given to a binary cross-entropy that applies sigmoid itself."""
    step = loss_step(exam, {"binary_cross_entropy_of_logits"})
    if step is None:
        return
    scores, before = step.inputs[0], source(step.node.parents[0])
    name = before.name if before is not None else ""
    if name not in ("sigmoid", "hardsigmoid", "softmax"):
        if len(scores) < 16 or not _shares([scores]):
            return
        name = "something that stays between 0 and 1"
        model, _ = exam.trained(steps=60)
        if model is None or not _shares([a._array for a in leaves(exam.run(model, backward=False).output)]):
            return  # scores that only happened to start there
    yield Finding(
        "double-sigmoid",
        "error",
        "the model's output",
        f"{scores.min():.3g} to {scores.max():.3g}, from {name}, go to a loss with a sigmoid: {exam.first.value:.3g}",
        f"logits, any numbers; else the loss of a 'no' stays above {math.log(2):.2f}, of a 'yes' above "
        f"{math.log1p(math.exp(-1)):.2f}",
        "a sigmoid, or what does its work, at the end of the model, before a loss that has its own",
        "remove the sigmoid: return the logits; or use BCELoss, which takes probabilities",
        "docs/losses.md",
        likelihood=0.97,
    )


def _shares(arrays: list[Array]) -> bool:
    """Whether all numbers lie between 0 and 1, and are no mere answers."""
    return all(bool(((array >= 0) & (array <= 1)).all() and array.std() > 0) for array in arrays)


def expects_log_probabilities(exam: Examination) -> Iterator[Finding]:
    """Scores or probabilities given to a loss that picks log-probabilities."""
    given, loss = _given_as_logarithms(exam)
    if given is None or given.shape[1] < 2 or not np.isfinite(given).all():
        return
    if float(np.abs(np.log(np.maximum(np.exp(given).sum(axis=1), 1e-30))).max()) < 1e-2:
        return  # the logarithms of probabilities, as they should be
    count = given.shape[1]
    kind = "probabilities, at least 0, that sum to 1" if _probabilities(given) else "scores, any numbers"
    bound = "it is bounded by -1" if _probabilities(given) else "it has no lower bound"
    yield Finding(
        "expects-log-probabilities",
        "error",
        "the loss",
        f"{loss} is given {kind}: {exam.first.value:.3g}",
        f"log-probabilities, and a loss near log {count} = {math.log(count):.3g} at first; like this {bound}",
        f"{loss} does not take the logarithm itself",
        "F.cross_entropy(scores, y), or F.nll_loss(F.log_softmax(scores, dim=1), y)"
        if loss == "nll_loss"
        else "F.kl_div(F.log_softmax(scores, dim=1), y, reduction='batchmean')",
        "docs/losses.md",
        likelihood=0.96,
    )


def _given_as_logarithms(exam: Examination) -> tuple[Array | None, str]:
    """What a loss takes for logarithms of probabilities, a row for each sample, and the name of the loss."""
    plain = {"getitem", "negative", "mean", "sum", "transpose", "reshape", "divide", "multiply", "divergence_terms"}
    if not {step.name for step in exam.first.loss_steps} <= plain:
        return None, ""
    for step in exam.first.loss_steps:
        scores = step.inputs[0] if step.inputs else None
        if not isinstance(scores, np.ndarray) or scores.ndim != 2:
            continue
        if step.name == "divergence_terms":
            return scores, "kl_div"
        index = step.node.static.get("index")
        if step.name == "getitem" and isinstance(index, tuple) and len(index) == 2:
            if all(isinstance(part, np.ndarray) for part in index) and len(index[0]) == len(scores):
                return scores, "nll_loss"
    return None, ""


# --- ranges -----------------------------------------------------------------------------------------------------------
def output_range(exam: Examination) -> Iterator[Finding]:
    """Targets that the last activation cannot reach."""
    output, target, last = exam.output, exam.target, last_operation(exam)
    if output is None or target is None or last not in RANGES or not compares_numbers(exam):
        return
    low, high = RANGES[last]
    missed = np.maximum(low - target, 0) + np.maximum(target - high, 0)
    variance = float(target.var())
    best = float(np.mean(np.square(missed, dtype=np.float64)))
    outside = float((missed > 0.01 * math.sqrt(variance)).mean())
    if variance == 0 or best < 0.02 * variance or outside < 0.01:
        return
    yield Finding(
        "output-range",
        "error",
        "the model's output",
        f"it ends with {last}, {low:g} to {high:g}; {100 * outside:.0f} % of the targets, {target.min():.3g} to "
        f"{target.max():.3g}, lie outside",
        f"a range that holds them: else the mean squared error stays above {best:.3g} (variance {variance:.3g})",
        f"an activation at the end that does not fit the task: {last}",
        "end with nn.Linear, or scale the targets to the range of the activation",
        "docs/layers.md",
        likelihood=0.93,
    )


def bounded_scores(exam: Examination) -> Iterator[Finding]:
    """Scores of classes that an activation keeps small or positive."""
    step = loss_step(exam, CROSS_ENTROPY | {"binary_cross_entropy_of_logits"})
    before = None if step is None else source(step.node.parents[0])
    if step is None or before is None or before.name not in RANGES or before.name in ("softmax", "log_softmax"):
        return
    low, high = RANGES[before.name]
    binary = step.name not in CROSS_ENTROPY
    if binary and before.name in ("sigmoid", "hardsigmoid"):
        return  # double-sigmoid says more
    count = 2 if binary else int(step.inputs[0].shape[1])
    if math.isfinite(high - low) and not binary:
        floor = math.log1p((count - 1) * math.exp(low - high))
        limit = f"the loss of {count} classes stays above {floor:.3g} (log {count} = {math.log(count):.3g})"
    elif binary:
        limit = f"probabilities lie between {_sigmoid(low):.2g} and {_sigmoid(high):.2g}"
    else:
        limit = "wrong classes cannot be pushed below 0, and at 0 there is no gradient"
    yield Finding(
        "output-range",
        "error" if binary or math.isfinite(high - low) else "warning",
        "the model's output",
        f"it ends with {before.name}, {low:g} to {high:g}: {limit}",
        "scores of any size and sign, which the loss turns into probabilities itself",
        f"a {before.name} after the last layer",
        f"remove the {before.name} after the last layer: return self.head(h)",
        "docs/losses.md",
        likelihood=0.9,
    )


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def refused_range(exam: Examination) -> Iterator[Finding]:
    """Outputs that the loss refused: scores for probabilities, variances below 0."""
    error, output = exam.first.error, exam.output
    if exam.first.failed_in != "loss" or not isinstance(error, ValueError) or output is None:
        return
    probabilities, variances = "probabilities between 0 and 1" in str(error), "var must not be negative" in str(error)
    if not probabilities and not variances:
        return
    yield Finding(
        "output-range",
        "error",
        "the model's output",
        f"numbers from {output.min():.3g} to {output.max():.3g}, which the loss refused",
        "probabilities, between 0 and 1" if probabilities else "variances, at least 0",
        "a loss of probabilities after a model that returns scores"
        if probabilities
        else "a head without an activation",
        "nn.BCEWithLogitsLoss() instead of nn.BCELoss()" if probabilities else "variance = F.softplus(h)",
        "docs/losses.md",
        likelihood=0.95,
    )


# --- axes -------------------------------------------------------------------------------------------------------------
def softmax_axis(exam: Examination) -> Iterator[Finding]:
    """Softmax over the samples, or attention weights that do not sum to 1 over what they weigh."""
    if exam.target is None or not exam.target.ndim:
        return
    rows = len(exam.target)
    for step in exam.first.trace.steps:
        axis = _softmax_axis(step.node)
        if axis is None or step.out.ndim < 2:
            continue
        shape = step.out.shape
        weighs = [
            other for other in exam.first.trace.steps
            if other.name == "matmul" and other.node.parents and other.node.parents[0] is step.node
        ]  # fmt: skip
        over_samples = axis == 0 and shape[0] == rows and rows > 1 and shape != (rows, rows)
        if not over_samples and not (weighs and axis != step.out.ndim - 1 and axis > 0):
            continue
        sums = np.exp(step.out).sum(axis=-1) if step.name.startswith("log") else step.out.sum(axis=-1)
        yield Finding(
            "softmax-axis",
            "error",
            place(step),
            f"softmax(dim={axis}) of shape {shape}"
            + (", the samples" if over_samples else ", though matmul sums over the last")
            + f": rows sum to {float(sums.min()):.3g} .. {float(sums.max()):.3g}",
            "sums of 1 along the classes of each sample"
            if over_samples and not weighs
            else "weights that sum to 1 for each query",
            "dim= names the wrong dimension" + (": samples compete with each other" if over_samples else ""),
            "softmax(dim=1), or dim=-1" if over_samples and len(shape) == 2 else "softmax(dim=-1)",
            "docs/layers.md",
            likelihood=0.96,
        )
        return


def _softmax_axis(node: Node) -> int | None:
    """Along which dimension an operation makes numbers sum to 1; None if it does not."""
    if node.name in ("softmax", "log_softmax"):
        axes = node.static.get("axis", ())
    elif node.name == "divide" and len(node.parents) == 2:
        above, below = source(node.parents[0]), source(node.parents[1])
        if (
            above is None
            or below is None
            or above.name != "exp"
            or below.name != "sum"
            or below.parents[0] is not above
        ):
            return None
        axes = below.static.get("axis")
    else:
        return None
    axes = (axes,) if isinstance(axes, int) else axes
    return int(axes[0]) % max(1, len(node.shape)) if isinstance(axes, tuple) and len(axes) == 1 else None


# --- an output that says nothing --------------------------------------------------------------------------------------
def constant_output(exam: Examination) -> Iterator[Finding]:
    """The same answer to every sample, before and after training."""
    output = exam.output
    if output is None or output.ndim == 0 or len(output) < 4 or exam.first.failed_in == "loss" or _same(exam.inputs):
        return
    single = next((s for s in exam.first.trace.steps if _over_one(s.node) and s.out.size >= len(output)), None)
    if single is None and not _same([output]):
        return
    if single is None:
        model, _ = exam.trained(steps=60)
        later = None if model is None else exam.run(model, backward=False).output
        array = getattr(later, "_array", None)
        if array is not None and not _same([array]):
            return  # such as a last layer of zeros, which learns
    elif not _same([single.out]):
        return
    yield Finding(
        "constant-output",
        "error",
        "the model's output" if single is None else place(single),
        f"every one of {len(output)} samples gets the same answer"
        + (", before training and after 60 steps of Adam" if single is None else f": {single.out.reshape(-1)[0]:.3g}"),
        "answers that differ, as the samples do; a constant can at best be the mean target",
        "a value on the way that was replaced, averaged over the batch, or is all 0"
        if single is None
        else "softmax over a single number is always 1",
        "print h[:3] after every layer, to see where the samples become equal"
        if single is None
        else "sigmoid for one output, or softmax over two: nn.BCEWithLogitsLoss() needs neither",
        "docs/layers.md",
        likelihood=0.4 if single is None else 0.96,
    )


def _same(arrays: list[Array]) -> bool:
    """Whether all rows are equal to the first."""
    for array in arrays:
        if array.ndim == 0 or len(array) < 2:
            continue
        difference = np.abs(array[1:].astype(np.float64) - array[:1].astype(np.float64)).max(initial=0)
        if not difference <= 1e-6 * max(1e-3, float(np.abs(array).max())):
            return False
    return bool(arrays)


def _over_one(node: Node) -> bool:
    axis = _softmax_axis(node)
    return axis is not None and len(node.shape) > 0 and node.shape[axis] == 1


CHECKS = (
    double_softmax,
    double_sigmoid,
    expects_log_probabilities,
    output_range,
    bounded_scores,
    refused_range,
    softmax_axis,
    constant_output,
)
