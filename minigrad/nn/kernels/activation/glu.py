"""Activation functions that make one output of several inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.declare import primitive
from ....core.tensor import raw
from ....ops.elementwise import sigmoid
from .gelu import floats


# --- units of several inputs ------------------------------------------------------------------------------------------
def _halves(x: Any, axis: int) -> tuple[Any, Any]:
    half = x.shape[axis] // 2
    before = (slice(None),) * axis
    return x[(*before, slice(half))], x[(*before, slice(half, None))]


@primitive()
def glu(x: Any, *, axis: int) -> Any:
    """The first half of ``x`` along ``axis`` times the sigmoid of the second."""
    value, gate = _halves(floats(x), axis)
    return value * sigmoid(gate)


def _glu_x(g: Any, x: Any, axis: int) -> Any:
    value, gate = _halves(x, axis)
    opening = sigmoid(gate)
    by_value = g * opening
    return np.concatenate([by_value, by_value * (1 - opening) * value], axis=axis)


glu.rule(x=_glu_x)


def _pieces(x: Any, pieces: int, axis: int) -> list[Any]:
    """Element i of every group of ``pieces`` neighbours along ``axis``, for every i."""
    return [x[(*(slice(None),) * axis, slice(i, None, pieces))] for i in range(pieces)]


@primitive()
def maxout(x: Any, *, pieces: int, axis: int) -> Any:
    """The largest of every ``pieces`` neighbours along ``axis``; of equal ones the first gets the gradient."""
    first, *others = _pieces(x, pieces, axis)
    largest = first.copy()
    for other in others:
        largest = np.maximum(largest, other)
    return largest


def _maxout_x(g: Any, x: Any, out: Any, pieces: int, axis: int) -> Any:
    undecided = np.ones_like(raw(out), dtype=bool)
    shares = []
    for piece in _pieces(raw(x), pieces, axis):
        wins = np.logical_and(np.equal(piece, raw(out)), undecided)
        undecided = np.logical_and(undecided, np.logical_not(wins))
        shares.append(g * wins)
    spread = np.stack(shares, axis=axis + 1)
    return spread.reshape(x.shape)


maxout.rule(x=_maxout_x)
