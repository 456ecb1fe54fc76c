"""Stacks of matrices, wherever their rows are in memory.

The heads of an attention layer are views of one array, split, transposed, or repeated. Numba compiles a function anew
for every layout of its arguments, so kernels for such stacks take addresses instead, and one of them serves all.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic
from numpy import ndarray

from .compiler import compiled
from .layout import FLOAT


# --- outside kernels --------------------------------------------------------------------------------------------------
def by_rows(x: ndarray) -> ndarray:
    """The matrices (..., rows, columns) with rows that are runs of memory, one behind the other: copied if need be."""
    step, next_one = x.strides[-2:]
    apart = step >= x.shape[-1] * x.itemsize and step % x.itemsize == 0
    if next_one == x.itemsize and (apart or x.shape[-2] == 1):
        return x
    return np.ascontiguousarray(x)


@functools.lru_cache(maxsize=256)
def _offsets(shape: tuple[int, ...], strides: tuple[int, ...]) -> ndarray:
    """How many bytes behind the first matrix of a stack each of them begins."""
    offsets = np.zeros(1, np.int64)
    for length, stride in zip(shape, strides, strict=True):
        offsets = (offsets[:, None] + np.arange(length) * stride).ravel()
    return offsets


def places(arrays: Sequence[ndarray | None]) -> tuple[ndarray, ndarray]:
    """Where the matrices of several stacks are, whose leading shapes are equal.

    Returns:
        The address of every matrix of each of them; and the bytes from one row to the next, of each.
    """
    lead = next(x.shape[:-2] for x in arrays if x is not None)
    addresses = np.zeros((len(arrays), int(np.prod(lead))), np.int64)
    steps = np.zeros(len(arrays), np.int64)
    for i, x in enumerate(arrays):
        if x is not None:
            np.add(_offsets(lead, x.strides[:-2]), x.ctypes.data, out=addresses[i])
            steps[i] = x.strides[-2]
    return addresses, steps


def is_stack(x: Any) -> bool:
    """Whether it is a float32 array of NumPy's own with matrices that are not empty."""
    return type(x) is ndarray and x.dtype is FLOAT and x.ndim > 1 and x.size > 0


# --- inside kernels ---------------------------------------------------------------------------------------------------
def _pointer_to(kind: Any) -> Any:
    @intrinsic
    def pointer(typing, address):  # type: ignore[no-untyped-def]
        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(types.int64), generate

    return pointer


_numbers, _truths = _pointer_to(types.float32), _pointer_to(types.uint8)


@compiled(inline=True)
def matrix(address: Any, step: Any, rows: Any, columns: Any) -> Any:
    """The float32 matrix at an address, given the bytes from one row to the next.

    What lies between the rows is part of it, as further columns: so the compiler knows that numbers lie side by side.
    """
    return carray(_numbers(address), (rows, max(step // 4, columns)))


@compiled(inline=True)
def numbers(address: Any, size: Any) -> Any:
    """The float32 vector at an address."""
    return carray(_numbers(address), (size,))


@compiled(inline=True)
def truths(address: Any, size: Any) -> Any:
    """The boolean vector at an address, as zeros and ones."""
    return carray(_truths(address), (size,))
