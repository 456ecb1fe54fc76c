"""Sliding windows along a dimension, and their adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import shape_of
from ..core.declare import primitive, register
from ..core.tensor import Tensor
from .dims import one_dim, row_shape
from .shape.reshape import as_row


# --- windows ----------------------------------------------------------------------------------------------------------
@primitive(shown="unfold")
def windows(x: Any, *, axis: int, size: int, step: int) -> Any:
    """Views of ``size`` elements along ``axis``, every ``step``; their elements are the last dimension."""
    options = {"writeable": True} if type(x) is np.ndarray and x.flags.writeable else {}
    every = np.lib.stride_tricks.sliding_window_view(x, size, axis, **options)
    return every[(slice(None),) * axis + (slice(None, None, step),)]


@primitive(shown="fold")
def overlap_add(x: Any, *, axis: int, step: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with windows added where they were taken: the adjoint of ``windows``."""
    out = np.zeros_like(x, shape=shape)
    span = step * (x.shape[axis] - 1) + 1
    for k in range(x.shape[-1]):
        place = (slice(None),) * axis + (slice(k, k + span, step),)
        out[place] = out[place] + x[..., k]
    return out


windows.rule(x=lambda g, x_shape, axis, step: overlap_add(g, axis=axis, step=step, shape=x_shape))

overlap_add.rule(x=lambda g, x_shape, axis, step: windows(g, axis=axis, size=x_shape[-1], step=step))


@register()
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Any:
    """All windows of ``size`` elements along ``dimension``, every ``step``; their elements are a new last dimension.

    Example:
        >>> unfold(Tensor([1.0, 2.0, 3.0, 4.0]), 0, 2, 1)
        Tensor([[1., 2.],
                [2., 3.],
                [3., 4.]])
    """
    shape = shape_of(input)
    row = row_shape(shape)
    axis = one_dim("unfold", dimension, row)
    if not 0 <= size <= row[axis]:
        raise ValueError(f"unfold: windows of {size} do not fit size {row[axis]} of dimension {axis} of {shape}")
    if step < 1:
        raise ValueError(f"unfold: the step is at least 1, got {step}")
    every = windows(as_row(input), axis=axis, size=size, step=step)
    return every if shape else every[0]  # a single number is the only element of its only window
