"""Arrays from whatever a user hands over, and the dtype that Python numbers become."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .graph import Array

_default_dtype: Any = np.dtype(np.float32)


def set_default_dtype(dtype: Any) -> None:
    """Set the floating-point dtype that Python numbers and lists become."""
    global _default_dtype
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"the default dtype must be a floating-point type, got {np.dtype(dtype)}")
    _default_dtype = np.dtype(dtype)


def get_default_dtype() -> Any:
    """The floating-point dtype that Python numbers and lists become."""
    return _default_dtype


def is_array(x: Any) -> bool:
    """Whether ``x`` is an ndarray or another array type that takes part in NumPy's dispatch."""
    return isinstance(x, np.ndarray) or (hasattr(x, "__array_function__") and not hasattr(x, "_node"))


def as_array(data: Any, dtype: Any = None) -> Array:
    """The array of ``data``: arrays and Tensors keep their memory and dtype, Python floats become the default dtype."""
    if hasattr(data, "_node"):
        data = data._array
    elif isinstance(data, np.generic):
        data = np.asarray(data)
    elif not is_array(data):
        if callable(data):
            raise TypeError(f"numbers are needed, got {type(data).__name__}; if it is a layer, call it: layer(x)")
        data = _from_python(data)
    as_dtype(data.dtype)
    return data if dtype is None else data.astype(as_dtype(dtype), copy=False)


def as_dtype(dtype: Any) -> Any:
    """The NumPy dtype that is meant, if a Tensor can hold it."""
    try:
        dtype = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{dtype!r} is not a dtype; use one such as np.float32, np.int64 or bool") from None
    if dtype.kind not in "fiub":
        raise TypeError(f"a Tensor holds real numbers or booleans, not {dtype}")
    return dtype


def _from_python(data: Any) -> Array:
    first, level = data, [data]
    while isinstance(first, (list, tuple)) and first:
        first, level = first[0], first
    if any(getattr(item, "requires_grad", False) for item in level):
        raise TypeError(
            "a list of Tensors that require grad cannot become a new Tensor; use minigrad.stack(tensors), or, where no "
            "gradient shall flow, t.detach()"
        )
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError("nested lists must have rows of equal length; pad the shorter ones first") from None
    if array.dtype.kind == "f" and not hasattr(first, "dtype"):
        array = array.astype(_default_dtype)
    return array


_CASTS = {"float16": "half()", "float32": "float()", "float64": "double()"}  # the methods of Modules


def one_precision(name: str, input: Any, what: str = "input", **others: Any) -> None:
    """Refuse floating-point ``others`` of another dtype than ``input``, as PyTorch does.

    The wider of two would decide: a float64 batch makes everything behind a float32 layer float64, at twice the cost.

    Args:
        name: what computes, for the error; empty where a primitive's error names it anyway.
        input: array or Tensor.
        what: what the input is called.
        others: what meets it, by name, weights for example; None for what is left out.

    Raises:
        TypeError: naming both dtypes and both cures.

    Example:
        >>> one_precision("linear", np.zeros(2), weight=np.zeros(2, np.float32))
        Traceback (most recent call last):
        TypeError: linear: input is float64, but weight float32, and a layer computes in one precision; convert ...
    """
    dtype = input.dtype
    for other, array in others.items():
        if array is not None and array.dtype is not dtype:
            refuse_foreign((input, array))
            _refuse_mixed(name, what, dtype, other, array.dtype)


def refuse_foreign(values: Iterable[Any]) -> None:
    """Refuse Tensors of other libraries, whose graph an operation would not join: PyTorch's, most often.

    They are known by a dtype that is not NumPy's.
    """
    for value in values:
        if not isinstance(value, type) and not isinstance(getattr(value, "dtype", _default_dtype), np.dtype):
            kind = type(value)
            raise TypeError(
                f"a {kind.__module__.partition('.')[0]}.{kind.__qualname__} takes no part in operations of minigrad, "
                "whose gradients would not reach it; convert it first: minigrad.tensor(t), or, if it requires grad, "
                "minigrad.tensor(t.detach())"
            )


def _refuse_mixed(name: str, what: str, dtype: Any, other: str, meets: Any) -> None:
    if dtype == meets or dtype.kind != "f" or meets.kind != "f":
        return
    cast = _CASTS.get(dtype.name, f"to(np.{dtype.name})")
    raise TypeError(
        f"{name + ': ' if name else ''}{what} is {dtype}, but {other} {meets}, and a layer computes in one precision; "
        f"convert the data, {what}.astype(np.{meets}), or the model, model.{cast}"
    )


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, Tensor, number or nested list; ``np.shape`` without its detour for Tensors."""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def promoted(values: list[Any]) -> list[Any]:
    """The inputs of one operation, changed if needed such that only floating-point arrays decide its precision.

    As in PyTorch, integer and boolean arrays take the precision of the floats that they meet, and a NumPy float64
    *scalar* counts as a Python number: ``w / np.sqrt(n)`` leaves a float32 ``w`` float32.
    """
    refuse_foreign(values)
    whole = [
        i for i, v in enumerate(values) if type(v) is np.float64 or (hasattr(v, "dtype") and v.dtype.kind in "iub")
    ]
    if not whole:
        return values
    floats = [v.dtype for i, v in enumerate(values) if hasattr(v, "dtype") and i not in whole]
    if floats:
        target = np.result_type(*floats)
        values = [v.astype(target) if i in whole else v for i, v in enumerate(values)]
    return values


def settled(out: Array, values: list[Any]) -> Array:
    """The result of one operation: floats computed from integers alone have the default dtype."""
    as_dtype(out.dtype)
    if out.dtype.kind == "f" and not any(
        hasattr(v, "dtype") and v.dtype.kind == "f" and type(v) is not np.float64 for v in values
    ):
        return out.astype(_default_dtype)
    return out


def sum_along(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The sum of an array over ``axis``.

    Over the first or the last dimensions of a large array a matrix product with ones does it, several times faster than
    NumPy's own reduction. (Long last dimensions stay with NumPy, whose pairwise sum is more accurate there.)
    """
    if axis is not None and x.size >= 8192 and x.dtype.kind == "f":
        rank = x.ndim
        axes = sorted(a % rank for a in ((axis,) if isinstance(axis, int) else axis))
        k = len(axes)
        if 0 < k < rank and axes == list(range(k)):
            rest = x.shape[k:]
            rows = np.reshape(x, (-1, math.prod(rest)))
            total = np.matmul(np.ones_like(x, shape=rows.shape[:1]), rows)
            return np.reshape(total, (1,) * k + rest if keepdims else rest)
        if 0 < k < rank and axes == list(range(rank - k, rank)) and math.prod(x.shape[-k:]) <= 1024:
            rest = x.shape[:-k]
            rows = np.reshape(x, (math.prod(rest), -1))
            total = np.matmul(rows, np.ones_like(x, shape=rows.shape[1:]))
            return np.reshape(total, rest + (1,) * k if keepdims else rest)
    return x.sum(axis=axis, keepdims=keepdims)


def ordered_like(array: Any, like: Any) -> Any:
    """``array``, copied if its dimensions lie in memory in another order than those of ``like``, of the same rank.

    NumPy walks through both operands in one order, which is slow for one of them: the gradient of a pooling layer took
    691 µs where it came from a flattening layer, batch first, and 34 µs after a copy of 29 µs.
    """
    if type(array) is not np.ndarray or type(like) is not np.ndarray or array.strides == like.strides:
        return array
    rank = range(array.ndim)
    order = sorted(rank, key=like.strides.__getitem__, reverse=True)
    steps = [array.strides[d] for d in order if array.shape[d] > 1]
    if all(a >= b for a, b in zip(steps[:-1], steps[1:], strict=True)):
        return array
    home = sorted(rank, key=order.__getitem__)
    return np.ascontiguousarray(array.transpose(order)).transpose(home)
