"""One pass through a dataset: what a loader's ``for`` loop goes through."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .dataset import IterableDataset
from .fetch import Job
from .position import Position
from .workers.processes import Processes, interrupt_later
from .workers.station import BATCH, END, Order
from .workers.threads import Threads

Tasks = Iterator[tuple[int, Any]]  # the number of a batch, and the indices of its samples


class Epoch:
    """The batches of one epoch, fetched when they are asked for.

    Args:
        job: what is fetched.
        tasks: the batches, by number.
        position: where it stands, which the loader reads.
        length: how many batches were announced; None if that is unknown.
        finished: called at the end.
    """

    def __init__(
        self, job: Job, tasks: Tasks, position: Position, length: int | None, finished: Callable[[], None]
    ) -> None:
        self.job = job
        self.tasks = tasks
        self.position = position
        self.length = length
        self.finished = finished
        self.over = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        if self.length is None:
            raise TypeError("nobody knows how many batches there will be; define __len__ in the dataset")
        return self.length

    def __next__(self) -> Any:
        if self.over:
            raise StopIteration
        try:
            number, batch = self._next()
        except StopIteration:
            self._end()
            self.finished()
            raise
        except BaseException:  # also Ctrl-C
            self._end()
            raise
        self.position.handed_out(number)
        streams = isinstance(self.job.dataset, IterableDataset)
        if streams and self.length is not None and self.position.batch > self.length:
            self._warn()
        return batch

    def _next(self) -> tuple[int, Any]:
        raise NotImplementedError(f"{type(self).__name__} has no batches; define _next(self) in the class")

    def _end(self) -> None:
        self.over = True

    def _warn(self) -> None:
        warnings.warn(
            f"{type(self.job.dataset).__name__}.__len__ says {len(self.job.dataset)} samples, which are {self.length} "
            "batches, and more came; with workers a stream must give each its part: see get_worker_info()",
            UserWarning,
            stacklevel=3,
        )
        self.length = None


class Serial(Epoch):
    """Batches that are fetched in the loop itself."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fetch = self.job.fetcher()

    def _next(self) -> tuple[int, Any]:
        number, indices = next(self.tasks)
        return number, self.fetch(indices)


class Ahead(Epoch):
    """Batches that workers fetch ahead.

    Args:
        arguments: those of ``Epoch``.
        crew: the workers, who are this epoch's until it is over.
        order: what they do.
        in_order: whether batches are handed out in order, or as they come.
        keep: whether the workers are needed afterwards.
    """

    def __init__(self, *arguments: Any, crew: Processes | Threads, order: Order, in_order: bool, keep: bool) -> None:
        super().__init__(*arguments)
        self.crew = crew
        self.in_order = in_order
        self.keep = keep
        self.pending: deque[tuple[int, int]] = deque()  # (worker, batch), as they are to come
        try:
            crew.begin(self.position.seed)
            for turn in range(order.workers * order.prefetch):
                self._give(turn % order.workers)
        except BaseException:
            self._end()
            raise

    def _give(self, worker: int) -> None:
        task = next(self.tasks, None)
        if task is not None:
            self.crew.give(worker, *task)
            self.pending.append((worker, task[0]))

    def _next(self) -> tuple[int, Any]:
        while self.pending:
            worker, number, kind, value = self.crew.take(self.pending[0][0] if self.in_order else None)
            if kind == END:  # of this worker's part of a stream
                self.pending = deque(entry for entry in self.pending if entry[0] != worker)
                continue
            if (worker, number) not in self.pending:  # another report that the stream has ended came before it
                continue
            self.pending.remove((worker, number))
            if kind != BATCH:
                self.keep = False  # some are still busy with what nobody wants any more
                raise value
            self._give(worker)
            return number, value
        raise StopIteration

    def _end(self) -> None:
        super()._end()
        self.pending.clear()
        if not self.keep:
            self.crew.close()

    def __del__(self) -> None:  # also where a loop was left by break
        if self.over:
            return
        try:
            self._end()
        except KeyboardInterrupt:
            self._end()
            interrupt_later()
