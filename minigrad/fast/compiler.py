"""Compiling with Numba, and keeping what was compiled on disk.

Numba can keep compiled functions beside their source file, and takes them for stale when that file changes. That is not
enough here: a kernel contains the mathematics of other files, and a packaged library may not be writable. So every
function is compiled under the name of a file in a folder of the user's, whose name tells what all of it was made from.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np

from ..core.caller import warn

# Division by zero gives infinity, as NumPy's does; a product and a sum may become one instruction, which rounds once.
_OPTIONS = {"nogil": True, "error_model": "numpy"}
_EXACT = {"contract"}
_REGROUPED = {"contract", "reassoc", "nsz"}  # sums in any order: what a loop over many numbers at a time needs

_lock = threading.Lock()


def folder() -> Path:
    """Where compiled functions are kept: made, and if that cannot be done, a temporary one after a warning."""
    global _folder
    with _lock:
        if _folder is None:
            _folder = _made()
        return _folder


_folder: Path | None = None


def _made() -> Path:
    home = os.environ.get("MINIGRAD_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    wanted = Path(home, "minigrad", f"fast-{_digest()}")
    try:
        wanted = wanted.expanduser()  # a RuntimeError for somebody without a home, as in containers
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        warn(
            f"minigrad.fast cannot write to {wanted} ({reason}), so that everything is compiled anew in every run; "
            "name a folder that can be written in the environment variable MINIGRAD_CACHE"
        )
        return Path(tempfile.mkdtemp(prefix="minigrad-fast-"))


def _digest() -> str:
    """Of all that decides what machine code comes out: this package, the versions, the processor."""
    found = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        found.update(file.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, np.__version__, platform.python_version())
    found.update(repr((*versions, numba.core.config.CPU_NAME, platform.machine())).encode())
    return found.hexdigest()[:16]


def compiled(*, parallel: bool = False, exact: bool = False, inline: bool = False) -> Callable[[Any], Any]:
    """Decorator: compile a function when it is first called, and keep the result on disk.

    Args:
        parallel: loops over ``numba.prange`` are shared among the threads of the pool.
        exact: sums are taken in the order in which they are written.
        inline: for a function that only others call: it becomes part of each of them, and is not kept by itself.
    """
    options = {**_OPTIONS, "fastmath": _EXACT if exact else _REGROUPED, "parallel": parallel}
    if inline:
        return lambda function: numba.njit(forceinline=True, **options)(function)
    return lambda function: numba.njit(cache=True, **options)(_moved(function))


def _moved(function: Any) -> Any:
    """The function as if it stood in a file of the folder, where Numba then keeps what it compiles."""
    file = folder() / f"{function.__module__}.py"
    if not file.exists():
        file.touch()  # once: Numba takes what was compiled before for that of an older file
    code = function.__code__.replace(co_filename=str(file))
    moved = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
    moved.__module__, moved.__doc__ = function.__module__, function.__doc__
    return moved


def from_source(name: str, source: str) -> Any:
    """The function ``kernel`` of a generated module, which is written to the folder for Numba and for readers."""
    file = folder() / f"{name}-{hashlib.sha256(source.encode()).hexdigest()[:16]}.py"
    kept = file.exists() or _written(file, source)
    names: dict[str, Any] = {"__name__": __name__}  # Numba wants a module that can be imported
    exec(compile(source, str(file), "exec"), names)
    return numba.njit(cache=kept, parallel=True, fastmath=_EXACT, **_OPTIONS)(names["kernel"])


def _written(file: Path, source: str) -> bool:
    """Write the file; False where that is not possible any more, and it has to do without."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)  # somebody may have cleared the cache meanwhile
        with tempfile.NamedTemporaryFile("w", dir=file.parent, suffix=".tmp", delete=False) as new:
            new.write(source)
        os.replace(new.name, file)  # at once: another process may be reading
    except OSError:
        return False
    return True
