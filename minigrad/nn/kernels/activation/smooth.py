"""Smooth activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.declare import primitive
from ....core.tensor import raw
from ....ops.elementwise import sigmoid
from .gelu import floats
from .rectifier import relu


def _times(x: Any, factor: float) -> Any:
    """``x * factor`` without a pass over memory for 1."""
    return x if factor == 1 else x * factor


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
