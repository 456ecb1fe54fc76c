"""NumPy's broadcasting, backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import sum_along
from .tensor import Tensor


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` down to ``shape``: the adjoint of NumPy's broadcasting."""
    extra = g.ndim - len(shape)
    axes = tuple(range(extra))
    if g.shape[extra:] != shape:
        axes += tuple([i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1])
    total = np.sum(g, axis=axes, keepdims=True) if isinstance(g, Tensor) else sum_along(g, axes, True)
    return total.reshape(shape)
