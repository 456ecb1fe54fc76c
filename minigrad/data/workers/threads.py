"""Workers that are threads: for data whose loading waits for files, or is done by NumPy, which lets others run."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from ...random import Generator, drawing_from
from .station import Order, Station


class Threads:
    """As many worker threads as ordered; they share the dataset and draw from Generators of their own.

    Args:
        order: what they are to do.
        timeout: seconds to wait for a batch; 0 to wait as long as it takes.
    """

    def __init__(self, order: Order, timeout: float) -> None:
        self.timeout = timeout
        self.epoch = 0
        self.tasks: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in range(order.workers)]
        self.results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.waiting: list[list[Any]] = [[] for _ in self.tasks]  # results that came before their turn
        self.latest = [0]  # the epoch that is still of interest
        self.close = weakref.finalize(self, _stop, self.tasks, self.latest)
        for worker, tasks in enumerate(self.tasks):
            arguments = (order, worker, tasks, self.results, self.latest)
            threading.Thread(target=_serve, args=arguments, daemon=True, name=f"loader-{worker}").start()

    def begin(self, seed: int) -> None:
        """Start an epoch; what still comes of the one before is thrown away."""
        self.epoch += 1
        self.latest[0] = self.epoch
        self.waiting = [[] for _ in self.tasks]
        for tasks in self.tasks:
            tasks.put((self.epoch, seed))

    def give(self, worker: int, number: int, indices: Any) -> None:
        """Have a worker fetch a batch."""
        self.tasks[worker].put((self.epoch, number, indices))

    def take(self, worker: int | None) -> tuple[int, int, str, Any]:
        """The next result of a worker, or of any: which worker, which batch, what kind of result, the result."""
        while worker is None or not self.waiting[worker]:
            try:
                epoch, source, *result = self.results.get(timeout=self.timeout or None)
            except queue.Empty:
                raise RuntimeError(
                    f"no batch came from the workers within timeout={self.timeout} seconds; look for what is slow in "
                    "the dataset, or wait longer"
                ) from None
            if epoch != self.epoch:
                continue
            if worker is None:
                return source, *result
            self.waiting[source].append(result)
        return worker, *self.waiting[worker].pop(0)


def _stop(tasks: Sequence[queue.SimpleQueue[Any]], latest: list[int]) -> None:
    latest[0] = -1
    for each in tasks:
        each.put(None)


def _serve(
    order: Order,
    worker: int,
    tasks: queue.SimpleQueue[Any],
    results: queue.SimpleQueue[Any],
    latest: list[int],
) -> None:
    station = Station(order, worker, whole_process=False)
    with drawing_from(Generator()):
        while (task := tasks.get()) is not None:
            epoch, *rest = task
            if epoch != latest[0]:
                continue
            if len(rest) == 1:
                station.begin(*rest)
            else:
                results.put((epoch, worker, rest[0], *station.do(*rest)))
