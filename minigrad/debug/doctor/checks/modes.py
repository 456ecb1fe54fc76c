"""Training and evaluation mode, and the two layers that differ between them: dropout and batch normalisation."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ....nn import dropout
from ....nn.module.module import Module
from ....nn.normalization.batch import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ...trace import Step
from ..examination import Examination
from ..finding import Finding, Severity
from ..numbers import Array


def _is_dropout(module: Module) -> bool:
    return type(module).__module__ == dropout.__name__


def _is_batch_norm(module: Module) -> bool:
    return isinstance(module, (BatchNorm1d, BatchNorm2d, BatchNorm3d))


def _matters(module: Module) -> bool:
    """Whether a Module does something else in training than after eval()."""
    return (_is_dropout(module) and getattr(module, "p", 0) > 0) or _is_batch_norm(module)


def _names(exam: Examination, paths: list[str]) -> str:
    kinds = [f"{path or 'the model'} ({type(exam.modules[path]).__name__})" for path in paths]
    return ", ".join(kinds[:2]) + (f" and {len(kinds) - 2} more" if len(kinds) > 2 else "")


def eval_mode_in_training(exam: Examination) -> Iterator[Finding]:
    """Steps of training with dropout off and with the statistics of batch normalisation held."""
    if not exam.steps or exam.steps[0].error is not None:
        return
    where = [path for path, module in exam.modules.items() if _matters(module)]
    seen = exam.steps[-1].training
    stuck = [path for path in where if seen.get(path) is False and _trains(exam, path)]
    if stuck and not seen.get("", False):
        yield _eval_mode(exam, stuck, "error" if _norms(exam, stuck) else "warning", "", 0.9)
        return
    if where and exam.evaluate is not None and (after := exam.mode_after_evaluation) is not None:
        stuck = [path for path in where if after.get(path) is False and _trains(exam, path)]
        if stuck and not after.get("", False):
            yield _eval_mode(exam, stuck, "warning", ", once the evaluation has run", 0.75)


def _trains(exam: Examination, path: str) -> bool:
    """Whether a Module or the one around it has something to learn: a frozen part is in eval mode on purpose."""
    module = exam.modules[path]
    if next(module.parameters(), None) is None:
        module = exam.modules[path.rpartition(".")[0]]
    return any(p.requires_grad for p in module.parameters())


def _norms(exam: Examination, paths: list[str]) -> bool:
    return any(_is_batch_norm(exam.modules[path]) for path in paths)


def _eval_mode(exam: Examination, paths: list[str], severity: Severity, when: str, likelihood: float) -> Finding:
    return Finding(
        "eval-mode-in-training",
        severity,
        _names(exam, paths),
        f"model.training is False inside the training step{when}",
        "True: dropout drops, and batch normalisation uses, and averages, the batch's statistics",
        "model.eval() was called, by the evaluation perhaps, and model.train() not after it",
        "model.train()  # as the first line of every epoch or training step",
        "docs/training.md",
        likelihood=likelihood,
    )


def train_mode_in_evaluation(exam: Examination) -> Iterator[Finding]:
    """Tests with dropout on, and with statistics of the test's own batch."""
    where = [path for path, module in exam.modules.items() if _matters(module)]
    wrong = [path for path in where if exam.evaluation.get(path) is True]
    if wrong and exam.evaluation.get("", True):
        norms = _norms(exam, wrong)
        yield Finding(
            "train-mode-in-evaluation",
            "error",
            _names(exam, wrong),
            "model.training is True while the evaluation calls the model",
            "False: the averages that training kept, whatever else is in the test's batch"
            if norms
            else "False: the whole network, without the noise of dropout",
            "the evaluation does not call model.eval()",
            "model.eval(); with mg.no_grad(): ...  # and model.train() before training goes on",
            "docs/training.md",
            likelihood=0.85,
        )
        return
    for step in exam.calm_steps:
        share = _dropped(step)
        if share is not None and 0 < share < 1:
            yield Finding(
                "train-mode-in-evaluation",
                "error",
                f"dropout in {step.path or 'the model'}, {step.site}",
                f"after model.eval() it still sets {share:.0%} of the values to 0",
                "none: dropout is for training only",
                "F.dropout drops unless it is told not to: it does not know the model's mode",
                "F.dropout(h, p, training=self.training), or nn.Dropout(p) as a layer",
                "docs/training.md",
                likelihood=0.9,
            )
            return


def tiny_batch_norm(exam: Examination) -> Iterator[Finding]:
    """Means and spreads of a handful of numbers."""
    sizes: list[tuple[int, str]] = []
    seen = [step.shapes for step in exam.steps if step.error is None]
    for path, module in exam.modules.items():
        if not _is_batch_norm(module):
            continue
        shapes = [shapes[path] for shapes in seen if path in shapes]
        shapes = [shape for shape, step in zip(shapes, exam.steps, strict=False) if step.training.get(path, True)]
        if not exam.steps:
            calls = [call for call in exam.first.layers if call.path == path and call.inputs]
            shapes = [call.inputs[0].shape for call in calls if hasattr(call.inputs[0], "shape")]
        counts = [math.prod(shape) // shape[1] for shape in shapes if len(shape) > 1]
        if counts and min(counts) < 8:
            sizes.append((min(counts), path))
    single = exam.steps and isinstance(exam.steps[0].error, ValueError) and "per channel" in str(exam.steps[0].error)
    if not sizes and not single:
        return
    count, path = min(sizes) if sizes else (1, next(p for p, m in exam.modules.items() if _is_batch_norm(m)))
    yield Finding(
        "tiny-batch-norm",
        "error" if count < 4 else "warning",
        _names(exam, [path] + [other for _, other in sizes if other != path]),
        f"it normalises by mean and spread of {count} number{'s' if count > 1 else ''}"
        + (": whatever they are, they become +1 and -1" if count == 2 else ""),
        f"16 and more: the spread of {count} is off by about {_error(count):.0%}, unlike evaluation's averages",
        "batches too small for batch normalisation",
        "batch_size=32; or nn.GroupNorm / nn.LayerNorm, which look at one sample",
        "docs/layers.md",
        likelihood=0.85 if count < 4 else 0.6,
    )


def _error(count: int) -> float:
    """The relative standard error of the standard deviation of so many normal numbers."""
    return 1 / math.sqrt(2 * max(count - 1, 1))


def dropout_too_strong(exam: Examination) -> Iterator[Finding]:
    """A rate of dropout that leaves hardly anything."""
    found = [(_dropped(step) or 0.0, step.path or f"the model, {step.site}") for step in exam.first.model_steps]
    found += [
        (float(getattr(call.module, "p", 0)), call.path) for call in exam.first.layers if _is_dropout(call.module)
    ]
    share, where = max(found, key=lambda each: each[0], default=(0.0, ""))
    if share < 0.72:
        return
    p = getattr(exam.modules.get(where), "p", None)
    p = float(p) if isinstance(p, (int, float)) else round(share, 2)
    yield Finding(
        "dropout-too-strong",
        "error" if p > 0.85 else "warning",
        where,
        f"p = {p:g}: {share:.0%} of the values become 0 in training, the others {1 / max(1 - p, 1e-6):.3g} times as "
        "large",
        f"0.1 to 0.5; its noise is √(p / (1 - p)) = {math.sqrt(p / max(1 - p, 1e-6)):.2g} times the signal",
        "p is the rate of dropping, not of keeping",
        f"nn.Dropout({1 - p:.2g})" if p < 0.995 else "nn.Dropout(0.5)",
        "docs/layers.md",
        likelihood=0.86,
    )


def _dropped(step: Step) -> float | None:
    """The share of zeros in a mask of dropout, ours or one by hand; None for every other operation."""
    if step.name == "thinned":
        return _mask(np.asarray(step.node.static["mask"]))
    if step.name != "multiply" or len(step.inputs) != 2:
        return None
    for mask, parent in zip(step.inputs, step.node.parents, strict=True):
        if parent is None and isinstance(mask, np.ndarray) and mask.size >= 32 and mask.dtype.kind == "f":
            return _mask(mask)
    return None


def _mask(mask: Array) -> float | None:
    """The share of zeros among numbers that are 0 or one and the same number above 1, as dropout draws them."""
    top = float(mask.max())
    zeros = mask == 0
    if not bool((zeros | (mask == top)).all()):
        return None
    share = float(zeros.mean())
    if share == 1:
        return 1.0
    return share if top > 1 and abs((1 - 1 / top) - share) < 0.25 else None


CHECKS = (eval_mode_in_training, train_mode_in_evaluation, tiny_batch_norm, dropout_too_strong)
