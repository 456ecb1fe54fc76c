"""The machine: its processor, its libraries, and how fast it multiplies and copies."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .contestants import installed, load
from .measure import Effort
from .race import race
from .threads import THREADS

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("numpy", "torch", "numba", "scipy", "jax", "autograd", "mygrad", "micrograd")
SIMD = {"AVX-512": ("avx512f", "X86_V4", "AVX512F"), "AVX2": ("avx2", "X86_V3", "AVX2"), "NEON": ("asimd", "NEON")}


def describe() -> dict[str, Any]:
    """What is known of the machine."""
    blas = _blas()
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": THREADS,
        "vectors": _vectors(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "blas": blas,
        # Settings that change which kernels run, if somebody made them.
        "environment": {
            name: os.environ[name]
            for name in ("OPENBLAS_CORETYPE", "MKL_DEBUG_CPU_TYPE", "ATEN_CPU_CAPABILITY", "MINIGRAD_MALLOC")
            if name in os.environ
        },
    }


def versions() -> dict[str, str]:
    """The version of each library that is installed, and of minigrad the commit."""
    found = {"minigrad": _commit()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    """Of this checkout; with -dirty behind it if there are changes beside."""
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or no checkout
        return "unknown"


def speeds(effort: Effort) -> dict[str, float]:
    """GFLOP/s of a float32 product, and GB/s of a copy that reads and writes memory beyond the caches."""
    side, megabytes = (64, 1) if effort.tiny else (1024, 64)
    a, b = (np.random.default_rng(i).standard_normal((side, side), dtype=np.float32) for i in range(2))
    source = np.ones(megabytes << 18, np.float32)
    target = np.empty_like(source)
    steps: dict[str, Callable[[], object]] = {
        "product": lambda: np.matmul(a, b),
        "copy": lambda: np.copyto(target, source),
    }
    if installed("torch"):
        torch = load("torch")
        left, right = torch.tensor(a), torch.tensor(b)
        steps["product in PyTorch"] = lambda: torch.mm(left, right)
    medians = {
        name: statistics.median(times)
        for name, times in race(steps, effort.rounds, 0.1 * effort.slices, effort.pause).items()
    }
    work = {"copy": 2 * source.nbytes}
    return {name: work.get(name, 2 * side**3) / seconds / 1e9 for name, seconds in medians.items()}


def _processor() -> str:
    """The name of the processor, as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _vectors() -> str:
    """The widest vectors: what the system lists, else what NumPy found."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        known = set(cpuinfo.read_text().split())
    else:
        extensions = _configuration().get("SIMD Extensions", {})
        known = {*extensions.get("baseline", ()), *extensions.get("found", ())}
    return next((name for name, signs in SIMD.items() if known.intersection(signs)), "unknown")


def _configuration() -> dict[str, Any]:
    return np.show_config(mode="dicts") or {}


def _memory() -> str:
    """Of the whole machine."""
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):  # Windows
        return "unknown"


def _blas() -> str:
    """NumPy's: name, version and, where threadpoolctl tells, the kernels that it chose."""
    built = _configuration().get("Build Dependencies", {}).get("blas", {})
    name = f"{built.get('name', 'BLAS')} {built.get('version', '')}".strip()
    if installed("threadpoolctl"):
        for library in load("threadpoolctl").threadpool_info():
            if library["user_api"] == "blas" and "numpy" in library["filepath"]:
                return f"{name} ({library.get('architecture') or library['internal_api']})"
    return name
