"""GELU, SiLU and Mish: the input times a smooth step of the input.

All is computed some thousand numbers at a time, so that what lies between stays in the cache. Backward needs the step
again, and its slope. The step is the value divided by the input; both are kept, which seldom costs memory, since layers
behind and before keep them too. A derivative that was computed along with the value would be an array more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ....core.arrays import as_array, get_default_dtype, ordered_like
from ....core.primitive import Primitive
from ....core.tensor import raw
from ....ops.elementwise import sigmoid
from ....ops.special.errors import erfc

_BLOCK = 65536  # numbers at a time
_TINY = 1e-36  # squares below this are of numbers whose quotient may have no digits left
_DENSITY = 1 / math.sqrt(2 * math.pi)  # of the standard normal distribution at 0


class SelfGated(NamedTuple):
    """The function x · S(x), for an S that goes from 0 to 1."""

    opening: Callable[[Any, Any], Any]  # S(x), from x and x²; it may write into x², as the next
    bend: Callable[[Any, Any, Any], Any]  # x · S'(x), from x, x² and S(x)
    middle: float  # S(0)
    low: float  # below this the value is taken as that at ``low``, which is 0 within 1e-36
    high: float  # above this it is x; no further from 0 than ``low``


def floats(x: Any) -> Any:
    """The array of ``x``, integers converted to the default dtype."""
    x = as_array(x)
    return x if x.dtype.kind == "f" else x.astype(get_default_dtype())


# --- the value --------------------------------------------------------------------------------------------------------
def _evaluate(function: SelfGated, x: Any) -> Any:
    """The value of every element."""
    x = floats(x)
    if x.dtype.itemsize < 4:
        return _evaluate(function, x.astype(np.float32)).astype(x.dtype)
    out = np.empty_like(x)  # in the memory order of x
    with np.errstate(over="ignore"):  # exp(-x) = inf is the right thing to divide by
        for block in _blocks(x, out):
            _write_value(function, *block)
    return out


def _write_value(function: SelfGated, x: Any, out: Any) -> None:
    near, square = x, np.square(x)
    calm = type(x) is np.ndarray and square.max() < function.high**2
    if not calm:  # also for NaN
        near = np.clip(x, function.low, function.high)  # else -inf · 0
        square = np.square(near)
    np.multiply(near, function.opening(near, square), out=out)
    if not calm:
        np.copyto(out, x, where=np.greater(x, function.high))


# --- its derivative ---------------------------------------------------------------------------------------------------
def _pull(function: SelfGated, g: Any, x: Any, value: Any) -> Any:
    """``g`` times the derivative, of every element; ``value`` may be None."""
    if x.dtype.itemsize < 4:  # a rounded value would be a coarse S(x)
        return _pull(function, g.astype(np.float32), x.astype(np.float32), None).astype(x.dtype)
    if value is None:
        value = _evaluate(function, x)
    out = np.empty_like(x)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # 0 / 0 is replaced
        for block in _blocks(g, x, value, out):
            _write_pull(function, *block)
    return out


def _write_pull(function: SelfGated, g: Any, x: Any, value: Any, out: Any) -> None:
    near, square = x, np.square(x)
    calm = type(x) is np.ndarray and square.min() > _TINY and square.max() < function.high**2
    if not calm:
        near, value = np.clip(x, function.low, function.high), np.minimum(value, function.high)
        square = np.square(near)
    np.divide(value, near, out=out)
    if not calm:
        np.copyto(out, function.middle, where=np.less(square, _TINY))
    out += function.bend(near, square, out)
    out *= g


def _blocks(*arrays: Any) -> Iterator[list[Any]]:
    """Parts of arrays of one shape, so many numbers at a time, in the memory order of the last, which has no gaps."""
    last = arrays[-1]
    if type(last) is not np.ndarray:  # on a device
        yield list(arrays)
        return
    lines = [np.ravel(a if a.strides == last.strides else _laid_out(a, last), order="K") for a in arrays]
    for start in range(0, last.size, _BLOCK):
        yield [line[start : start + _BLOCK] for line in lines]


def _laid_out(array: Any, like: Any) -> Any:
    """An array with gaps, repeated, reversed or in another order as one that lies in memory as ``like``."""
    out = np.empty_like(like, dtype=array.dtype)
    np.copyto(out, ordered_like(array, like))
    return out


def _declare(
    name: str, function: SelfGated, curvature: Callable[[Any], Any], doc: str, shown: str | None = None
) -> Primitive:
    """The primitive of a function, and that of its rule, in which its second derivative is ``curvature``."""
    pull = Primitive(
        lambda g, x, *, value=None: _pull(function, g, x, value), name=f"{name}_pull", doc=f"The rule of {name}."
    )
    pull.rule(
        g=lambda h, x, value: pull(h, x, value=value),
        x=lambda h, g, x: h * g * curvature(np.clip(x, function.low, function.high)),
    )

    def forward(x: Any) -> Any:
        value = _evaluate(function, x)
        return value, value  # who writes into the first changes the second, which then is rebuilt

    op = Primitive(forward, name=name, shown=shown, residuals={"value": lambda x: raw(op(raw(x)))}, doc=doc)
    return op.rule(x=lambda g, x, value: pull(g, x, value=raw(value)))


# --- GELU -------------------------------------------------------------------------------------------------------------
# Single precision: Φ(x) = (1 + tanh(x · R(x²))) / 2, with the quotient of polynomials R of degrees 3 and 2 written as
# the continued fraction A·t + B + C / (t + D + E / (t + F)), which takes fewer steps. Fitted for this library; the
# error of Φ is 6e-8, half a unit in the last place of numbers near 1.
_SINGLE = (0.01813800022630796, 1.18331528286664, -2.6669050952587168, -23.59202921512095, 1382.4800636841492,
           45.31038875553022)  # fmt: skip


def _gelu_opening(x: Any, square: Any) -> Any:
    """Φ(x), the distribution function of the standard normal."""
    if x.dtype == np.float32:
        a, b, c, d, e, f = _SINGLE
        opening = square + f
        np.divide(e, opening, out=opening)
        opening += square
        opening += d
        np.divide(c, opening, out=opening)
        opening += b
        square *= a
        opening += square
        opening *= x
        np.tanh(opening, out=opening)
        opening *= 0.5
        opening += 0.5
    else:
        opening = erfc(x * -math.sqrt(0.5))
        opening *= 0.5
    return opening


def _gelu_bend(x: Any, square: Any, opening: Any) -> Any:
    """Return x · S'(x), with the density of the standard normal for S'."""
    square *= -0.5
    density = np.exp(square, out=square)
    density *= _DENSITY
    density *= x
    return density


gelu = _declare(
    "gelu",
    SelfGated(_gelu_opening, _gelu_bend, 0.5, -40.0, 40.0),
    lambda x: _DENSITY * np.exp(-0.5 * np.square(x)) * (2 - np.square(x)),
    "x · Φ(x), for the distribution function Φ of the standard normal.",
)

# The approximation by tanh: u(x) = √(2/π) (x + 0.044715 x³).
_LINEAR = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR


def _fading(x: Any, square: Any) -> Any:
    """exp(-2 u)."""
    fading = -2 * _CUBIC * square
    fading -= 2 * _LINEAR
    fading *= x
    return np.exp(fading, out=fading)


def _gelu_tanh_opening(x: Any, square: Any) -> Any:
    """S(x) = (1 + tanh u) / 2."""
    opening = _fading(x, square)
    opening += 1
    return np.divide(1, opening, out=opening)


def _gelu_tanh_bend(x: Any, square: Any, opening: Any) -> Any:
    """Return x · S' = 2 x S (1 - S) u'."""
    closing = _fading(x, square)
    closing *= opening  # 1 - S, without cancellation
    square *= 6 * _CUBIC
    square += 2 * _LINEAR
    square *= x
    square *= opening
    square *= closing
    return square


def _gelu_tanh_curvature(x: Any) -> Any:
    steepness = _LINEAR + 3 * _CUBIC * np.square(x)  # u'
    twice = 2 * x * (_LINEAR + _CUBIC * np.square(x))  # 2 u, for (1 + tanh u) / 2 is a sigmoid
    bell = sigmoid(twice) * sigmoid(-twice)
    return 2 * bell * (2 * steepness + x * (6 * _CUBIC * x - 2 * np.tanh(0.5 * twice) * np.square(steepness)))


gelu_tanh = _declare(
    "gelu_tanh",
    SelfGated(_gelu_tanh_opening, _gelu_tanh_bend, 0.5, -10.0, 10.0),
    _gelu_tanh_curvature,
    "The approximation x · (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 of GELU.",
    shown="gelu",
)


# --- SiLU and Mish ----------------------------------------------------------------------------------------------------
def _silu_opening(x: Any, square: Any) -> Any:
    """σ(x)."""
    opening = np.negative(x)
    np.exp(opening, out=opening)
    opening += 1
    return np.divide(1, opening, out=opening)


def _silu_bend(x: Any, square: Any, opening: Any) -> Any:
    """Return x · S' = x σ (1 - σ)."""
    bend = 1 - opening
    bend *= opening
    bend *= x
    return bend


def _silu_curvature(x: Any) -> Any:
    opening = sigmoid(x)
    return opening * (1 - opening) * (2 + x * (1 - 2 * opening))


silu = _declare("silu", SelfGated(_silu_opening, _silu_bend, 0.5, -800.0, 40.0), _silu_curvature, "x · sigmoid(x).")


def _mish_opening(x: Any, square: Any) -> Any:
    """tanh(log(1 + e)) = n / (n + 2) for e = exp(x) and n = e (e + 2)."""
    e = np.exp(x)
    opening = e + 2
    opening *= e
    opening /= opening + 2
    return opening


def _mish_bend(x: Any, square: Any, opening: Any) -> Any:
    """Return x · S' = x · 4 e (1 + e) / (n + 2)²."""
    e = np.exp(x)
    inverse = e + 2
    inverse *= e
    inverse += 2
    np.divide(1, inverse, out=inverse)
    bend = e + 1
    bend *= inverse
    e *= inverse
    bend *= e
    bend *= 4
    bend *= x
    return bend


def _mish_curvature(x: Any) -> Any:
    e = np.exp(x)
    inverse = 1 / (e * (e + 2) + 2)
    product = 4 * (e * inverse) * (1 + e)
    return product * inverse * (2 + x * (1 + e / (1 + e) - product))


mish = _declare(
    "mish",
    SelfGated(_mish_opening, _mish_bend, 0.6, -800.0, 20.0),
    _mish_curvature,
    "x · tanh(log(1 + exp(x))).",
)
