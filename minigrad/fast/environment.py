"""What the environment offers and asks for: packages, threads, and the size from which on kernels run."""

from __future__ import annotations

import importlib
import os
import sys

_PACKAGES = ("numba", "scipy", "threadpoolctl")


def limit_threads() -> None:
    """Have Numba take as many threads as OpenMP was asked to."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if asked.isdecimal() and int(asked) and "numba" not in sys.modules:
        os.environ.setdefault("NUMBA_NUM_THREADS", asked)  # Numba reads it now, and again whenever it compiles


def require_packages() -> None:
    """Import what kernels are made with.

    Raises:
        ImportError: naming what is missing, or does not run here.
    """
    for package in _PACKAGES:
        _import(package)


def _import(package: str) -> None:
    uses, cure = "minigrad.fast compiles with Numba and calls the BLAS of SciPy", " ".join(_PACKAGES)
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ImportError(f"{uses}, and {error.name} is missing; install them: pip install {cure}") from error
    except Exception as error:  # made for another NumPy, say, or a library that cannot be loaded
        raise ImportError(
            f"{uses}, and {package} cannot be imported: {_first_line(error)}; bring them up to date: "
            f"pip install --upgrade {cure}"
        ) from error


def cannot(error: Exception) -> RuntimeError:
    """What to raise where kernels do not run."""
    return RuntimeError(f"minigrad.fast cannot compile on this machine: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def least_of(minimum: int | None) -> int | None:
    """The smallest size for kernels that was asked for."""
    asked = os.environ.get("MINIGRAD_FAST_MINIMUM", "")
    if minimum is not None:
        if minimum < 0:
            raise ValueError(f"minimum is a number of elements, 0 or more, got {minimum}; leave it out for the default")
        return minimum
    if not asked:
        return None
    if not asked.isdecimal():
        raise ValueError(
            f"MINIGRAD_FAST_MINIMUM is a number of elements, 0 or more, got {asked!r}; unset it for the default"
        )
    return int(asked)
