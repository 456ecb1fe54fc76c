"""Activation functions with a corner or a bound, and the logarithm of the sigmoid. Kinks follow PyTorch.

Slopes that are constant on each side of a corner are computed on the values alone: their own derivative is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.primitive import primitive
from ....core.tensor import raw
from ....ops.elementwise import relu, sigmoid
from .gelu import floats


def _times(x: Any, factor: float) -> Any:
    """``x * factor`` without a pass over memory for 1."""
    return x if factor == 1 else x * factor


def _stepped(x: Any, below: float, above: float) -> Any:
    """``above`` where x > 0, else ``below``, in the dtype of x; several times faster than ``np.where``."""
    positive = np.greater(x, 0)
    number = x.dtype.type
    return np.logical_not(positive) * number(below) + positive * number(above)


# --- linear on both sides ---------------------------------------------------------------------------------------------
@primitive()
def leaky_relu(x: Any, *, negative_slope: float) -> Any:
    """``x`` where it is positive, else ``negative_slope * x``; the derivative at 0 is ``negative_slope``."""
    x = floats(x)
    if negative_slope == 0:
        return np.maximum(x, 0)  # 0 · inf is no number
    return np.maximum(x, x * negative_slope) if negative_slope <= 1 else np.minimum(x, x * negative_slope)


leaky_relu.rule(x=lambda g, x, negative_slope: g * _stepped(raw(x), negative_slope, 1))


@primitive(broadcasts=True, cure="the slopes must broadcast with the input")
def prelu(x: Any, slope: Any) -> Any:
    """``x`` where it is positive, else ``slope * x``, both differentiable; the derivative at 0 is ``slope``."""
    return np.maximum(x, 0) + slope * np.minimum(x, 0)


def _prelu_x(g: Any, x: Any, slope: Any) -> Any:
    positive = np.greater(raw(x), 0)
    return g * (np.logical_not(positive) * slope + positive)


prelu.rule(x=_prelu_x, slope=lambda g, x: g * np.clip(x, None, 0))


@primitive()
def hardtanh(x: Any, *, low: float, high: float) -> Any:
    """``x`` limited to [low, high]; unlike that of ``clip`` the derivative at the bounds is 0."""
    return np.clip(floats(x), low, high)


hardtanh.rule(x=lambda g, out, low, high: g * np.logical_and(np.greater(out, low), np.less(out, high)))


@primitive()
def hardsigmoid(x: Any) -> Any:
    """(x + 3) / 6 limited to [0, 1]; the derivative at the bounds is 0."""
    return np.clip(floats(x) + 3, 0, 6) / 6


hardsigmoid.rule(x=lambda g, x: g * np.less(np.abs(raw(x)), 3) / 6)


@primitive()
def hardswish(x: Any) -> Any:
    """The input times its hardsigmoid; the derivative is 0 at -3 and 1 at 3."""
    x = floats(x)
    return np.maximum(x, -3) * (np.clip(x + 3, 0, 6) / 6)  # -inf · 0 is no number


def _hardswish_x(g: Any, x: Any) -> Any:
    values = raw(x)
    middle = np.less(np.abs(values), 3)
    return g * ((np.clip(x, -3, 3) / 3 + 0.5) * middle + np.greater_equal(values, 3))


hardswish.rule(x=_hardswish_x)


@primitive()
def hardshrink(x: Any, *, lambd: float) -> Any:
    """``x`` where it is further from 0 than ``lambd``, else 0; the derivative at ±lambd is 0."""
    x = floats(x)
    return x * np.logical_not(np.less_equal(np.abs(x), lambd))  # NaN stays


hardshrink.rule(x=lambda g, x, lambd: g * np.greater(np.abs(raw(x)), lambd))


@primitive()
def softshrink(x: Any, *, lambd: float) -> Any:
    """``x`` moved towards 0 by ``lambd``, and 0 where that would go past it; the derivative at ±lambd is 0."""
    x = floats(x)
    return x - np.clip(x, -lambd, lambd)


softshrink.rule(x=lambda g, out: g * np.not_equal(out, 0))


@primitive()
def threshold(x: Any, *, threshold: float, value: float) -> Any:
    """``x`` where it is above ``threshold``, else ``value``; the derivative at the threshold is 0."""
    x = floats(x)
    return np.where(np.less_equal(x, threshold), x.dtype.type(value), x)


threshold.rule(x=lambda g, x, threshold: g * np.greater(raw(x), threshold))


# --- exponential below 0 ----------------------------------------------------------------------------------------------
@primitive()
def elu(x: Any, *, alpha: float, scale: float, rate: float) -> Any:
    """``scale * x`` where x is positive, else ``scale * alpha * (exp(rate * x) - 1)``."""
    x = floats(x)
    with np.errstate(over="ignore"):
        below = np.expm1(_times(np.minimum(x, 0), rate))
    return _times(np.maximum(x, 0), scale) + _times(below, alpha * scale)


def _elu_x(g: Any, x: Any, alpha: float, scale: float, rate: float) -> Any:
    start = alpha * scale * rate  # the slope at 0
    with np.errstate(over="ignore"):
        slope = np.exp(-_times(relu(-x), rate))  # by relu, so that the second derivative at 0 is 0, as in PyTorch
    if start == scale:
        return g * _times(slope, scale)
    positive = np.greater(raw(x), 0)
    return g * (np.logical_not(positive) * (slope * start) + positive * raw(x).dtype.type(scale))


elu.rule(x=_elu_x)


# --- softplus and its kin ---------------------------------------------------------------------------------------------
@primitive()
def softplus(x: Any, *, beta: float, threshold: float) -> Any:
    """log(1 + exp(beta x)) / beta, without overflow; ``x`` itself where beta x is above the threshold."""
    x = floats(x)
    with np.errstate(over="ignore"):
        z = _times(x, beta)
    smooth = _times(np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0), 1 / beta)
    return np.where(np.greater(z, threshold), x, smooth)


def _softplus_x(g: Any, x: Any, beta: float, threshold: float) -> Any:
    with np.errstate(over="ignore"):
        z = _times(x, beta)
    return g * np.maximum(sigmoid(z), np.greater(raw(z), threshold))


softplus.rule(x=_softplus_x)


@primitive()
def logsigmoid(x: Any) -> Any:
    """log(1 / (1 + exp(-x))), without overflow."""
    x = floats(x)
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


logsigmoid.rule(x=lambda g, x: g * sigmoid(-x))


@primitive()
def softsign(x: Any) -> Any:
    """The ratio x / (1 + |x|), in (-1, 1)."""
    x = floats(x)
    limit = 16 / np.finfo(x.dtype).eps  # the result is ±1 long before; inf / inf is no number
    x = np.clip(x, -limit, limit)
    return x / (1 + np.abs(x))


def _softsign_x(g: Any, x: Any) -> Any:
    rest = 1 / (1 + np.abs(x))
    return g * (rest * rest)


softsign.rule(x=_softsign_x)


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
    open_places = np.ones_like(raw(out), dtype=bool)
    shares = []
    for piece in _pieces(raw(x), pieces, axis):
        wins = np.logical_and(np.equal(piece, raw(out)), open_places)
        open_places = np.logical_and(open_places, np.logical_not(wins))
        shares.append(g * wins)
    spread = np.stack(shares, axis=axis + 1)
    return spread.reshape(x.shape)


maxout.rule(x=_maxout_x)
