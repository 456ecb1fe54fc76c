"""One step of an optimizer, for few and many Parameters; gradients are given, so that nothing else is measured.

PyTorch's default on a CPU is a loop over the Parameters; its other ways take part where they exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..by_hand.optimizers import SGD, Adam, Flat
from ..contestants import load
from ..graph import Builder
from .workload import Workload

Shapes = list[tuple[int, ...]]
SHAPES: dict[str, tuple[str, Shapes]] = {
    "10": ("10 tensors of 1,000", [(1000,)] * 10),
    "100": ("100 tensors of 1,000", [(1000,)] * 100),
    "1000": ("1,000 tensors of 1,000", [(1000,)] * 1000),
    "mlp": ("MLP 784-1024-1024-10", [(1024, 784), (1024,), (1024, 1024), (1024,), (10, 1024), (10,)]),
}
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
ALWAYS = {"SGD", "Adam"}
BY_HAND: dict[str, Callable[..., Flat]] = {
    "SGD": lambda arrays: SGD(arrays, momentum=0.9),
    "Adam": Adam,
    "AdamW": lambda arrays: Adam(arrays, decay=0.01),
}


def arrays(shapes: Shapes) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Parameters and gradients."""
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    return values, [np.float32(1e-3) * rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def with_library(library: Any, optimizer: str, shapes: Shapes, **flags: bool) -> Callable[[], Any]:
    parameters = []
    for value, gradient in zip(*arrays(shapes), strict=True):
        parameters.append(library.nn.Parameter(library.tensor(value)))
        parameters[-1].grad = library.tensor(gradient)
    made = getattr(library.optim, optimizer)(parameters, **OPTIMIZERS[optimizer], **flags)

    def step() -> Any:
        made.step()
        return parameters[0]

    return step


def by_hand(optimizer: str, shapes: Shapes) -> Callable[[], Any]:
    values, gradients = arrays(shapes)
    made = BY_HAND[optimizer](values)

    def step() -> Any:
        made.step(gradients)
        return made.views[0]

    return step


def build(optimizer: str, shapes: Shapes) -> dict[str, Builder]:
    found: dict[str, Builder] = {
        "PyTorch": lambda: with_library(load("torch"), optimizer, shapes),
        "minigrad": lambda: with_library(load("minigrad"), optimizer, shapes),
        "minigrad fast": lambda: with_library(load("minigrad"), optimizer, shapes),
        "PyTorch foreach": lambda: with_library(load("torch"), optimizer, shapes, foreach=True),
    }
    if optimizer in BY_HAND:
        found["NumPy by hand"] = lambda: by_hand(optimizer, shapes)
    if optimizer in ("SGD", "Adam", "AdamW", "Adagrad"):  # PyTorch fuses no others
        found["PyTorch fused"] = lambda: with_library(load("torch"), optimizer, shapes, fused=True)
    return found


WORKLOADS = [
    Workload(
        f"{optimizer}_{name}".lower(),
        f"{optimizer}{' with momentum' * (optimizer == 'SGD')}, {title}",
        "a step of the optimizer alone",
        build,
        {"optimizer": optimizer, "shapes": shapes},
        {"shapes": [(3,), (2, 2)]},
        0.1,
        extra=optimizer not in ALWAYS,
    )
    for optimizer in OPTIMIZERS
    for name, (title, shapes) in SHAPES.items()
]
