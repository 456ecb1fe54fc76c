"""Targets, against what the model returns and the inputs tell."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ....core.tensor import Tensor
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array, number
from ..task import BINARY, CROSS_ENTROPY, classes, constant_loss, labels, loss_step


def label_range(exam: Examination) -> Iterator[Finding]:
    """Labels that are no class of the model."""
    found, count = labels(exam), classes(exam)
    if found is None or count is None or found.size == 0:
        return
    low, high = int(found.min()), int(found.max())
    if low >= 0 and (high < count or exam.first.error is None):
        return  # beyond the classes and yet no error: the loss function brings them into the range
    if exam.first.error is None and loss_step(exam, CROSS_ENTROPY) is None:
        if "getitem" not in {step.name for step in exam.first.loss_steps}:
            return  # a loss that compares labels with one another, of samples that are alike or not
    outside = int(((found < 0) | (found >= count)).sum())
    evidence = f"labels from {low} to {high}; {outside} of {found.size} are no class of a model with {count} outputs"
    if 0 <= high - low < count and (low == 1 or low < 0):
        yield Finding(
            "label-offset",
            "error",
            "the targets",
            evidence,
            f"labels from 0 to {count - 1}: they are places in the row of scores",
            f"the classes were numbered from {low}"
            + ("; a negative label may count from the end without an error" if low < 0 else ""),
            f"y = y {'-' if low > 0 else '+'} {abs(low)}",
            "docs/losses.md",
            likelihood=0.98,
        )
        return
    yield Finding(
        "label-range",
        "error",
        "the targets",
        evidence,
        f"labels from 0 to {count - 1}, or as many outputs as there are classes",
        "more classes than outputs, labels that are codes or other numbers, or a class for 'none'",
        f"nn.Linear(..., {high + 1})"
        if low >= 0 and high < 10 * count
        else "codes, y = np.unique(y, return_inverse=True)",
        "docs/losses.md",
        likelihood=0.98,
    )


def binary_range(exam: Examination) -> Iterator[Finding]:
    """Answers of a binary cross-entropy that are not between 0 and 1."""
    target, step = exam.target, loss_step(exam, BINARY)
    if target is None or (step is None and "binary_cross_entropy" not in str(exam.first.error)):
        return
    if target.size == 0 or not (target.min() < 0 or target.max() > 1):
        return
    values = np.unique(target)
    offset = len(values) == 2 and values[1] - values[0] == 1
    yield Finding(
        "label-offset" if offset else "label-range",
        "error",
        "the targets",
        f"from {target.min():g} to {target.max():g}: " + ", ".join(f"{v:g}" for v in values[:4]),
        "0 for no and 1 for yes: for others the loss has no lower bound, or cannot come near 0",
        "answers coded as -1 and 1, as 1 and 2, or not scaled to 0 .. 1",
        f"y = y - {values[0]:g}" if offset else f"y = (y == {values[-1]:g}).float()",
        "docs/losses.md",
        likelihood=0.97,
    )


def index_range(exam: Examination) -> Iterator[Finding]:
    """Indices that an embedding has no row for."""
    error = exam.first.error
    if exam.first.failed_in != "model" or not isinstance(error, IndexError) or "embedding" not in str(error):
        return
    arrays = [array for array in exam.inputs if array.dtype.kind in "iu" and array.size]
    if not arrays:
        return
    low, high = min(int(a.min()) for a in arrays), max(int(a.max()) for a in arrays)
    yield Finding(
        "label-range",
        "error",
        "the inputs of the embedding",
        f"indices from {low} to {high}: {str(error).partition(': ')[2].partition('; ')[0]}",
        "indices from 0 to num_embeddings - 1",
        "a vocabulary that is smaller than the data, or indices that start from 1",
        f"nn.Embedding({high + 1}, ...)" if low >= 0 else "map words to 0, 1, 2, ...",
        "docs/layers.md",
        likelihood=0.97,
    )


def target_broadcast(exam: Examination) -> Iterator[Finding]:
    """(N, 1) against (N,): an error of the library's losses, silently wrong in one written by hand."""
    output, target = exam.output, exam.target
    if output is None or target is None or output.shape == target.shape or exam.first.failed_in == "backward":
        return
    if output.size != target.size and not (classes(exam) is None and _same_but_ones(output, target)):
        return
    fits = "squeeze(1)" if output.ndim == target.ndim + 1 and output.shape[-1] == 1 else f"reshape{target.shape}"
    cure = f"prediction = model(x).{fits}, or y = y.reshape(prediction.shape)"
    if exam.first.failed_in == "loss":
        yield Finding(
            "target-broadcast",
            "error",
            "the loss",
            f"the output has shape {output.shape}, the targets {target.shape}, which the loss refused",
            "equal shapes",
            "a dimension of size 1 that one of the two has and the other lacks",
            cure,
            "docs/losses.md",
            likelihood=0.97,
        )
        return
    try:
        wide = np.broadcast_shapes(output.shape, target.shape)
    except ValueError:
        return
    if math.prod(wide) == output.size or not any(step.out.shape == wide for step in exam.first.loss_steps):
        return
    spread = f" (variance {target.var():.3g})" if target.dtype.kind == "f" else ""
    yield Finding(
        "target-broadcast",
        "error",
        "the loss",
        f"outputs {output.shape} and targets {target.shape} became {wide}: each is compared with all",
        f"{target.size} comparisons; with {math.prod(wide)} only the mean target is learned{spread}",
        "a dimension of size 1 that one of the two has and the other lacks",
        cure,
        "docs/losses.md",
        likelihood=0.97,
    )


def _same_but_ones(output: Array, target: Array) -> bool:
    return [n for n in output.shape if n != 1] == [n for n in target.shape if n != 1]


def labels_as_column(exam: Examination) -> Iterator[Finding]:
    """(N, 1) labels for (N, C) scores."""
    output, target = exam.output, exam.target
    if output is None or target is None or exam.first.failed_in != "loss" or target.dtype.kind not in "iu":
        return
    if output.ndim != 2 or target.shape != (output.shape[0], 1) or output.shape[1] == 1:
        return
    yield Finding(
        "target-broadcast",
        "error",
        "the targets",
        f"shape {target.shape} for scores of shape {output.shape}, which the loss refused",
        f"one label for each sample: shape {target.shape[:1]}",
        "labels read as a column of a table",
        "y = y.squeeze(1)",
        "docs/losses.md",
        likelihood=0.97,
    )


# --- targets that have nothing to do with the inputs ------------------------------------------------------------------
def shuffled_labels(exam: Examination) -> Iterator[Finding]:
    """Targets that neither neighbours nor a straight line nor the model itself can foretell for samples left out."""
    x, y, count = _samples(exam), exam.target, classes(exam)
    if x is None or y is None or exam.first.error is not None:
        return
    right, by_chance, deviation = _neighbours(x, y, count is not None)
    if right > by_chance + 2 * deviation or _straight(x, y, count) > 0.05:
        return
    held, chance, train = _left_out(exam, y)
    if not (held > 0.98 * chance and train < 0.7 * chance):
        return
    word = "equal labels" if count is not None else "correlation"
    yield Finding(
        "shuffled-labels",
        "warning",
        "inputs and targets",
        f"neighbours: {word} {right:.2f} (by chance {by_chance:.2f}); trained on 3/4: {train:.3g} there, "
        f"{held:.3g} on the rest",
        f"less than {chance:.3g} on the rest, the loss of a prediction that ignores the input",
        "inputs and targets were shuffled, sorted or filtered apart from each other",
        "order = np.random.permutation(len(x)); x, y = x[order], y[order]",
        "docs/training.md",
        likelihood=0.6,
    )


def _samples(exam: Examination) -> Array | None:
    """The inputs as rows of numbers, where there are enough, and one target for each that is not the input."""
    if len(exam.inputs) != 1 or exam.target is None or exam.inputs[0].dtype.kind != "f":
        return None
    x, y = exam.inputs[0], exam.target
    if x.ndim < 2 or y.ndim not in (1, 2) or len(x) != len(y) or len(x) < 64 or y.size != len(y):
        return None
    if not np.isfinite(x).all() or (y.dtype.kind == "f" and not np.isfinite(y).all()) or (y == y.reshape(-1)[0]).all():
        return None
    rows = x.reshape(len(x), -1).astype(np.float64)[:512]
    spread = rows.std(axis=0)
    rows = (rows - rows.mean(axis=0)) / np.where(spread < 1e-9, 1, spread)
    return np.clip(rows, -3, 3) if float(spread.max()) > 0 else None  # far outliers would be nobody's neighbours


def _neighbours(x: Array, y: Array, by_class: bool) -> tuple[float, float, float]:
    """How well the nearest other sample foretells, and how well it does for shuffled targets: mean and deviation."""
    y = y.reshape(-1)[: len(x)]
    squares = np.square(x).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * x @ x.T
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :5]

    def agreement(y: Array) -> float:
        if by_class:
            return float((y[nearest] == y[:, None]).mean())
        return float(np.corrcoef(y[nearest].mean(axis=1), y)[0, 1])

    generator = np.random.default_rng(0)
    others = [agreement(generator.permutation(y)) for _ in range(20)]
    return agreement(y), float(np.mean(others)), float(np.std(others))


def _straight(x: Array, y: Array, count: int | None) -> float:
    """How much of the targets of one half a linear fit to the other half explains, ridge and all."""
    y = y.reshape(-1)[: len(x)]
    wanted = np.eye(count)[y] if count is not None else y[:, None].astype(np.float64)
    wanted = wanted - wanted.mean(axis=0)
    half = len(x) // 2
    train, test = x[:half], x[half:]
    inner = train @ train.T + 0.1 * np.trace(train @ train.T) / half * np.eye(half)
    guess = test @ train.T @ np.linalg.solve(inner, wanted[:half])
    return 1 - float(np.square(wanted[half:] - guess).sum() / np.square(wanted[half:]).sum())


def _left_out(exam: Examination, y: Array) -> tuple[float, float, float]:
    """Losses of a copy trained on three quarters: on the rest, that of a constant there, and on its own part."""
    x, cut = exam.inputs[0], 3 * len(y) // 4
    order = np.random.default_rng(0).permutation(len(y))
    mine, rest = order[:cut], order[cut:]
    model, losses = exam.trained(steps=100, x=Tensor(x[mine]), y=Tensor(y[mine]))
    if model is None or not losses:
        return math.nan, math.nan, math.nan
    done = exam.run(model.eval(), x=Tensor(x[rest]), y=Tensor(y[rest]), backward=False)
    return number(done.loss), constant_loss(exam), losses[-1]


# --- shapes of scores -------------------------------------------------------------------------------------------------
def classes_last(exam: Examination) -> Iterator[Finding]:
    """(N, T, C) scores for a cross-entropy that looks for classes in dimension 1."""
    output, target = exam.output, exam.target
    if output is None or target is None or exam.first.failed_in != "loss" or target.dtype.kind not in "iu":
        return
    if output.ndim < 3 or output.shape[:-1] != target.shape or output.shape[1] == output.shape[-1]:
        return
    yield Finding(
        "softmax-axis",
        "error",
        "the loss",
        f"scores {output.shape} for labels {target.shape}: {output.shape[-1]} classes last, and the loss takes "
        f"dimension 1 for them",
        "classes in dimension 1: (N, C, T) for labels (N, T)",
        "cross_entropy follows the layout of pictures, (N, C, H, W)",
        "F.cross_entropy(scores.reshape(-1, classes), y.reshape(-1)), or scores.transpose(1, 2)",
        "docs/losses.md",
        likelihood=0.95,
    )


CHECKS = (
    label_range,
    binary_range,
    index_range,
    target_broadcast,
    labels_as_column,
    shuffled_labels,
    classes_last,
)
