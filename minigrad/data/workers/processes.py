"""Workers that are processes."""

from __future__ import annotations

import _thread
import contextlib
import os
import pickle
import queue
import signal
import threading
import time
import warnings
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from .messages import Inbox, Outbox
from .station import ERROR, Order, Station, arrived, portable

GRACE = 2.0  # seconds that a worker gets to finish what it does
STOP = -1  # in place of an epoch


class Processes:
    """As many worker processes as ordered, each at the other end of a pipe.

    Args:
        order: what they are to do.
        context: of ``multiprocessing``: how they are started.
        timeout: seconds to wait for a batch; 0 to wait as long as it takes.
    """

    def __init__(self, order: Order, context: Any, timeout: float) -> None:
        self.timeout = timeout
        self.epoch = 0
        self.processes: list[Any] = []
        self.connections: list[Connection] = []
        self.close = weakref.finalize(self, _shut, os.getpid(), self.processes, self.connections)
        for worker in range(order.workers):
            try:
                self._start(order, context, worker)
            except BaseException:
                self.close()
                raise
        self.inboxes = [Inbox(connection, order.prefetch) for connection in self.connections]

    def _start(self, order: Order, context: Any, worker: int) -> None:
        mine, theirs = context.Pipe()
        self.connections.append(mine)
        inherited = list(self.connections) if context.get_start_method() == "fork" else []
        process = context.Process(target=_serve, args=(theirs, inherited, order, worker), daemon=True)
        try:
            with warnings.catch_warnings():
                if threading.active_count() == 1:  # the other threads are those of a library of matrix products
                    warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
                process.start()
        except (AttributeError, TypeError, pickle.PicklingError) as error:
            raise TypeError(
                f"a worker process cannot be handed the dataset or its functions: {error}; define them at the top of a "
                'module, instead of as lambdas or inside functions, or use multiprocessing_context="thread"'
            ) from error
        finally:
            theirs.close()
        self.processes.append(process)

    def begin(self, seed: int) -> None:
        """Start an epoch; what still comes of the one before is thrown away."""
        self.epoch += 1
        for worker in range(len(self.processes)):
            self._send(worker, (self.epoch, seed))

    def give(self, worker: int, number: int, indices: Any) -> None:
        """Have a worker fetch a batch."""
        self._send(worker, (self.epoch, number, indices))

    def take(self, worker: int | None) -> tuple[int, int, str, Any]:
        """The next result of a worker, or of any: which worker, which batch, what kind of result, the result."""
        while True:
            source = self._ready(worker)
            try:
                (epoch, number, kind), value = self.inboxes[source].receive(self.epoch)
            except (EOFError, OSError):
                raise self._death(source) from None
            if epoch == self.epoch:
                return source, number, kind, arrived(value, source) if kind == ERROR else value

    def _ready(self, worker: int | None) -> int:
        """A worker that has something to say; with a timeout or without a preference that has to be looked for."""
        if worker is not None and not self.timeout:
            return worker
        watched = self.connections if worker is None else [self.connections[worker]]
        ready = wait(watched, self.timeout or None)
        if not ready:
            raise RuntimeError(
                f"no batch came from the workers within timeout={self.timeout} seconds; look for what is slow in the "
                "dataset, or wait longer"
            )
        return self.connections.index(ready[0])  # type: ignore[arg-type]

    def _send(self, worker: int, message: Any) -> None:
        try:
            self.connections[worker].send_bytes(pickle.dumps(message, 5))
        except OSError:
            raise self._death(worker) from None

    def _death(self, worker: int) -> RuntimeError:
        process = self.processes[worker]
        process.join(GRACE)
        code = process.exitcode
        how = "ended"
        if code is not None:
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        cure = ""
        if code == -signal.SIGKILL:
            cure = ", often because memory ran out: use fewer workers, smaller batches or a smaller prefetch_factor"
        return RuntimeError(f"worker {worker} of the loader, process {process.pid}, {how} unexpectedly{cure}")


def _shut(owner: int, processes: list[Any], connections: Sequence[Connection]) -> None:
    """End the processes; they are told to, since workers of other loaders may hold copies of the pipes' ends."""
    if os.getpid() != owner:  # a fork of the owner may collect its copy
        return
    try:
        for connection in connections:
            with contextlib.suppress(OSError):  # it has ended already
                connection.send_bytes(pickle.dumps((STOP,), 5))
            connection.close()
        _wait_for(processes, GRACE)
    except KeyboardInterrupt:
        _wait_for(processes, 0)
        interrupt_later()


def interrupt_later() -> None:
    """Press Ctrl-C once more in a moment: what it raises while an object is collected is swallowed by Python."""
    threading.Timer(0.01, _thread.interrupt_main).start()


def _wait_for(processes: list[Any], patience: float) -> None:
    """Wait for the processes to end, and end by force those that take longer."""
    deadline = time.monotonic() + patience
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
    for ending in ("terminate", "kill"):
        for process in processes:
            if process.is_alive():
                getattr(process, ending)()
                process.join(GRACE)
    while processes:  # here rather than when they are collected, where Ctrl-C would be lost
        with contextlib.suppress(ValueError):  # not even killing helped
            processes[-1].close()
        processes.pop()


# --- in the worker ----------------------------------------------------------------------------------------------------
def _serve(connection: Connection, inherited: Sequence[Connection], order: Order, worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the main process too, which ends this one
    for other in inherited:  # the main process's ends, which shall close when it ends
        other.close()
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    latest = [0]  # the epoch that is still of interest
    threading.Thread(target=_listen, args=(connection, tasks, latest), daemon=True).start()
    station, outbox = Station(order, worker, whole_process=True), Outbox(connection, order.prefetch)
    try:
        while (task := tasks.get()) is not None:
            epoch, *rest = task
            if epoch != latest[0] or not rest:
                continue
            if len(rest) == 1:
                station.begin(*rest)
            else:
                _report(outbox, epoch, rest[0], *station.do(*rest))
    except OSError:  # nobody listens any more
        pass


def _listen(connection: Connection, tasks: queue.SimpleQueue[Any], latest: list[int]) -> None:
    """Take every task at once, so that the main process never waits while it hands them out."""
    try:
        while latest[0] != STOP:
            task = pickle.loads(connection.recv_bytes())
            latest[0] = task[0]
            tasks.put(task)
    except (EOFError, OSError):
        latest[0] = STOP
    tasks.put(None)


def _report(outbox: Outbox, epoch: int, number: int, kind: str, value: Any) -> None:
    try:
        outbox.send((epoch, number, kind), portable(value) if kind == ERROR else value)
    except (AttributeError, TypeError, RuntimeError, pickle.PicklingError) as error:
        refusal = TypeError(f"a batch of type {type(value).__name__} cannot be sent from a worker: {error}")
        outbox.send((epoch, number, ERROR), portable(refusal))
