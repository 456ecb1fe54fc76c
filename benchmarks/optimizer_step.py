"""One step of an optimizer, for few and many parameters: minigrad, and PyTorch in each of its ways where installed.

Run with ``make bench``; or with ``python benchmarks/optimizer_step.py``, and the names of optimizers for these alone.
Gradients are given, so that nothing else is measured. PyTorch's default on a CPU is a loop over the parameters.
"""

from __future__ import annotations

from race import race, table  # isort: skip - sets the number of threads before NumPy is imported

import importlib.util
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg

TORCH = __import__("torch") if importlib.util.find_spec("torch") else None
MLP = [(1024, 784), (1024,), (1024, 1024), (1024,), (10, 1024), (10,)]
PARAMETERS = {
    "10 x (64,)": [(64,)] * 10,
    "100 x (16, 16)": [(16, 16)] * 100,
    "1,000 x (32,)": [(32,)] * 1000,
    "MLP 784-1024-1024-10": MLP,
}
WAYS: dict[str, dict[str, Any]] = {"": {}, ", foreach": {"foreach": True}, ", fused": {"fused": True}}
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 1e-3, "momentum": 0.9},
    "Adam": {},
    "AdamW": {},
    "RMSprop": {},
    "Adagrad": {},
    "Adadelta": {},
    "NAdam": {},
    "Rprop": {},
}


def with_gradients(library: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Parameters of a library, the same for both, with gradients."""
    rng = np.random.default_rng(0)
    parameters = []
    for shape in shapes:
        value, gradient = (rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
        parameters.append(library.nn.Parameter(library.tensor(value)))
        parameters[-1].grad = library.tensor(1e-3 * gradient)
    return parameters


def contestants(name: str, shapes: list[tuple[int, ...]]) -> dict[str, Callable[[], object]]:
    """The steps that compete."""
    options = OPTIMIZERS[name]
    steps = {"minigrad": getattr(mg.optim, name)(with_gradients(mg, shapes), **options).step}
    if TORCH is not None:
        for way, flags in WAYS.items():
            try:
                optimizer = getattr(TORCH.optim, name)(with_gradients(TORCH, shapes), **options, **flags)
            except TypeError:  # only some are fused
                continue
            steps[f"PyTorch{way}"] = optimizer.step
    return steps


def main(*names: str) -> None:
    """Print one table per optimizer and set of parameters."""
    if TORCH is not None:
        TORCH.set_num_threads(2)
    for title, shapes in PARAMETERS.items():
        for name in names or OPTIMIZERS:
            print(table(f"{name}, {title}", race(contestants(name, shapes)), "minigrad"), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
