"""Measure one workload: build the steps, see that all do the same work, and race them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .contestants import BASE, CONTESTANTS, load
from .race import race
from .result import Row
from .workloads.workload import Workload

Step = Callable[[], Any]
ESSENTIAL = {BASE, "minigrad", "NumPy by hand"}  # what stops these from running is a fault, not a note
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Effort:
    """How much time a measurement may take.

    Attributes:
        rounds: of every race.
        slices: their length, in units of what each workload asks for.
        processes: in which memory is measured, and libraries are imported.
        compiled: whether torch.compile takes part.
        pause: seconds of rest before each turn.
        tiny: whether sizes are such that nothing takes time, and nothing is measured either.
    """

    rounds: int = 7
    slices: float = 0.6
    processes: int = 2
    compiled: bool = True
    pause: float = 0.12
    tiny: bool = False


QUICK = Effort(rounds=3, slices=0.3, processes=1, compiled=False)
TINY = Effort(rounds=2, slices=0.0, processes=1, compiled=False, pause=0.0, tiny=True)


def taking_part(chosen: Iterable[str], compiled: bool) -> tuple[list[str], list[str]]:
    """Those of the chosen that can run here, and why the others cannot."""
    names, notes = [], []
    for name in chosen:
        reason = CONTESTANTS[name].why_not()
        if reason is None and name == "PyTorch compiled" and not compiled:
            reason = "left out, --compile asks for it"
        if reason is None:
            names.append(name)
        elif not any(reason.partition(":")[0] in note for note in notes):  # once for all forms of a library
            notes.append(f"{name}: {reason}")
    return names, notes


def measure(workload: Workload, names: Iterable[str], effort: Effort) -> tuple[Row, list[str]]:
    """A row of seconds, and notes on who failed.

    Raises:
        AssertionError: when minigrad, PyTorch and NumPy by hand do not get the same results.
    """
    builders = workload.builders(effort.tiny)
    steps: dict[str, Step] = {}
    results: dict[str, list[np.ndarray]] = {}
    notes = []
    for name in [name for name in names if name in builders]:
        try:
            with CONTESTANTS[name].around():
                step, results[name] = started(name, builders[name])
            assert_equal_work(workload.name, {one: found for one, found in results.items() if CONTESTANTS[one].checked})
            steps[name] = step
        except Exception as error:
            if name in ESSENTIAL:
                raise
            results.pop(name, None)
            first = (str(error).strip().splitlines() or [""])[0]
            notes.append(f"{name} on {workload.name}: {type(error).__name__}: {first[:160]}")
    around = {name: CONTESTANTS[name].around for name in steps}
    times = race(steps, effort.rounds, workload.seconds * effort.slices, effort.pause, around)
    return Row(workload.name, workload.title, workload.part, times), notes


def started(name: str, build: Callable[[], Step]) -> tuple[Step, list[np.ndarray]]:
    """A contestant's step, and the results of its first three."""
    if name == "PyTorch compiled":
        load("torch").compiler.reset()  # it gives up on a function that it met in too many forms
    step = build()
    return step, [numbers(step()) for _ in range(3)]


def assert_equal_work(workload: str, results: dict[str, list[np.ndarray]]) -> None:
    """Losses or gradients of the first three steps are the same, to 1e-4 of the largest number."""
    if not results:
        return
    base, expected = next(iter(results.items()))
    for name, found in results.items():
        for step, (mine, theirs) in enumerate(zip(found, expected, strict=True), start=1):
            distance = np.abs(mine - theirs).max() / max(np.abs(theirs).max(), 1e-30)
            if not distance <= TOLERANCE:
                raise AssertionError(
                    f"{workload}: step {step} of {name} is {distance:.1e} away from that of {base}, more than "
                    f"{TOLERANCE}: they do not do the same work, and a race would mean nothing"
                )


def numbers(result: Any) -> np.ndarray:
    """What a step returned, as an array of its own: later steps may write into the same memory."""
    if hasattr(result, "detach"):
        result = result.detach()
    if hasattr(result, "numpy"):
        result = result.numpy()
    return np.array(result, np.float64)
