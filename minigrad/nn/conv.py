"""Convolutional layers: the same small weight at every position of a sequence or a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..core.tensor import Tensor
from ..ops.pad import pad
from . import init
from .functional.conv import conv1d, conv2d, conv_transpose1d, conv_transpose2d, same_padding
from .functional.sizes import at_least, one_each
from .functional.spatial import spatial
from .module.module import Module
from .parameter import unset

_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What convolutions have in common: sizes, Parameters, and what ``repr`` shows."""

    _dimensions: int
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        name, many = type(self).__name__, self._dimensions
        sizes = at_least(name, 1, in_channels=in_channels, out_channels=out_channels, groups=groups)
        self.in_channels, self.out_channels, self.groups = sizes
        for what, channels in (("in_channels", self.in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise ValueError(f"{name}: {what}={channels} must be divisible by groups={self.groups}")
        self.kernel_size = one_each(name, "kernel_size", kernel_size, many, 1)
        self.stride = one_each(name, "stride", stride, many, 1, single=True)
        self.dilation = one_each(name, "dilation", dilation, many, 1, single=True)
        self.output_padding = one_each(name, "output_padding", output_padding, many, 0, single=True)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"{name}: padding is 'same', 'valid' or integers, got {padding!r}")
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(f"{name}: padding='same' needs stride 1, got {self.stride}")
            self.padding: Any = padding
        else:
            self.padding = one_each(name, "padding", padding, many, 0, single=True)
        if padding_mode not in _MODES:
            raise ValueError(f"{name}: padding_mode is one of {_MODES}, got {padding_mode!r}")
        self.padding_mode = padding_mode
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        self.weight = unset((first, second // self.groups, *self.kernel_size), device, dtype)
        self.bias = unset((self.out_channels,), device, dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new Parameters: uniform in ±1/√fan_in, where fan_in is the number of weights of one kernel."""
        bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """Channels and sizes, and whatever is not as by default."""
        ones, zeros = (1,) * self._dimensions, (0,) * self._dimensions
        parts = [str(self.in_channels), str(self.out_channels)]
        parts += [f"kernel_size={self.kernel_size}", f"stride={self.stride}"]
        parts += [f"padding={self.padding}"] * (self.padding != zeros)
        parts += [f"dilation={self.dilation}"] * (self.dilation != ones)
        parts += [f"output_padding={self.output_padding}"] * (self.output_padding != zeros)
        parts += [f"groups={self.groups}"] * (self.groups != 1)
        parts += ["bias=False"] * (self.bias is None)
        parts += [f"padding_mode={self.padding_mode}"] * (self.padding_mode != "zeros")
        return ", ".join(parts)

    def _padded(self, input: Any) -> tuple[Any, Any]:
        """The input with the border that the padding mode asks for, and the zeros that are still to be added."""
        if self.padding_mode == "zeros":
            return input, self.padding
        if self.padding == "same":
            pairs = same_padding(self.kernel_size, self.dilation)
        else:
            pairs = tuple((p, p) for p in (() if self.padding == "valid" else self.padding))
        input = spatial(type(self).__name__, input, self._dimensions)
        widths = [width for pair in reversed(pairs) for width in pair]
        return pad(input, widths, mode=self.padding_mode), 0


class Conv1d(_Convolution):
    """Slides learned kernels along sequences: the layer for signals and text where neighbours matter.

    Both Parameters start uniform in ±1/√fan_in, fan_in = in_channels/groups · kernel_size, as in PyTorch.

    Shapes:
        input: (N, in_channels, L) or (in_channels, L).
        result: (N, out_channels, L') or (out_channels, L'), with
            L' = ⌊(L + 2 padding - dilation (kernel_size - 1) - 1) / stride⌋ + 1.
        weight: (out_channels, in_channels/groups, kernel_size).
        bias: (out_channels,).

    Args:
        in_channels: of the input.
        out_channels: how many kernels there are.
        kernel_size: how many neighbours each sees.
        stride: how far the kernels move.
        padding: how much is added at both ends; ``"valid"`` for nothing, ``"same"`` to keep L (at stride 1).
        dilation: distance between the neighbours that are seen.
        groups: channels fall into so many parts that do not see each other.
        bias: whether to add a bias; without one the attribute ``bias`` is None.
        padding_mode: what is added: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes that are too small, and groups that do not divide the channels.

    Example:
        >>> layer = Conv1d(4, 8, 3, padding="same")
        >>> layer(Tensor(np.zeros((2, 4, 10), np.float32))).shape
        (2, 8, 10)
    """

    _dimensions = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] = 1,
        padding: str | int | tuple[int] = 0,
        dilation: int | tuple[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Any) -> Tensor:
        """The convolved sequences."""
        input, padding = self._padded(input)
        return conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_Convolution):
    """Slides learned kernels over pictures: the layer that makes a network see the same thing at every position.

    Both Parameters start uniform in ±1/√fan_in, fan_in = in_channels/groups · height · width of the kernel, as in
    PyTorch. Arguments as for ``Conv1d``; sizes are one number, or one each for height and width.

    Shapes:
        input: (N, in_channels, H, W) or (in_channels, H, W).
        result: (N, out_channels, H', W') or (out_channels, H', W'), with
            H' = ⌊(H + 2 padding - dilation (kernel_size - 1) - 1) / stride⌋ + 1, and W' likewise.
        weight: (out_channels, in_channels/groups, *kernel_size).
        bias: (out_channels,).

    Raises:
        ValueError: for sizes that are too small, and groups that do not divide the channels.

    Example:
        >>> layer = Conv2d(3, 8, 3, stride=2, padding=1)
        >>> layer(Tensor(np.zeros((2, 3, 28, 28), np.float32))).shape
        (2, 8, 14, 14)
    """

    _dimensions = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str | int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Any) -> Tensor:
        """The convolved pictures."""
        input, padding = self._padded(input)
        return conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class _Transposed(_Convolution):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        name = type(self).__name__
        if padding_mode != "zeros":
            raise ValueError(f"{name}: padding_mode must be 'zeros', got {padding_mode!r}; pad the input instead")
        if isinstance(padding, str):
            raise TypeError(f"{name}: padding must be integers, got {padding!r}")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def _output_padding(self, input: Any, output_size: Sequence[int] | None) -> tuple[int, ...]:
        """The output padding that gives ``output_size``: with a stride, several sizes belong to one input."""
        if output_size is None:
            return self.output_padding
        name, many = type(self).__name__, self._dimensions
        if not isinstance(output_size, (tuple, list)) or len(output_size) not in (many, input.ndim):
            raise ValueError(
                f"{name}: output_size needs {many} sizes, or {input.ndim} with batch and channels, got {output_size}"
            )
        wanted = one_each(name, "output_size", output_size[-many:], many, 1)
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-many:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most, strict=True)):
            raise ValueError(f"{name}: output_size {wanted} is out of reach: from {tuple(least)} to {tuple(most)}")
        return tuple(n - low for n, low in zip(wanted, least, strict=True))


class ConvTranspose1d(_Transposed):
    """Slides the other way round: makes sequences longer by adding a learned kernel at every element.

    Parameters start uniform in ±1/√(out_channels/groups · kernel_size), as in PyTorch.

    Shapes:
        input: (N, in_channels, L) or (in_channels, L).
        result: (N, out_channels, L') or (out_channels, L'), with
            L' = (L - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1.
        weight: (in_channels, out_channels/groups, kernel_size).
        bias: (out_channels,).

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: how many elements of the output each element of the input reaches.
        stride: how far apart the kernels of neighbours lie.
        padding: how much is cut off at both ends.
        output_padding: how much longer the result is at its end; less than the stride or the dilation.
        groups: channels fall into so many parts that do not see each other.
        bias: whether to add a bias; without one the attribute ``bias`` is None.
        dilation: distance between the elements that a kernel reaches.
        padding_mode: only ``"zeros"``.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> layer = ConvTranspose1d(4, 8, 2, stride=2)
        >>> layer(Tensor(np.zeros((2, 4, 10), np.float32))).shape
        (2, 8, 20)
    """

    _dimensions = 1

    def forward(self, input: Any, output_size: Sequence[int] | None = None) -> Tensor:
        """The longer sequences; ``output_size`` chooses among the lengths that the stride leaves open."""
        input = spatial(type(self).__name__, input, self._dimensions)
        extra = self._output_padding(input, output_size)
        return conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )


class ConvTranspose2d(_Transposed):
    """Slides the other way round: makes pictures larger by adding a learned kernel at every element.

    Parameters start uniform in ±1/√(out_channels/groups · height · width of the kernel), as in PyTorch. Arguments as
    for ``ConvTranspose1d``; sizes are one number, or one each for height and width.

    Shapes:
        input: (N, in_channels, H, W) or (in_channels, H, W).
        result: (N, out_channels, H', W') or (out_channels, H', W'), with
            H' = (H - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1, and W' likewise.
        weight: (in_channels, out_channels/groups, *kernel_size).
        bias: (out_channels,).

    Example:
        >>> layer = ConvTranspose2d(8, 3, 3, stride=2, padding=1)
        >>> layer(Tensor(np.zeros((2, 8, 7, 7), np.float32)), output_size=(14, 14)).shape
        (2, 3, 14, 14)
    """

    _dimensions = 2

    def forward(self, input: Any, output_size: Sequence[int] | None = None) -> Tensor:
        """The larger pictures; ``output_size`` chooses among the sizes that the stride leaves open."""
        input = spatial(type(self).__name__, input, self._dimensions)
        extra = self._output_padding(input, output_size)
        return conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )
