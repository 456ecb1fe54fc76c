"""Patients: training scripts as students write them, each with one mistake that can be left out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, debug
from minigrad.nn import Module


@dataclass
class Patient:
    """What ``diagnose`` is given, and how well the model does its task.

    Attributes:
        score: how good the model is at what its user wants of it, higher is better: in eval mode, on clean data with
            the right targets, whatever the script itself does.
        steps: how many of ``step`` make the twin clearly better.
    """

    model: Module
    loss_fn: Callable[[Any, Any], Any]
    batch: tuple[Any, Any]
    score: Callable[[], float]
    optimizer: Any = None
    step: Callable[[], Any] | None = None
    evaluate: Callable[[], Any] | None = None
    steps: int = 100

    def diagnosed(self) -> debug.Report:
        """The doctor's report."""
        batch, evaluate = self.batch, self.evaluate
        report = debug.diagnose(self.model, self.loss_fn, batch, self.optimizer, self.step, evaluate=evaluate)
        assert not report.skipped, report.skipped
        return report

    def trained(self) -> float:
        """The score after training; -inf if the script breaks or its numbers do."""
        assert self.step is not None
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a warning may name the mistake, and the script goes on
                for _ in range(self.steps):
                    self.step()
                value = float(self.score())
        except Exception:
            return -np.inf
        return value if np.isfinite(value) else -np.inf


Script = Callable[[bool], Patient]
CASES: dict[str, tuple[str, Script]] = {}  # name -> code, script


def case(code: str) -> Callable[[Script], Script]:
    """Declare a script: called with True it has the mistake that ``code`` names, with False it is right."""

    def add(script: Script) -> Script:
        name = script.__name__
        assert name not in CASES, f"there are two cases named {name}"
        CASES[name] = (code, script)
        return script

    return add


def made(name: str, mistake: bool, seed: int = 0) -> Patient:
    """A patient, with the same random numbers every time."""
    mg.manual_seed(seed)
    return CASES[name][1](mistake)


def digits(number: int = 256) -> tuple[Tensor, Tensor]:
    """Real digits, scaled: (N, 64) and (N,)."""
    from minigrad.data.readers import load_digits

    images, labels = load_digits().tensors
    pixels = images.reshape(-1, 64)[:number]
    return Tensor((pixels - pixels.mean()) / pixels.std()), Tensor(labels[:number])


def accuracy(model: Module, x: Tensor, y: Tensor) -> Callable[[], float]:
    """How many of the answers are right, in eval mode."""

    def score() -> float:
        training = model.training
        model.eval()
        with mg.no_grad():
            right = (model(x).argmax(dim=1) == y).numpy().mean()
        model.train(training)
        return float(right)

    return score
