"""What families share: parameters of one shape and dtype, lazy properties, probabilities and logits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

from ..core.arrays import as_array, get_default_dtype, refuse_foreign, shape_of
from ..core.modes import enable_grad
from ..core.tensor import Tensor
from ..nn.kernels.softmax import softmax
from ..ops.convert import astype
from ..ops.elementwise import clamp, log, sigmoid
from ..ops.reduce.sums import sum_
from ..ops.shape.expand import broadcast_to
from ..ops.shape.reshape import reshape
from ..ops.special.elementary import log1p

__all__ = [
    "broadcast_all",
    "broadcast_parameters",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "sizes_from",
    "sum_rightmost",
    "tensors_of_one_dtype",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

EULER = 0.57721566490153286061  # the Euler-Mascheroni constant


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Numbers, lists, arrays and Tensors as Tensors of one shape and one floating-point dtype.

    The dtype is that of the floating-point Tensors and arrays among them, those with dimensions before single numbers;
    without any it is the default dtype. Numbers alone have the shape ().

    Raises:
        ValueError: where the shapes do not broadcast.

    Example:
        >>> [t.shape for t in broadcast_all(0.0, Tensor([1.0, 2.0]))]
        [(2,), (2,)]
    """
    return broadcast_parameters("broadcast_all", **{f"value{i}": value for i, value in enumerate(values)})


def broadcast_parameters(name: str, **parameters: Any) -> tuple[Any, ...]:
    """As ``broadcast_all``, naming the distribution and its parameters in errors."""
    tensors = tensors_of_one_dtype(name, **parameters)
    shapes = [tensor.shape for tensor in tensors]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        each = " and ".join(f"{parameter} of {s}" for parameter, s in zip(parameters, shapes, strict=True))
        raise ValueError(
            f"{name}: parameters broadcast to one shape, and {each} do not; sizes must be equal or 1, counted from the "
            "right"
        ) from None
    return tuple(tensor if tensor.shape == shape else broadcast_to(tensor, shape) for tensor in tensors)


def tensors_of_one_dtype(name: str, **parameters: Any) -> list[Any]:
    """Numbers, lists, arrays and Tensors as Tensors of one floating-point dtype, each with its own shape."""
    values = list(parameters.values())
    refuse_foreign(values)
    arrays = [v for v in values if hasattr(v, "dtype") and not isinstance(v, np.generic) and v.dtype.kind == "f"]
    deciding = [v.dtype for v in arrays if v.ndim] or [v.dtype for v in arrays]
    dtype = np.result_type(*deciding) if deciding else get_default_dtype()
    return [_as_parameter(name, parameter, value, dtype) for parameter, value in parameters.items()]


def _as_parameter(name: str, parameter: str, value: Any, dtype: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value if value.dtype == dtype else astype(value, dtype)
    try:
        return Tensor(as_array(value), dtype=dtype) if hasattr(value, "dtype") else Tensor(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: parameter {parameter}: {error}") from None


def sizes_from(sizes: Any, name: str = "sample_shape") -> tuple[int, ...]:
    """A shape from an integer or a sequence of them.

    Raises:
        TypeError: for anything else.
        ValueError: for a negative size.
    """
    try:
        shape = tuple(int(n.__index__()) for n in ((sizes,) if hasattr(sizes, "__index__") else sizes))
    except (AttributeError, TypeError):
        raise TypeError(f"{name} is an integer or a tuple of them, such as (3,), got {sizes!r}") from None
    if any(n < 0 for n in shape):
        raise ValueError(f"{name} holds sizes, which are at least 0, got {shape}")
    return shape


class lazy_property:  # noqa: N801 - PyTorch's name, used like property
    """A property that is computed when first asked for, with its graph, and then is an ordinary attribute."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def sum_rightmost(value: Any, dim: int) -> Any:
    """The sum over so many of the last dimensions."""
    if dim == 0:
        return value
    shape = shape_of(value)
    kept = shape[: len(shape) - dim]
    return sum_(reshape(value, (*kept, math.prod(shape[len(kept) :]))), -1)


# --- probabilities and logits -----------------------------------------------------------------------------------------
def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """The probabilities of log-odds, or of unnormalised log-probabilities along the last dimension.

    Example:
        >>> logits_to_probs(Tensor([0.0, 0.0]))
        Tensor([0.5, 0.5])
    """
    return sigmoid(logits) if is_binary else softmax(logits, -1)


def clamp_probs(probs: Any) -> Any:
    """Probabilities, those next to 0 and 1 moved in by the rounding step of their dtype.

    Example:
        >>> clamp_probs(Tensor([0.5, 1.0])) < 1
        Tensor([ True,  True])
    """
    step = float(np.finfo(probs.dtype).eps)
    return clamp(probs, min=step, max=1 - step)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """The log-odds of probabilities, or their logarithms, finite also at 0 and 1.

    Example:
        >>> probs_to_logits(Tensor([0.5]), is_binary=True)
        Tensor([0.])
    """
    inside = clamp_probs(probs)
    return log(inside) - log1p(-inside) if is_binary else log(inside)
