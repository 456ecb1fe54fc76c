"""The last step that was looked at, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from .records import LayerRecord, WeightRecord


def table(layers: Sequence[LayerRecord], weights: Sequence[WeightRecord]) -> str:
    """The newest record of every layer, and of every Parameter."""
    if not layers and not weights:
        return "The monitor has seen no training step yet."
    step = max([*(r.step for r in layers), *(w.step for w in weights)])
    rows = [["layer", "kind", "mean", "std", "saturated", "dead", "gradient"]]
    for r in layers:
        if r.step == step:
            rows.append([r.layer or "(model)", r.kind, _number(r.mean), _number(r.std), _share(r.saturated),
                         _share(r.dead), _number(r.gradient)])  # fmt: skip
    below = [["parameter", "norm", "gradient", "update / norm"]]
    for w in weights:
        if w.step == step:
            below.append([w.name, _number(w.size), _number(w.gradient), _number(w.ratio)])
    parts = [f"step {step}", *_aligned(rows, 2)]
    return "\n".join([*parts, "", *_aligned(below, 1)] if len(below) > 1 else parts)


def _aligned(rows: list[list[str]], words: int) -> list[str]:
    """Columns of equal width: the first few to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
