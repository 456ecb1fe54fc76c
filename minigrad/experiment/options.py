"""The command line of an experiment."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path


def options(doc: str | None, name: str) -> argparse.ArgumentParser:
    """A parser with the options that all experiments have: ``--seed``, ``--quick`` and ``--out``.

    Args:
        doc: what the script says of itself; its first line becomes the experiment's title.
        name: of the experiment; its results go to ``runs/name``.

    Raises:
        ValueError: for a script that says nothing of itself.

    Example:
        >>> parser = options("Half of what is symmetric passes a ReLU.", "halving")
        >>> parser.add_argument("--width", type=at_least(1), default=100).dest
        'width'
        >>> parser.parse_args(["--quick"])
        Namespace(seed=0, quick=True, out=...Path('runs/halving'), width=100)
    """
    if not doc or not doc.strip():
        raise ValueError(
            f"the experiment {name!r} has no docstring; its first line is the title: options(__doc__, ...)"
        )
    parser = argparse.ArgumentParser(description=doc.strip().splitlines()[0])
    parser.add_argument("--seed", type=at_least(0), default=0, help="of all random numbers (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a smaller experiment that shows the same, sooner")
    parser.add_argument("--out", type=Path, default=Path("runs", name), help="folder (default: %(default)s)")
    return parser


def at_least(minimum: int) -> Callable[[str], int]:
    """A type of options: integers from ``minimum`` on.

    Example:
        >>> at_least(1)("20")
        20
    """

    def integer(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be an integer of at least {minimum}, got {text!r}")
        return int(text)

    return integer


def positive(text: str) -> float:
    """A type of options: finite numbers above 0.

    Example:
        >>> positive("1e-3")
        0.001
    """
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return value


def fraction(text: str) -> float:
    """A type of options: numbers from 0 to 1.

    Example:
        >>> fraction("0.25")
        0.25
    """
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, got {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
