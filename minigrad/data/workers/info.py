"""What a dataset can know about the worker that it is in."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this is."""

    id: int
    num_workers: int
    seed: int  # the loader's seed for this epoch, plus id
    dataset: Any = field(repr=False)  # this worker's copy


class _Own(threading.local):
    info: WorkerInfo | None = None


_own = _Own()  # of a thread that is a worker
_process: WorkerInfo | None = None  # of all threads of a process that is one


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a ``DataLoader`` this is: its ``id``, ``num_workers``, ``seed`` and ``dataset``; else None.

    Example:
        >>> get_worker_info() is None  # the main process is none
        True
    """
    return _own.info or _process


def become(info: WorkerInfo, whole_process: bool) -> None:
    """Make the calling thread, or the whole process, the worker that is described."""
    global _process
    if whole_process:
        _process = info
    else:
        _own.info = info
