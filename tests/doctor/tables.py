"""Real data for the patients, ready to be learned from, and what the patients are scored by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.data import readers
from minigrad.nn import Module


def wine() -> tuple[Tensor, Tensor]:
    """Three sorts of wine, standardised: (178, 13) and (178,)."""
    return _standard(readers.load_wine())


def cancer() -> tuple[Tensor, Tensor]:
    """Tumours, standardised, and whether they are benign: (569, 30) and (569, 1) of 0.0 and 1.0."""
    x, y = _standard(readers.load_breast_cancer())
    return x, Tensor(y.numpy().astype(np.float32).reshape(-1, 1))


def diabetes() -> tuple[Tensor, Tensor]:
    """Patients, standardised, and how far their disease went on, standardised too: (442, 10) and (442, 1)."""
    x, y = _standard(readers.load_diabetes())
    target = y.numpy().astype(np.float32).reshape(-1, 1)
    return x, Tensor((target - target.mean()) / target.std())


def adding(number: int = 128, length: int = 12, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Sequences of numbers of which two are marked, and the sum of those two: (N, T, 2) and (N, 1)."""
    rng = np.random.default_rng(seed)
    x = np.zeros((number, length, 2), np.float32)
    x[..., 0] = rng.uniform(-1, 1, (number, length))
    for row in x:
        row[rng.choice(length, 2, replace=False), 1] = 1
    return Tensor(x), Tensor((x[..., 0] * x[..., 1]).sum(axis=1, keepdims=True))


def _standard(table: Any) -> tuple[Tensor, Tensor]:
    x, y = table.tensors
    x = np.asarray(x, np.float32).reshape(len(x), -1)
    return Tensor((x - x.mean(axis=0)) / x.std(axis=0)), Tensor(y)


def fit(model: Module, x: Tensor, y: Tensor) -> Callable[[], float]:
    """The share of the variance that the model explains, in eval mode."""

    def score() -> float:
        training = model.training
        model.eval()
        with mg.no_grad():
            errors = model(x).numpy() - y.numpy()
        model.train(training)
        return 1 - float((errors**2).mean() / y.numpy().var())

    return score


def right(model: Module, x: Tensor, y: Tensor) -> Callable[[], float]:
    """How many yes-or-no answers are right, in eval mode; the model returns logits (N, 1)."""

    def score() -> float:
        training = model.training
        model.eval()
        with mg.no_grad():
            share = ((model(x).numpy() > 0) == (y.numpy() > 0.5)).mean()
        model.train(training)
        return float(share)

    return score
