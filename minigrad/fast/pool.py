"""One pool of threads: Numba's does everything, and the BLAS libraries are held to one thread each.

Two pools fight: the threads of a BLAS spin for a while after a product, and a loop that starts then waits for them, up
to ten times as long as it takes itself.
"""

from __future__ import annotations

import contextlib
import threading
from pickle import UnpicklingError
from typing import Any

import numba
from numba import prange
from numba.core.errors import NumbaError
from threadpoolctl import ThreadpoolController

from ..core.caller import warn
from .compiler import compiled, folder

MINIMUM = 8192  # elements of the first array, below which NumPy's own call is as good


class CannotCompileError(RuntimeError):
    """This machine does not compile a kernel; the plain function has to serve."""


_DAMAGED = (EOFError, UnpicklingError)  # what was kept on disk
_FAILURES = (NumbaError, OSError, *_DAMAGED)


def _reason(error: BaseException) -> str:
    if isinstance(error, _DAMAGED):
        return f"a file in {folder()} is damaged; delete that folder"
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class Pool:
    """The state of the room.

    Attributes:
        minimum: elements of the first array from which on kernels run.
        threads: how many there are: what a kernel divides its work by.
    """

    def __init__(self) -> None:
        self.minimum: float = MINIMUM
        self.threads: int = numba.config.NUMBA_NUM_THREADS
        self._libraries: Any = None  # BLAS's
        self._limit: Any = None
        self._warned = False
        self._alone: Any = contextlib.nullcontext()

    def start(self) -> None:
        """Hold the BLAS libraries to one thread, and start Numba's."""
        self._libraries = ThreadpoolController().select(user_api="blas")
        self._limit = self._libraries.limit(limits=1)
        self._let_go()
        try:
            _nothing(2)  # Numba chooses its threads when the first loop runs
            alone = numba.threading_layer() == "workqueue"  # which ends the process when two threads call at once
        except BaseException as error:
            self.stop()
            if isinstance(error, _FAILURES):
                raise CannotCompileError(_reason(error)) from error
            raise
        if alone:
            self._alone = threading.Lock()

    def stop(self) -> None:
        """Give the BLAS libraries their threads back."""
        self._limit.restore_original_limits()
        self._let_go()

    def _let_go(self) -> None:
        """Since its version 3.8 threadpoolctl heeds one Python thread alone, until this one says that it is done."""
        for library in self._libraries.lib_controllers:
            if hasattr(library, "clear_controlling_thread"):
                library.clear_controlling_thread()

    def launch(self, kernel: Any, *arguments: Any) -> None:
        """Run a kernel.

        Raises:
            CannotCompileError: after a warning, the first time.
        """
        try:
            with self._alone:
                kernel(*arguments)
        except _FAILURES as error:
            if not self._warned:
                self._warned = True
                warn(f"minigrad.fast could not compile a kernel, and goes on with NumPy in its place: {_reason(error)}")
            raise CannotCompileError(str(error)) from error

    def least(self, work: int) -> float:
        """The work from which on a kernel pays; none at all while everything shall run in kernels."""
        return work if self.minimum else 0


@compiled(parallel=True)
def _nothing(n: int) -> int:
    total = 0
    for _ in prange(n):
        total += 1
    return total


settings = Pool()
