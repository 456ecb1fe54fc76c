"""Experiment: what a script measures, from its command line to its receipt."""

from __future__ import annotations

import argparse
import importlib
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from ..random import manual_seed
from ..receipts import Receipt
from .expectation import Expectation
from .table import lines

T = TypeVar("T")
WIDTH = 100  # columns of running text
SPACING = 1000  # seeds of one base seed, so that those of another are others


class Experiment:
    """One run of an experiment: a ``with`` block that prints, draws, compares and keeps a receipt.

    The random numbers start from ``--seed``, and the products run in one thread, so that a run says the same every
    time. What ends for lack of a library or of a place to write, or by Ctrl-C, ends in one line instead of a traceback.

    Args:
        parser: from ``options``, with those that the script adds.
        arguments: instead of those that the program was called with.

    Example:
        >>> import tempfile
        >>> from minigrad.experiment import Experiment, options
        >>> parser = options("Half of what is symmetric passes a ReLU.", "halving")
        >>> with Experiment(parser, ["--out", tempfile.mkdtemp()]) as run:
        ...     run.table("passes", [{"seed": seed, "share": 0.5} for seed in run.seeds(2)], share=".1%")
        ...     run.expect("share that passes", 0.5, at_least=0.49, at_most=0.51, form=".1%")
        <BLANKLINE>
        passes
        seed  share
        ----  -----
           0  50.0%
           1  50.0%
        <BLANKLINE>
        ...
        1 of 1 as expected; share that passes: expected 49.0% to 51.0%, measured 50.0%
    """

    def __init__(self, parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> None:
        self.options = parser.parse_args(arguments)
        self.title = parser.description or ""
        self.expectations: list[Expectation] = []
        self._headline: Expectation | None = None
        self._story: list[dict[str, Any]] = []
        self._pictures: list[str] = []
        self._tables: set[str] = set()
        self._program = Path(sys.argv[0]).name if arguments is None else parser.prog
        self._stack = ExitStack()

    # --- settings -----------------------------------------------------------------------------------------------------
    @property
    def seed(self) -> int:
        """What ``--seed`` says."""
        return int(self.options.seed)

    @property
    def quick(self) -> bool:
        """Whether ``--quick`` was given."""
        return bool(self.options.quick)

    @property
    def out(self) -> Path:
        """The folder of the results."""
        return Path(self.options.out)

    def pick(self, *, quick: T, full: T) -> T:
        """One of two sizes, as ``--quick`` says."""
        return quick if self.quick else full

    def seeds(self, number: int) -> list[int]:
        """As many seeds for repetitions; another base seed gives others."""
        if not 0 < number <= SPACING:
            raise ValueError(f"there are 1 to {SPACING} repetitions, got {number}")
        return [self.seed * SPACING + i for i in range(number)]

    # --- telling ------------------------------------------------------------------------------------------------------
    def section(self, title: str, text: str = "") -> None:
        """Begin a part of the experiment, and say what it is about."""
        self._story.append({"section": title})
        print(f"\n=== {title} ===")
        if text:
            self.say(text)

    def say(self, text: str) -> None:
        """Print a paragraph; how its lines are broken in the script does not matter."""
        paragraph = " ".join(text.split())
        self._story.append({"text": paragraph})
        print(textwrap.fill(paragraph, WIDTH))

    def table(self, name: str, rows: Iterable[Mapping[str, Any]], **forms: str) -> None:
        """Print a table and keep it.

        Args:
            name: its heading.
            rows: a dict of cells by column for each row.
            forms: how a column's numbers are written, ``share=".1%"``; ``**{"std of h": ".3f"}`` for several words.

        Raises:
            ValueError: for an empty table, a heading that was there before, a column that does not exist.
        """
        kept = [dict(row) for row in rows]
        if not kept:
            raise ValueError(f"the table {name!r} has no rows")
        if name in self._tables:
            raise ValueError(f"there is a table {name!r} already; give this one another name")
        if unknown := set(forms) - {column for row in kept for column in row}:
            raise ValueError(f"the table {name!r} has no column {sorted(unknown)[0]!r}")
        self._tables.add(name)
        self._receipt.table(name, kept)
        self._story.append({"table": name, "forms": forms})
        print("", name, *lines(kept, forms), "", sep="\n")

    def progress(self, items: Iterable[T], description: str = "") -> Iterator[T]:
        """The items, with a bar on a terminal that shows how many are done."""
        yield from _library("tqdm").tqdm(items, desc=description, leave=False, disable=None)

    @contextmanager
    def picture(self, file: str, size: tuple[float, float], caption: str) -> Iterator[Any]:
        """A matplotlib ``Figure`` to draw on, saved at the end of the block.

        Args:
            file: its name, ``"curves.png"``.
            size: in inches, of 100 pixels each.
            caption: what a reader should see in it.
        """
        figure = _library("matplotlib.figure", "matplotlib").Figure(figsize=size, layout="constrained")
        yield figure
        figure.savefig(self.out / file, dpi=100)
        self.drawn(file, caption)

    def drawn(self, file: str, caption: str) -> None:
        """Note a picture that was saved in the folder otherwise, such as one of a graph."""
        if not (self.out / file).is_file():
            raise ValueError(f"there is no {self.out / file}: save the picture first")
        self._story.append({"picture": file, "caption": " ".join(caption.split())})
        self._pictures.append(file)

    # --- comparing ----------------------------------------------------------------------------------------------------
    def expect(
        self,
        name: str,
        measured: Any,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        form: str = ".4g",
        source: str = "",
        headline: bool = False,
    ) -> bool:
        """Compare a measured number with what is expected, for the table at the end.

        Args:
            name: what was measured.
            measured: the number.
            at_least: the lower bound, or None for none.
            at_most: the upper bound, or None for none.
            form: how the numbers are written, as in ``format(number, form)``.
            source: where the bounds come from.
            headline: whether the last line of the output is about this result; otherwise it is about the first one.

        Returns:
            Whether it is as expected.
        """
        expectation = Expectation(name, float(measured), at_least, at_most, form, source)
        if any(name == other.name for other in self.expectations):
            raise ValueError(f"{name!r} was compared already; give this result another name")
        self.expectations.append(expectation)
        if headline or self._headline is None:
            self._headline = expectation
        return expectation.ok

    @property
    def receipt(self) -> Receipt:
        """The receipt, for curves and whatever else a script wants to keep."""
        return self._receipt

    # --- running ------------------------------------------------------------------------------------------------------
    def __enter__(self) -> Self:
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            self._receipt = Receipt(self.out / "receipt.json", seed=self.seed, configuration=self._configuration())
            self._stack.enter_context(self._receipt)
        except OSError as error:
            reason = error.strerror or str(error)
            sys.exit(f"{self._program}: cannot write to {self.out} ({reason}): name another folder with --out")
        try:
            for module, package in (("matplotlib.figure", "matplotlib"), ("tqdm", "tqdm")):
                _library(module, package)  # now rather than at the first picture, after all the work
            self._stack.enter_context(_library("threadpoolctl").threadpool_limits(1))
        except ImportError as error:
            self._stack.__exit__(type(error), error, error.__traceback__)  # so that the receipt says that it failed
            sys.exit(f"{self._program}: {error}")
        self._receipt.value("title", self.title)
        manual_seed(self.seed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._compare()
        self._receipt.value("story", self._story)
        self._receipt.ignore("story", "title")  # to be read; all numbers stand in tables, values and curves, too
        self._stack.__exit__(kind, error, trace)
        if isinstance(error, ImportError):
            sys.exit(f"{self._program}: {error}")
        if isinstance(error, KeyboardInterrupt):
            print(f"\n{self._program}: interrupted; what was done before is in {self.out}", file=sys.stderr)
            sys.exit(130)  # what shells say of a program that Ctrl-C ended
        if kind is None:
            self._close()

    def _configuration(self) -> dict[str, Any]:
        """All options that decide on the numbers."""
        return {name: value for name, value in vars(self.options).items() if name not in ("seed", "out", "resume")}

    def _compare(self) -> None:
        """Print expected against measured."""
        if not self.expectations:
            return
        rows = [
            {
                "result": e.name,
                "expected": e.expected,
                "measured": e.found,
                "as expected": e.ok,
                "source": e.source,
                "number": e.measured,
            }
            for e in self.expectations
        ]
        self._receipt.table("expected and measured", rows)
        shown = [{column: cell for column, cell in row.items() if column not in ("source", "number")} for row in rows]
        print("", "expected and measured", *lines(shown, {}), "", sep="\n")

    def _close(self) -> None:
        """Say where everything is and, in the last line, how it went."""
        print(f"{', '.join([*self._pictures, 'receipt.json'])}: in {self.out}")
        if self._headline is not None:
            first = next((e for e in self.expectations if not e.ok), self._headline)
            good = sum(e.ok for e in self.expectations)
            print(
                f"{good} of {len(self.expectations)} as expected; "
                f"{first.name}: expected {first.expected}, measured {first.found}"
            )


def _library(module: str, package: str | None = None) -> Any:
    """An optional library, or an error that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = package or module
        raise ImportError(f"experiments need {package}, which is missing: pip install {package}") from error
