"""Inputs and targets, before any model sees them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ....core.tensor import Tensor
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array
from ..task import BINARY, CROSS_ENTROPY, WEIGHTED, classes, compares_numbers, constant_loss, labels, loss_step


def nonfinite_input(exam: Examination) -> Iterator[Finding]:
    """NaN or infinity in the data."""
    for name, arrays in (("inputs", exam.inputs), ("targets", exam.targets)):
        for array in arrays:
            if array.dtype.kind != "f" or np.isfinite(array).all():
                continue
            bad = ~np.isfinite(array)
            at = tuple(int(i) for i in np.argwhere(bad)[0])
            yield Finding(
                "nonfinite-input",
                "error",
                f"the {name}",
                f"{array[at]} at {list(at)}; {int(bad.sum())} of {bad.size} numbers are not finite",
                "finite numbers only: one NaN makes the loss, and after one step every weight, NaN",
                "missing values, a division by a spread of 0, or the logarithm of 0",
                "rows = np.isfinite(x).all(axis=1); x, y = x[rows], y[rows]",
                likelihood=0.99,
            )


def constant_input(exam: Examination) -> Iterator[Finding]:
    """All samples the same."""
    arrays = [array for array in exam.inputs if array.ndim and len(array) > 1 and np.isfinite(array).all()]
    if not arrays or len(arrays) != len(exam.inputs):
        return
    spreads = [float(np.abs(a.astype(np.float64) - a[:1].astype(np.float64)).max(initial=0)) for a in arrays]
    if any(spread > 1e-6 * max(1e-12, float(np.abs(a).max())) for a, spread in zip(arrays, spreads, strict=True)):
        return
    if exam.target is None or not exam.target.ndim or (exam.target == exam.target[:1]).all():
        return
    yield Finding(
        "constant-input",
        "error",
        "the inputs",
        f"all {len(arrays[0])} samples are equal, every number is {arrays[0].reshape(-1)[0]:.4g}"
        if np.ptp(arrays[0]) == 0
        else f"all {len(arrays[0])} samples are equal to the first",
        "samples that differ: from equal inputs only the mean target can be learned",
        "division of integers (//), a mean over the wrong axis, or one sample read again and again",
        "x = (x - x.mean(axis=0)) / x.std(axis=0), and look: print(x[0], x[1])",
        likelihood=0.97,
    )


def unnormalized_input(exam: Examination) -> Iterator[Finding]:
    """Inputs of a scale on which the model, with its initial weights, learns badly; tried out on scaled ones."""
    if len(exam.inputs) != 1 or exam.inputs[0].dtype.kind != "f" or isinstance(exam.x, (tuple, list, dict)):
        return
    x, seen = exam.inputs[0].astype(np.float64), _first_seen(exam)
    if x.ndim < 2 or len(x) < 8 or not np.isfinite(x).all() or x.std() == 0:
        return
    size = float(np.sqrt(np.mean(np.square(seen, dtype=np.float64))))
    shifted = abs(float(seen.mean())) > 10 * float(seen.std()) > 0
    if 0.005 < size < 20 and not shifted:
        return
    axes = 0 if x.ndim == 2 else None
    spread = x.std(axis=axes)
    scaled = (x - x.mean(axis=axes)) / np.where(spread == 0, 1, spread)
    _, plain = exam.trained(steps=60)
    _, better = exam.trained(steps=60, x=Tensor(scaled.astype(exam.inputs[0].dtype)))
    slow = float(np.mean(plain)) if plain else math.inf  # over the course: large steps may get there in the end
    if not better or not math.isfinite(better[-1]) or float(np.mean(better)) > 0.8 * slow:
        return
    spreads = np.atleast_1d(spread)
    ratio = f"{spreads.min():.3g} to {spreads.max():.3g}" if spreads.size > 1 else ""
    yield Finding(
        "unnormalized-input",
        "warning",
        "the inputs",
        f"mean {x.mean():.3g}, spread {ratio or f'{x.std():.3g}'}; mean loss over 60 steps "
        f"{slow:.3g}, {np.mean(better):.3g} with scaled inputs",
        "mean about 0 and spread about 1, which initial weights are made for",
        "raw measurements or pixels: units saturate, or barely react, and steps overshoot",
        "x = (x - x_train.mean(axis=0)) / x_train.std(axis=0)",
        "docs/training.md",
        likelihood=0.75,
    )


def _first_seen(exam: Examination) -> Array:
    """What the first layer with weights is given; the model may have scaled the inputs itself."""
    for step in exam.first.model_steps:
        if "norm" in step.name:
            return np.zeros(2) + [-1, 1]  # a layer that scales comes first
        if step.name in WEIGHTED and isinstance(step.inputs[0], np.ndarray) and step.inputs[0].dtype.kind == "f":
            return step.inputs[0]
    return exam.inputs[0]


def unnormalized_target(exam: Examination) -> Iterator[Finding]:
    """Numbers to predict that are far larger than what the model puts out."""
    output, target = exam.output, exam.target
    if output is None or target is None or not compares_numbers(exam) or output.shape != target.shape:
        return
    size, present = (float(np.sqrt(np.mean(np.square(a, dtype=np.float64)))) for a in (target, output))
    if size < 10 or size < 20 * present or target.std() == 0:
        return
    scaled = ((target - target.mean(axis=0)) / (target.std(axis=0) + 1e-12)).astype(target.dtype)
    chance = constant_loss(exam)
    _, better = exam.trained(steps=150, y=Tensor(scaled))
    if not better or not exam.reference or not chance > 0:
        return
    share = exam.reference[-1] / chance
    share_scaled = better[-1] / chance_of(exam, scaled)
    if not share > 0.6 or not share_scaled < 0.8 * share:
        return
    yield Finding(
        "unnormalized-target",
        "warning",
        "the targets",
        f"{target.mean():.3g} ± {target.std():.3g}; after 150 steps of Adam {share:.2f} times the loss "
        f"below, with scaled targets {share_scaled:.2f}",
        f"spread about 1; predicting {target.mean():.3g} for all has a loss of {chance:.4g}",
        "the last layer must grow to the size of the targets before anything else can be learned",
        "y = (y - y_train.mean()) / y_train.std(), and undo it after predicting",
        "docs/training.md",
        likelihood=0.7,
    )


def chance_of(exam: Examination, target: Array) -> float:
    """The loss of predicting the mean, for other targets."""
    guess = np.broadcast_to(target.mean(axis=0), target.shape).astype(target.dtype)
    return float(exam.loss_fn(Tensor(guess), Tensor(target)).item())


def class_imbalance(exam: Examination) -> Iterator[Finding]:
    """Nearly all samples of one class, and a loss that counts every sample alike."""
    target = exam.target
    if target is None or target.size < 32 or target.size != len(target) or exam.output is None or not _plain(exam):
        return
    values, counts = np.unique(target[target != -100], return_counts=True)
    if not 2 <= len(values) or (target.dtype.kind == "f" and set(values.tolist()) != {0.0, 1.0}):
        return
    share = float(counts.max() / counts.sum())
    if share < 0.88:
        return
    most, least = values[counts.argmax()], values[counts.argmin()]
    yield Finding(
        "class-imbalance",
        "warning",
        "the targets",
        f"{100 * share:.0f} % of {counts.sum()} samples are of class {most:g}, {int(counts.min())} of class {least:g}",
        f"classes of similar size, or a loss that weighs them: always answering {most:g} is right in {share:.2f}",
        "rare classes hardly count in the mean, so that the model may do without them",
        f"nn.BCEWithLogitsLoss(pos_weight={(counts[0] / counts[-1]):.3g})"
        if loss_step(exam, BINARY)
        else "nn.CrossEntropyLoss(weight=len(y) / (classes * np.bincount(y))), or data.WeightedRandomSampler",
        "docs/losses.md",
        likelihood=0.35,
    )


def _plain(exam: Examination) -> bool:
    """Whether the loss is a cross-entropy that weighs every sample alike: it then has the value of the formula."""
    output, target, value = exam.output, exam.target, exam.first.value
    if output is None or target is None or not math.isfinite(value):
        return False
    scores = output.astype(np.float64)
    if loss_step(exam, CROSS_ENTROPY | {"log_softmax", "getitem"}) is not None and classes(exam) and scores.ndim == 2:
        normal = scores - np.log(np.exp(scores - scores.max(1, keepdims=True)).sum(1, keepdims=True))
        normal -= scores.max(1, keepdims=True)
        inside = (target >= 0) & (target < scores.shape[1])
        expected = -float(np.mean(normal[inside][np.arange(int(inside.sum())), target[inside]]))
    elif (step := loss_step(exam, BINARY)) is not None and target.shape == output.shape:
        if step.name == "binary_cross_entropy_of_logits":
            expected = float(np.mean(np.logaddexp(0, scores) - target * scores))
        else:
            p = np.clip(scores, 1e-12, 1 - 1e-12)
            expected = -float(np.mean(target * np.log(p) + (1 - target) * np.log1p(-p)))
    else:
        return False
    return bool(abs(expected - value) < 0.01 * abs(value))


def single_class_batch(exam: Examination) -> Iterator[Finding]:
    """A batch in which every sample has the same label."""
    found, number = labels(exam), classes(exam)
    if found is None or number is None or found.size < 8 or number < 2 or (found != found.reshape(-1)[0]).any():
        return
    yield Finding(
        "single-class-batch",
        "error",
        "the targets",
        f"all {found.size} samples of the batch are of class {found.reshape(-1)[0]}, of {number} classes",
        f"about {found.size / number:.3g} of each class, as in the whole data",
        "data sorted by class and not shuffled: each batch teaches one answer",
        "DataLoader(dataset, batch_size=32, shuffle=True)",
        "docs/training.md",
        likelihood=0.85,
    )


CHECKS = (
    nonfinite_input,
    constant_input,
    single_class_batch,
    unnormalized_input,
    unnormalized_target,
    class_imbalance,
)
