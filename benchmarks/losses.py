"""What losses cost: forward and backward by the scores, in time and in memory, beside NumPy by hand and PyTorch.

Run with ``python -m benchmarks.losses``; it takes some minutes, and 2.5 GB of memory for the largest size. PyTorch
joins in where it is installed. NumPy by hand is written as one would for one size: in place, but all rows at once.
"""

from __future__ import annotations

from . import threads  # isort: skip - before NumPy

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.nn import functional as F

from .race import race, table

SIZES = {"cross_entropy": [(64, 10), (256, 1000), (4096, 32000)]}
SIZES |= dict.fromkeys(["binary_cross_entropy_with_logits", "mse_loss"], [(64, 10), (256, 1000), (4096, 4000)])


def arrays(loss: str, rows: int, columns: int) -> tuple[Any, Any]:
    """Scores and a target."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, columns), dtype=np.float32)
    if loss == "cross_entropy":
        return x, rng.integers(0, columns, rows)
    return x, rng.random((rows, columns), dtype=np.float32)


def by_hand(loss: str, x: Any, target: Any) -> Callable[[], object]:
    """The mean of the losses and its gradient."""
    rows = np.arange(len(x))

    def cross_entropy() -> object:
        e = x - x.max(axis=1, keepdims=True)
        right = e[rows, target]
        np.exp(e, out=e)
        total = e.sum(axis=1)
        value = (np.log(total) - right).mean()
        e *= (1 / (len(x) * total))[:, None]
        e[rows, target] -= 1 / len(x)
        return value, e

    def binary_cross_entropy_with_logits() -> object:
        e = np.exp(-np.abs(x))
        value = (np.maximum(x, 0) - x * target + np.log1p(e)).mean()
        g = np.where(x >= 0, 1, e)
        e += 1
        g /= e
        g -= target
        g /= x.size
        return value, g

    def mse_loss() -> object:
        g = x - target
        value = np.vdot(g, g) / x.size
        g *= 2 / x.size
        return value, g

    return {f.__name__: f for f in (cross_entropy, binary_cross_entropy_with_logits, mse_loss)}[loss]


def with_graph(function: Any, x: Any, target: Any) -> Callable[[], object]:
    """The same through a library's graph."""

    def step() -> object:
        x.grad = None
        value = function(x, target)
        value.backward()
        return value

    return step


def contestant(who: str, loss: str, x: Any, target: Any) -> Callable[[], object]:
    """One step of NumPy, minigrad or PyTorch."""
    if who == "NumPy by hand":
        return by_hand(loss, x, target)
    if who == "minigrad":
        return with_graph(getattr(F, loss), mg.from_numpy(x).requires_grad_(), mg.from_numpy(target))
    import torch

    torch.set_num_threads(threads.THREADS)
    scores = torch.from_numpy(x).requires_grad_()
    return with_graph(getattr(torch.nn.functional, loss), scores, torch.from_numpy(target))


def high_water() -> float:
    """The most memory that this process ever had, in MiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def peak(who: str, loss: str, rows: int, columns: int) -> float:
    """By how many MiB a process grows in two steps."""
    contestant(who, loss, *arrays(loss, 64, 10))()
    step = contestant(who, loss, *arrays(loss, rows, columns))
    before = high_water()
    step()
    step()
    return high_water() - before


def main() -> None:
    """Print one table per loss and size, then one of memory."""
    names = ["NumPy by hand", "minigrad"] + ["PyTorch"] * bool(importlib.util.find_spec("torch"))
    for loss, sizes in SIZES.items():
        for size in sizes:
            given = arrays(loss, *size)
            large = given[0].size > 1 << 20
            steps = {who: contestant(who, loss, *given) for who in names}
            times = race(steps, rounds=3 if large else 9)
            print(table(f"{loss}, {size[0]} x {size[1]}", times, "NumPy by hand"), flush=True)
    for loss, sizes in SIZES.items() if sys.platform == "linux" else ():
        rows, columns = sizes[-1]
        print(f"memory of {loss}, {rows} x {columns}, in units of its input")
        for who in names:
            command = [sys.executable, "-m", "benchmarks.losses", "--peak", who, loss, str(rows), str(columns)]
            found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(f"  {who:<28}{float(found) / (rows * columns * 4 / 1024**2):12.2f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        print(peak(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
    else:
        main()
