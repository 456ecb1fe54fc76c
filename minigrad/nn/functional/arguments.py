"""Checks and conversions of arguments that functions share: one wording of each error."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ...core.arrays import is_half, refuse_gradient, shape_of
from ...core.tensor import Tensor, to_tensor

F = TypeVar("F", bound=Callable[..., Tensor])


# --- numbers ----------------------------------------------------------------------------------------------------------
def numbers(function: str, **values: Any) -> tuple[float, ...]:
    """The values as Python floats: a ``np.float64`` among them would make a float32 result float64.

    Raises:
        TypeError: for what is no single number.

    Example:
        >>> numbers("elu", alpha=np.float64(0.5))
        (0.5,)
        >>> numbers("elu", alpha="0.5")
        Traceback (most recent call last):
        TypeError: elu: alpha must be a number, got '0.5'
    """
    return tuple(value if type(value) is float else _number(function, name, value) for name, value in values.items())


def _number(function: str, name: str, value: Any) -> float:
    refuse_gradient(function, **{name: value})
    if not isinstance(value, str) and shape_of(value) == ():
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    raise TypeError(f"{function}: {name} must be a number, got {value!r}")


def at_least_zero(function: str, name: str, value: Any) -> float:
    """The value as a Python float, if it is neither negative nor NaN.

    Raises:
        ValueError: if it is.
    """
    checked = value if type(value) is float else _number(function, name, value)
    if not checked >= 0:
        raise ValueError(f"{function}: {name} must be at least 0, got {value}")
    return checked


def probability(function: str, p: Any) -> float:
    """The probability of dropping a value, as a Python float.

    Raises:
        ValueError: outside [0, 1].
    """
    checked = p if type(p) is float else _number(function, "p", p)
    if not 0 <= checked <= 1:
        raise ValueError(f"{function}: p, the probability of dropping a value, must be between 0 and 1, got {p}")
    return checked


# --- arrays -----------------------------------------------------------------------------------------------------------
def floating(function: str, value: Any, what: str = "input", cure: str = "", copy: bool = True) -> Tensor:
    """The value as a Tensor of floating-point numbers.

    Args:
        function: who asks, for the error.
        value: a Tensor, an array or numbers.
        what: what the value is called.
        cure: what to do about another type; by default, to convert it.
        copy: whether what is no Tensor yet gets memory of its own.

    Raises:
        TypeError: for integers and truth values.
    """
    tensor = value if isinstance(value, Tensor) else to_tensor(value, copy)
    if tensor.dtype.kind != "f":
        require_floating(function, tensor, what, cure)
    return tensor


def require_floating(function: str, array: Any, what: str = "input", cure: str = "") -> None:
    """Refuse an array or a Tensor of integers or truth values."""
    if array.dtype.kind != "f":
        cure = cure or f"use {what}.astype(np.float32)"
        raise TypeError(f"{function}: the {what} must be floating-point, got {array.dtype}; {cure}")


def computed_in_single_precision(function: F) -> F:
    """Compute float16 inputs in float32, as PyTorch does: the squares of a few numbers add up to more than 65504.

    The learned parts may be float16, too, or float32.
    """
    learned = {i for i, name in enumerate(inspect.signature(function).parameters) if name in ("weight", "bias")}

    @functools.wraps(function)
    def computing(input: Any, *args: Any, **kwargs: Any) -> Tensor:
        if is_half(input):
            args = tuple(_single(value) if i in learned else value for i, value in enumerate(args, 1))
            kwargs = {name: _single(value) if name in ("weight", "bias") else value for name, value in kwargs.items()}
            return function(_single(input), *args, **kwargs).astype(np.float16)
        return function(input, *args, **kwargs)

    return computing  # type: ignore[return-value]


def _single(value: Any) -> Any:
    return value.astype(np.float32) if is_half(value) else value


def tensors(*parts: Any) -> list[Any]:
    """Arrays as Tensors of their own, since primitives would copy them at every call anyway; None stays."""
    return [part if part is None or isinstance(part, Tensor) else Tensor(part) for part in parts]
