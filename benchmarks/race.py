"""Run competing versions of one step in turns, so that they meet the same machine.

Before each turn the process sleeps a moment and then warms up untimed: without that, idle BLAS workers that still spin
after the previous contestant slow the next one down by 20-35 % and flatter whoever runs before them. Every other round
goes backwards, so that nobody always follows the same neighbour.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

Step = Callable[[], object]
Times = dict[str, list[float]]
LONG, VERY_LONG = 0.1, 1.0  # seconds of a step that needs but one untimed one before it, or none


def race(
    steps: Mapping[str, Step],
    rounds: int = 9,
    slice_seconds: float = 0.1,
    pause: float = 0.12,
    around: Mapping[str, Callable[[], AbstractContextManager[object]]] | None = None,
) -> Times:
    """Seconds per call of each step, one number per round.

    Args:
        steps: name -> a function that does one step.
        rounds: how often every step gets its turn.
        slice_seconds: about how long a turn lasts.
        pause: seconds of rest before each turn.
        around: name -> what to enter before a turn and to leave after it.
    """
    setting = {name: (around or {}).get(name, nullcontext) for name in steps}
    once, times = {}, {name: list[float]() for name in steps}
    for name, step in steps.items():
        with setting[name]():
            once[name] = clock(step, 1)
            if once[name] < VERY_LONG:
                clock(step, 2)
                once[name] = clock(step, 1)
    repeats = {name: max(1, min(5000, int(slice_seconds / seconds))) for name, seconds in once.items()}
    for i in range(rounds):
        for name in list(steps)[:: -1 if i % 2 else 1]:
            with setting[name]():
                rest(pause)
                if once[name] < VERY_LONG:
                    clock(steps[name], max(2, repeats[name] // 5) if once[name] < LONG else 1, slice_seconds)
                times[name].append(clock(steps[name], repeats[name], 5 * slice_seconds))
    return times


def clock(step: Step, repeats: int, limit: float = math.inf) -> float:
    """Seconds per call; when somebody else takes the cores away, fewer calls are made within the limit."""
    done, chunk, elapsed = 0, max(1, repeats // 20), 0.0
    start = time.perf_counter()
    while done < repeats and elapsed <= limit:
        for _ in range(chunk):
            step()
        done += chunk
        elapsed = time.perf_counter() - start
    return elapsed / done


def rest(seconds: float) -> None:
    """Wait, and sweep up meanwhile: nobody pays for the garbage of the one before."""
    if seconds:
        end = time.perf_counter() + seconds
        gc.collect()
        time.sleep(max(0.0, end - time.perf_counter()))


def table(title: str, times: Times, base: str) -> str:
    """One line per contestant: the median in microseconds, and its ratio to that of ``base``."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    lines = [title]
    for name, seconds in medians.items():
        ratio = f"{seconds / medians[base]:6.2f} x {base}" if base in medians else ""
        lines.append(f"  {name:<28}{seconds * 1e6:12.1f} us   {ratio}")
    return "\n".join(lines)
