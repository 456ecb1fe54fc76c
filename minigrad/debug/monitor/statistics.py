"""The numbers that describe an array of activations, gradients or weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.graph import Array

BINS = 32
LIMIT = 1 << 18  # from larger arrays every k-th row is looked at: shares and spreads need no more

# Activations that saturate: where |φ'| is below a share of about 6 % of the steepest, as theory.propagate counts it.
SATURATED: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda h: np.abs(h) > 0.97,
    "sigmoid": lambda h: np.abs(h - 0.5) > 0.485,
    "softsign": lambda h: np.abs(h) > 0.75,
    "hardtanh": lambda h: np.abs(h) >= 1,
    "hardsigmoid": lambda h: np.abs(h - 0.5) >= 0.5,
}
# Activations that pass nothing below some point: a unit that gives 0 for every sample is dead.
DYING = frozenset({"relu", "relu6", "threshold"})
# Other activations, which neither saturate on both sides nor die.
SMOOTH = frozenset({"elu", "gelu", "gelu_tanh", "leaky_relu", "mish", "prelu", "silu", "softplus", "hardswish", "glu"})
ACTIVATIONS = SMOOTH | DYING | SATURATED.keys()


def sampled(values: Array) -> Array:
    """``values`` as rows of one sample each, thinned out where they are many."""
    rows = values.reshape(len(values), -1) if values.ndim > 1 else values.reshape(1, -1)
    step = -(-rows.size // LIMIT)
    return rows[::step] if step > 1 and len(rows) > step else rows


def moments(values: Array) -> tuple[float, float]:
    """Mean and standard deviation; float16 and float32 are summed by blocks, which is precise enough."""
    mean = float(values.mean(dtype=np.float32 if values.dtype != np.float64 else None))
    flat = values.ravel()
    square = float(np.dot(flat, flat)) / max(flat.size, 1) if values.dtype != np.float16 else float(np.mean(flat**2.0))
    return mean, max(square - mean * mean, 0.0) ** 0.5


def norm(values: Array) -> float:
    """The Euclidean norm."""
    flat = values.ravel()
    return float(np.dot(flat, flat)) ** 0.5 if flat.dtype != np.float16 else float(np.linalg.norm(flat.astype("f")))


def flat_share(name: str, rows: Array) -> float | None:
    """The share of values where the slope of the activation is (nearly) 0; None for what never saturates."""
    if name in DYING:
        return float(np.mean(rows == 0))
    rule = SATURATED.get(name)
    return None if rule is None else float(np.mean(rule(rows)))


def dead_share(name: str, values: Array) -> float | None:
    """The share of units that are 0 for every sample, and for images at every place; None for what cannot die."""
    if name not in DYING or values.ndim < 2 or len(values) < 2:
        return None
    axes: Any = (
        0 if values.ndim == 2 else (0, *range(2, values.ndim)) if values.ndim == 4 else tuple(range(values.ndim - 1))
    )
    return float(np.mean(~np.any(values, axis=axes)))


def histogram(rows: Array) -> tuple[list[int], float, float]:
    """Counts in equal bins, and the range that they cover."""
    finite = rows[np.isfinite(rows)]
    if not finite.size:
        return [0] * BINS, 0.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    counts, _ = np.histogram(finite, BINS, (low, high if high > low else low + 1.0))
    return counts.tolist(), low, high
