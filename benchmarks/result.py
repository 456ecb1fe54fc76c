"""What was measured, and the file that holds it: numbers of every round, from which medians and ratios follow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = 1


@dataclass(frozen=True)
class Ratio:
    """A ratio to the base: its middle, and the quartiles of the rounds."""

    middle: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half the distance of the quartiles, relative to the middle."""
        return (self.high - self.low) / 2 / self.middle if self.middle else 0.0


@dataclass
class Row:
    """One line of the table.

    Attributes:
        name: the workload's.
        title: what was measured.
        part: the heading that it stands under.
        values: contestant -> a number per round, in seconds, MiB or MB.
        unit: which of these.
        smallest: whether the smallest counts, as for memory, instead of the median.
        absolute: whether it is shown as numbers with their unit instead of ratios.
        others: the share of a core that other processes had meanwhile.
    """

    name: str
    title: str
    part: str
    values: dict[str, list[float]]
    unit: str = "s"
    smallest: bool = False
    absolute: bool = False
    others: float = 0.0

    @property
    def base(self) -> str:
        """Whom the others are compared with: PyTorch if it took part, else the first."""
        return "PyTorch" if "PyTorch" in self.values else next(iter(self.values))

    def value(self, name: str) -> float:
        """The number that counts."""
        return float(np.min(self.values[name]) if self.smallest else np.median(self.values[name]))

    def ratio(self, name: str) -> Ratio:
        """To the base: the median over the rounds of the ratios within each, so that a slow minute hits both."""
        mine, base = np.array(self.values[name]), np.array(self.values[self.base])
        if self.smallest or len(mine) != len(base):
            middle = self.value(name) / self.value(self.base)
            return Ratio(middle, middle, middle)
        low, middle, high = np.quantile(mine / base, (0.25, 0.5, 0.75))
        return Ratio(float(middle), float(low), float(high))


@dataclass
class Curve:
    """How a cost grows.

    Attributes:
        name: of what grows, as ``depth``.
        title: the same in words.
        sizes: how large it was.
        values: contestant -> for each size, a number per round in seconds.
    """

    name: str
    title: str
    sizes: list[int]
    values: dict[str, list[list[float]]]

    def medians(self, name: str) -> list[float]:
        """Seconds for each size."""
        return [float(np.median(times)) for times in self.values[name]]

    def exponent(self, name: str) -> float:
        """The power of the size that the cost grows with, over the upper half of the sizes."""
        half = len(self.sizes) // 2
        return exponent(self.sizes[half:], self.medians(name)[half:])


def exponent(sizes: list[int], costs: list[float]) -> float:
    """The slope of the logarithm of the cost over that of the size, by least squares."""
    slope, _ = np.polyfit(np.log(sizes), np.log(costs), 1)
    return float(slope)


@dataclass
class Result:
    """All of one run.

    Attributes:
        date: when it began.
        machine: the processor and what it can do.
        versions: of the libraries.
        settings: rounds and the like.
        control: what says how far to trust the rest.
        rows: the table.
        curves: of ``scaling``.
        notes: who did not take part, and why.
    """

    date: str
    machine: dict[str, Any]
    versions: dict[str, str]
    settings: dict[str, Any]
    control: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write it as JSON, with ratios and exponents for readers that do not compute."""
        found = {"format": FORMAT, **asdict(self)}
        for stored, row in zip(found["rows"], self.rows, strict=True):
            stored["base"] = row.base
            stored["ratios"] = {name: asdict(row.ratio(name)) for name in row.values if name != row.base}
        for stored, curve in zip(found["curves"], self.curves, strict=True):
            stored["exponents"] = {name: curve.exponent(name) for name in curve.values}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_compact(json.dumps(_rounded(found), indent=1, ensure_ascii=False)) + "\n", encoding="utf-8")


def load(path: Path) -> Result:
    """Read what ``Result.save`` wrote.

    Raises:
        ValueError: for a file of another kind.
    """
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path} is no result of format {FORMAT}: write one with python -m benchmarks --json {path}")
    found["rows"] = [_made(Row, row) for row in found["rows"]]
    found["curves"] = [_made(Curve, curve) for curve in found["curves"]]
    made: Result = _made(Result, found)
    return made


def _made(kind: Any, fields: Mapping[str, Any]) -> Any:
    """A dataclass from those fields that it has: what follows from them is computed again."""
    return kind(**{name: value for name, value in fields.items() if name in kind.__dataclass_fields__})


def _rounded(value: Any) -> Any:
    """Five digits of every float: more is noise."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


def _compact(text: str) -> str:
    """Lists of numbers, and small groups, on one line each."""

    def joined(match: re.Match[str]) -> str:
        return re.sub(r"\s*\n\s*", " ", match[0])

    return re.sub(r"\[[^\[\]{}\"]*\]|\{[^{}]*\}", joined, text)
