"""The windows of a picture as columns, and back."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ...ops.index.basic import pick
from ...ops.pad import pad
from ...ops.shape.permute import permute
from ...ops.shape.reshape import reshape
from ...ops.windows import overlap_add, windows
from ..kernels.windows import window_count
from .conv import picture, without_batch
from .sizes import one_each


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Every window of a picture as a column.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        result: (N, C · kernel height · kernel width, number of windows).

    Example:
        >>> unfold(Tensor([[[1.0, 2.0, 3.0]]]), (1, 2))
        Tensor([[1., 2.],
                [2., 3.]])
    """
    input, alone = picture("unfold", input, 2)
    kernel, dilations, pads, strides = _slides("unfold", kernel_size, dilation, padding, stride)
    _window_counts("unfold", input.shape[2:], kernel, dilations, pads, strides)
    out = pad(input, (pads[1], pads[1], pads[0], pads[0]))
    for axis, kernel_size, step, spacing in zip((2, 3), kernel, strides, dilations, strict=True):
        out = windows(out, axis=axis, size=(kernel_size - 1) * spacing + 1, step=step)
        if spacing > 1:
            out = pick(out, index=(..., slice(None, None, spacing)))
    out = permute(out, 0, 1, 4, 5, 2, 3)
    batch, channels, *_, height, width = out.shape
    return without_batch(reshape(out, batch, channels * kernel[0] * kernel[1], height * width), alone)  # type: ignore[no-any-return]


def fold(
    input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns added where ``unfold`` took them: its adjoint, not its inverse where windows overlap.

    Shapes:
        input: (N, C · kernel height · kernel width, number of windows), or without N.
        result: (N, C, *output_size), or without N.

    Example:
        >>> fold(Tensor([[1.0, 2.0], [2.0, 3.0]]), (1, 3), (1, 2))
        Tensor([[[1., 4., 3.]]])
    """
    input, alone = picture("fold", input, 1)
    kernel, dilations, pads, strides = _slides("fold", kernel_size, dilation, padding, stride)
    size = one_each("fold", "output_size", output_size, 2, 1)
    counts = _window_counts("fold", size, kernel, dilations, pads, strides)
    batch, rows, columns = input.shape
    channels, rest = divmod(rows, kernel[0] * kernel[1])
    if rest or columns != counts[0] * counts[1]:
        raise ValueError(
            f"fold: the input, of shape {input.shape}, must be (N, C · {kernel[0] * kernel[1]}, "
            f"{counts[0] * counts[1]}) for kernel {kernel} and output_size {size}"
        )
    out = permute(reshape(input, batch, channels, *kernel, *counts), 0, 1, 4, 5, 2, 3)
    for axis, step, spacing in zip((3, 2), strides[::-1], dilations[::-1], strict=True):  # the last pair of axes first
        out = _spaced(out, spacing)
        full = size[axis - 2] + 2 * pads[axis - 2]
        shape = (*out.shape[:axis], full, *out.shape[axis + 1 : -1])
        out = overlap_add(out, axis=axis, step=step, shape=shape)
    out = pick(out, index=(..., slice(pads[0], pads[0] + size[0]), slice(pads[1], pads[1] + size[1])))
    return without_batch(out, alone)  # type: ignore[no-any-return]


def _spaced(x: Any, spacing: int) -> Any:
    """``spacing - 1`` zeros between neighbours of the last dimension."""
    if spacing == 1:
        return x
    spread = reshape(pad(reshape(x, *x.shape, 1), (0, spacing - 1)), *x.shape[:-1], -1)
    return pick(spread, index=(..., slice(0, spread.shape[-1] - spacing + 1)))


def _slides(name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[tuple[int, ...], ...]:
    return (
        one_each(name, "kernel_size", kernel_size, 2, 1),
        one_each(name, "dilation", dilation, 2, 1),
        one_each(name, "padding", padding, 2, 0),
        one_each(name, "stride", stride, 2, 1),
    )


def _window_counts(
    name: str,
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: tuple[int, ...],
    stride: tuple[int, ...],
) -> tuple[int, ...]:
    counts = tuple(
        window_count(n, k, s, p, p, d) for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    if min(counts) < 1:
        raise ValueError(f"{name}: a kernel of {kernel}, dilation {dilation}, does not fit into {tuple(size)}")
    return counts
