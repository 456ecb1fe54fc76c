"""Arithmetic under PyTorch's names, as functions and methods, and what NumPy has beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_array, refuse_gradient
from ..core.declare import constant, primitive, register
from ..core.dispatch import NUMPY
from . import elementwise
from .elementwise import abs_, floor_divide, multiply, negative, pow_, remainder, sign
from .special.elementary import fmod, trunc

# --- arithmetic -------------------------------------------------------------------------------------------------------
absolute = register(np.fabs, method="absolute")(abs_)
sgn = register(method="sgn")(sign)
neg = register(method="neg")(negative)
mul = register(method="mul")(multiply)
true_divide = register(method="true_divide")(elementwise.divide)
NUMPY[np.float_power] = pow_


@register()
def add(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input`` + ``alpha`` · ``other``, elementwise, with broadcasting.

    Example:
        >>> add(Tensor([1.0, 2.0]), 10)
        Tensor([11., 12.])
    """
    return elementwise.add(input, other if type(alpha) is int and alpha == 1 else scaled(other, alpha, input))


@register()
def subtract(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input`` - ``alpha`` · ``other``, elementwise, with broadcasting.

    Example:
        >>> subtract(Tensor([1.0, 2.0]), Tensor([1.0, 1.0]), alpha=2)
        Tensor([-1.,  0.])
    """
    return elementwise.subtract(input, other if type(alpha) is int and alpha == 1 else scaled(other, alpha, input))


sub = register(method="sub")(subtract)


def scaled(other: Any, alpha: float, input: Any) -> Any:
    """``alpha`` · ``other``, in the precision of its sum with ``input``; among booleans alpha is one too.

    An alpha that is a Tensor gets its gradient.
    """
    mine, its = getattr(input, "dtype", None), getattr(other, "dtype", None)
    if mine is None or its is None:
        return other * alpha if isinstance(other, (int, float)) else multiply(other, alpha)
    if mine.kind == its.kind == "b":
        return multiply(other, bool(alpha))
    if mine.kind == "f" and its.kind != "f":
        other = other.astype(mine)
    elif mine.kind == "f" and its != mine and (input.ndim or not other.ndim):
        other = other.astype(np.result_type(mine, its))
    return multiply(other, alpha)


@register()
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """``input`` / ``other``, elementwise, with broadcasting.

    Args:
        input: array or Tensor of any shape.
        other: number, array or Tensor that broadcasts with it.
        rounding_mode: None for the quotient itself, "trunc" to round it towards 0, "floor" to round it down.

    Example:
        >>> div(Tensor([-7.0]), 2, rounding_mode="trunc")
        Tensor([-3.])
    """
    if rounding_mode is None:
        return elementwise.divide(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode != "trunc":
        raise ValueError(f"div: rounding_mode is None, 'trunc' or 'floor', got {rounding_mode!r}")
    if all(as_array(a).dtype.kind in "iub" for a in (input, other)):
        return floor_divide(input - fmod(input, other), other)  # exact, where a quotient of large integers is not
    return trunc(elementwise.divide(input, other))


divide = register(method="divide")(div)


def _divmod(x: Any, y: Any) -> tuple[Any, Any]:
    return floor_divide(x, y), remainder(x, y)


NUMPY[np.divmod] = _divmod


@register()
def lerp(input: Any, end: Any, weight: Any) -> Any:
    """``input`` + ``weight`` · (``end`` - ``input``): linear interpolation.

    Example:
        >>> lerp(Tensor([0.0]), Tensor([10.0]), 0.25)
        Tensor([2.5])
    """
    return elementwise.add(input, multiply(weight, elementwise.subtract(end, input)))


@primitive(name="addcmul", broadcasts=True)
def _addcmul(x: Any, y: Any, z: Any, *, value: Any) -> Any:
    return x + value * np.multiply(y, z, dtype=np.result_type(x, y, z))  # not rounded to a smaller type on the way


@primitive(name="addcdiv", broadcasts=True)
def _addcdiv(x: Any, y: Any, z: Any, *, value: Any) -> Any:
    return x + value * np.divide(y, z, dtype=np.result_type(x, y, z, 1.0))


_addcmul.rule(x=lambda g: g, y=lambda g, z, value: g * value * z, z=lambda g, y, value: g * value * y)
_addcdiv.rule(
    x=lambda g: g,
    y=lambda g, z, value: g * value / z,
    z=lambda g, y, z, value: -g * value * y / np.square(z),
)


@register()
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """``input`` + ``value`` · ``tensor1`` · ``tensor2``: a running mean of squares, for example.

    Example:
        >>> addcmul(Tensor([1.0]), Tensor([2.0]), Tensor([3.0]), value=0.5)
        Tensor([4.])
    """
    refuse_gradient("addcmul", value=value)
    return _addcmul(input, tensor1, tensor2, value=_scalar(value))


@register()
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """``input`` + ``value`` · ``tensor1`` / ``tensor2``: a step divided by its size, for example.

    Example:
        >>> addcdiv(Tensor([1.0]), Tensor([3.0]), Tensor([2.0]), value=-1)
        Tensor([-0.5])
    """
    refuse_gradient("addcdiv", value=value)
    return _addcdiv(input, tensor1, tensor2, value=_scalar(value))


def _scalar(value: Any) -> Any:
    """A Python number, whose type leaves that of arrays alone."""
    return value if isinstance(value, (bool, int, float)) else as_array(value).item()


# --- on integers and bits ---------------------------------------------------------------------------------------------
for _function in (
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.gcd, np.lcm, np.left_shift, np.right_shift,
):  # fmt: skip
    constant(_function)
