"""The softmax family, which normalises along a dimension, without overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import in_single, is_half, shape_of, sum_along
from ...core.declare import primitive, register
from ...core.tensor import raw
from ...ops.convert import cast
from ...ops.dims import axis_aliases, only_dim, some_dims
from ...ops.reduce.sums import spread, sum_
from .activation.gelu import floats


def finite_top(x: Any, axis: Any) -> Any:
    """The largest value along ``axis``, or 0 where that is not finite: what can be subtracted before exp."""
    top = np.max(floats(x), axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, 0)


def _quiet() -> np.errstate:
    """No warnings where the result is what it must be.

    A difference beyond the range of floats is -inf, and its exp 0; that of two infinities is NaN; log 0 is -inf.
    """
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


@primitive(name="logsumexp")
def _logsumexp(x: Any, *, axis: Any, keepdims: bool = False) -> Any:
    if is_half(x):
        return in_single(_logsumexp, x, axis=axis, keepdims=keepdims)
    top = finite_top(x, axis)
    with _quiet():
        out = np.log(sum_along(np.exp(x - top), axis, True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)


def _logsumexp_x(g: Any, x: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    """The softmax, from x itself: exp(x - out) would inherit the rounding of a large ``out``."""
    with _quiet():
        e = np.exp(x - finite_top(raw(x), axis))  # the softmax does not depend on the shift: it may be a constant
        total = sum_(e, axis, True)
        return spread(g, x_shape, axis, keepdims) * (e / np.where(np.equal(total, 0), 1, total))  # a row of -inf: 0


_logsumexp.rule(x=_logsumexp_x)


@register()
@axis_aliases
def logsumexp(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Log Σ exp(input) over the dimensions ``dim``, without overflow.

    Example:
        >>> logsumexp(Tensor([1000.0, 1000.0]), dim=0)
        Tensor(1000.6932)
    """
    if dim is None:
        raise TypeError("logsumexp needs the dimension(s) to sum over, such as dim=-1")
    dims = some_dims("logsumexp", dim, shape_of(input))
    if any(shape_of(input)[d] == 0 for d in dims or ()):
        raise ValueError(f"logsumexp over no values: the input has shape {shape_of(input)}; is a batch empty?")
    return _logsumexp(input, axis=dims, keepdims=keepdim)


def _below_top(x: Any, axis: Any) -> Any:
    """``x`` minus its largest value along ``axis``, of which there need not be any."""
    x = floats(x)
    return x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)


@primitive(name="softmax")
def _softmax(x: Any, *, axis: Any) -> Any:
    if is_half(x):
        return in_single(_softmax, x, axis=axis)
    with _quiet():
        e = np.exp(_below_top(x, axis))
        return e / sum_along(e, axis, True)


@primitive(name="log_softmax")
def _log_softmax(x: Any, *, axis: Any) -> Any:
    if is_half(x):
        return in_single(_log_softmax, x, axis=axis)
    with _quiet():
        z = _below_top(x, axis)
        return z - np.log(sum_along(np.exp(z), axis, True))


def _normalised(name: str, dim: Any, input: Any) -> Any:
    if dim is None:
        raise TypeError(f"{name} needs the dimension to normalise over, such as dim=-1")
    return only_dim(name, dim, shape_of(input))


_softmax.rule(x=lambda g, out, axis: out * (g - sum_(g * out, axis, True)))
_log_softmax.rule(x=lambda g, out, axis: g - np.exp(out) * sum_(g, axis, True))


@register()
@axis_aliases
def softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """exp(input) divided by its sum along ``dim``: probabilities.

    With a ``dtype``, a floating-point type, the input is converted to it before.

    Example:
        >>> softmax(Tensor([0.0, 0.0]), dim=0)
        Tensor([0.5, 0.5])
    """
    if dtype is not None:
        input = cast("softmax", input, dtype, floating=True)
    return _softmax(input, axis=_normalised("softmax", dim, input))


@register()
@axis_aliases
def log_softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """The logarithm of ``softmax``, in nats, without its overflow and underflow.

    With a ``dtype``, a floating-point type, the input is converted to it before.

    Example:
        >>> log_softmax(Tensor([1000.0, 0.0]), dim=0)
        Tensor([    0., -1000.])
    """
    if dtype is not None:
        input = cast("log_softmax", input, dtype, floating=True)
    return _log_softmax(input, axis=_normalised("log_softmax", dim, input))
