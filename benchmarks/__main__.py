"""Speed and memory beside hand-written NumPy, PyTorch and whatever else is installed.

python -m benchmarks                          one table: training steps, single operations, optimizers, memory, imports
python -m benchmarks --only gpt,memory        some of it (--list names all)
python -m benchmarks scaling                  how the cost of a step grows with depth, batch and graph
python -m benchmarks --show FILE.json         what was measured before, as text; with --plot, as a picture
python -m benchmarks --markdown FILE.json     the same as a table for the pages
python -m benchmarks --refresh README.md      prints the tables of a page anew, from the files that they name
"""

from __future__ import annotations

from . import threads  # isort: skip  # noqa: F401 - before NumPy

import argparse
import contextlib
import io
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from . import pages, plan, plot, report, run
from .measure import QUICK, TINY, Effort
from .result import Result, load


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    options = _parser().parse_args(arguments)
    try:
        _do(options)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {error}")


def show(arguments: Sequence[str]) -> str:
    """What the command prints for a page."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        _do(_parser().parse_args(arguments))
    return printed.getvalue()


def _do(options: argparse.Namespace) -> None:
    if options.refresh:
        for path in options.refresh:
            path.write_text(pages.refreshed(path.read_text(encoding="utf-8"), show), encoding="utf-8")
    elif options.markdown:
        print(report.markdown(_read(options.markdown, options.only), options.contestants))
    elif options.show:
        result = _read(options.show, options.only)
        print(report.text(result))
        _draw(result, options.plot)
    elif options.list:
        print("\n".join(f"{job.name:<24}{job.title}" for job in plan.chosen(plan.jobs(QUICK), options.only)))
    else:
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    start, effort = time.perf_counter(), _effort(options)
    with _kept(run.new_result(effort), options) as result:
        if options.what == "scaling":
            run.curves(result, effort, options.only, options.contestants, options.quick)
        else:
            run.table(result, effort, options.only, options.contestants)
        print(f"\n{time.perf_counter() - start:.0f} seconds")


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
        plot.save(result, path)
        print(f"drawn: {path}")


def _read(path: Path, only: Sequence[str]) -> Result:
    """A stored result, or some rows of it."""
    result = load(path)
    if only:
        result.rows = [row for row in result.rows if any(plan.matches(row.name, row.part, term) for term in only)]
    return result


def _effort(options: argparse.Namespace) -> Effort:
    effort = TINY if options.tiny else QUICK if options.quick else Effort()
    if options.rounds:
        effort = replace(effort, rounds=options.rounds)
    return effort if options.compile is None else replace(effort, compiled=options.compile)


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
    add("--only", type=_words, default=[], metavar="NAME,...", help="these rows, parts or curves alone")
    add("--contestants", type=_words, default=[], metavar="NAME,...", help="these alone, and PyTorch")
    add("--quick", action="store_true", help="two minutes instead of ten")
    add("--rounds", type=_rounds, help="how often everybody gets a turn")
    add("--compile", action=argparse.BooleanOptionalAction, help="with torch.compile (default: unless --quick)")
    add("--json", type=Path, metavar="FILE", help="write every number there")
    add("--plot", type=Path, metavar="FILE", help="draw the ratios, or the curves, there (needs matplotlib)")
    add("--list", action="store_true", help="name the rows, and measure nothing")
    add("--tiny", action="store_true", help="sizes that measure nothing, to try the command")
    add("--show", type=Path, metavar="FILE", help="print a result that was measured before")
    add("--markdown", type=Path, metavar="FILE", help="print it as a table for the pages")
    add("--refresh", type=Path, nargs="+", metavar="PAGE", help="print the tables of these pages anew")
    return parser


if __name__ == "__main__":
    main()
