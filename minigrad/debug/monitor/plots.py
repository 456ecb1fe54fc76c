"""Pictures of what the monitor saw."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .records import LayerRecord, WeightRecord

OF_LAYERS = {
    "mean": "mean of the activations",
    "std": "standard deviation of the activations",
    "saturated": "share of saturated activations",
    "dead": "share of dead units",
    "gradient": "norm of the gradient of the activations",
}
OF_WEIGHTS = {
    "ratio": "update relative to the Parameter",
    "size": "norm of the Parameter",
    "weight gradient": "norm of the Parameter's gradient",
}
ON_A_LOGARITHMIC_SCALE = {"std", "gradient", "ratio", "size", "weight gradient"}
BLUE = "#0072B2"


def heat_map(layers: Sequence[LayerRecord], weights: Sequence[WeightRecord], quantity: str, axes: Any) -> Any:
    """A row for each layer or Parameter, the first on top, a column for each step."""
    if quantity in OF_LAYERS:
        found = {(r.layer or "(model)", r.step): getattr(r, quantity) for r in layers}
    elif quantity in OF_WEIGHTS:
        field = "gradient" if quantity == "weight gradient" else quantity
        found = {(w.name, w.step): getattr(w, field) for w in weights}
    else:
        raise ValueError(f"quantity is one of {', '.join((*OF_LAYERS, *OF_WEIGHTS))}, got {quantity!r}")
    order = dict.fromkeys(name for name, _ in found)  # a Parameter that was 0 at first keeps its place
    found = {place: value for place, value in found.items() if value is not None}
    if not found:
        raise ValueError(f"there is no record of {quantity!r} yet: train inside the monitor's block first")
    known = {name for name, _ in found}
    names, steps = [name for name in order if name in known], sorted({step for _, step in found})
    values = np.full((len(names), len(steps)), np.nan)
    for (name, step), value in found.items():
        values[names.index(name), steps.index(step)] = value
    logarithmic = quantity in ON_A_LOGARITHMIC_SCALE
    if logarithmic:
        values = np.where(values > 0, values, np.nan)
    axes = _axes((8, 0.9 + 0.32 * len(names))) if axes is None else axes
    colours = importlib.import_module("matplotlib.colors")
    scale = colours.LogNorm() if logarithmic else colours.Normalize(0, 1) if quantity in ("saturated", "dead") else None
    image = axes.imshow(values, aspect="auto", cmap="viridis", norm=scale, interpolation="nearest")
    axes.set_yticks(range(len(names)), names)
    shown = np.unique(np.linspace(0, len(steps) - 1, min(8, len(steps))).round().astype(int))
    axes.set_xticks(shown, [str(steps[i]) for i in shown])
    axes.set_xlabel("step")
    axes.set_title({**OF_LAYERS, **OF_WEIGHTS}[quantity])
    axes.figure.colorbar(image, ax=axes)
    return axes


def ridges(layers: Sequence[LayerRecord], layer: str | None, axes: Any) -> Any:
    """Histograms one behind the other: of all layers at the last step, or of one layer over time."""
    kept = [r for r in layers if r.histogram]
    if not kept:
        raise ValueError("there are no histograms yet: train inside the monitor's block first, with histograms=True")
    if layer is None:
        last = kept[-1].step
        shown = [(r.layer or "(model)", r) for r in kept if r.step == last]
        title = f"activations of the layers, step {last}"
    else:
        shown = [(f"step {r.step}", r) for r in kept if r.layer == layer]
        if not shown:
            raise ValueError(
                f"there is no layer {layer!r}; there are {', '.join(dict.fromkeys(r.layer for r in kept))}"
            )
        shown = [shown[i] for i in np.unique(np.linspace(0, len(shown) - 1, min(12, len(shown))).round().astype(int))]
        title = f"activations of {layer} over time"
    axes = _axes((8, 1.2 + 0.45 * len(shown))) if axes is None else axes
    for i, (_, r) in enumerate(shown):
        base, counts = len(shown) - 1 - i, np.array(r.histogram, float)
        edges = np.linspace(r.low, r.high if r.high > r.low else r.low + 1, len(counts) + 1)
        density = counts / max(counts.max(), 1)
        axes.stairs(base + 0.9 * density, edges, baseline=base, fill=True, color=BLUE, alpha=0.75, zorder=i)
        axes.axhline(base, color="#888888", linewidth=0.5, zorder=i)
    axes.set_yticks(range(len(shown)), [name for name, _ in reversed(shown)])
    axes.set_xlabel("activation")
    axes.set_title(title)
    widest = max(max(abs(r.low), abs(r.high)) for _, r in shown)
    if math.isfinite(widest) and widest > 0:
        axes.set_xlim(
            1.05 * min(r.low for _, r in shown + shown[:1]) - 0.02 * widest,
            max(r.high for _, r in shown) + 0.02 * widest,
        )
    return axes


def _axes(size: tuple[float, float]) -> Any:
    """New axes."""
    try:
        figure = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise ImportError("the monitor draws with matplotlib, which is missing: pip install matplotlib") from error
    return figure.Figure(figsize=size, layout="constrained").subplots()
