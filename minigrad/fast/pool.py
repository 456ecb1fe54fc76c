"""One pool of threads: Numba's does everything, and the BLAS libraries are held to one thread each.

Two pools fight: the threads of a BLAS spin for a while after a product, and a loop that starts then waits for them, up
to ten times as long as it takes itself.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

if "numba" not in sys.modules:  # it reads these when it is imported
    if "OMP_NUM_THREADS" in os.environ:
        os.environ.setdefault("NUMBA_NUM_THREADS", os.environ["OMP_NUM_THREADS"])

import numba
from numba import prange
from threadpoolctl import ThreadpoolController

from .compiler import compiled

MINIMUM = 8192  # elements of the first array, below which NumPy's own call is as good


class Pool:
    """The state of the room.

    Attributes:
        minimum: elements of the first array from which on kernels run.
        threads: how many there are: what a kernel divides its work by.
        launch: runs a kernel: ``launch(kernel, *arguments)``.
    """

    def __init__(self) -> None:
        self.minimum: float = MINIMUM
        self.threads: int = numba.config.NUMBA_NUM_THREADS
        self.launch: Callable[..., Any] = _launch
        self._limit: Any = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Hold the BLAS libraries to one thread, and start Numba's."""
        if self._limit is None:
            self._limit = ThreadpoolController().limit(limits=1, user_api="blas")
        if self.launch is _launch and _threading_layer() == "workqueue":  # aborts when two threads call at once
            self.launch = self._launch_alone

    def stop(self) -> None:
        """Give the BLAS libraries their threads back."""
        if self._limit is not None:
            self._limit.restore_original_limits()
            self._limit = None

    def least(self, work: int) -> float:
        """The work from which on a kernel pays; none at all while everything shall run in kernels."""
        return work if self.minimum else 0

    def _launch_alone(self, kernel: Any, *arguments: Any) -> Any:
        with self._lock:
            return kernel(*arguments)


def _launch(kernel: Any, *arguments: Any) -> Any:
    return kernel(*arguments)


@compiled(parallel=True)
def _nothing(n: int) -> int:
    total = 0
    for _ in prange(n):
        total += 1
    return total


def _threading_layer() -> str:
    _nothing(2)  # Numba chooses one when the first loop runs
    return str(numba.threading_layer())


settings = Pool()
