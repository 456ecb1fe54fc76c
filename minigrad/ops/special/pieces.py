"""What special functions are made of: quotients of polynomials, pieces chosen by a mask, blocks that fit the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arrays import as_array, get_default_dtype

Ratio = tuple[tuple[float, ...], tuple[float, ...]]  # numerator and denominator, from the highest power on
_BLOCK = 16384  # numbers at a time: the intermediate results of more leave the cache


def polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """The polynomial with these coefficients, from the highest power on."""
    first, second, *rest = coefficients
    value = first * x + second
    for coefficient in rest:  # in place: these arrays are our own
        value *= x
        value += coefficient
    return value


def ratio(x: Any, parts: Ratio) -> Any:
    """The quotient of two polynomials in ``x``."""
    numerator, denominator = (polynomial(x, coefficients) for coefficients in parts)
    numerator /= denominator
    return numerator


def in_blocks(function: Callable[[Any], Any], x: Any) -> Any:
    """``function``, elementwise, of floats in at least single precision, part by part where there are many."""
    kind = getattr(x, "dtype", np.dtype(np.float64))
    if kind.kind != "f":
        x = x.astype(np.float64)
    elif kind.itemsize < 4:
        return in_blocks(function, x.astype(np.float32)).astype(kind)
    if type(x) is not np.ndarray or x.size <= 2 * _BLOCK:
        return function(x)
    flat = np.reshape(x, -1)
    out = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        out[start : start + _BLOCK] = function(flat[start : start + _BLOCK])
    return np.reshape(out, x.shape)


def in_double(function: Callable[..., Any], *values: Any) -> Any:
    """``function`` of vectors of doubles, applied to arrays that broadcast, and rounded once to their precision.

    It may divide by 0 and overflow: where that shows, the result is infinite or NaN.
    """
    like = next((value for value in values if hasattr(value, "dtype")), np.float64(0))
    arrays = [v if hasattr(v, "dtype") else np.full_like(like, v, shape=(), dtype=np.float64) for v in values]
    floats = [v.dtype for v in values if hasattr(v, "dtype") and v.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else np.dtype(np.float64)
    spread = np.broadcast_arrays(*arrays) if len(arrays) > 1 else arrays
    shape = spread[0].shape
    flat = [np.reshape(v.astype(np.float64), (-1,)) for v in spread]
    with np.errstate(all="ignore"):
        size = flat[0].size
        if type(flat[0]) is not np.ndarray or size <= 2 * _BLOCK:
            out = function(*flat)
        else:
            out = np.empty_like(flat[0])
            for start in range(0, size, _BLOCK):
                out[start : start + _BLOCK] = function(*[v[start : start + _BLOCK] for v in flat])
        return np.reshape(out, shape)[()].astype(dtype)


def put(out: Any, where: Any, function: Callable[..., Any], *vectors: Any) -> None:
    """Write ``function`` of those entries of the vectors into ``out`` where the mask holds."""
    if bool(np.any(where)):
        out[where] = function(*[v[where] for v in vectors])


def beside(number: Any, other: Any) -> Any:
    """A Python number as an array of the precision of ``other``, whose Tensor it then joins."""
    if not isinstance(number, (int, float)) or isinstance(other, (int, float)):
        return number
    other = as_array(other)
    dtype = other.dtype if other.dtype.kind == "f" else get_default_dtype()
    return np.full_like(other, number, shape=(), dtype=dtype)
