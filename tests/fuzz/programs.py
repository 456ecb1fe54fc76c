"""Random programs, how far they agree in both libraries, and the shortest program that still shows a difference."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.fuzz.catalogue import Catalogue
from tests.fuzz.differences import known
from tests.fuzz.draw import Draw, Unfit, dtype_of
from tests.fuzz.worlds import LIBRARIES, PRELUDE, Difference, Worlds, defines

CATALOGUE = Catalogue(*LIBRARIES)
HELD = 10  # names that a program holds at once
Program = list[str]


@dataclass
class Finding:
    """A program whose last statement does something that is not in the table of differences."""

    program: Program
    difference: Difference

    def __str__(self) -> str:
        lines = "\n".join(self.program)
        return f"{self.difference}\nimport minigrad as lib  # or torch{PRELUDE}{lines}"


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of overflow, of division by zero, and of what is old-fashioned."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Run:
    """A program on its way through both libraries, up to its first unknown difference."""

    def __init__(self) -> None:
        self.worlds = Worlds()
        self.program: Program = []
        self.unknown: Difference | None = None
        self.reasons: list[str] = []  # for the known differences of the last statement
        self.over = False

    def step(self, statement: str) -> None:
        """Go on with one more statement, unless the run is over."""
        if self.over:
            return
        self.program.append(statement)
        differences = self.worlds.step(statement, lambda d: known(d) is not None)
        self.reasons = [reason for reason in map(known, differences) if reason is not None]
        self.unknown = next((difference for difference in differences if known(difference) is None), None)
        if self.unknown is not None:
            self.over = True
            return
        if differences and defines(statement):
            self.worlds.forget(statement)
            self.program.pop()
        elif any(d.theirs != "did not run" for d in differences):
            self.over = True  # one library has written what the other has not


def explore(seed: int, length: int = 40) -> Run:
    """Write a random program while it runs; it ends with a look at its gradients."""
    run, rng = Run(), random.Random(seed)
    draw = Draw(rng, run.worlds, run.step)
    with quiet(), suppress(Unfit):
        for _ in range(length):
            run.step(CATALOGUE.statement(draw))
            names = [name for name in run.worlds.theirs.names if re.fullmatch(r"v\d+", name)]
            for name in rng.sample(names, max(len(names) - HELD, 0)):
                run.step(f"del {name}")
        for statement in CATALOGUE.closing(draw):
            run.step(statement)
    return run


# --- shrinking --------------------------------------------------------------------------------------------------------
def shrink(program: Program, difference: Difference) -> Finding:
    """The shortest program found whose last statement differs in the same way."""
    with quiet():
        best = Finding(program, difference)
        for simpler in (_without_blocks, _with_literals, _without_blocks):
            best = simpler(best)
        return best


def _completed(program: Sequence[str]) -> Run:
    run = Run()
    for statement in program:
        run.step(statement)
    return run


def _still(program: Program, finding: Finding) -> Finding | None:
    """The finding of a simpler program, if it fails at its end as the other does."""
    run = _completed(program[:-1])
    if run.over:
        return None
    run.step(program[-1])
    same = run.unknown is not None and run.unknown.kind == finding.difference.kind
    return Finding(program, run.unknown) if same and run.unknown else None


def _without_blocks(finding: Finding) -> Finding:
    size = max(len(finding.program) // 2, 1)
    while True:
        start = len(finding.program) - 1
        while start > 0:
            start = max(start - size, 0)
            program = finding.program
            shorter = program[:start] + program[min(start + size, len(program) - 1) :]
            finding = _still(shorter, finding) or finding
        if size == 1:
            return finding
        size //= 2


def _with_literals(finding: Finding) -> Finding:
    """Replace what was computed by its values."""
    for i in range(len(finding.program) - 2, -1, -1):
        statement = finding.program[i]
        name = defines(statement)
        if name is None or " = lib.tensor(" in statement:
            continue
        value = _completed(finding.program[: i + 1]).worlds.pool.get(name)
        if value is not None:
            replaced = [*finding.program[:i], f"{name} = {_literal(value)}", *finding.program[i + 1 :]]
            finding = _still(replaced, finding) or finding
    return finding


def _literal(value: Any) -> str:
    if value.numel() == 0:
        text = f"lib.zeros({tuple(value.shape)}, dtype=lib.{dtype_of(value)})"
    else:
        numbers = re.sub(r"\b(nan|inf)\b", r"float('\1')", str(value.tolist()))
        text = f"lib.tensor({numbers}, dtype=lib.{dtype_of(value)})"
    return f"{text[:-1]}, requires_grad=True)" if value.requires_grad else text
