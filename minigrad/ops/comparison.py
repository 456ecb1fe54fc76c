"""Comparisons and other questions about values; they have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_operands
from ..core.declare import constant, register
from ..core.tensor import Tensor, raw


def _question(function: Any, name: str, doc: str) -> Any:
    """A NumPy function of values, under PyTorch's name and as a method."""
    answer = constant(function)

    def of_one(input: Any) -> Any:
        return answer(input)

    def of_two(input: Any, other: Any) -> Any:
        return answer(input, other)

    ask = of_two if getattr(function, "nin", 1) == 2 else of_one
    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = doc
    return register()(ask)


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
    register(method=_name)(_function)

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


@register()
def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether ``input`` is at most atol + rtol · |other| away from ``other``, elementwise.

    Example:
        >>> isclose(Tensor([1.0, 1.1]), 1.0)
        Tensor([ True, False])
    """
    return np.isclose(input, other, rtol, atol, equal_nan)


@register()
def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close in the sense of ``isclose``.

    Example:
        >>> allclose(Tensor([1.0, 2.0]), [1.0, 2.0])
        True
    """
    return bool(np.all(np.asarray(isclose(input, other, rtol, atol, equal_nan))))


@register()
def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and the same elements: PyTorch's ``equal``; elementwise it is ``eq``.

    Example:
        >>> equal(Tensor([1.0, 2.0]), Tensor([1.0, 2.0]))
        True
    """
    a, b = map(raw, as_operands(input, other))
    return bool(a.shape == b.shape and np.all(np.equal(a, b)))


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor.

    Example:
        >>> is_tensor([1.0]), is_tensor(Tensor([1.0]))
        (False, True)
    """
    return isinstance(obj, Tensor)


for _function in (np.isclose, np.allclose, np.array_equal, np.isreal):
    constant(_function)
