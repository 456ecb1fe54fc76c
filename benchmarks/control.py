"""Is the machine, and is the method, fit to compare with: steps of PyTorch raced against themselves.

Entered twice into one race, the same step should come out with a ratio of 1. Alone in a process that has never seen
minigrad, which asks the C library to keep freed memory, it shows what sharing a process does to PyTorch.
"""

from __future__ import annotations

from . import threads  # isort: skip - before NumPy

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from .contestants import BASE, load
from .measure import Effort
from .race import race
from .result import Row
from .workloads import ALL
from .workloads.workload import Workload

ROOT = Path(__file__).resolve().parents[1]
STEPS = ("scalar", "mlp_big", "cnn")


def measure(workload: Workload, effort: Effort) -> dict[str, Any]:
    """The ratio of PyTorch to itself, and of PyTorch alone to PyTorch in company."""
    builders = workload.builders(effort.tiny)
    steps = {BASE: builders[BASE](), "PyTorch again": builders[BASE](), "minigrad": builders["minigrad"]()}
    times = race(steps, effort.rounds, workload.seconds * effort.slices, effort.pause)
    command = [sys.executable, "-m", "benchmarks.control", workload.name, json.dumps(asdict(effort))]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    row = Row(workload.name, workload.title, "control", times)
    return {"again": asdict(row.ratio("PyTorch again")), "alone": float(done.stdout.split()[-1]) / row.value(BASE)}


def alone(workload: Workload, effort: Effort) -> float:
    """Seconds of PyTorch's step, in this process."""
    load("torch").set_num_threads(threads.THREADS)
    step = workload.builders(effort.tiny)[BASE]()
    return median(race({BASE: step}, effort.rounds, workload.seconds * effort.slices, effort.pause)[BASE])


if __name__ == "__main__":
    chosen = next(one for one in ALL if one.name == sys.argv[1])
    print(alone(chosen, Effort(**json.loads(sys.argv[2]))))
    assert "minigrad" not in sys.modules
