"""Enabling and disabling compiled kernels."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from ..core.caller import warn
from ..core.primitive import REGISTRY
from .environment import cannot, least_of, limit_threads, require_packages

_enabled = False
_threads_run = False  # whether Numba's have been started
_forked = False  # whether they were those of a parent
_changing = threading.RLock()
_blocks: set[object] = set()  # of disabled() that are open
_minimum: int | None = None  # with which the last of them to end enables kernels again; None if it does not


def enable(minimum: int | None = None) -> None:
    """Run large float32 operations in compiled kernels, from now on and in all threads.

    The BLAS libraries are held to one thread each, since one pool of threads does everything. Kernels are compiled when
    they are first needed, which takes about half a second each, and kept on disk for later runs.

    Args:
        minimum: the number of elements from which on kernels run; by default what the environment variable
            MINIGRAD_FAST_MINIMUM says, or else where they begin to pay.

    Raises:
        ImportError: where Numba, SciPy or threadpoolctl is missing, or does not run here.
        RuntimeError: where no kernel can be compiled, or in a child by ``fork`` of a process that had kernels.
        ValueError: for a minimum below 0, or one of the environment that is no whole number.

    Example:
        >>> import minigrad as mg
        >>> mg.fast.enable()  # doctest: +SKIP
        >>> mg.fast.is_enabled()  # doctest: +SKIP
        True
    """
    global _enabled, _minimum, _threads_run
    if _forked:
        raise RuntimeError(
            "kernels cannot be enabled in a child by fork of a process that had them: their threads did not survive; "
            "start the child by multiprocessing.get_context('spawn'), or enable kernels in the children only"
        )
    least = least_of(minimum)
    with _changing:
        _blocks.clear()  # of disabled(): the last word counts, and they have nothing to bring back
        _minimum = None
        limit_threads()
        require_packages()
        try:
            from . import install, pool  # these import Numba
        except Exception as error:
            raise cannot(error) from error
        pool.settings.minimum = pool.MINIMUM if least is None else least
        if not _enabled:
            _threads_run = True
            try:
                pool.settings.start()
            except Exception as error:  # whatever Numba, the compiler and the system have to say
                raise cannot(error) from error
            install.install(REGISTRY.values())
            _enabled = True


def enable_if_asked() -> None:
    """Do what the environment variable MINIGRAD_FAST=1 asks for; where that is impossible, say so and go on."""
    asked = os.environ.get("MINIGRAD_FAST", "")
    if asked not in ("", "0", "1"):
        warn(f"MINIGRAD_FAST is 1 to enable kernels, or 0, got {asked!r}; they stay disabled")
    if asked == "1":
        try:
            enable()
        except (ImportError, RuntimeError) as error:
            warn(f"MINIGRAD_FAST is set, but {error}")


def disable() -> None:
    """Run NumPy's functions again, and give the BLAS libraries their threads back.

    Example:
        >>> import minigrad as mg
        >>> mg.fast.disable()  # doctest: +SKIP
    """
    global _enabled
    with _changing:
        if _enabled:
            from . import install, pool

            install.remove(REGISTRY.values())
            pool.settings.stop()
            _enabled = False


def warm_up(progress: bool = True) -> None:
    """Compile the kernels of the common layers, losses and optimizers now, instead of when each is first needed.

    What is compiled is kept on disk: this takes a minute or two once, and seconds in later runs. Random numbers drawn
    afterwards are those that would have come without it.

    Args:
        progress: show a progress bar, if tqdm is installed.

    Raises:
        RuntimeError: if kernels are not enabled.

    Example:
        >>> import minigrad as mg
        >>> mg.fast.enable()  # doctest: +SKIP
        >>> mg.fast.warm_up()  # doctest: +SKIP
        Compiling: 100%|██████████| 8/8
    """
    if not _enabled:
        raise RuntimeError("there is nothing to warm up while kernels are disabled; call minigrad.fast.enable() before")
    from .warm import run

    run(progress)


def is_enabled() -> bool:
    """Whether compiled kernels run.

    Example:
        >>> import minigrad as mg
        >>> with mg.fast.disabled():
        ...     mg.fast.is_enabled()
        False
    """
    return _enabled


@contextlib.contextmanager
def disabled() -> Iterator[None]:
    """A block in which NumPy's functions run, in all threads: kernels wait for the last of such blocks to end.

    Example:
        >>> import minigrad as mg
        >>> with mg.fast.disabled():
        ...     mg.fast.is_enabled()
        False
    """
    global _minimum
    block = object()
    with _changing:
        if _enabled:
            from . import pool

            _minimum = int(pool.settings.minimum)
            disable()
        _blocks.add(block)
    try:
        yield
    finally:
        with _changing:
            _blocks.discard(block)
            if not _blocks and _minimum is not None and not _forked:
                enable(_minimum)


def _leave_threads_behind() -> None:
    """In a child by fork: threads do not survive it, and OpenMP ends a process that tries to use them."""
    global _changing, _forked
    _changing = threading.RLock()  # one of the threads may have held it
    _forked = _forked or _threads_run
    disable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_threads_behind)
