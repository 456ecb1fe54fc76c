"""Gradients on their way down: fading or growing from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .... import theory
from ..examination import Examination
from ..finding import Finding
from ..numbers import norm
from ..signal import best_gain, function, in_code


def _by_weight(exam: Examination) -> dict[str, tuple[float, float]]:
    """For each weight, from the input on: the norms of the gradient of its output, at the most, and of its own."""
    found: dict[str, tuple[float, float]] = {}
    for layer in exam.signal.layers:
        gradient, own = layer.step.gradient, layer.unit_gradients
        if gradient is None or own is None:
            continue
        size = norm(np.asarray(gradient))
        found[layer.name] = max(size, found.get(layer.name, (0.0, 0.0))[0]), norm(own)
    return found


def vanishing_gradient(exam: Examination) -> Iterator[Finding]:
    """Gradients of activations that shrink from the output to the input."""
    sizes = _by_weight(exam)
    if len(sizes) < 4 or exam.first.error is not None:
        return
    names = list(sizes)
    (bottom, own), (top, own_top) = sizes[names[0]], sizes[names[-1]]
    if not 0 < bottom < 1e-4 * top or not exam.training.struggles:
        return
    per_layer = (bottom / top) ** (1 / (len(sizes) - 1))
    name = next((a.name for a in exam.signal.activations if a.hidden), "")
    yield Finding(
        "vanishing-gradient",
        "error",
        f"the layers from {names[-1]} down to {names[0]}",
        f"the activations' gradient shrinks to {bottom / top:.1e}, by {per_layer:.2g} per layer; the weights' to "
        f"{own / own_top if own_top else math.nan:.1e}",
        _expected(exam, name),
        f"{len(sizes)} layers with {name or 'nothing'} between; slope times weights is below 1 in each of them",
        "nn.ReLU() and nn.init.kaiming_normal_, a norm after each layer, x + layer(x), or fewer layers",
        "docs/layers.md",
        likelihood=0.55,
    )


def _expected(exam: Examination, name: str) -> str:
    """What the present weights, and what the best ones, do to a gradient per layer."""
    layers = [a.layer for a in exam.signal.activations if a.hidden and a.layer is not None and a.name == name]
    if not layers or not name:
        return "about 1 per layer"
    scale, width = float(np.median([layer.scale for layer in layers])), 100
    now = _chi(name, scale, width)
    best = _chi(name, best_gain(name), width) if name != "sigmoid" else math.nan
    text = f"near 1 per layer; theory: {now:.2g} for {name} at scale {scale:.2g} (std · √fan_in)"
    if math.isfinite(best):
        return text + f", {best:.2g} at {best_gain(name):.3g}"
    return text + f", {_chi('tanh', 1.0, width):.2g} for tanh at 1"


def _chi(name: str, scale: float, width: int) -> float:
    try:
        found = theory.propagate(function(name), depth=4, width=width, weight_std=scale / math.sqrt(width), samples=10)
    except (ValueError, TypeError):
        return math.nan
    return math.sqrt(float(found.chi[-1]))


def exploding_gradient(exam: Examination) -> Iterator[Finding]:
    """Gradients of activations that grow from the output to the input, through layers or through time."""
    sizes = _by_weight(exam)
    if len(sizes) < 2:
        return
    names = list(sizes)
    top, own_top = sizes[names[-1]]
    worst = max(sizes, key=lambda name: sizes[name][0])
    most, own = sizes[worst]
    if not math.isfinite(most + top) or most <= 1e3 * top or top == 0:
        return
    if most <= 1e7 * top and not exam.training.struggles:
        return
    layer = next(layer for layer in exam.signal.layers if layer.name == worst)
    square = [each for each in exam.signal.layers if each.fan_in == len(each.units)]
    uses = max((sum(other.name == each.name for other in square) for each in square), default=0)
    if uses > 2:  # a matrix from state to state: the gradient passes it at every step
        layer = max(square, key=lambda each: sum(other.name == each.name for other in square))
    over = f"{uses} steps through time" if uses > 2 else f"{len(sizes)} layers"
    yield Finding(
        "exploding-gradient",
        "error",
        layer.name,
        f"the activations' gradient grows by {most / top:.1e} over {over}; the weights' by "
        f"{own / own_top if own_top else math.nan:.2g}",
        f"a factor near 1 for each; the weights' scale std · √fan_in is {layer.scale:.3g} here",
        f"one matrix multiplies the gradient at every step; its largest singular value is {_stretch(layer.units):.3g}"
        if uses > 2
        else "every layer multiplies the gradient by more than 1: large weights, or sums without a norm",
        f"nn.init.orthogonal_({in_code(layer.name)}); nn.utils.clip_grad_norm_(model.parameters(), 1.0)"
        if uses > 2
        else "a norm in each block, x + layer(x) / √(number of blocks), or weights of std 1 / √fan_in",
        "docs/training.md",
        likelihood=0.7,
    )


def _stretch(units: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> float:
    return float(np.linalg.norm(units.astype(np.float64), 2))


CHECKS = (vanishing_gradient, exploding_gradient)
