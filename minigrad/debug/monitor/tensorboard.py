"""Records in TensorBoard's format, through tensorboardX."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .records import LayerRecord, WeightRecord

SHOWN = ("mean", "std", "saturated", "dead", "gradient")


def write(layers: Sequence[LayerRecord], weights: Sequence[WeightRecord], folder: str) -> None:
    """Write scalars and histograms; a layer's quantities share a group."""
    try:
        library: Any = importlib.import_module("tensorboardX")
    except ImportError as error:
        raise ImportError(
            "TensorBoard's files are written by tensorboardX, which is missing: pip install tensorboardX"
        ) from error
    with library.SummaryWriter(folder) as writer:
        for r in layers:
            for name in SHOWN:
                if (value := getattr(r, name)) is not None:
                    writer.add_scalar(f"{_tag(r.layer)}/{name}", value, r.step)
            if r.histogram:
                _histogram(writer, f"{_tag(r.layer)}/activations", r)
        for w in weights:
            for name, value in (("norm", w.size), ("gradient", w.gradient), ("update ratio", w.ratio)):
                if value is not None:
                    writer.add_scalar(f"{w.name}/{name}", value, w.step)


def _histogram(writer: Any, tag: str, r: LayerRecord) -> None:
    counts = np.array(r.histogram, np.float64)
    edges = np.linspace(r.low, r.high if r.high > r.low else r.low + 1, len(counts) + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    writer.add_histogram_raw(
        tag, r.low, r.high, int(counts.sum()), float(counts @ middles), float(counts @ middles**2), edges[1:].tolist(),
        counts.tolist(), r.step,
    )  # fmt: skip


def _tag(layer: str) -> str:
    return layer or "model"
