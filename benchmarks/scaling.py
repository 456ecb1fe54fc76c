"""How the cost of a step grows with depth, with the batch and with the size of the graph."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .contestants import CONTESTANTS, load
from .graph import Problem
from .measure import Effort
from .race import Step, race
from .result import Curve

LARGE = 100_000  # nodes of a graph that is built a few times only
LIBRARIES = {"PyTorch": "torch", "minigrad": "minigrad", "minigrad fast": "minigrad"}


def deep(library: Any, depth: int) -> Step:
    """So many layers of 64 units with tanh, batch 32: forward and backward."""
    return _perceptron(library, [64] * (depth + 1), 32, library.nn.Tanh)


def batched(library: Any, batch: int) -> Step:
    """A perceptron 64-256-256-10 on so many rows."""
    return _perceptron(library, [64, 256, 256, 10], batch, library.nn.ReLU)


def chained(library: Any, nodes: int) -> Step:
    """A chain of so many operations on vectors of 8."""
    x, w, b = leaves = [library.tensor(np.full(8, value, np.float32)).requires_grad_() for value in (1.0, 0.5, 0.1)]

    def chain() -> Any:
        h = x
        for _ in range(nodes // 2):
            h = h * w + b
        return h.sum()

    return Problem(chain, leaves=leaves).step()


def uncollected(library: Any, nodes: int) -> Step:
    """The same chain, while Python does not look for cycles, which a graph does not have."""
    step = chained(library, nodes)

    def without() -> Any:
        gc.disable()
        try:
            return step()
        finally:
            gc.enable()

    return without


def _perceptron(library: Any, widths: list[int], batch: int, activation: Any) -> Step:
    modules = []
    for inputs, outputs in zip(widths[:-1], widths[1:], strict=True):
        modules += [library.nn.Linear(inputs, outputs), activation()]
    model = library.nn.Sequential(*modules)
    x = library.tensor(np.random.default_rng(0).standard_normal((batch, widths[0]), dtype=np.float32))
    return Problem(lambda x: model(x).sum(), [x], list(model.parameters())).step()


# what grows -> in words, the step, and how large it becomes
CURVES: dict[str, tuple[str, Callable[[Any, int], Step], list[int]]] = {
    "depth": ("layers of 64 units, batch 32", deep, [1, 2, 5, 10, 20, 50, 100]),
    "batch": ("rows of a batch, MLP 64-256-256-10", batched, [1, 4, 16, 64, 256, 1024, 4096]),
    "graph": (
        "operations on vectors of 8, in a chain",
        chained,
        [10**i * j for i in range(2, 6) for j in (1, 3)] + [10**6],
    ),
    "uncollected": (
        "such operations, without the collector of cycles",
        uncollected,
        [10**i * j for i in range(2, 5) for j in (1, 3)] + [10**5],
    ),
}


def measure(name: str, contestants: list[str], effort: Effort, largest: float = math.inf) -> Curve:
    """One curve: all contestants at one size, then at the next.

    Args:
        name: of the curve.
        contestants: who takes part, of those that are libraries.
        effort: how often and how long each size is timed.
        largest: sizes above are left out.
    """
    title, make, sizes = CURVES[name]
    sizes = sizes[:3] if effort.tiny else [size for size in sizes if size <= largest]
    taking_part = [one for one in contestants if one in LIBRARIES]
    values: dict[str, list[list[float]]] = {one: [] for one in taking_part}
    around = {one: CONTESTANTS[one].around for one in taking_part}
    for size in sizes:
        steps = {one: make(load(LIBRARIES[one]), size) for one in taking_part}
        rounds = effort.rounds if size < LARGE else min(effort.rounds, 3)
        for one, times in race(steps, rounds, 0.1 * effort.slices, effort.pause, around).items():
            values[one].append(times)
    return Curve(name, title, sizes, values)
