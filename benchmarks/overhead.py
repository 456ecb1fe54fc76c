"""What the graph costs: forward and backward of a small expression against hand-written NumPy and PyTorch.

Run with ``make bench`` or ``python benchmarks/overhead.py``. PyTorch joins in where it is installed.
"""

from __future__ import annotations

from race import race, table  # isort: skip - sets the number of threads before NumPy is imported

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg


def by_hand(x: Any, w: Any, b: Any) -> Callable[[], object]:
    """tanh(x w + b) x, summed, and its three gradients, as one would write them in NumPy."""

    def step() -> object:
        h = np.tanh(x * w + b)
        loss = (h * x).sum()
        g = np.broadcast_to(np.ones_like(loss), x.shape)
        gx = g * h
        gb = g * x * (1 - h * h)
        return loss, gx + gb * w, gb * x, gb

    return step


def with_graph(library: Any, x: Any, w: Any, b: Any, create_graph: bool = False) -> Callable[[], object]:
    """The same through a library's graph."""

    def step() -> object:
        x.grad = w.grad = b.grad = None
        loss = (library.tanh(x * w + b) * x).sum()
        loss.backward(create_graph=create_graph)
        return loss

    return step


def forward_only(library: Any, x: Any, w: Any, b: Any) -> Callable[[], object]:
    """Without recording."""

    def step() -> object:
        with library.no_grad():
            return (library.tanh(x * w + b) * x).sum()

    return step


def main() -> None:
    """Print one table per size."""
    torch = __import__("torch") if importlib.util.find_spec("torch") else None
    if torch is not None:
        torch.set_num_threads(2)
    for size in (1, 8, 1024, 65536):
        arrays = [np.random.default_rng(i).standard_normal(size).astype(np.float32) for i in range(3)]
        ours = [mg.Tensor(a, requires_grad=True) for a in arrays]
        steps = {"NumPy by hand": by_hand(*arrays), "minigrad": with_graph(mg, *ours)}
        forward = {
            "NumPy by hand": lambda a=arrays: (np.tanh(a[0] * a[1] + a[2]) * a[0]).sum(),
            "minigrad, no_grad": forward_only(mg, *ours),
        }
        if torch is not None:
            theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
            steps["PyTorch"] = with_graph(torch, *theirs)
            forward["PyTorch, no_grad"] = forward_only(torch, *theirs)
        steps["minigrad, create_graph"] = with_graph(mg, *ours, create_graph=True)
        print(table(f"forward + backward, {size} elements", race(steps), "NumPy by hand"))
        print(table(f"forward only, {size} elements", race(forward), "NumPy by hand"), flush=True)


if __name__ == "__main__":
    main()
