"""Who takes part, what each needs, and what has to be switched on around its turns."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

BASE = "PyTorch"


@dataclass(frozen=True)
class Contestant:
    """One way to do the steps.

    Attributes:
        name: the full one.
        column: its name at the head of a column.
        colour: in pictures.
        needs: modules that have to be installed.
        around: enters what its turns need, and leaves it.
        checked: whether its results must equal PyTorch's.
        install: what brings the modules.
    """

    name: str
    column: str
    colour: str
    needs: tuple[str, ...] = ()
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    checked: bool = True
    install: str = ""

    def why_not(self) -> str | None:
        """What is missing, or None."""
        missing = next((module for module in self.needs if not installed(module)), None)
        if missing is not None:
            return f"{missing} is not installed" + (f": pip install {self.install}" if self.install else "")
        if self.name == "PyTorch compiled" and not any(map(shutil.which, ("c++", "g++", "clang++", "cl"))):
            return "torch.compile needs a C++ compiler"
        return None


def installed(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that would hold it
        return False


@functools.cache
def load(module: str) -> Any:
    """A library, imported by whoever first needs it: a process that measures memory holds no other."""
    return importlib.import_module(module)


def prepare(names: Iterable[str], threads: int) -> None:
    """What has to happen once in a process, before anybody's step is made."""
    if any(name.startswith("PyTorch") for name in names):
        load("torch").set_num_threads(threads)
    if "minigrad fast" in names:
        with compiled_kernels(True):
            load("minigrad.fast").warm_up()


@contextlib.contextmanager
def compiled_kernels(on: bool) -> Iterator[None]:
    """minigrad with its compiled kernels, or without them even where the environment asks for them."""
    if not installed("minigrad.fast"):
        yield
        return
    fast = load("minigrad.fast")
    if on:
        fast.enable()
    else:
        fast.disable()
    try:
        yield
    finally:
        fast.disable()


CONTESTANTS = {
    one.name: one
    for one in (
        Contestant("PyTorch", "PyTorch", "#222222", ("torch",), install="torch==2.13.0"),
        Contestant("PyTorch again", "again", "#222222", ("torch",)),
        Contestant("minigrad", "plain", "#0072B2", ("minigrad",), lambda: compiled_kernels(False)),
        Contestant(
            "minigrad fast",
            "fast",
            "#D55E00",
            ("minigrad.fast", "numba", "scipy", "threadpoolctl"),
            lambda: compiled_kernels(True),
            install="numba scipy threadpoolctl",
        ),
        Contestant("NumPy by hand", "NumPy", "#009E73", ("numpy",)),
        Contestant("products alone", "products", "#9A9A9A", ("numpy",), checked=False),
        Contestant("PyTorch compiled", "compile", "#7B5EA7", ("torch",)),
        Contestant("PyTorch foreach", "foreach", "#8C8C8C", ("torch",)),
        Contestant("PyTorch fused", "fused", "#5C5C5C", ("torch",)),
        Contestant("JAX", "JAX", "#E69F00", ("jax",), install="jax"),
        Contestant("autograd", "autograd", "#56B4E9", ("autograd",), install="autograd"),
        Contestant("MyGrad", "MyGrad", "#A0522D", ("mygrad",), install="mygrad"),
        Contestant("micrograd", "micrograd", "#B5A642", ("micrograd",), install="micrograd"),
    )
}
