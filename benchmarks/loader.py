"""What a batch costs: loaders of minigrad and PyTorch on arrays, on items and on images, with and without workers.

Run with ``python -m benchmarks.loader``; names of tables as arguments choose among them. PyTorch joins in where it is
installed. A step is one epoch; the time is that of a batch.
"""

from __future__ import annotations

from . import threads  # isort: skip - before NumPy

import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import data

from .contestants import installed, load
from .race import race, table


class Items(data.Dataset):
    """Small samples, one by one: 64 features and a label."""

    def __init__(self, count: int) -> None:
        self.x = np.random.default_rng(0).standard_normal((count, 64), np.float32)
        self.count = count

    def __getitem__(self, index: int) -> Any:
        return self.x[index], index % 10

    def __len__(self) -> int:
        return self.count


class Images(Items):
    """Images of bytes that are scaled and mirrored one by one, as a transform would."""

    def __init__(self, count: int, size: int) -> None:
        self.x = np.random.default_rng(0).integers(0, 256, (min(count, 64), 3, size, size), np.uint8)
        self.count = count

    def __getitem__(self, index: int) -> Any:
        image = self.x[index % len(self.x)].astype(np.float32)
        image *= 1 / 255
        return np.ascontiguousarray(image[:, :, ::-1]), index % 10


def epoch(loader: Any) -> Callable[[], object]:
    """A step that goes through the loader."""

    return lambda: deque(loader, maxlen=1)


def compare(title: str, ours: Any, theirs: Any, batch: int, variants: dict[str, dict[str, Any]]) -> None:
    """Print one table: every variant of both loaders."""
    steps, batches = {}, 0
    for name, options in variants.items():
        loader = data.DataLoader(ours, batch, **options)
        batches = len(loader)
        steps[f"minigrad, {name}"] = epoch(loader)
        if torch is not None and "thread" not in name:
            steps[f"PyTorch, {name}"] = epoch(torch.utils.data.DataLoader(theirs, batch, **options))
    epochs = race(steps, rounds=5, slice_seconds=0.3)
    times = {name: [seconds / batches for seconds in found] for name, found in epochs.items()}
    base = next((name for name in times if name.startswith("PyTorch")), next(iter(times)))
    print(table(title, times, base), flush=True)


def main(chosen: list[str]) -> None:
    """Print the tables."""
    kept = {"persistent_workers": True}
    workers = {
        "2 processes": {"num_workers": 2, **kept},
        "2 threads": {"num_workers": 2, "multiprocessing_context": "thread", **kept},
    }
    here: dict[str, dict[str, Any]] = {"no workers": {}}
    if not chosen or "arrays" in chosen:
        x, y = np.random.default_rng(0).standard_normal((20_000, 64), np.float32), np.arange(20_000) % 10
        ours = data.TensorDataset(x, y)
        theirs = None if torch is None else torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
        variants = {**here, "shuffled": {"shuffle": True}, **workers}
        compare("arrays: (64, 64) float32 and labels", ours, theirs, 64, variants)
    if not chosen or "items" in chosen:
        compare("items: 64 samples of (64,) float32", *[Items(6400)] * 2, 64, {**here, **workers})
    if not chosen or "images" in chosen:
        compare("images: 32 of 3 x 64 x 64", *[Images(640, 64)] * 2, 32, {**here, **workers})
        compare("images: 32 of 3 x 224 x 224", *[Images(320, 224)] * 2, 32, {**here, **workers})


if __name__ == "__main__":
    torch = load("torch") if installed("torch") else None
    if torch is not None:
        torch.set_num_threads(threads.THREADS)
    main(sys.argv[1:])
