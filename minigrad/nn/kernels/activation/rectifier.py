"""Activation functions with a corner or a bound, and the logarithm of the sigmoid. Kinks follow PyTorch.

Slopes that are constant on each side of a corner are computed on the values alone: their own derivative is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import ordered_like
from ....core.declare import primitive, register
from ....core.tensor import raw
from .gelu import floats


def _stepped(x: Any, below: float, above: float) -> Any:
    """``above`` where x > 0, else ``below``, in the dtype of x; products are vectorised, ``np.where`` is not."""
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


softshrink.rule(x=lambda g, out: g * np.greater(np.abs(raw(out)), 0))


@primitive()
def threshold(x: Any, *, threshold: float, value: float) -> Any:
    """``x`` where it is above ``threshold``, else ``value``; the derivative at the threshold is 0."""
    x = floats(x)
    return np.where(np.less_equal(x, threshold), x.dtype.type(value), x)


threshold.rule(x=lambda g, x, threshold: g * np.logical_not(np.less_equal(raw(x), threshold)))

_MANY = 8192


@register()
@primitive()
def relu(x: Any) -> Any:
    """max(x, 0); the derivative at 0 is taken as 0.

    Example:
        >>> relu(Tensor([-1.0, 0.0, 2.0]))
        Tensor([0., 0., 2.])
    """
    if type(x) is np.ndarray and x.size >= _MANY and x.dtype.kind == "f":
        return np.clip(x, 0, np.inf)  # vectorised, unlike maximum with one number; only its call takes longer
    return np.maximum(x, 0)


relu.rule(x=lambda g, out: ordered_like(g, out) * (out != 0))  # of NaN it is 1, as in PyTorch
