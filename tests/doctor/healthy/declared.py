"""How healthy patients are declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minigrad as mg
from minigrad.nn import Module
from tests.doctor.patient import Patient

HEALTHY: dict[str, Callable[[], Patient]] = {}


def healthy(script: Callable[[], Patient]) -> Callable[[], Patient]:
    """Declare a script in which nothing is wrong."""
    assert script.__name__ not in HEALTHY
    HEALTHY[script.__name__] = script
    return script


def trained_with(
    model: Module, loss_fn: Callable[[Any, Any], Any], batch: tuple[Any, Any], optimizer: Any, steps: int = 0
) -> Patient:
    """A patient with the usual step, after so many of them."""
    x, y = batch

    def step():
        model.train()
        optimizer.zero_grad()
        output = model(*x) if isinstance(x, tuple) else model(x)
        loss_fn(output, y).backward()
        optimizer.step()

    for _ in range(steps):
        step()
    return Patient(model, loss_fn, batch, lambda: 0.0, optimizer, step)


def made_healthy(name: str, seed: int = 0) -> Patient:
    """A patient, with the same random numbers every time."""
    mg.manual_seed(seed)
    return HEALTHY[name]()
