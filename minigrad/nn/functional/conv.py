"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from ...core.arrays import one_precision
from ...core.tensor import Tensor, as_operand
from ...ops.shape.reshape import reshape
from ..kernels.conv.convolution import convolve, convolve_input
from ..kernels.windows import window_count
from .arguments import floating
from .sizes import at_least, one_each
from .spatial import SPATIAL, spatial


# --- checks -----------------------------------------------------------------------------------------------------------
def picture(name: str, input: Any, dimensions: int) -> tuple[Any, bool]:
    """The input as a floating-point Tensor (N, C, ...), and whether a batch dimension had to be put before it."""
    input = floating(name, spatial(name, input, dimensions))
    alone = input.ndim == dimensions + 1
    return (reshape(input, (1, *input.shape)) if alone else input), alone


def without_batch(out: Any, alone: bool) -> Any:
    """The result for an input that came without a batch dimension."""
    return reshape(out, out.shape[1:]) if alone else out


def _parameter(name: str, what: str, value: Any, rank: int) -> Any:
    value = as_operand(value)
    if value.ndim != rank:
        raise ValueError(f"{name}: the {what} must have {rank} dimensions, got shape {value.shape}")
    return value


def _check_bias(name: str, bias: Any, outputs: int) -> Any:
    if bias is None:
        return None
    bias = as_operand(bias)
    if bias.shape != (outputs,):
        raise ValueError(f"{name}: one bias for each output channel is needed, shape ({outputs},), got {bias.shape}")
    return bias


def same_padding(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Padding that keeps the size at stride 1; an odd rest goes behind.

    Example:
        >>> same_padding((3, 4), (1, 1))
        ((1, 1), (1, 2))
    """
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _padding(
    name: str, padding: Any, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ValueError(f"{name}: padding='same' needs stride 1, got {stride}; give the padding as numbers")
        return same_padding(kernel, dilation)
    if isinstance(padding, str):
        raise ValueError(f"{name}: padding is 'same', 'valid' or integers, got {padding!r}")
    return tuple((p, p) for p in one_each(name, "padding", padding, len(kernel), 0, single=True))


# --- convolution ------------------------------------------------------------------------------------------------------
def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The weight slid along sequences: at every position, the sum of products with the elements under it.

    Shapes:
        input: (N, C, L) or (C, L).
        weight: (O, C/groups, kernel).
        bias: (O,) or None.
        result: (N, O, L') or (O, L'), with L' = ⌊(L + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1.

    Args:
        input: a batch of sequences, or one.
        weight: one kernel for each output channel.
        bias: added to each output channel.
        stride: how far the kernel moves.
        padding: zeros at both ends; ``"valid"`` for none, ``"same"`` for an output as long as the input (stride 1).
        dilation: distance between neighbours under the kernel.
        groups: channels fall into so many parts that do not see each other.

    Raises:
        ValueError: for shapes that do not fit, and a kernel longer than the padded input.

    Example:
        >>> conv1d(Tensor([[1.0, 2.0, 4.0, 8.0]]), Tensor([[[-1.0, 1.0]]]))
        Tensor([[1., 2., 4.]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The weight slid over pictures: at every position, the sum of products with the elements under it.

    Strictly a cross-correlation: the kernel is not turned round.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        weight: (O, C/groups, kernel height, kernel width).
        bias: (O,) or None.
        result: (N, O, H', W') or (O, H', W'), with H' = ⌊(H + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1.

    Args:
        input: a batch of pictures, or one.
        weight: one kernel for each output channel.
        bias: added to each output channel.
        stride: how far the kernel moves: one number, or one each for height and width; likewise the next two.
        padding: zeros at each border; ``"valid"`` for none, ``"same"`` for an output of the input's size (stride 1).
        dilation: distance between neighbours under the kernel.
        groups: channels fall into so many parts that do not see each other.

    Raises:
        ValueError: for shapes that do not fit, and a kernel larger than the padded input.

    Source:
        Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", relationships 6 and 15.

    Example:
        >>> conv2d(Tensor([[[0.0, 1.0], [2.0, 3.0]]]), Tensor([[[[1.0, 1.0]]]]), padding=(0, 1))
        Tensor([[[0., 1., 1.],
                 [2., 5., 3.]]])
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def _conv(
    name: str,
    dimensions: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    input, alone = picture(name, input, dimensions)
    weight = _parameter(name, "weight", weight, dimensions + 2)
    outputs, channels, *kernel = weight.shape
    (groups,) = at_least(name, 1, groups=groups)
    strides = one_each(name, "stride", stride, dimensions, 1, single=True)
    dilations = one_each(name, "dilation", dilation, dimensions, 1, single=True)
    pads = _padding(name, padding, tuple(kernel), strides, dilations)
    if outputs % groups or outputs == 0:
        raise ValueError(
            f"{name}: the {outputs} output channels of weight {weight.shape} do not fall into {groups} groups"
        )
    if input.shape[1] != channels * groups:
        raise ValueError(
            f"{name}: the input, of shape {input.shape}, has {input.shape[1]} channels, but the weight, of shape "
            f"{weight.shape} with groups={groups}, takes {channels * groups}; channels are dimension 1 of (N, C, "
            f"{SPATIAL[dimensions]})" + _channels_first(input.shape, channels * groups, alone)
        )
    for size, kernel_size, pair, step in zip(input.shape[2:], kernel, pads, dilations, strict=True):
        if kernel_size < 1 or window_count(size, kernel_size, 1, *pair, step) < 1:
            raise ValueError(
                f"{name}: a kernel of {tuple(kernel)}, dilation {dilations}, does not fit into the input, "
                f"{tuple(input.shape[2:])} with padding {pads}; use more padding or a smaller kernel"
            )
    bias = _check_bias(name, bias, outputs)
    one_precision(name, input, weight=weight, bias=bias)
    out = convolve(input, weight, bias, stride=strides, padding=pads, dilation=dilations, groups=groups)
    return without_batch(out, alone)  # type: ignore[no-any-return]


def _channels_first(shape: tuple[int, ...], channels: int, alone: bool) -> str:
    """The line that puts the channels where they belong, if they seem to come last."""
    if shape[-1] != channels:
        return ""
    order = (0, len(shape) - 1, *range(1, len(shape) - 1))
    order = tuple(dim - 1 for dim in order[1:]) if alone else order
    return f"; if they come last, x.permute{order} brings them there"


# --- transposed convolution -------------------------------------------------------------------------------------------
def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """What ``conv1d`` does to gradients: every element puts the weight, times itself, where its window lies.

    Shapes:
        input: (N, C, L) or (C, L).
        weight: (C, O/groups, kernel): the input's channels come first.
        bias: (O,) or None.
        result: (N, O, L') or (O, L'), with
            L' = (L - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1.

    Args:
        input: a batch of sequences, or one.
        weight: one kernel for each input channel.
        bias: added to each output channel.
        stride: distance between the windows of neighbours.
        padding: how much is cut off at both ends.
        output_padding: how much longer the result is at its end; less than the stride or the dilation.
        groups: channels fall into so many parts that do not see each other.
        dilation: distance between neighbours of the kernel.

    Example:
        >>> conv_transpose1d(Tensor([[1.0, 2.0]]), Tensor([[[1.0, 10.0]]]), stride=2)
        Tensor([[ 1., 10.,  2., 20.]])
    """
    return _conv_transpose(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """What ``conv2d`` does to gradients: every element puts the weight, times itself, where its window lies.

    Arguments as for ``conv_transpose1d``, each one number or one each for height and width.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        weight: (C, O/groups, kernel height, kernel width): the input's channels come first.
        bias: (O,) or None.
        result: (N, O, H', W') or (O, H', W').

    Source:
        Dumoulin & Visin 2016, relationship 14.

    Example:
        >>> conv_transpose2d(Tensor([[[1.0, 2.0]]]), Tensor([[[[1.0], [10.0]]]]))
        Tensor([[[ 1.,  2.],
                 [10., 20.]]])
    """
    return _conv_transpose(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def _conv_transpose(
    name: str,
    dimensions: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    input, alone = picture(name, input, dimensions)
    weight = _parameter(name, "weight", weight, dimensions + 2)
    channels, outputs, *kernel = weight.shape
    (groups,) = at_least(name, 1, groups=groups)
    strides = one_each(name, "stride", stride, dimensions, 1, single=True)
    dilations = one_each(name, "dilation", dilation, dimensions, 1, single=True)
    pads = one_each(name, "padding", padding, dimensions, 0, single=True)
    extra = one_each(name, "output_padding", output_padding, dimensions, 0, single=True)
    if any(e >= max(s, d) for e, s, d in zip(extra, strides, dilations, strict=True)):
        raise ValueError(
            f"{name}: output_padding must be less than the stride or the dilation, got {extra} for stride {strides} "
            f"and dilation {dilations}"
        )
    if input.shape[1] != channels or channels % groups:
        raise ValueError(
            f"{name}: the input, of shape {input.shape}, has {input.shape[1]} channels; the weight, of shape "
            f"{weight.shape}, takes {channels}, which must fall into groups={groups}"
        )
    if 0 in (*input.shape[1:], *weight.shape):
        raise ValueError(
            f"{name}: neither the input, of shape {input.shape}, nor the weight, of shape {weight.shape}, may be "
            "empty; only the batch may"
        )
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, s, p, e, d in zip(input.shape[2:], kernel, strides, pads, extra, dilations, strict=True)
    )
    if min(size) < 1:
        raise ValueError(f"{name}: nothing would be left of {tuple(input.shape[2:])}: size {size}; use less padding")
    bias = _check_bias(name, bias, outputs * groups)
    one_precision(name, input, weight=weight, bias=bias)
    ends = tuple((p, p - e) for p, e in zip(pads, extra, strict=True))
    out = convolve_input(input, weight, size=size, stride=strides, padding=ends, dilation=dilations, groups=groups)
    if bias is not None:
        out = out + reshape(bias, (-1, *[1] * dimensions))
    return without_batch(out, alone)  # type: ignore[no-any-return]
