"""Elementwise functions: most are a NumPy ufunc and one rule per input. Ties and kinks follow PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import held
from ..core.declare import add_method, primitive, register, ufunc
from ..core.dispatch import NUMPY
from ..core.primitive import Primitive
from ..core.tensor import Tensor, raw

# --- arithmetic -------------------------------------------------------------------------------------------------------
add = ufunc(np.add, "x + y.", registered=False, x=lambda g: g, y=lambda g: g)
subtract = ufunc(np.subtract, "x - y.", registered=False, x=lambda g: g, y=lambda g: -g)
multiply = ufunc(np.multiply, "x * y.", x=lambda g, y: g * y, y=lambda g, x: g * x)
divide = ufunc(
    np.divide,
    "x / y, also for integers.",
    registered=False,
    x=lambda g, y: g / y,
    y=lambda g, out, y: -g * out / y,
)
negative = ufunc(np.negative, "-x.", x=lambda g: -g)
square = ufunc(np.square, "x * x.", x=lambda g, x: g * (2 * x))
sqrt = ufunc(np.sqrt, "The square root; its derivative at 0 is infinite.", x=lambda g, out: g / (2 * out))


def division(function: Any, doc: str, **rules: Any) -> Primitive:
    """Declare one of NumPy's divisions with a whole quotient; of integers by 0 NumPy would give 0."""

    def divided(x: Any, y: Any) -> Any:
        if _is_whole(x) and _is_whole(y) and not np.all(y) and np.size(x):
            raise ZeroDivisionError(
                f"{function.__name__} of integers by 0 has no value; convert one to float for inf and nan, or put "
                "another divisor there: where(y == 0, 1, y)"
            )
        return function(x, y)

    cure = "shapes must be equal or 1 along every dimension, counted from the right"
    op = Primitive(divided, name=function.__name__, broadcasts=True, doc=doc, cure=cure)
    return register(function)(op.rule(**rules))


def _is_whole(x: Any) -> bool:
    return getattr(x.dtype, "kind", "f") != "f" if hasattr(x, "dtype") else isinstance(x, int)


floor_divide = division(
    np.floor_divide,
    "The floor of x / y; its derivative is 0 wherever it has one.",
    x=lambda g: np.zeros_like(g),
    y=lambda g: np.zeros_like(g),
)
remainder = division(
    np.remainder,
    "What is left of x after division by y, with the sign of y.",
    x=lambda g: g,
    y=lambda g, x, y: -g * np.floor_divide(x, y),
)


def _power_x(g: Any, x: Any, y: Any) -> Any:
    if isinstance(y, (int, float)):
        return g * 0 if y == 0 else g * (y * pow_(x, y - 1))
    both_zero = np.logical_and(np.equal(x, 0), np.equal(y, 0))  # x^0 is 1 for every x: no slope, but 0 * 0^-1 is nan
    return g * (y * pow_(x, np.where(both_zero, 0, y - 1)))


def _power_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    if isinstance(x, (int, float)):
        if x == 0:
            return g * np.where(np.greater_equal(y, 0), np.zeros_like(out), -out)
        return g * out * (math.log(x) if x > 0 else math.nan)
    flat = np.logical_and(np.equal(x, 0), np.greater_equal(y, 0))  # 0^y does not move with y; log 0 would say nan
    return g * out * np.log(np.where(flat, np.ones_like(out), x))


power = ufunc(
    np.power,
    "x to the power y; a negative x has a real value at integer y only, and no derivative by y.",
    registered=False,
    x=_power_x,
    y=_power_y,
)


@register(np.power)
def pow_(input: Any, exponent: Any) -> Any:
    """``input`` to the power ``exponent``, elementwise, with broadcasting.

    The derivatives of x² and x⁰ at 0 are 0; that by the exponent is NaN where ``input`` is negative.

    Example:
        >>> x = Tensor([0.0, 3.0], requires_grad=True)
        >>> (x**2).sum().backward()
        >>> x.grad
        Tensor([0., 6.])
    """
    kind = type(exponent)
    if kind is int or kind is float:  # NumPy's ufunc has no short cut for the powers that matter most
        if exponent == 2 and (kind is int or _is_floating(input)):
            return square(input)
        if exponent == 0.5:
            return sqrt(input)
    return power(input, exponent)


def _is_floating(x: Any) -> bool:
    return hasattr(x, "dtype") and x.dtype.kind == "f"


NUMPY[np.add], NUMPY[np.subtract], NUMPY[np.divide] = add, subtract, divide
add_method("power", power)


# --- functions of one array -------------------------------------------------------------------------------------------
exp = ufunc(np.exp, "e to the power x.", x=lambda g, out: g * out)
log = ufunc(np.log, "The natural logarithm.", x=lambda g, x: g / x)
tanh = ufunc(np.tanh, "The hyperbolic tangent, in (-1, 1).", x=lambda g, out: g * (1 - out * out))
abs_ = ufunc(np.absolute, "The absolute value; its derivative at 0 is taken as 0.", x=lambda g, x: g * np.sign(x))
sign = ufunc(np.sign, "-1, 0 or 1; its derivative is 0 wherever it has one.", x=lambda g: np.zeros_like(g))


@register()
@primitive()
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), in (0, 1), for any x without a warning.

    Example:
        >>> sigmoid(Tensor([-1000.0, 0.0, 1000.0]))
        Tensor([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore"):  # exp(-x) = inf is the right thing to divide by
        return 1 / (1 + np.exp(0.0 - x))  # 0 - x of unsigned integers would wrap around


sigmoid.rule(x=lambda g, out: g * (out * (1 - out)))


# --- choosing ---------------------------------------------------------------------------------------------------------
maximum = ufunc(
    np.maximum,
    "The larger of x and y; where they are equal, each gets half of the gradient, and beside NaN each all of it.",
    x=lambda g, x, y: g * np.logical_not(np.less(x, y)) - 0.5 * g * np.equal(x, y),
    y=lambda g, x, y: g * np.logical_not(np.less(y, x)) - 0.5 * g * np.equal(x, y),
)
minimum = ufunc(
    np.minimum,
    "The smaller of x and y; where they are equal, each gets half of the gradient, and beside NaN each all of it.",
    x=lambda g, x, y: g * np.logical_not(np.greater(x, y)) - 0.5 * g * np.equal(x, y),
    y=lambda g, x, y: g * np.logical_not(np.greater(y, x)) - 0.5 * g * np.equal(x, y),
)


@primitive(name="where", broadcasts=True, cure="the condition and both choices must broadcast to one shape")
def _select(x: Any, y: Any, *, condition: Any) -> Any:
    """``x`` where the condition holds, else ``y``."""
    return np.where(condition, x, y)


_select.rule(
    x=lambda g, condition: np.where(condition, g, 0),
    y=lambda g, condition: np.where(condition, 0, g),
)


def where(condition: Any, input: Any, other: Any) -> Any:
    """``input`` where ``condition`` holds, else ``other``; the three broadcast.

    The gradient of the branch that was not chosen is 0, but a non-finite *derivative* further down that branch still
    gives NaN (0 · inf). Make the branch safe before the function: ``where(x > 0, log(where(x > 0, x, 1)), 0)``.

    Example:
        >>> where([True, False], Tensor([1.0, 2.0]), 0.0)
        Tensor([1., 0.])
    """
    if isinstance(condition, Tensor) and not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input = Tensor(input)  # a Tensor is chosen by a Tensor, also between plain numbers
    if not isinstance(condition, Tensor) and hasattr(condition, "copy"):
        condition = condition.copy()  # the caller may write into it before backward reads it
    if (type(other) is int and other) or (type(input) is int and input):
        _refuse_wrapping(input, other)
    return _select(input, other, condition=raw(condition))


def _refuse_wrapping(input: Any, other: Any) -> None:
    """An integer beside small integers must be one of them; NumPy's own ``where`` would wrap it around."""
    for number, choice in ((input, other), (other, input)):
        if type(number) is int and hasattr(choice, "dtype") and choice.dtype.kind in "iu":
            held(number, choice.dtype)


NUMPY[np.positive] = lambda x: x


@primitive(broadcasts=True, cure="the bounds must broadcast with the input")
def clip(x: Any, low: Any, high: Any) -> Any:
    """``x`` limited to [low, high]; a bound of None is no bound."""
    return np.clip(x, low, high)


def _inside(x: Any, low: Any, high: Any) -> Any:
    inside = np.ones_like(x, dtype=bool) if low is None else np.greater_equal(x, low)
    return inside if high is None else np.logical_and(inside, np.less_equal(x, high))


def _below(x: Any, low: Any, high: Any) -> Any:  # where a low bound above the high one never shows
    return np.less(x, low) if high is None else np.logical_and(np.less(x, low), np.less(low, high))


clip.rule(
    x=lambda g, x, low, high: g * _inside(x, low, high),
    low=lambda g, x, low, high: g * _below(x, low, high),
    high=lambda g, x, low, high: g * np.greater(x if low is None else np.maximum(x, low), high),
)


@register()
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002 - PyTorch's names
    """``input`` limited to [min, max]; the derivative at the bounds is 1.

    Args:
        input: array or Tensor of any shape.
        min: number, array or Tensor that broadcasts with it, or None.
        max: likewise; where ``min`` is above ``max``, ``max`` wins.

    Example:
        >>> clamp(Tensor([-2.0, 0.5, 2.0]), -1, 1)
        Tensor([-1. ,  0.5,  1. ])
    """
    if min is None and max is None:
        raise ValueError("clamp needs at least one of min and max, such as clamp(x, min=0)")
    return clip(input, min, max)


@register()
def clamp_min(input: Any, min: Any) -> Any:  # noqa: A002 - PyTorch's name
    """``clamp`` with a lower bound alone."""
    return clamp(input, min=min)


@register()
def clamp_max(input: Any, max: Any) -> Any:  # noqa: A002 - PyTorch's name
    """``clamp`` with an upper bound alone."""
    return clamp(input, max=max)


@register()
def clip_(input: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002 - PyTorch's names
    """Another name for ``clamp``."""
    return clamp(input, min, max)


def _numpy_clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:  # noqa: A002
    return clamp(a, a_min if min is None else min, a_max if max is None else max)


NUMPY[np.clip] = _numpy_clip


# --- division by what may be 0 ----------------------------------------------------------------------------------------
def times(input: Any, factor: Any) -> Any:
    """``input`` · ``factor`` without the work where the factor is the number 1; that of a Tensor gets its gradient."""
    return input if type(factor) in (int, float) and factor == 1 else multiply(input, factor)


def unless_zero(x: Any) -> Any:
    """``x`` with 1 in place of 0, to divide by where the numerator is 0 as well."""
    return np.where(np.equal(x, 0), 1, x)


def zero_or_quotient(g: Any, out: Any) -> Any:
    """The quotient g / out, and 0 where ``out`` is 0: what a kink at 0 passes on, to every order."""
    return np.where(np.equal(out, 0), 0, g / unless_zero(out))
