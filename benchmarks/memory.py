"""Peak memory of a step: by how much the resident memory of a process rises in the first three steps.

That is what gradients, what the graph keeps, the optimizer's state and temporary arrays need at their peak; the model
and its data are there before. Each contestant has a process of its own, in which a tiny step has loaded everything, and
one large product has made its library take the buffers that it keeps for products.
"""

from __future__ import annotations

from . import threads  # isort: skip - before NumPy

import ctypes
import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from .contestants import CONTESTANTS, load, prepare
from .result import Row
from .workloads import ALL
from .workloads.workload import Workload

ROOT = Path(__file__).resolve().parents[1]
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
STEPS = 3
PAGE = 4 / 1024  # MiB: the least that can be seen
PART = "peak memory of a step"
SKIPPED = {"products alone", "PyTorch compiled", "JAX"}  # the first keeps nothing, the others compile meanwhile
SUPPORTED = STATUS.exists()


def measure(workload: Workload, names: list[str], processes: int, tiny: bool = False) -> Row:
    """A row of peaks in MiB; processes run side by side, which changes nothing about their memory."""

    def one(name: str) -> float:
        command = [sys.executable, "-m", "benchmarks.memory", workload.name, name] + ["--tiny"] * tiny
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return float(done.stdout.split()[-1])

    with ThreadPoolExecutor(2) as pool:
        found = {name: [pool.submit(one, name) for _ in range(processes)] for name in names}
        values = {name: [future.result() for future in futures] for name, futures in found.items()}
    return Row(f"memory_{workload.name}", workload.title, PART, values, "MiB", smallest=True)


def peak(workload: Workload, name: str, tiny: bool = False) -> float:
    """The rise in MiB, in this process."""
    square = np.ones((1024, 1024), np.float32)
    prepare([name], threads.THREADS)
    if name.startswith("PyTorch"):
        torch = load("torch")
        torch.mm(torch.tensor(square), torch.tensor(square))
    else:
        np.matmul(square, square)
    del square
    with CONTESTANTS[name].around():
        workload.builders(tiny=True)[name]()()
        step = workload.builders(tiny)[name]()
        gc.collect()
        give_back()
        before = resident("VmRSS")
        forget_peak()
        for _ in range(STEPS):
            step()
        return max(resident("VmHWM") - before, PAGE)


def give_back() -> None:
    """Free memory goes back to the system, so that no step lives on what building the model left behind."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)


def forget_peak() -> None:
    """The highest resident memory is counted anew from here."""
    CLEAR.write_text("5")


def resident(field: str) -> float:
    """Resident memory in MiB: now (VmRSS) or at most (VmHWM)."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(field)) / 1024


if __name__ == "__main__":
    chosen = next(one for one in ALL if one.name == sys.argv[1])
    print(peak(chosen, sys.argv[2], "--tiny" in sys.argv))
