"""What a library costs before the first step: the time to import it, and its size on the disk."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from .contestants import CONTESTANTS
from .result import Row

ROOT = Path(__file__).resolve().parents[1]
PART = "before the first step"
TIMED = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
# The module that each contestant stands on, and the name under which it is installed.
MODULES = {
    "PyTorch": "torch",
    "minigrad": "minigrad",
    "NumPy by hand": "numpy",
    "JAX": "jax",
    "autograd": "autograd",
    "MyGrad": "mygrad",
    "micrograd": "micrograd",
}
IMPORTED = {"micrograd": "micrograd.engine"}  # where importing the module alone brings nothing


def taking_part(names: list[str] | None = None) -> dict[str, str]:
    """name -> module of those that are installed."""
    return {
        name: module
        for name, module in MODULES.items()
        if (names is None or name in names) and CONTESTANTS[name].why_not() is None
    }


def import_times(modules: dict[str, str], rounds: int) -> Row:
    """Seconds of an import in a new process, in turns, after one that fills the system's cache of files."""
    values: dict[str, list[float]] = {name: [] for name in modules}
    for i in range(rounds + 1):
        for name, module in modules.items():
            command = [sys.executable, "-c", TIMED.format(IMPORTED.get(module, module))]
            found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
            if i:
                values[name].append(float(found))
    return Row("import", "import, in a new process", PART, values, absolute=True)


def sizes(modules: dict[str, str]) -> list[Row]:
    """MB of files, without byte code: of the library itself, and of all that it cannot do without."""
    own = {name: [megabytes(module)] for name, module in modules.items()}
    all_ = {name: [sum(map(megabytes, needed(module)))] for name, module in modules.items()}
    return [
        Row("size", "installed size", PART, own, "MB", absolute=True),
        Row("size_all", "installed size, with what it needs", PART, all_, "MB", absolute=True),
    ]


def megabytes(library: str) -> float:
    """The files of one library."""
    if library == "minigrad":  # of a checkout, installed or not: its package alone
        files = [path for path in (ROOT / "minigrad").rglob("*") if path.is_file()]
    else:
        files = [Path(str(file.locate())) for file in metadata.files(library) or ()]
    counted = (file for file in files if "__pycache__" not in file.parts and file.exists())
    return sum(file.stat().st_size for file in counted) / 1e6


def needed(library: str) -> set[str]:
    """The library and what it requires, as far as that is installed; extras are not required."""
    found, left = set[str](), [library]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        for requirement in requirements(name):
            other = normal(re.split(r"[^\w.-]", requirement)[0])
            if "extra ==" not in requirement and is_installed(other):
                left.append(other)
    return found


def requirements(library: str) -> list[str]:
    """As its metadata has them."""
    if library == "minigrad":
        with open(ROOT / "pyproject.toml", "rb") as file:
            return list(tomllib.load(file)["project"]["dependencies"])
    return metadata.requires(library) or []


def normal(name: str) -> str:
    """The one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_installed(distribution: str) -> bool:
    """Whether there is one of that name."""
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
