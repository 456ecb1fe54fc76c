"""What a worker does, wherever it runs: it fetches, and reports what came out."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..dataset import IterableDataset
from ..fetch import Job, Numbered, Stream
from .info import WorkerInfo, become
from .seeds import Seeds, mixed

BATCH, END, ERROR = "batch", "end", "error"


@dataclass(frozen=True)
class Order:
    """What the workers of one loader are to do."""

    job: Job
    workers: int
    prefetch: int
    init: Callable[[int], Any] | None


class Station:
    """One worker's place of work.

    Args:
        order: what is to be done.
        worker: which worker this is.
        whole_process: whether this process does nothing else, so that its global generators may be seeded.
    """

    def __init__(self, order: Order, worker: int, whole_process: bool) -> None:
        self.order = order
        self.worker = worker
        self.whole_process = whole_process
        self.seeds = Seeds(whole_process)
        self.fetch: Numbered | Stream | None = None
        self.seed = 0
        self.started = False
        self.failure: Exception | None = None

    def begin(self, seed: int) -> None:
        """Start an epoch; what fails here is reported with the first batch."""
        order, self.seed = self.order, seed
        become(WorkerInfo(self.worker, order.workers, seed + self.worker, order.job.dataset), self.whole_process)
        self.fetch = order.job.fetcher()
        self.seeds.seed(seed + self.worker)
        if not self.started and order.init is not None:
            try:
                self.seeds.run(lambda: order.init(self.worker))  # type: ignore[misc]
            except Exception as error:
                self.failure = error
        self.started = True

    def do(self, number: int, indices: Any) -> tuple[str, Any]:
        """Fetch one batch: what kind of result that is, and the result."""
        try:
            if self.failure is not None:
                raise self.failure
            if not isinstance(self.order.job.dataset, IterableDataset):
                self.seeds.seed(mixed(self.seed, number))
            return BATCH, self.fetch(indices)  # type: ignore[misc]
        except StopIteration:
            if isinstance(self.fetch, Stream):
                return END, None
            return ERROR, RuntimeError("the dataset raised StopIteration, which only a stream may do")
        except Exception as error:
            return ERROR, error


class WorkerTraceback(Exception):
    """Where in a worker an exception came from; it is the cause of the one that is raised."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"


def portable(error: Exception) -> tuple[Exception, str]:
    """An exception in a form that can be sent to another process, and its traceback as text."""
    text = "".join(traceback.format_exception(error))
    try:
        sent = pickle.loads(pickle.dumps(error))
        if type(sent) is type(error) and str(sent) == str(error):
            return sent, text
    except Exception:  # it holds what cannot be sent, or its constructor wants other arguments
        pass
    return RuntimeError(f"{type(error).__name__}: {error}"), text


def arrived(sent: tuple[Exception, str], worker: int) -> Exception:
    """The exception to raise for one that a worker sent."""
    error, text = sent
    error.add_note(f"(raised in worker {worker} of the loader, whose traceback stands above)")
    error.__cause__ = WorkerTraceback(text)
    return error
