"""NumPy's broadcasting, forwards and backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import sum_along
from .tensor import Tensor


def broadcast(x: Any, shape: tuple[int, ...]) -> Any:
    """``np.broadcast_to``, which takes longer than a small operation where ``x`` is a single number."""
    if type(x) is np.ndarray and x.size == 1:
        view = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
        view.flags.writeable = False
        return view
    return np.broadcast_to(x, shape)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` down to ``shape``: the adjoint of NumPy's broadcasting."""
    extra = g.ndim - len(shape)
    axes = tuple(range(extra))
    ones = g.shape[extra:] != shape
    if ones:
        axes += tuple([i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1])
    total = np.sum(g, axis=axes, keepdims=ones) if isinstance(g, Tensor) else sum_along(g, axes, ones)
    return total.reshape(shape) if ones else total
