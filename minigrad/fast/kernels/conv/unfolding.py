"""A convolution of few channels as one of more: the columns of the kernel become channels.

A product of matrices with one or three columns is hardly faster than its sums alone. Where pictures lie side by side
that are shifted against each other by a column of the kernel, there are kW times as many channels, and the kernel has a
single column left.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.conv.slide import Sizes, Slide
from ...compiler import compiled
from ...layout import FLOAT
from ...pool import settings

_FEW = 8  # channels of a group


@compiled(parallel=True)
def _unfold(rows, out, stride, before, dilation) -> None:  # type: ignore[no-untyped-def]
    height, channels, width, batch = rows.shape
    kernel_width, windows = out.shape[2:4]
    for task in prange(height * channels):
        h, c = divmod(np.int64(task), channels)
        for j in range(kernel_width):
            for w in range(windows):
                column = w * stride + j * dilation - before
                target = out[h, c, j, w]
                if 0 <= column < width:
                    source = rows[h, c, column]
                    for n in range(batch):
                        target[n] = source[n]
                else:
                    target[:] = np.float32(0)


def pays(channels: int, kernel: Sizes) -> bool:
    """Whether a group has few channels, and the kernel columns that could be more."""
    return channels < _FEW and kernel[1] > 1


def unfolded(rows: ndarray, kernel_width: int, windows: int, slide: Slide) -> ndarray:
    """What the columns of the kernel see of a picture (H, C, W, N) in each window: (H, C · kW, W', N)."""
    height, channels, _, batch = rows.shape
    out = np.empty((height, channels, kernel_width, windows, batch), FLOAT)
    settings.launch(_unfold, rows, out, slide.stride[1], slide.padding[1][0], slide.dilation[1])
    return out.reshape(height, -1, windows, batch)


def unfolded_slide(slide: Slide) -> Slide:
    """How windows of a single column move over that."""
    (stride, _), (padding, _), (dilation, _) = slide
    return Slide((stride, 1), (padding, (0, 0)), (dilation, 1))


def unfolded_weight(weight: ndarray) -> ndarray:
    """The weight that belongs to it: (O, C, kH, kW) as (O, C · kW, kH, 1)."""
    outputs, channels, height, width = weight.shape
    return weight.transpose(0, 1, 3, 2).reshape(outputs, channels * width, height, 1)


def folded_weight(weight: ndarray, kernel_width: int) -> ndarray:
    """The other way round."""
    outputs, _, height, _ = weight.shape
    columns = weight.reshape(outputs, -1, kernel_width, height)
    return np.ascontiguousarray(columns.transpose(0, 1, 3, 2))
