"""GELU, SiLU and Mish: the input times a smooth step of the input, each with its derivative from the same pass.

Value and derivative are computed together, a few thousand numbers at a time, so that what lies between stays in the
cache. The derivative is a residual: backward is one multiplication. A primitive of its own rebuilds it differentiably.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ....core.arrays import as_array, get_default_dtype
from ....core.modes import grad_enabled
from ....core.primitive import Primitive
from ....ops.elementwise import sigmoid
from ....ops.special.errors import erfc

_BLOCK = 65536  # numbers at a time
_DENSITY = 1 / math.sqrt(2 * math.pi)  # of the standard normal distribution at 0


class SelfGated(NamedTuple):
    """The function x · S(x), for an S that goes from 0 to 1."""

    opening: Callable[[Any, bool], tuple[Any, Any]]  # S(x) and, on demand, x · S'(x), both in arrays of their own
    low: float  # below this the value is taken as that at ``low``, which is 0 within 1e-36
    high: float  # above this it is x


def floats(x: Any) -> Any:
    """The array of ``x``, integers converted to the default dtype."""
    x = as_array(x)
    return x if x.dtype.kind == "f" else x.astype(get_default_dtype())


def _evaluate(function: SelfGated, x: Any, sloped: bool) -> tuple[Any, Any]:
    """The value of every element and, if ``sloped``, the derivative (else None)."""
    x = floats(x)
    if x.dtype.itemsize < 4:
        value, slope = _evaluate(function, x.astype(np.float32), sloped)
        return value.astype(x.dtype), None if slope is None else slope.astype(x.dtype)
    value, slope = np.empty_like(x), np.empty_like(x) if sloped else None  # in the memory order of x
    with np.errstate(over="ignore"):  # exp(-x) = inf is the right thing to divide by
        if type(x) is not np.ndarray:  # on a device
            _write_block(function, x, value, slope)
            return value, slope
        if x.strides != value.strides:  # with gaps, repeated or reversed
            dense = np.empty_like(x)
            np.copyto(dense, x)
            x = dense
        lines = [a if a is None else np.ravel(a, order="K") for a in (x, value, slope)]
        for start in range(0, x.size, _BLOCK):
            _write_block(function, *[a if a is None else a[start : start + _BLOCK] for a in lines])
    return value, slope


def _write_block(function: SelfGated, x: Any, value: Any, slope: Any) -> None:
    near = x
    calm = type(x) is np.ndarray and function.low < x.min() and x.max() < function.high
    if not calm:  # also for NaN
        near = np.clip(x, function.low, function.high)  # else -inf · 0
    opening, bend = function.opening(near, slope is not None)
    np.multiply(near, opening, out=value)
    if not calm:
        np.copyto(value, x, where=np.greater(x, function.high))
    if slope is not None:
        np.add(opening, bend, out=slope)


def _declare(
    name: str, function: SelfGated, curvature: Callable[[Any], Any], doc: str, shown: str | None = None
) -> Primitive:
    """The primitive of a function, and that of its derivative, whose own derivative is ``curvature``."""
    slope = Primitive(lambda x: _evaluate(function, x, True)[1], name=f"{name}_slope", doc=f"The derivative of {name}.")
    slope.rule(x=lambda g, x: g * curvature(np.clip(x, function.low, function.high)))
    op = Primitive(
        lambda x: _evaluate(function, x, grad_enabled.get()),
        name=name,
        shown=shown,
        residuals={"slope": lambda x: slope(x)},
        doc=doc,
    )
    return op.rule(x=lambda g, slope: g * slope)


# --- GELU -------------------------------------------------------------------------------------------------------------
# Single precision: Φ(x) = (1 + tanh(x · R(x²))) / 2, with the quotient of polynomials R of degrees 3 and 2 written as
# the continued fraction A·t + B + C / (t + D + E / (t + F)), which takes fewer steps. Fitted for this library; the
# error of Φ is 6e-8, half a unit in the last place of numbers near 1.
_SINGLE = (0.01813800022630796, 1.18331528286664, -2.6669050952587168, -23.59202921512095, 1382.4800636841492,
           45.31038875553022)  # fmt: skip


def _gelu_opening(x: Any, sloped: bool) -> tuple[Any, Any]:
    """Φ(x), the distribution function of the standard normal, and x times its density."""
    square = x * x
    if x.dtype == np.float32:
        a, b, c, d, e, f = _SINGLE
        opening = square + f
        np.divide(e, opening, out=opening)
        opening += square
        opening += d
        np.divide(c, opening, out=opening)
        opening += b
        opening += a * square
        opening *= x
        np.tanh(opening, out=opening)
        opening *= 0.5
        opening += 0.5
    else:
        opening = erfc(x * -math.sqrt(0.5))
        opening *= 0.5
    if not sloped:
        return opening, None
    square *= -0.5
    density = np.exp(square, out=square)
    density *= _DENSITY
    density *= x
    return opening, density


gelu = _declare(
    "gelu",
    SelfGated(_gelu_opening, -40.0, 40.0),
    lambda x: _DENSITY * np.exp(-0.5 * np.square(x)) * (2 - np.square(x)),
    "x · Φ(x), for the distribution function Φ of the standard normal.",
)

# The approximation by tanh: u(x) = √(2/π) (x + 0.044715 x³).
_LINEAR = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR


def _gelu_tanh_opening(x: Any, sloped: bool) -> tuple[Any, Any]:
    """S(x) = (1 + tanh u) / 2 and x · S' = 2 x S (1 - S) u'."""
    square = x * x
    fading = -2 * _CUBIC * square
    fading -= 2 * _LINEAR
    fading *= x
    np.exp(fading, out=fading)  # exp(-2 u)
    opening = fading + 1
    np.divide(1, opening, out=opening)
    if not sloped:
        return opening, None
    square *= 6 * _CUBIC
    square += 2 * _LINEAR
    square *= x
    square *= opening
    fading *= opening  # 1 - S, without cancellation
    square *= fading
    return opening, square


def _gelu_tanh_curvature(x: Any) -> Any:
    steepness = _LINEAR + 3 * _CUBIC * np.square(x)  # u'
    twice = 2 * x * (_LINEAR + _CUBIC * np.square(x))  # 2 u, for (1 + tanh u) / 2 is a sigmoid
    bell = sigmoid(twice) * sigmoid(-twice)
    return 2 * bell * (2 * steepness + x * (6 * _CUBIC * x - 2 * np.tanh(0.5 * twice) * np.square(steepness)))


gelu_tanh = _declare(
    "gelu_tanh",
    SelfGated(_gelu_tanh_opening, -10.0, 10.0),
    _gelu_tanh_curvature,
    "The approximation x · (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 of GELU.",
    shown="gelu",
)


# --- SiLU and Mish ----------------------------------------------------------------------------------------------------
def _silu_opening(x: Any, sloped: bool) -> tuple[Any, Any]:
    """σ(x) and x · σ (1 - σ)."""
    opening = np.negative(x)
    np.exp(opening, out=opening)
    opening += 1
    np.divide(1, opening, out=opening)
    if not sloped:
        return opening, None
    bend = 1 - opening
    bend *= opening
    bend *= x
    return opening, bend


def _silu_curvature(x: Any) -> Any:
    opening = sigmoid(x)
    return opening * (1 - opening) * (2 + x * (1 - 2 * opening))


silu = _declare("silu", SelfGated(_silu_opening, -800.0, 40.0), _silu_curvature, "x · sigmoid(x).")


def _mish_opening(x: Any, sloped: bool) -> tuple[Any, Any]:
    """tanh(log(1 + e)) = n / (n + 2) for e = exp(x) and n = e (e + 2), and x · 4 e (1 + e) / (n + 2)²."""
    e = np.exp(x)
    n = e + 2
    n *= e
    inverse = n + 2
    np.divide(1, inverse, out=inverse)
    opening = n
    opening *= inverse
    if not sloped:
        return opening, None
    bend = e + 1
    bend *= inverse
    e *= inverse
    bend *= e
    bend *= 4
    bend *= x
    return opening, bend


def _mish_curvature(x: Any) -> Any:
    e = np.exp(x)
    inverse = 1 / (e * (e + 2) + 2)
    product = 4 * (e * inverse) * (1 + e)
    return product * inverse * (2 + x * (1 + e / (1 + e) - product))


mish = _declare("mish", SelfGated(_mish_opening, -800.0, 20.0), _mish_curvature, "x · tanh(log(1 + exp(x))).")
