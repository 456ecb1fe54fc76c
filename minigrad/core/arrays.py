"""Arrays from whatever a user hands over, and the dtype that Python numbers become."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .graph import Array

_default_dtype: Any = np.dtype(np.float32)
HALF = np.dtype(np.float16)
_MODEST = float(np.finfo(HALF).max)  # every floating-point type holds numbers up to here
_PYTHON = {bool, int, float}  # numbers without a dtype of their own


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
    """The array of ``data``, which keeps its memory and its dtype; Python floats become the default dtype.

    With a ``dtype``, numbers are converted straight to it: 0.1 in double precision has all of its digits.

    Raises:
        TypeError: for what is neither a number nor made of numbers, and for dtypes that a Tensor cannot hold.
        ValueError: for nested lists of unequal length, and for numbers that the dtype cannot hold.
    """
    if type(data) is float and dtype is None:
        return np.array(data, _default_dtype)
    dtype = dtype if dtype is None else as_dtype(dtype)
    if hasattr(data, "_node"):
        data = data._array
    elif isinstance(data, np.generic):
        data = np.asarray(data) if dtype is None else held(data, dtype)
    elif not is_array(data):
        if callable(data):
            raise TypeError(f"numbers are needed, got {type(data).__name__}; if it is a layer, call it: layer(x)")
        data = _from_python(data, dtype)
    as_dtype(data.dtype)
    return data if dtype is None else data.astype(dtype, copy=False)


def as_dtype(dtype: Any) -> Any:
    """The NumPy dtype that is meant, if a Tensor can hold it."""
    try:
        dtype = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{dtype!r} is not a dtype; use one such as np.float32, np.int64 or bool") from None
    if dtype.kind not in "fiub":
        raise TypeError(f"a Tensor holds real numbers or booleans, not {dtype}")
    if dtype.itemsize > 8:
        raise TypeError(f"a Tensor holds at most double precision, not {dtype}; convert it: array.astype(np.float64)")
    return dtype


def held(number: Any, dtype: Any) -> Array:
    """A number as an array of ``dtype``.

    Raises:
        ValueError: if it is out of range, where NumPy would wrap it around or make it infinite.
    """
    number = number.item() if isinstance(number, np.generic) else number
    if dtype.kind == "f" and not -_MODEST <= number <= _MODEST and float(np.finfo(dtype).max) < abs(number) < math.inf:
        raise _too_large(number, dtype)
    try:
        return np.asarray(number, dtype)
    except (OverflowError, ValueError):  # of Python, also for a NaN or an infinity among integers
        raise _too_large(number, dtype) from None


def listed(numbers: Any, others: Any) -> Array:
    """A list that meets arrays and Tensors in an operation: like a Python number's, its floats take their precision."""
    array = as_array(numbers)
    if hasattr(numbers, "dtype"):
        return array
    floats = [other.dtype for other in others if hasattr(other, "dtype") and other.dtype.kind == "f"]
    return as_array(numbers, np.result_type(*floats)) if floats and array.dtype.kind == "f" else array


def as_operands(*values: Any) -> list[Any]:
    """What meets in one operation, as Tensors and arrays; floats in lists take the precision of the others."""
    return [value if hasattr(value, "_node") else listed(value, values) for value in values]


def _from_python(data: Any, dtype: Any) -> Array:
    """The array of numbers, nested lists and foreign array-likes, such as a data frame, which know their dtype."""
    first, level = data, [data]
    while isinstance(first, (list, tuple)) and first:
        first, level = first[0], first
    foreign = [] if set(map(type, level)) <= _PYTHON else [item for item in level if _has_dtype(item)]
    if any(getattr(item, "requires_grad", False) for item in foreign):
        raise TypeError(
            "a list of Tensors that require grad cannot become a new Tensor; use minigrad.stack(tensors), or, where no "
            "gradient shall flow, t.detach()"
        )
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError("nested lists must have rows of equal length; pad the shorter ones first") from None
    if array.dtype.kind == "O" or (array.dtype == np.uint64 and dtype is None and not foreign):
        array = _from_large(array, dtype)
    if dtype is None:
        return array.astype(_default_dtype) if array.dtype.kind == "f" and not foreign else array
    return array if dtype.kind not in "iu" or array.dtype == dtype else _as_integers(data, array, dtype)


def _has_dtype(item: Any) -> bool:
    """Whether an object says of which type its numbers are: an array of any kind, a data frame, a buffer."""
    if hasattr(item, "dtype") or hasattr(item, "__array__"):
        return True
    try:
        memoryview(item)
    except TypeError:
        return False
    return True


def _from_large(array: Array, dtype: Any) -> Array:
    """Python integers beyond 64 bits, which only floats can hold; anything else that is no number is refused."""
    numbers = array.reshape(-1).tolist()
    if wrong := [number for number in numbers if not isinstance(number, (int, float))]:
        raise TypeError(f"a Tensor holds real numbers or booleans, not {type(wrong[0]).__name__}")
    if dtype is None or dtype.kind != "f":
        raise _too_large(max(numbers, key=abs), np.dtype(np.int64) if dtype is None else dtype)
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise _too_large(max(numbers, key=abs), dtype) from None


def _as_integers(data: Any, array: Array, dtype: Any) -> Array:
    """``data`` as integers, each from the number that was given: a float between may have rounded it."""
    limits = np.iinfo(dtype)
    if array.dtype.kind in "fiu" and array.size:
        wrong = np.logical_not(np.logical_and(np.trunc(array) >= limits.min, np.trunc(array) <= limits.max))
        if wrong.any():
            raise _too_large(array[wrong][0].item(), dtype)
    return np.asarray(data, dtype) if array.dtype.kind == "f" else array.astype(dtype)


def _too_large(number: Any, dtype: Any) -> ValueError:
    limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    wider = "int64" if dtype.itemsize < 8 and isinstance(number, int) and dtype.kind != "f" else "float64"
    shown = str(number) if len(str(number)) < 30 else f"{str(number)[:20]}... of {len(str(number))} digits"
    return ValueError(
        f"{shown} does not fit into {dtype}, whose numbers lie between {limits.min} and {limits.max}; "
        f"use a larger dtype{f', such as np.{wider}' if dtype.itemsize < 8 or dtype.kind != 'f' else ''}"
    )


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


def refuse_gradient(function: str, **numbers: Any) -> None:
    """Refuse Tensors that require grad in place of numbers, which no gradient reaches: it would be lost in silence."""
    for name, value in numbers.items():
        if getattr(value, "requires_grad", False):
            raise TypeError(
                f"{function}: {name} is a Tensor that requires grad, and no gradient would reach it; use {name}.item() "
                "for its value, or compute with it, as minigrad.zeros(n) + t does for minigrad.full(n, t)"
            )


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, Tensor, number or nested list; ``np.shape`` without its detour for Tensors."""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def promoted(values: list[Any], out: Any) -> list[Any]:
    """The inputs of one operation, changed if needed such that floating-point arrays alone decide its precision.

    As in PyTorch, integer and boolean arrays take the precision of the floats that they meet; single numbers, 0-d,
    that of arrays with dimensions; and a NumPy float64 *scalar* counts as a Python number: ``w / np.sqrt(n)`` leaves a
    float32 ``w`` float32. Where integers alone become fractions, they are converted to the default dtype first: NumPy
    itself would compute functions of 8 bits in half precision.

    Args:
        values: the inputs; arrays and numbers.
        out: the dtype that NumPy gave to the result.
    """
    refuse_foreign(values)
    if out.kind not in "biuf":  # which no Tensor holds
        return values
    arrays = [v for v in values if hasattr(v, "dtype") and type(v) is not np.float64]
    floats = [v for v in arrays if v.dtype.kind == "f"]
    deciding = [v.dtype for v in floats if v.ndim] or [v.dtype for v in floats]
    if deciding:
        target = np.result_type(*deciding)
    elif out.kind == "f":
        target = _default_dtype
    elif out == np.int8 and all(v.dtype.kind == "b" for v in arrays):
        target = np.dtype(np.int64)  # what truth values count in
    else:
        return values
    changed = [
        hasattr(v, "dtype") and v.dtype != target and (v.dtype not in deciding or type(v) is np.float64) for v in values
    ]
    return [v.astype(target) if c else v for v, c in zip(values, changed, strict=True)] if any(changed) else values


def settled(out: Array, values: list[Any]) -> Array:
    """The result of one operation, if a Tensor holds its dtype; counts and sums are signed, as in PyTorch."""
    as_dtype(out.dtype)
    if out.dtype == np.uint64 and not any(getattr(v, "dtype", None) == np.uint64 for v in values):
        return out.astype(np.int64)
    return out


def is_half(x: Any) -> bool:
    """Whether ``x`` is an array of half precision, which adds up badly."""
    return getattr(x, "dtype", None) is HALF


def in_single(reduction: Callable[..., Any], x: Any, **static: Any) -> Any:
    """What ``reduction`` gives for half precision: computed in single, and rounded once, at the end."""
    return reduction(x.astype(np.float32), **static).astype(HALF)


def sum_along(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The sum of an array over ``axis``.

    Over the first or the last dimensions of a large array a matrix product with ones does it, in less time than NumPy's
    own reduction. (Long last dimensions stay with NumPy, whose pairwise sum is more accurate there.) Half
    precision is accumulated in single.
    """
    if x.dtype is HALF:
        return x.sum(axis=axis, dtype=np.float32, keepdims=keepdims).astype(HALF)
    if axis is not None and x.size >= 8192 and x.dtype.kind == "f":
        rank = x.ndim
        axes = sorted(a % rank for a in ((axis,) if isinstance(axis, int) else axis))
        k = len(axes)
        if 0 < k < rank and axes == list(range(k)):
            rest = x.shape[k:]
            rows = np.reshape(x, (-1, math.prod(rest)))
            total = np.matmul(np.ones_like(x, shape=rows.shape[:1]), rows)
            return np.reshape(total, (1,) * k + rest if keepdims else rest) if keepdims or len(rest) > 1 else total
        if 0 < k < rank and axes == list(range(rank - k, rank)) and math.prod(x.shape[-k:]) <= 1024:
            rest = x.shape[:-k]
            rows = np.reshape(x, (math.prod(rest), -1))
            total = np.matmul(rows, np.ones_like(x, shape=rows.shape[1:]))
            return np.reshape(total, rest + (1,) * k if keepdims else rest)
    return x.sum(axis=axis, keepdims=keepdims)


def ordered_like(array: Any, like: Any) -> Any:
    """``array``, copied if its dimensions lie in memory in another order than those of ``like``, of the same rank.

    NumPy walks through both operands in one order, which is slow for one of them: far slower than a copy, as where the
    gradient of a pooling layer comes from a flattening layer, batch first.
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


def as_writable(view: Array, whole: Array) -> Array:
    """A view that NumPy made read-only, as writable as the array that it is a view of."""
    if type(view) is np.ndarray and type(whole) is np.ndarray and whole.flags.writeable:
        view.flags.writeable = True
    return view
