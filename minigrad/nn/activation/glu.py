"""Modules that make one output of several inputs."""

from __future__ import annotations

from typing import Any

from .. import functional
from ..conv import Conv2d
from ..functional.sizes import at_least
from ..linear import Linear
from ..module.module import Module


class GLU(Module):
    """The first half of the input along ``dim`` times the sigmoid of the second half.

    Args:
        dim: the dimension that is halved.

    Example:
        >>> GLU()(Tensor([3.0, 1000.0]))
        Tensor([3.])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Gate the first half by the second."""
        return functional.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Maxout(Module):
    """The largest of ``pieces`` linear functions, for every output: a linear layer that learns its own activation.

    Shapes:
        input: (..., in_features).
        result: (..., out_features).
        linear.weight: (out_features · pieces, in_features); the pieces of one output are neighbours.

    Args:
        in_features: the size of the last dimension of the input.
        out_features: that of the output.
        pieces: how many linear functions each output has.
        bias: whether they have a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Source:
        Goodfellow et al., "Maxout Networks", 2013, section 2.

    Example:
        >>> Maxout(3, 2, pieces=4)(Tensor([[1.0, 2.0, 3.0]])).shape
        (1, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.in_features, self.out_features, self.pieces = at_least(
            "Maxout", 1, in_features=in_features, out_features=out_features, pieces=pieces
        )
        self.linear = Linear(self.in_features, self.out_features * self.pieces, bias, device, dtype)

    def forward(self, input: Any) -> Any:
        """The largest piece of every output."""
        return functional.maxout(self.linear(input), self.pieces, dim=-1)

    def extra_repr(self) -> str:
        """The number of pieces; the sizes stand beside the layer inside."""
        return f"pieces={self.pieces}"


class MaxoutConv2d(Module):
    """The largest of ``pieces`` convolutions, for every output channel: a convolution that learns its own activation.

    Shapes:
        input: (N, in_channels, H, W) or (in_channels, H, W).
        result: (N, out_channels, H', W') or (out_channels, H', W'), sizes as for ``Conv2d``.
        conv.weight: (out_channels · pieces, in_channels/groups, *kernel_size); the pieces of one output are neighbours.

    Args:
        in_channels: of the input.
        out_channels: of the output, after the largest was taken.
        kernel_size: one number, or one each for height and width.
        pieces: how many convolutions each output channel has.
        stride: as for ``Conv2d``, like all that follow.
        padding: likewise.
        dilation: likewise.
        groups: likewise.
        bias: likewise.
        padding_mode: likewise.
        device: likewise.
        dtype: likewise.

    Raises:
        ValueError: for output channels that the groups do not divide, besides what ``Conv2d`` refuses.

    Source:
        Goodfellow et al., "Maxout Networks", 2013, section 2.

    Example:
        >>> MaxoutConv2d(3, 8, 3, pieces=2, padding=1)(Tensor(np.zeros((1, 3, 5, 5), np.float32))).shape
        (1, 8, 5, 5)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        pieces: int = 2,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.in_channels, self.out_channels, self.pieces, groups = at_least(
            "MaxoutConv2d", 1, in_channels=in_channels, out_channels=out_channels, pieces=pieces, groups=groups
        )
        if self.out_channels % groups:
            raise ValueError(f"MaxoutConv2d: groups={groups} does not divide out_channels={out_channels}")
        self.conv = Conv2d(
            self.in_channels,
            self.out_channels * self.pieces,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any) -> Any:
        """The largest piece of every output channel."""
        return functional.maxout(self.conv(input), self.pieces, dim=-3)

    def extra_repr(self) -> str:
        """The number of pieces; the sizes stand beside the layer inside."""
        return f"pieces={self.pieces}"
