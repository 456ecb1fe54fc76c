"""Numbers: what is read from losses and arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.trees import leaves
from ...core.tensor import Tensor

Array = np.ndarray[Any, Any]


def number(loss: Any) -> float:
    """A loss as a number; NaN for what is none."""
    try:
        return float(loss.item()) if hasattr(loss, "item") else float(loss)
    except (TypeError, ValueError, RuntimeError):
        return math.nan


def norm(array: Array) -> float:
    """The Euclidean norm, in double precision."""
    return float(np.sqrt(np.sum(np.square(array, dtype=np.float64))))


def rms(array: Array) -> float:
    """The root mean square."""
    return norm(array) / math.sqrt(max(array.size, 1))


def arrays_in(tree: Any) -> list[Array]:
    """The arrays in a Tensor, an array, or a tuple, list or dict of them."""
    found = []
    for leaf in leaves(tree):
        array = leaf._array if isinstance(leaf, Tensor) else leaf
        if isinstance(array, np.ndarray):
            found.append(array)
    return found
