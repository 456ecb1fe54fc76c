"""What the scripts of the corpus have in common: data, a plain training loop, and scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, optim
from minigrad.nn import Module
from tests.doctor.patient import Patient


def supervised(
    model: Module,
    loss_fn: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    score: Callable[[], float],
    lr: float = 1e-2,
    steps: int = 60,
) -> Patient:
    """A script whose loop is as it should be."""
    optimizer = optim.Adam(model.parameters(), lr=lr)

    def step():
        optimizer.zero_grad()
        loss = loss_fn(model(*x) if isinstance(x, tuple) else model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), score, optimizer, step, steps=steps)


def cancer(number: int = 256) -> tuple[Tensor, Tensor]:
    """Thirty measurements of tumours, scaled, and whether they are benign: (N, 30) and (N,)."""
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    return Tensor(scaled(x)[:number]), Tensor(y[:number].astype(np.int64))


def diabetes(number: int = 256) -> tuple[Tensor, Tensor]:
    """Ten measurements of patients and how the illness went on, both scaled: (N, 10) and (N,)."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    return Tensor(scaled(x)[:number]), Tensor(scaled(y)[:number])


def wine() -> tuple[Tensor, Tensor]:
    """Thirteen measurements of wines, scaled, and the grower, mixed: (178, 13) and (178,)."""
    from sklearn.datasets import load_wine

    x, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return Tensor(scaled(x)[order]), Tensor(y[order].astype(np.int64))


def text(samples: int = 32, length: int = 12) -> tuple[Tensor, Tensor, int]:
    """Characters of Python's own documentation, the same one step later, and how many there are."""
    from pydoc_data.topics import topics

    characters = np.frombuffer(topics["assert"].lower().encode("ascii", "ignore"), np.uint8)
    known, codes = np.unique(characters, return_inverse=True)
    starts = np.arange(samples) * 17
    windows = codes[starts[:, None] + np.arange(length + 1)].astype(np.int64)
    return Tensor(windows[:, :-1]), Tensor(windows[:, 1:]), len(known)


def rising(samples: int = 128, length: int = 10, channels: int = 3) -> tuple[Tensor, Tensor]:
    """Noisy sequences, and which half of the first channel is higher: (N, T, D) and (N,)."""
    generator = np.random.default_rng(1)
    y = generator.integers(0, 2, samples)
    x = generator.normal(size=(samples, length, channels))
    x[:, :, 0] += np.where(y[:, None] == 1, 1.5, -1.5) * np.linspace(-1, 1, length)
    return Tensor(x.astype("f")), Tensor(y)


def scaled(values: Any) -> Any:
    """Mean 0 and spread 1 in every column."""
    return ((values - values.mean(axis=0)) / values.std(axis=0)).astype("f")


def explained(model: Module, x: Tensor, y: Tensor, back: Callable[[Any], Any] = lambda h: h) -> Callable[[], float]:
    """How much of the variance of the targets the model explains, in eval mode."""

    def score() -> float:
        wanted = y.numpy().astype(np.float64)
        return 1 - float(np.mean((back(answers(model, x)).reshape(wanted.shape) - wanted) ** 2) / wanted.var())

    return score


def answers(model: Module, x: Any) -> Any:
    """The model's output in eval mode, as an array."""
    training = model.training
    model.eval()
    with mg.no_grad():
        output = (model(*x) if isinstance(x, tuple) else model(x)).numpy()
    model.train(training)
    return output
