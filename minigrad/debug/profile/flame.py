"""The picture of a profile: bars inside bars, as wide as their time."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from .records import Cost

COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442")
OPERATION = "#d0d7de"
OTHERS = "#eeeeee"
WIDEST_CHARACTER = 0.0115  # of the width of the picture, for a label of this size


def draw(costs: Sequence[Cost], optimizer: float, rest: float, seconds: float, axes: Any) -> Any:
    """Modules by their paths from top to bottom, and below each Module its own operations."""
    if axes is None:
        try:
            figure = importlib.import_module("matplotlib.figure")
        except ImportError as error:
            raise ImportError("a profile is drawn with matplotlib, which is missing: pip install matplotlib") from error
        axes = figure.Figure(figsize=(11, 4.5), layout="constrained").subplots()
    top = _tree(costs)
    deepest = _bars(axes, top, 0.0, 0, seconds, 0)
    start = top["seconds"]
    for label, width in (("optimizer", optimizer), ("everything else", rest)):
        _bar(axes, label, start, width, 0, OTHERS, seconds)
        start += width
    axes.set(xlim=(0, seconds * 1e3), ylim=(deepest + 1, 0), xlabel="milliseconds, forward and backward together")
    axes.set_yticks([])
    axes.spines[["top", "left", "right"]].set_visible(False)
    return axes


def _tree(costs: Sequence[Cost]) -> dict[str, Any]:
    """Modules inside Modules: seconds in all, children by name, and operations of their own."""
    top: dict[str, Any] = {"seconds": 0.0, "children": {}, "operations": {}}
    for cost in costs:
        place = top
        place["seconds"] += cost.seconds
        for name in cost.module.split(".") if cost.module else ():
            place = place["children"].setdefault(name, {"seconds": 0.0, "children": {}, "operations": {}})
            place["seconds"] += cost.seconds
        place["operations"][cost.operation] = place["operations"].get(cost.operation, 0.0) + cost.seconds
    return top


def _bars(axes: Any, place: dict[str, Any], start: float, level: int, seconds: float, colour: int) -> int:
    """Draw what is inside a Module; returns the deepest level that was used."""
    deepest = level
    for i, (name, child) in enumerate(place["children"].items()):
        shade = COLOURS[(colour + i) % len(COLOURS)]
        _bar(axes, name, start, child["seconds"], level, shade, seconds)
        deepest = max(deepest, _bars(axes, child, start, level + 1, seconds, colour + i + 1))
        start += child["seconds"]
    for name, width in sorted(place["operations"].items(), key=lambda pair: -pair[1]):
        _bar(axes, name, start, width, level, OPERATION, seconds)
        start += width
    return deepest


def _bar(axes: Any, label: str, start: float, width: float, level: int, colour: str, seconds: float) -> None:
    """One bar, with its label where it fits."""
    axes.barh(level + 0.5, width * 1e3, 0.94, start * 1e3, color=colour, edgecolor="white", linewidth=0.8)
    if width / seconds > WIDEST_CHARACTER * len(label):
        axes.text((start + width / 2) * 1e3, level + 0.5, label, ha="center", va="center", fontsize=8, color="black")
