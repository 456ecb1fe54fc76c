"""Enabling and disabling compiled kernels."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator

from ..core.caller import warn
from ..core.primitive import REGISTRY

_PACKAGES = ("numba", "scipy", "threadpoolctl")
_enabled = False


def enable(minimum: int | None = None) -> None:
    """Run large float32 operations in compiled kernels, from now on and in all threads.

    The BLAS libraries are held to one thread each, since one pool of threads does everything. Kernels are compiled when
    they are first needed, which takes about half a second each, and kept on disk for later runs.

    Args:
        minimum: the number of elements from which on kernels run; by default what the environment variable
            MINIGRAD_FAST_MINIMUM says, or else where they begin to pay.

    Raises:
        ImportError: where Numba, SciPy or threadpoolctl is missing.
        ValueError: for a minimum below 0, or one of the environment that is no whole number.

    Example:
        >>> import minigrad as mg
        >>> mg.fast.enable()  # doctest: +SKIP
        >>> mg.fast.is_enabled()  # doctest: +SKIP
        True
    """
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if asked.isdigit() and "numba" not in sys.modules:
        os.environ.setdefault("NUMBA_NUM_THREADS", asked)  # Numba reads it now, and again whenever it compiles
    for package in _PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ImportError(
                f"minigrad.fast compiles with Numba and calls the BLAS of SciPy, and {package} is missing; install "
                "them: pip install numba scipy threadpoolctl"
            ) from error
    from . import install, pool  # these import Numba

    global _enabled
    pool.settings.minimum = _least(minimum, pool.MINIMUM)
    if not _enabled:
        pool.settings.start()
        install.install(REGISTRY.values())
        _enabled = True


def _least(minimum: int | None, default: int) -> int:
    asked = os.environ.get("MINIGRAD_FAST_MINIMUM", "")
    if minimum is not None:
        if minimum < 0:
            raise ValueError(f"minimum is a number of elements, 0 or more, got {minimum}; leave it out for the default")
        return minimum
    if not asked:
        return default
    if not asked.isdecimal():
        raise ValueError(
            f"MINIGRAD_FAST_MINIMUM is a number of elements, 0 or more, got {asked!r}; unset it for the default"
        )
    return int(asked)


def enable_if_asked() -> None:
    """Do what the environment variable MINIGRAD_FAST=1 asks for; without the packages, say so and go on."""
    if os.environ.get("MINIGRAD_FAST", "0") not in ("", "0"):
        try:
            enable()
        except ImportError as error:
            warn(f"MINIGRAD_FAST is set, but {error}")


def disable() -> None:
    """Run NumPy's functions again, and give the BLAS libraries their threads back."""
    global _enabled
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
    """
    if not _enabled:
        raise RuntimeError("there is nothing to warm up while kernels are disabled; call minigrad.fast.enable() before")
    from .warm import run

    run(progress)


def is_enabled() -> bool:
    """Whether compiled kernels run."""
    return _enabled


@contextlib.contextmanager
def disabled() -> Iterator[None]:
    """A block in which NumPy's functions run; it concerns all threads.

    Example:
        >>> import minigrad as mg
        >>> with mg.fast.disabled():
        ...     mg.fast.is_enabled()
        False
    """
    if not _enabled:
        yield
        return
    from . import pool

    minimum = int(pool.settings.minimum)
    disable()
    try:
        yield
    finally:
        enable(minimum)


if hasattr(os, "register_at_fork"):  # threads do not survive a fork, and OpenMP ends a child that tries to use them
    os.register_at_fork(after_in_child=disable)
