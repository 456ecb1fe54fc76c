"""Results as text: a table that fills row by row, Markdown for the pages, and what surrounds both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .contestants import BASE, CONTESTANTS
from .result import Curve, Result, Row

TITLE, CELL = 57, 10
DISTURBING = 0.1  # of a core
WORDS = {"torch": "PyTorch", "numpy": "NumPy", "jax": "JAX", "mygrad": "MyGrad", "numba": "Numba", "scipy": "SciPy"}


def quantity(value: float, unit: str) -> str:
    """Three digits and a unit: seconds become us, ms or s."""
    if unit == "s":
        value, unit = next(
            ((value * factor, name) for factor, name in ((1e6, "us"), (1e3, "ms")) if value * factor < 999.5),
            (value, "s"),
        )
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def ratio(value: float) -> str:
    """Two decimals, more for small and fewer for large ones."""
    digits = next((digits for limit, digits in ((0.0995, 3), (9.995, 2), (99.95, 1)) if value < limit), 0)
    return f"{value:,.{digits}f}"


class Table:
    """One part of the table: a line for the heads of its columns, then one for each row.

    Args:
        part: the heading.
        names: the contestants with a column.
    """

    def __init__(self, part: str, names: Iterable[str]) -> None:
        self.part = part
        self.names = [name for name in CONTESTANTS if name in set(names)]

    def head(self) -> str:
        """The heads of the columns; the base has the first, with absolute numbers."""
        base, *rest = [CONTESTANTS[name].column for name in self.names]
        return f"{self.part:<{TITLE}}{base:>{CELL + 2}}" + "".join(f"{name:>{CELL}}" for name in rest) + "      ±"

    def line(self, row: Row) -> str:
        """The base's number, the others' ratios to it, and the widest half distance of their quartiles in percent."""
        base, *rest = self.names
        cells = [cell(row, name) or "–" for name in rest]
        spreads = [row.ratio(name).spread for name in rest if name in row.values and not row.absolute]
        widest = max(spreads, default=0.0)
        absolute = quantity(row.value(base), row.unit) if base in row.values else "–"
        spread = f"{widest:>5.0%}" if widest else ""
        return f"{row.title:<{TITLE}}{absolute:>{CELL + 2}}" + "".join(f"{c:>{CELL}}" for c in cells) + f"  {spread}"


def disturbed(row: Row) -> list[str]:
    """A warning below times that were taken while others needed the cores, too."""
    if row.unit != "s" or row.others < DISTURBING:
        return []
    return [f"  disturbed: other processes had {row.others:.0%} of a core meanwhile"]


def heading(result: Result) -> list[str]:
    """The machine and its libraries."""
    machine = result.machine
    libraries = [
        f"{WORDS.get(name, name)} {version}" for name, version in result.versions.items() if name != "minigrad"
    ]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['vectors']}; {machine['threads']} threads, "
        f"{machine['memory']}, {machine['system']}, Python {machine['python']}",
        f"{', '.join(libraries)}; NumPy's BLAS: {machine['blas']}",
    ]
    lines += [f"{name}={value}" for name, value in machine["environment"].items()]
    return lines


def control_lines(control: dict[str, Any]) -> list[str]:
    """What the control found."""
    lines = []
    if "speeds" in control:
        speeds = control["speeds"]
        torch = f", PyTorch {speeds['product in PyTorch']:.0f}" if "product in PyTorch" in speeds else ""
        lines.append(
            f"control: a product of 1024 x 1024 in float32, NumPy {speeds['product']:.0f} GFLOP/s{torch}; a copy in "
            f"memory, {speeds['copy']:.1f} GB/s read and written"
        )
    for name, found in control.get("steps", {}).items():
        again = found["again"]
        lines.append(
            f"control: PyTorch's step {name} entered twice, ratio {again['middle']:.3f} "
            f"({again['low']:.3f} to {again['high']:.3f}); alone in its process {found['alone']:.2f}"
        )
    return lines


def cell(row: Row, name: str) -> str:
    """What a contestant has in its column: nothing if it did not take part."""
    if name not in row.values:
        return ""
    return quantity(row.value(name), row.unit) if row.absolute else ratio(row.ratio(name).middle)


def explanation(names: Sequence[str]) -> str:
    """How to read the table."""
    if BASE in names:
        return "The first column is PyTorch's time, the others are ratios to it: below 1 is faster, or less."
    return "The first column is a time, the others are ratios to it (PyTorch is not installed)."


def parts(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows under their headings."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.part, []).append(row)
    return found


def text(result: Result) -> str:
    """All of a result, as the command printed it."""
    lines = [*heading(result), *control_lines(result.control)]
    for part, rows in parts(result.rows).items():
        table = Table(part, {name for row in rows for name in row.values})
        lines += ["", table.head()]
        for row in rows:
            lines += [table.line(row), *disturbed(row)]
    for curve in result.curves:
        lines += ["", *curve_lines(curve)]
    return "\n".join([*lines, *([""] + result.notes if result.notes else [])])


def curve_lines(curve: Curve) -> list[str]:
    """A table of one curve, with the fitted exponents below."""
    names = list(curve.values)
    lines = [f"{curve.name + ': ' + curve.title:<{TITLE}}" + "".join(f"{name:>16}" for name in names)]
    for i, size in enumerate(curve.sizes):
        cells = [quantity(curve.medians(name)[i], "s") for name in names]
        lines.append(f"{size:>{TITLE},}" + "".join(f"{cell:>16}" for cell in cells))
    fitted = [f"{curve.exponent(name):.2f}" for name in names] if len(curve.sizes) > 2 else []
    if fitted:
        start = curve.sizes[len(curve.sizes) // 2]
        lines.append(f"{f'exponent from {start:,} on':>{TITLE}}" + "".join(f"{cell:>16}" for cell in fitted))
    return lines


def curve_table(curves: Sequence[Curve], names: Sequence[str] = ()) -> list[str]:
    """The exponents of all curves as Markdown, with the sizes that they were fitted over."""
    columns = [name for name in curves[0].values if not names or name in (BASE, *names)]
    lines = [
        "| " + " | ".join(["exponent, by the number of", "from", *columns]) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for curve in curves:
        fitted = [f"{curve.exponent(name):.2f}" for name in columns]
        start, end = curve.sizes[len(curve.sizes) // 2], curve.sizes[-1]
        lines.append("| " + " | ".join([curve.title, f"{start:,} to {end:,}", *fitted]) + " |")
    return [*lines, ""]


def markdown(result: Result, names: Sequence[str] = ()) -> str:
    """The rows as one table, and the curves as another, with a caption that says when, where and with what.

    Args:
        result: what was measured.
        names: the contestants with a column; all that took part if empty. The base always has one.
    """
    lines = curve_table(result.curves, names) if result.curves else []
    for part, rows in parts(result.rows).items():
        taking_part = {name for row in rows for name in row.values}
        base = rows[0].base
        columns = [n for n in CONTESTANTS if n in taking_part and n != base and (not names or n in names)]
        lines += ["| " + " | ".join([part, base, *columns]) + " |", "|---" * (len(columns) + 2) + "|"]
        for row in rows:
            cells = [quantity(row.value(base), row.unit) if base in row.values else ""]
            cells += [cell(row, name) for name in columns]
            lines.append(("| " + " | ".join([row.title, *cells]) + " |").replace(" us |", " µs |"))
        lines.append("")
    return "\n".join([*lines, f"*{caption(result)}*"])


def caption(result: Result) -> str:
    """Date, machine and versions in one sentence."""
    machine, versions = result.machine, result.versions
    libraries = [f"NumPy {versions['numpy']} ({machine['blas']})"]
    libraries += [f"{WORDS.get(n, n)} {v}" for n, v in versions.items() if n not in ("minigrad", "numpy", "scipy")]
    return (
        f"{result.date[:10]}: {machine['processor']}, {machine['cores']} cores with {machine['vectors']}, "
        f"{machine['threads']} threads; {', '.join(libraries)}."
    )
