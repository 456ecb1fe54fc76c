"""A step length that satisfies the strong Wolfe conditions, by bracketing and cubic interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.graph import Array

Objective = Callable[[float], tuple[float, Array]]  # step length -> value and gradient there


class Point(NamedTuple):
    """What is known at one step length."""

    t: float
    value: float
    gradient: Array
    slope: float  # along the direction


def strong_wolfe(
    objective: Objective,
    t: float,
    direction: Array,
    value: float,
    gradient: Array,
    *,
    tolerance_change: float = 1e-9,
    max_evaluations: int = 25,
    decrease: float = 1e-4,
    curvature: float = 0.9,
) -> tuple[float, Array, float, int]:
    """Find t with f(t) ≤ f(0) + c1 t f'(0) and |f'(t)| ≤ c2 |f'(0)|.

    Args:
        objective: f, and the gradient, at a step length.
        t: the first step length to try.
        direction: where the steps lead.
        value: f(0).
        gradient: the gradient at 0.
        tolerance_change: the shortest change of parameters that is worth another evaluation.
        max_evaluations: how many of them, at most, after the first.
        decrease: c1.
        curvature: c2.

    Returns:
        The value and the gradient at t, t itself, and how many evaluations it took.

    Source:
        Nocedal & Wright 2006, algorithms 3.5 and 3.6, with the rules of minFunc (Schmidt 2005), as PyTorch has them.
    """

    def at(t: float) -> Point:
        f, g = objective(t)
        return Point(t, f, g, float(g @ direction))

    def too_high(point: Point) -> bool:
        return point.value > value + decrease * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -curvature * start.slope

    start = Point(0.0, value, gradient, float(gradient @ direction))
    before, new = start, at(t)
    evaluations = 1
    bracket = None
    while evaluations <= max_evaluations:
        if too_high(new) or (evaluations > 2 and new.value >= before.value) or (new.slope >= 0 and not flat(new)):
            bracket = [before, new]
            break
        if flat(new):
            return new.value, new.gradient, new.t, evaluations
        t = cubic_minimum(before, new, (new.t + 0.01 * (new.t - before.t), new.t * 10))
        before, new = new, at(t)
        evaluations += 1
    if bracket is None:
        bracket = [start, new]
    return _zoom(bracket, at, too_high, flat, _size(direction), tolerance_change, evaluations, max_evaluations)


def _zoom(
    bracket: list[Point],
    at: Callable[[float], Point],
    too_high: Callable[[Point], bool],
    flat: Callable[[Point], bool],
    size: float,
    tolerance_change: float,
    evaluations: int,
    max_evaluations: int,
) -> tuple[float, Array, float, int]:
    """Shrink a bracket, whose first point is the lower one from then on."""
    stuck = False
    bracket = sorted(bracket, key=lambda point: point.value)  # a stable order
    while evaluations <= max_evaluations:
        low, high = bracket
        left, right = sorted((low.t, high.t))
        if (right - left) * size < tolerance_change:
            break
        t = cubic_minimum(low, high)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:  # near an end: once that is well, twice not
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = at(t)
        evaluations += 1
        if too_high(new) or new.value >= low.value:
            bracket = sorted([low, new], key=lambda point: point.value)
            continue
        if flat(new):
            bracket[0] = new
            break
        bracket = [new, low if new.slope * (high.t - low.t) >= 0 else high]
    low = bracket[0]
    return low.value, low.gradient, low.t, evaluations


def cubic_minimum(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through two values with their slopes is least, within bounds."""
    a, b = sorted((a, b), key=lambda point: point.t)
    low, high = bounds or (a.t, b.t)
    if a.t == b.t:
        return min(max(a.t, low), high)
    mean = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = mean * mean - a.slope * b.slope
    if not square >= 0 or not math.isfinite(square):
        return (low + high) / 2
    root = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * root
    if divisor == 0:
        return (low + high) / 2
    return min(max(b.t - (b.t - a.t) * ((b.slope + root - mean) / divisor), low), high)


def _size(direction: Any) -> float:
    return float(np.max(np.abs(direction), initial=0.0))
