"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def cells(rows: Sequence[Mapping[str, Any]], forms: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    """The columns in the order in which they first appear, and every cell as text; what a row lacks is empty."""
    columns = [*dict.fromkeys(column for row in rows for column in row)]
    return columns, [[written(row.get(column, ""), forms.get(column, "")) for column in columns] for row in rows]


def written(value: Any, form: str = "") -> str:
    """A cell: numbers in four digits unless ``form`` says otherwise."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)) and not form:
        return str(value)
    if isinstance(value, (int, float, np.number)):
        return format(value, form or ".4g")
    return "" if value is None else str(value)


def lines(rows: Sequence[Mapping[str, Any]], forms: Mapping[str, str]) -> list[str]:
    """The table as lines: words to the left, numbers to the right."""
    columns, texts = cells(rows, forms)
    numeric = [
        all(isinstance(row.get(column, 0.0), (int, float, np.number)) or row[column] is None for row in rows)
        for column in columns
    ]
    widths = [max(len(column), *(len(text[i]) for text in texts)) for i, column in enumerate(columns)]

    def line(parts: Sequence[str]) -> str:
        aligned = (
            part.rjust(width) if right else part.ljust(width)
            for part, width, right in zip(parts, widths, numeric, strict=True)
        )
        return "  ".join(aligned).rstrip()

    return [line(columns), "  ".join("-" * width for width in widths), *map(line, texts)]
