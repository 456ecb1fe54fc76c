"""Pooling layers: windows of a sequence or a picture, each replaced by its largest element or its mean."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.pooling.windows import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
)
from ..functional.sizes import at_least, one_each, stride_of
from ..module.module import Module


class _MaxPool(Module):
    _dimensions: int

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        name, many = type(self).__name__, self._dimensions
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        kernel = one_each(name, "kernel_size", kernel_size, many, 1, single=True)
        stride_of(name, stride, kernel)
        for what, value, least in (("padding", padding, 0), ("dilation", dilation, 1)):
            one_each(name, what, value, many, least, single=True)
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """How the windows slide."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest element of every window of a sequence: says whether a feature was seen nearby.

    Shapes:
        input: (N, C, L) or (C, L).
        result: the same with L' = ⌊(L + 2 padding - dilation (kernel_size - 1) - 1) / stride⌋ + 1 for L.

    Args:
        kernel_size: size of the windows.
        stride: how far apart they start; by default ``kernel_size``.
        padding: added at both ends, at most half of the kernel; it never wins.
        dilation: distance between the elements of a window.
        return_indices: return also where the largest elements stand.
        ceil_mode: keep a last window that sticks out (round up in the formula).

    Example:
        >>> MaxPool1d(2)(Tensor([[1.0, 3.0, 2.0, 2.0]]))
        Tensor([[3., 2.]])
    """

    _dimensions = 1

    def forward(self, input: Any) -> Any:
        """The largest elements and, if asked for, their positions."""
        return max_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class MaxPool2d(_MaxPool):
    """The largest element of every window of a picture: halves it, in the usual form, and keeps what stands out.

    Arguments as for ``MaxPool1d``, each one number or one each for height and width.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        result: the same with H' and W'.

    Example:
        >>> MaxPool2d(2)(Tensor(np.zeros((1, 3, 28, 28)))).shape
        (1, 3, 14, 14)
    """

    _dimensions = 2

    def forward(self, input: Any) -> Any:
        """The largest elements and, if asked for, their positions, counted row by row in each channel."""
        return max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class AvgPool1d(Module):
    """The mean of every window of a sequence: a smooth way to make it shorter.

    Shapes:
        input: (N, C, L) or (C, L).
        result: the same with L' = ⌊(L + 2 padding - kernel_size) / stride⌋ + 1 for L.

    Args:
        kernel_size: size of the windows.
        stride: how far apart they start; by default ``kernel_size``.
        padding: zeros at both ends, at most half of the kernel.
        ceil_mode: keep a last window that sticks out (round up in the formula).
        count_include_pad: whether the padding counts in the mean.

    Example:
        >>> AvgPool1d(2)(Tensor([[1.0, 3.0, 2.0, 2.0]]))
        Tensor([[2., 2.]])
    """

    def __init__(
        self,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] | None = None,
        padding: int | tuple[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size = one_each("AvgPool1d", "kernel_size", kernel_size, 1, 1)
        self.stride = stride_of("AvgPool1d", stride, self.kernel_size)
        self.padding = one_each("AvgPool1d", "padding", padding, 1, 0)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Any) -> Tensor:
        """The means."""
        return avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        """How the windows slide."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of every window of a picture: a smooth way to make it smaller.

    Arguments as for ``AvgPool1d``, each one number or one each for height and width; ``divisor_override`` takes the
    place of the number of elements.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        result: the same with H' and W'.

    Example:
        >>> AvgPool2d(2)(Tensor([[[1.0, 3.0], [2.0, 0.0]]]))
        Tensor([[[1.5]]])
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        kernel = one_each("AvgPool2d", "kernel_size", kernel_size, 2, 1, single=True)
        stride_of("AvgPool2d", stride, kernel)
        one_each("AvgPool2d", "padding", padding, 2, 0, single=True)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        if divisor_override is not None:
            at_least("AvgPool2d", 1, divisor_override=divisor_override)
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Tensor:
        """The means."""
        return avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """How the windows slide."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _Adaptive(Module):
    _dimensions: int

    def __init__(self, output_size: int | None | tuple[int | None, ...]) -> None:
        name = type(self).__name__
        several = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * self._dimensions
        one_each(name, "output_size", tuple(1 if n is None else n for n in several), self._dimensions, 1)
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The size of the output."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """Means of ``output_size`` windows that cover a sequence evenly: for sequences of any length.

    Example:
        >>> AdaptiveAvgPool1d(2)(Tensor([[1.0, 2.0, 3.0]]))
        Tensor([[1.5, 2.5]])
    """

    _dimensions = 1

    def forward(self, input: Any) -> Tensor:
        """The means: (N, C, L) or (C, L), with output_size for L."""
        return adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_Adaptive):
    """Means of windows that cover a picture evenly; with size 1 the global pooling before a classifier.

    Args:
        output_size: one number, or one each for height and width; None keeps a size.

    Example:
        >>> AdaptiveAvgPool2d(1)(Tensor([[[1.0, 3.0], [2.0, 0.0]]]))
        Tensor([[[1.5]]])
    """

    _dimensions = 2

    def forward(self, input: Any) -> Tensor:
        """The means: (N, C, H, W) or (C, H, W), with output_size for H, W."""
        return adaptive_avg_pool2d(input, self.output_size)


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: int | None | tuple[int | None, ...], return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest elements of ``output_size`` windows that cover a sequence evenly.

    Example:
        >>> AdaptiveMaxPool1d(1)(Tensor([[1.0, 3.0, 2.0]]))
        Tensor([[3.]])
    """

    _dimensions = 1

    def forward(self, input: Any) -> Any:
        """The largest elements and, if asked for, their positions."""
        return adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest elements of windows that cover a picture evenly.

    Example:
        >>> AdaptiveMaxPool2d(1)(Tensor([[[1.0, 3.0], [2.0, 0.0]]]))
        Tensor([[[3.]]])
    """

    _dimensions = 2

    def forward(self, input: Any) -> Any:
        """The largest elements and, if asked for, their positions."""
        return adaptive_max_pool2d(input, self.output_size, self.return_indices)
