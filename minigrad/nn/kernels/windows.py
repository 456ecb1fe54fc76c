"""Sliding windows: how many there are, and where their elements fall.

A window has ``kernel_size`` positions, counted from 0; with a dilation they lie that far apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def window_count(size: int, kernel_size: int, stride: int, before: int, after: int, dilation: int) -> int:
    """How many windows of ``kernel_size`` elements fit into ``size`` elements with padding on both sides.

    Example:
        >>> window_count(7, kernel_size=3, stride=2, before=1, after=1, dilation=1)
        4
    """
    return (size + before + after - dilation * (kernel_size - 1) - 1) // stride + 1


def reach(size: int, windows: int, stride: int, offset: int) -> tuple[int, int, slice]:
    """Which windows have one of their positions inside an axis of ``size``, and on which elements it falls.

    Args:
        size: of the axis.
        windows: how many there are.
        stride: from one window to the next.
        offset: where that position of the first window falls; negative in the padding.

    Returns:
        The first window, the one behind the last, and the elements.

    Example:
        >>> reach(5, windows=3, stride=2, offset=-1)
        (1, 3, slice(1, 4, 2))
    """
    first = min(max(0, -(offset // stride)), windows)
    end = max(first, min(windows, (size - 1 - offset) // stride + 1))
    start = first * stride + offset
    stop = start + (end - first - 1) * stride + 1 if end > first else start
    return first, end, slice(start, stop, stride)


def batch_last(x: Any) -> Any:
    """The view (H, C, W, N) of an array (N, C, H, W), copied unless neighbours in N are neighbours in memory.

    Layers that slide windows leave their results in that order of memory: rows of a picture can then be cut out and
    shifted in long runs, and matrix products over them need no rearranging.
    """
    view = np.transpose(x, (2, 1, 3, 0))
    strides = getattr(view, "strides", None)
    if strides is not None and (view.shape[3] == 1 or strides[3] == view.dtype.itemsize):
        return view
    return np.copy(view, order="C")


def batch_first(rows: Any) -> Any:
    """The view (N, C, H, W) of an array (H, C, W, N)."""
    return np.transpose(rows, (3, 1, 0, 2))
