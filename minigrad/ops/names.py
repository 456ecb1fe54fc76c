"""PyTorch's names for arithmetic and comparisons, as functions and methods, and what else NumPy's door asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.dispatch import NUMPY
from ..core.primitive import constant, offer
from ..core.tensor import Tensor
from . import elementwise
from .elementwise import abs_, divide, floor_divide, multiply, negative, pow_, remainder, sign
from .special import fmod, trunc

# --- arithmetic -------------------------------------------------------------------------------------------------------
absolute = offer(np.fabs, method="absolute")(abs_)
sgn = offer(method="sgn")(sign)
neg = offer(method="neg")(negative)
mul = offer(method="mul")(multiply)
true_divide = offer(method="true_divide")(divide)
NUMPY[np.float_power] = pow_


@offer()
def add(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input`` + ``alpha`` · ``other``, elementwise, with broadcasting.

    Example:
        >>> add(Tensor([1.0, 2.0]), 10)
        Tensor([11., 12.])
    """
    return elementwise.add(input, other if alpha == 1 else multiply(other, alpha))


@offer()
def subtract(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``input`` - ``alpha`` · ``other``, elementwise, with broadcasting.

    Example:
        >>> subtract(Tensor([1.0, 2.0]), Tensor([1.0, 1.0]), alpha=2)
        Tensor([-1.,  0.])
    """
    return elementwise.subtract(input, other if alpha == 1 else multiply(other, alpha))


sub = offer(method="sub")(subtract)


@offer()
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
        return divide(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode != "trunc":
        raise ValueError(f"div: rounding_mode is None, 'trunc' or 'floor', got {rounding_mode!r}")
    if all(as_array(a).dtype.kind in "iub" for a in (input, other)):
        return floor_divide(input - fmod(input, other), other)  # exact, where a quotient of large integers is not
    return trunc(divide(input, other))


def _divmod(x: Any, y: Any) -> tuple[Any, Any]:
    return floor_divide(x, y), remainder(x, y)


NUMPY[np.divmod] = _divmod


@offer()
def lerp(input: Any, end: Any, weight: Any) -> Any:
    """``input`` + ``weight`` · (``end`` - ``input``): linear interpolation.

    Example:
        >>> lerp(Tensor([0.0]), Tensor([10.0]), 0.25)
        Tensor([2.5])
    """
    return elementwise.add(input, multiply(weight, elementwise.subtract(end, input)))


# --- comparisons and questions, without a derivative ------------------------------------------------------------------
def _question(function: Any, name: str, doc: str) -> Any:
    """A NumPy function of values, under PyTorch's name and as a method."""
    answer = constant(function)

    def ask(input: Any, *other: Any) -> Any:
        return answer(input, *other)

    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = doc
    return offer()(ask)


eq = _question(np.equal, "eq", "Whether ``input`` and ``other`` are equal, elementwise.")
ne = _question(np.not_equal, "ne", "Whether ``input`` and ``other`` differ, elementwise.")
lt = _question(np.less, "lt", "Whether ``input`` < ``other``, elementwise.")
le = _question(np.less_equal, "le", "Whether ``input`` ≤ ``other``, elementwise.")
gt = _question(np.greater, "gt", "Whether ``input`` > ``other``, elementwise.")
ge = _question(np.greater_equal, "ge", "Whether ``input`` ≥ ``other``, elementwise.")
greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
for _name, _function in (
    ("greater", gt), ("greater_equal", ge), ("less", lt), ("less_equal", le), ("not_equal", ne),
):  # fmt: skip
    offer(method=_name)(_function)
logical_and = _question(np.logical_and, "logical_and", "Whether both are true (not 0), elementwise.")
logical_or = _question(np.logical_or, "logical_or", "Whether at least one is true (not 0), elementwise.")
logical_xor = _question(np.logical_xor, "logical_xor", "Whether exactly one is true (not 0), elementwise.")
logical_not = _question(np.logical_not, "logical_not", "Whether the input is false (0), elementwise.")
isnan = _question(np.isnan, "isnan", "Whether each element is NaN.")
isfinite = _question(np.isfinite, "isfinite", "Whether each element is neither infinite nor NaN.")
isinf = _question(np.isinf, "isinf", "Whether each element is infinite, of either sign.")
isposinf = _question(np.isposinf, "isposinf", "Whether each element is plus infinity.")
isneginf = _question(np.isneginf, "isneginf", "Whether each element is minus infinity.")
signbit = _question(np.signbit, "signbit", "Whether the sign bit is set: of negative numbers, and of -0.")
constant(np.isreal)


@offer()
def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether ``input`` is at most atol + rtol · |other| away from ``other``, elementwise.

    Example:
        >>> isclose(Tensor([1.0, 1.1]), 1.0)
        Tensor([ True, False])
    """
    return np.isclose(input, other, rtol, atol, equal_nan)


@offer()
def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close in the sense of ``isclose``.

    Example:
        >>> allclose(Tensor([1.0, 2.0]), [1.0, 2.0])
        True
    """
    return bool(np.all(np.asarray(isclose(input, other, rtol, atol, equal_nan))))


@offer()
def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and the same elements: PyTorch's ``equal``; elementwise it is ``eq``.

    Example:
        >>> equal(Tensor([1.0, 2.0]), Tensor([1.0, 2.0]))
        True
    """
    a, b = as_array(input), as_array(other)
    return bool(a.shape == b.shape and np.all(np.equal(a, b)))


# --- on integers and bits ---------------------------------------------------------------------------------------------
for _function in (np.gcd, np.lcm, np.left_shift, np.right_shift):
    constant(_function)


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor.

    Example:
        >>> is_tensor([1.0]), is_tensor(Tensor([1.0]))
        (False, True)
    """
    return isinstance(obj, Tensor)
