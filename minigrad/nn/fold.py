"""Layers that take the windows of a picture apart, and put them together."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from .functional.fold import fold, unfold
from .module.module import Module


class Unfold(Module):
    """Every window of a picture as a column, for methods that work on patches: ``functional.unfold`` as a layer.

    Example:
        >>> Unfold(2)(Tensor(np.zeros((1, 3, 4, 4)))).shape
        (1, 12, 9)
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Any) -> Tensor:
        """The columns: (N, C · kernel height · kernel width, number of windows)."""
        return unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """How the windows slide."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns added up where ``Unfold`` took them: ``functional.fold`` as a layer.

    Example:
        >>> Fold((4, 4), 2)(Tensor(np.zeros((1, 12, 9)))).shape
        (1, 3, 4, 4)
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Any) -> Tensor:
        """The pictures: (N, C, *output_size)."""
        return fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """How the windows slide."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
