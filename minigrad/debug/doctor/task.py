"""What the model is asked to do, as far as the batch, the output and the loss tell."""

from __future__ import annotations

import math

import numpy as np

from ...core.graph import Node, Output
from ...core.modes import no_grad
from ...core.tensor import Tensor
from ...nn.module.module import Module
from ..trace import Step
from .examination import Examination
from .numbers import Array, number
from .state import quietly, used_by

CROSS_ENTROPY = {"cross_entropy_of_labels", "cross_entropy_of_probabilities"}
BINARY = {"binary_cross_entropy_of_logits", "binary_cross_entropy_of_probabilities"}
MOVES = {"reshape", "transpose", "broadcast_to", "clone", "astype", "getitem"}  # what leaves every number as it is
WEIGHTED = {"linear", "matmul", "convolve", "einsum", "rnn", "lstm", "gru", "propagate"}  # sums weighted by Parameters


def labels(exam: Examination) -> Array | None:
    """The targets, where they are whole numbers: labels of classes, without those that are ignored."""
    target = exam.target
    if target is None or target.dtype.kind not in "iu":
        return None
    kept: Array = target[target != -100]
    return kept


def class_axis(exam: Examination) -> int | None:
    """Which dimension of the output holds the scores of classes; None where it is no table of scores."""
    output, target = exam.output, exam.target
    if output is None or target is None or target.dtype.kind not in "iu" or output.dtype.kind != "f":
        return None
    if output.ndim != target.ndim + 1 or output.ndim < 2:
        return None
    return -1 if output.shape[:-1] == target.shape and (1, *output.shape[2:]) != (1, *target.shape[1:]) else 1


def classes(exam: Examination) -> int | None:
    """How many classes the output has a score for; None where it is no table of scores."""
    axis = class_axis(exam)
    return None if axis is None or exam.output is None else int(exam.output.shape[axis])


def compares_numbers(exam: Examination) -> bool:
    """Whether the loss is made of differences between the output and targets of the same number."""
    output, target = exam.output, exam.target
    if output is None or target is None or target.dtype.kind != "f" or target.size != output.size:
        return False
    return "subtract" in {step.name for step in exam.first.loss_steps}


def constant_loss(exam: Examination) -> float:
    """The loss of the best prediction that does not look at the input: what has to be beaten; NaN if unknown."""
    output, target = exam.output, exam.target
    if output is None or target is None:
        return math.nan
    if (number_of_classes := classes(exam)) is not None:
        found = labels(exam)
        if found is None or found.size == 0 or found.min() < 0 or found.max() >= number_of_classes:
            return math.nan
        share = np.bincount(found.reshape(-1), minlength=number_of_classes) / found.size
        shape = (1, -1) + (1,) * (output.ndim - 2) if class_axis(exam) == 1 else (-1,)
        guess = np.broadcast_to(np.log(np.maximum(share, 1e-6)).reshape(shape), output.shape)
    elif target.shape == output.shape and target.ndim:
        guess = np.broadcast_to(target.mean(axis=0), output.shape)
    else:
        return math.nan
    with quietly(), no_grad():
        try:
            return number(exam.loss_fn(Tensor(guess.astype(output.dtype)), exam.y))
        except Exception:  # a loss that takes something else
            return math.nan


def source(node: Node | None) -> Node | None:
    """The operation that computed these numbers, whatever only moved them afterwards."""
    while node is not None and (node.name in MOVES or isinstance(node, Output)):
        node = node.parents[0]
    return node


def last_operation(exam: Examination) -> str:
    """The name of what computed the output; empty where it has no graph."""
    node = source(getattr(exam.first.output, "_node", None))
    return "" if node is None else node.name


def loss_step(exam: Examination, names: set[str]) -> Step | None:
    """The first operation of the loss with one of these names."""
    return next((step for step in exam.first.loss_steps if step.name in names), None)


def modules_in_the_loss(exam: Examination) -> list[Module]:
    """The Modules that the loss is computed with: a discriminator, a teacher, a loss with Parameters of its own."""
    found = [exam.loss_fn, *used_by(exam.loss_fn)]
    return [module for module in found if isinstance(module, Module) and module is not exam.model]


def place(step: Step) -> str:
    """Where an operation was called, in words."""
    file, _, line = step.site.replace("\\", "/").rpartition("/")[2].rpartition(":")
    site = f"{file}:{line}" if file and not file.startswith("functools") else ""
    return ", ".join(part for part in (step.path, site) if part)


def learned(losses: list[float], chance: float, share: float = 0.9) -> bool:
    """Whether a training got clearly below what a constant prediction has."""
    best = min((loss for loss in losses if math.isfinite(loss)), default=math.inf)
    if math.isfinite(chance):
        return best < share * chance if chance > 0 else best < chance - 0.1
    return bool(losses) and best < 0.5 * abs(losses[0])
