"""A run: everything that was chosen, measured and printed line by line."""

from __future__ import annotations

import datetime
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict

from . import control, machine, plan, report, scaling, threads
from .contestants import BASE, CONTESTANTS, prepare
from .measure import Effort, taking_part
from .others import Others
from .result import Result
from .workloads import ALL


def new_result(effort: Effort) -> Result:
    """With nothing in it but where and when."""
    date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return Result(date, machine.describe(), machine.versions(), asdict(effort))


def table(result: Result, effort: Effort, only: Sequence[str], wanted: Sequence[str]) -> None:
    """Measure rows; the controls come first, where everything is measured.

    Args:
        result: takes the rows.
        effort: how long they may take.
        only: the rows or parts; all if empty.
        wanted: the contestants beside PyTorch; all if empty.
    """
    jobs = plan.chosen(plan.jobs(effort), only)
    names, result.notes = taking_part(_among(_contestants(jobs, CONTESTANTS), wanted), effort.compiled)
    _begin(result, names)
    result.control["speeds"] = machine.speeds(effort)
    if not only and {BASE, "minigrad"} <= {*names}:
        steps = {one.name: one for one in ALL if one.name in control.STEPS}
        result.control["steps"] = {name: control.measure(one, effort) for name, one in steps.items()}
    print("\n".join([*report.control_lines(result.control), "", report.explanation(names)]), flush=True)
    for part in dict.fromkeys(job.part for job in jobs):
        here = [job for job in jobs if job.part == part and _contestants([job], names)]
        if here:
            lines = report.Table(part, _contestants(here, names))
            print("\n" + lines.head(), flush=True)
            for job in here:
                _row(result, job, names, lines)


def curves(result: Result, effort: Effort, only: Sequence[str], wanted: Sequence[str], quick: bool) -> None:
    """Measure how costs grow; the arguments are those of ``table``, and ``quick`` leaves out the largest graphs."""
    unknown = set(only) - set(scaling.CURVES)
    if unknown:
        raise ValueError(f"--only {', '.join(unknown)}: scaling has {', '.join(scaling.CURVES)}")
    names, result.notes = taking_part(_among(list(scaling.LIBRARIES), wanted), compiled=False)
    _begin(result, names)
    for name in only or scaling.CURVES:
        result.curves.append(scaling.measure(name, names, effort, 1e5 if quick else math.inf))
        print("\n" + "\n".join(report.curve_lines(result.curves[-1])), flush=True)


def _row(result: Result, job: plan.Job, names: Sequence[str], lines: report.Table) -> None:
    others = Others()
    rows, notes = job.run(_contestants([job], names))
    for row in rows:
        row.others = others.share()
        print("\n".join([lines.line(row), *report.disturbed(row)]))
    for note in notes:
        print(f"  {note}")
    sys.stdout.flush()
    result.rows += rows
    result.notes += notes


def _begin(result: Result, names: Sequence[str]) -> None:
    print("\n".join([*report.heading(result), *(f"not taking part: {note}" for note in result.notes)]), flush=True)
    prepare(names, threads.THREADS)


def _contestants(jobs: Sequence[plan.Job], names: Sequence[str] | dict[str, object]) -> list[str]:
    """Those of the names that have a part in one of the jobs."""
    return [name for name in names if any(name in job.contestants for job in jobs)]


def _among(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The names that are wanted, all if none is; PyTorch is always there to compare with."""
    unknown = set(wanted) - set(CONTESTANTS)
    if unknown:
        raise ValueError(f"--contestants {', '.join(unknown)}: there are {', '.join(CONTESTANTS)}")
    return [name for name in names if not wanted or name in (*wanted, BASE)]
