"""Speed and memory beside hand-written NumPy, PyTorch and whatever else is installed.

python -m benchmarks                          one table: training steps, single operations, optimizers, memory, imports
python -m benchmarks --only gpt,memory        some of it (--list names all)
python -m benchmarks scaling                  how the cost of a step grows with depth, batch and graph
python -m benchmarks --show FILE.json         what was measured before, as text; with --plot, as a picture
python -m benchmarks --markdown FILE.json     the same as a table for the pages
python -m benchmarks --refresh README.md      prints the tables of a page anew, from the files that they name
"""

from __future__ import annotations

from . import threads  # isort: skip - before NumPy

import argparse
import contextlib
import datetime
import io
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from . import control, machine, measure, pages, plan, report, scaling
from .contestants import CONTESTANTS, prepare
from .result import Result, load
from .workloads import ALL


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {error}")


def _run(options: argparse.Namespace) -> None:
    if options.refresh:
        for path in options.refresh:
            path.write_text(pages.refreshed(path.read_text(encoding="utf-8"), show), encoding="utf-8")
    elif options.markdown:
        print(report.markdown(_read(options.markdown, options.only), options.contestants))
    elif options.show:
        result = _read(options.show, options.only)
        print(report.text(result))
        _draw(result, options.plot)
    else:
        start = time.perf_counter()
        effort = _effort(options)
        found = plan.chosen(plan.jobs(effort), options.only)
        if options.list:
            print("\n".join(f"{job.name:<24}{job.title}" for job in found))
            return
        with _kept(_new_result(effort), options) as result:
            if options.what == "scaling":
                _scale(result, options, effort)
            else:
                _measure(result, found, options, effort)
            print(f"\n{time.perf_counter() - start:.0f} seconds")


def show(arguments: list[str]) -> str:
    """What the command prints for a page."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        _run(_parser().parse_args(arguments))
    return printed.getvalue()


def _measure(result: Result, jobs: list[plan.Job], options: argparse.Namespace, effort: measure.Effort) -> None:
    """Print and keep row after row."""
    wanted = [name for name in CONTESTANTS if any(name in job.contestants for job in jobs)]
    names, result.notes = measure.taking_part(_among(wanted, options.contestants), effort.compiled)
    _begin(result, names)
    result.control["speeds"] = machine.speeds(effort)
    if not options.only and "PyTorch" in names and "minigrad" in names:
        steps = {one.name: one for one in ALL if one.name in control.STEPS}
        result.control["steps"] = {name: control.measure(one, effort) for name, one in steps.items()}
    print("\n".join([*report.control_lines(result.control), "", report.explanation(names)]), flush=True)
    part, table = None, report.Table("", names)
    for job in jobs:
        here = [name for name in names if name in job.contestants]
        if not here:
            continue
        if job.part != part:
            part = job.part
            table = report.Table(
                part, {name for one in jobs if one.part == part for name in one.contestants if name in names}
            )
            print("\n" + table.head(), flush=True)
        rows, notes = job.run(here)
        result.rows += rows
        result.notes += notes
        for line in [*(table.line(row) for row in rows), *(f"  {note}" for note in notes)]:
            print(line, flush=True)


def _scale(result: Result, options: argparse.Namespace, effort: measure.Effort) -> None:
    """Print and keep curve after curve."""
    names, result.notes = measure.taking_part(_among(scaling.LIBRARIES, options.contestants), False)
    _begin(result, names)
    for name in scaling.CURVES:
        if not options.only or name in options.only:
            curve = scaling.measure(name, names, effort, 1e5 if options.quick else math.inf)
            result.curves.append(curve)
            print("\n" + "\n".join(report.curve_lines(curve)), flush=True)


def _begin(result: Result, names: list[str]) -> None:
    print("\n".join(report.heading(result)))
    for note in result.notes:
        print(f"not taking part: {note}")
    sys.stdout.flush()
    prepare(names, threads.THREADS)


@contextlib.contextmanager
def _kept(result: Result, options: argparse.Namespace) -> Iterator[Result]:
    """What was measured is written even if the rest fails or is interrupted."""
    try:
        yield result
    finally:
        if options.json and (result.rows or result.curves):
            result.save(options.json)
            print(f"written: {options.json}")
    _draw(result, options.plot)


def _draw(result: Result, path: Path | None) -> None:
    if path is not None:
        from . import plot  # matplotlib is wanted only here

        plot.save(result, path)
        print(f"drawn: {path}")


def _read(path: Path, only: Sequence[str]) -> Result:
    """A stored result, or some rows of it."""
    result = load(path)
    if only:
        result.rows = [row for row in result.rows if any(plan.matches(row.name, row.part, term) for term in only)]
    return result


def _new_result(effort: measure.Effort) -> Result:
    date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return Result(date, machine.describe(), machine.versions(), asdict(effort))


def _effort(options: argparse.Namespace) -> measure.Effort:
    effort = measure.TINY if options.tiny else measure.QUICK if options.quick else measure.Effort()
    if options.rounds:
        effort = replace(effort, rounds=options.rounds)
    return effort if options.compile is None else replace(effort, compiled=options.compile)


def _among(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The names that are wanted, all if none is named; PyTorch is always there to compare with."""
    unknown = set(wanted) - set(CONTESTANTS)
    if unknown:
        raise ValueError(f"--contestants {', '.join(unknown)}: there are {', '.join(CONTESTANTS)}")
    return [name for name in names if not wanted or name in (*wanted, "PyTorch")]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("what", nargs="?", default="table", choices=("table", "scaling"), help="what to measure")
    add("--only", type=_words, default=[], metavar="NAME,...", help="these rows or parts alone")
    add("--contestants", type=_words, default=[], metavar="NAME,...", help="these alone, and PyTorch")
    add("--quick", action="store_true", help="a minute or two instead of ten")
    add("--rounds", type=_rounds, help="how often everybody gets a turn")
    add(
        "--compile",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="with torch.compile (default: not if quick)",
    )
    add("--json", type=Path, metavar="FILE", help="write every number there")
    add("--plot", type=Path, metavar="FILE", help="draw the ratios there (needs matplotlib)")
    add("--list", action="store_true", help="name the rows, and measure nothing")
    add("--tiny", action="store_true", help="sizes that measure nothing, to try the command")
    add("--show", type=Path, metavar="FILE", help="print a result that was measured before")
    add("--markdown", type=Path, metavar="FILE", help="print it as a table for the pages")
    add("--refresh", type=Path, nargs="+", metavar="PAGE", help="print the tables of these pages anew")
    return parser


if __name__ == "__main__":
    main()
