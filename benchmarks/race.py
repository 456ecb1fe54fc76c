"""Run competing versions of one step in turns and report the ratio of their medians.

Before each slice the process sleeps a moment and then warms up untimed: without that, idle BLAS workers that still spin
after the previous contestant slow the next one down by 20-35 % and flatter whoever runs before them.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # this module comes before NumPy
    os.environ.setdefault(_name, "2")


def race(
    steps: dict[str, Callable[[], object]], rounds: int = 9, slice_seconds: float = 0.1, pause: float = 0.12
) -> dict[str, float]:
    """Median seconds per call of each step, measured in turns.

    Args:
        steps: name -> a function that does one step.
        rounds: how often every step gets its turn.
        slice_seconds: about how long a turn lasts.
        pause: seconds of sleep before each turn.
    """
    repeats, times = {}, {name: list[float]() for name in steps}
    for name, step in steps.items():
        for _ in range(3):
            step()
        start = time.perf_counter()
        step()
        repeats[name] = max(1, min(5000, int(slice_seconds / (time.perf_counter() - start))))
    for _ in range(rounds):
        for name, step in steps.items():
            time.sleep(pause)
            for _ in range(max(2, repeats[name] // 5)):
                step()
            start = time.perf_counter()
            for _ in range(repeats[name]):
                step()
            times[name].append((time.perf_counter() - start) / repeats[name])
    return {name: statistics.median(values) for name, values in times.items()}


def table(title: str, medians: dict[str, float], base: str) -> str:
    """One line per contestant: microseconds, and the ratio to ``base``."""
    lines = [title]
    for name, seconds in medians.items():
        ratio = f"{seconds / medians[base]:6.2f} x {base}" if base in medians else ""
        lines.append(f"  {name:<28}{seconds * 1e6:12.1f} us   {ratio}")
    return "\n".join(lines)
