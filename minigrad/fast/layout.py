"""How arrays lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from ..core.arrays import ordered_like

FLOAT, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def is_dense(array: ndarray) -> bool:
    """Whether the elements fill one run of memory, in whatever order of the dimensions."""
    if array.flags.forc:
        return True
    steps = sorted(zip(array.strides, array.shape, strict=True), reverse=True)
    expected = array.itemsize
    for stride, length in reversed(steps):
        if length > 1:
            if stride != expected:
                return False
            expected *= length
    return True


def dense_like(arrays: Sequence[ndarray]) -> list[ndarray]:
    """Arrays of one shape, all dense and in one order of memory, copied where they are not; none if the last is not."""
    last = arrays[-1]
    if not is_dense(last):
        return []
    return [a if _matches(a, last) else _copied(a, last) for a in arrays]


def _matches(array: ndarray, like: ndarray) -> bool:
    if array.flags.c_contiguous and like.flags.c_contiguous:
        return True
    return all(
        a // array.itemsize == b // like.itemsize or n < 2
        for a, b, n in zip(array.strides, like.strides, array.shape, strict=True)
    )


def _copied(array: ndarray, like: ndarray) -> ndarray:
    copy = np.empty_like(like, dtype=array.dtype)
    np.copyto(copy, ordered_like(array, like))
    return copy


def flat(array: ndarray) -> Any:
    """The elements of a dense array as a line, in the order of memory: a view."""
    return array.ravel(order="K")


def plain(*arrays: Any) -> bool:
    """Whether all are NumPy's own float32 arrays in C order."""
    return all(type(a) is ndarray and a.dtype is FLOAT and a.flags.c_contiguous for a in arrays)


def indices(index: Any, end: int) -> ndarray | None:
    """Whole numbers as int64; None unless all lie in [0, end): a kernel reads where they point."""
    if type(index) is not ndarray or index.dtype.kind not in "iu" or not index.size:
        return None
    if index.min() < 0 or index.max() >= end:
        return None
    return np.ascontiguousarray(index, np.int64)
