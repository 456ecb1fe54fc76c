"""Pictures: a dot per contestant and workload, on a logarithmic axis of ratios; and how costs grow."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from .contestants import CONTESTANTS, load
from .report import caption, parts, quantity
from .result import Curve, Ratio, Result, Row

INK, FAINT, BAND, GRID = "#222222", "#8a8a8a", "#f5f6f8", "#dcdfe4"
WIDTH, LEFT = 11.5, 0.425  # inches; the share of it that titles take
TOP, ROW, HEAD, BOTTOM = 1.0, 0.29, 0.66, 0.30  # inches: above, a row, what surrounds a panel, below
MARKS = {
    **{"minigrad": "o", "minigrad fast": "D", "NumPy by hand": "o", "products alone": "|"},
    **{"PyTorch compiled": "^", "PyTorch foreach": ">", "PyTorch fused": "<"},
}
OURS = {"minigrad", "minigrad fast"}
TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
NEAREST, FARTHEST = 0.04, 25.0  # ratios beyond are drawn at the edge, with their number


def save(result: Result, path: Path) -> None:
    """Draw the rows, or the curves where there are no rows.

    Raises:
        ImportError: without matplotlib.
    """
    try:
        figure = load("matplotlib.figure")
    except ImportError as error:
        raise ImportError("--plot draws with matplotlib, which is missing: pip install matplotlib") from error
    load("matplotlib").rcParams.update({"font.size": 9, "svg.fonttype": "none"})
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = ratios(result, figure) if result.rows else curves(result, figure)
    drawn.savefig(path, dpi=150, facecolor="white")


def ratios(result: Result, figure: Any) -> Any:
    """A panel for each part, all on the same axis."""
    panels = parts(result.rows)
    base = result.rows[0].base
    names = [name for name in CONTESTANTS if any(name in row.values and name != row.base for row in result.rows)]
    found = [row.ratio(name).middle for row in result.rows for name in row.values if name != row.base]
    low = max(NEAREST, min(0.5, *(value / 1.25 for value in found)))
    high = min(FARTHEST, max(2.0, *(value * 1.25 for value in found)))
    height = TOP + sum(ROW * len(rows) + HEAD for rows in panels.values()) + BOTTOM
    drawn = figure.Figure(figsize=(WIDTH, height))
    place = height - TOP
    for part, rows in panels.items():
        place -= ROW * len(rows) + HEAD
        axes = drawn.add_axes((LEFT, (place + HEAD / 2) / height, 0.985 - LEFT, ROW * len(rows) / height))
        _panel(axes, part, rows, (low, high))
    text = {"color": FAINT, "fontsize": 9}
    says = (
        f"{base} = 1: what that is stands beside the row. Left of the line is better. Bars: middle half of the rounds."
    )
    drawn.text(0.012, 1 - 0.32 / height, f"Time and memory relative to {base}", fontsize=15, weight="bold", color=INK)
    drawn.text(0.012, 1 - 0.56 / height, says, **text)
    drawn.text(0.012, 0.14 / height, caption(result), **{**text, "fontsize": 7.5})
    drawn.legend(
        handles=[_key(name) for name in names],
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - 0.64 / height),
        ncols=min(len(names), 7),
        **{"frameon": False, "handletextpad": 0.2, "columnspacing": 1.4, "fontsize": 9},
    )
    return drawn


def _panel(axes: Any, part: str, rows: list[Row], limits: tuple[float, float]) -> None:
    """One part: an axis, and a line for each row."""
    low, high = limits
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for i in range(0, len(rows), 2):
        axes.axhspan(i - 0.5, i + 0.5, color=BAND, linewidth=0, zorder=0)
    shown = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(shown, [f"{tick:g}" for tick in shown], color=FAINT, fontsize=8)
    axes.set_xticks([], minor=True)
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.6, zorder=1)
    axes.axvline(1, color=INK, linewidth=1.3, zorder=2)
    axes.spines[:].set_visible(False)
    axes.set_title(part, loc="left", x=(0.012 - LEFT) / (0.985 - LEFT), fontsize=10.5, weight="bold", color=INK, pad=5)
    label = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    for i, row in enumerate(rows):
        value = quantity(row.value(row.base), row.unit).replace("us", "µs")
        axes.text(-0.125, i, row.title, fontsize=8.8, color=INK, **label)
        axes.text(-0.012, i, value, fontsize=8, color=FAINT, **label)
        others = {name: row.ratio(name) for name in row.values if name != row.base}
        beyond = [name for name, found in others.items() if not low < found.middle < high]
        for name, found in others.items():
            _dot(axes, i, found, name, 38 * beyond.index(name) if name in beyond else 0)


def _dot(axes: Any, i: int, found: Ratio, name: str, aside: float) -> None:
    """A contestant on one row; at the edge if it lies beyond, and so many points aside its number with an arrow."""
    low, high = axes.get_xlim()
    order, colour = 6 if name in OURS else 4, CONTESTANTS[name].colour
    at = min(max(found.middle, low * 1.02), high / 1.02)
    axes.plot(at, i, zorder=order, clip_on=False, **_mark(name))
    if at == found.middle:
        axes.plot([found.low, found.high], [i, i], color=colour, linewidth=2.2, alpha=0.45, zorder=order - 1)
        return
    below = found.middle < at
    says = f"← {found.middle:.2g}" if below else f"{found.middle:.0f} →"
    where = {"xytext": ((7 + aside) * (1 if below else -1), 0), "textcoords": "offset points", "va": "center"}
    where["ha"] = "left" if below else "right"
    axes.annotate(says, (at, i), color=colour, fontsize=7, **where)


def _mark(name: str) -> dict[str, Any]:
    """How a contestant's dot looks: ours are larger."""
    shape = MARKS.get(name, "o")
    look = {"marker": shape, "color": CONTESTANTS[name].colour, "linestyle": ""}
    if shape == "|":
        return {**look, "markersize": 11, "markeredgewidth": 2}
    return {**look, "markersize": 8 if name in OURS else 6, "markeredgecolor": "white", "markeredgewidth": 0.7}


def _key(name: str) -> Any:
    """A line of the legend."""
    return load("matplotlib.lines").Line2D([], [], label=name, **_mark(name))


def curves(result: Result, figure: Any) -> Any:
    """A panel for each quantity that grows, both axes logarithmic; the exponents stand in the legends."""
    columns = min(len(result.curves), 2)
    rows = math.ceil(len(result.curves) / columns)
    drawn = figure.Figure(figsize=(4.6 * columns + 0.4, 3.8 * rows + 0.6), layout="constrained")
    drawn.suptitle("How the cost of a step grows", fontsize=14, weight="bold", color=INK, x=0.01, ha="left")
    places = drawn.subplots(rows, columns, squeeze=False).ravel()
    for axes, curve in zip(places, result.curves, strict=False):
        _growth(axes, curve)
    for axes in places[len(result.curves) :]:
        axes.set_axis_off()
    drawn.supxlabel(caption(result), fontsize=7.5, color=FAINT, x=0.01, ha="left")
    return drawn


def _growth(axes: Any, curve: Curve) -> None:
    """One panel of curves, with a dotted line of exponent 1."""
    for name, found in curve.values.items():
        look, times = _mark(name), curve.medians(name)
        label = f"{name}, exponent {curve.exponent(name):.2f}" if len(curve.sizes) > 3 else name
        axes.fill_between(curve.sizes, [*map(min, found)], [*map(max, found)], color=look["color"], alpha=0.12, lw=0)
        axes.plot(curve.sizes, times, label=label, **{**look, "linestyle": "-", "linewidth": 1.8, "markersize": 6})
    largest, below = curve.sizes[-1], min(curve.medians(name)[-1] for name in curve.values) / 3
    reach = [size for size in curve.sizes if size >= largest**0.5]
    axes.plot(reach, [below * size / largest for size in reach], ":", color=FAINT, lw=1.2, label="proportional")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: _power(value))
    axes.set_title(curve.name, loc="left", weight="bold", color=INK, fontsize=10.5)
    axes.set_xlabel(curve.title, color=INK)
    axes.grid(color=GRID, linewidth=0.6)
    axes.tick_params(length=0, which="both", labelcolor="#555555")
    axes.spines[:].set_visible(False)
    axes.legend(frameon=False, fontsize=8.5)


def _power(seconds: float) -> str:
    """A power of ten in the unit that suits it."""
    scale, unit = next(
        (f, u) for f, u in ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")) if seconds * f >= 0.999 or f == 1e9
    )
    return f"{seconds * scale:.0f} {unit}"
