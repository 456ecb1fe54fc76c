"""Layers that undo max pooling, as far as that can be done."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.pooling.unpooling import max_unpool1d, max_unpool2d
from ..functional.sizes import one_each
from ..module.module import Module


class _MaxUnpool(Module):
    _dimensions: int

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
    ) -> None:
        name, many = type(self).__name__, self._dimensions
        self.kernel_size = one_each(name, "kernel_size", kernel_size, many, 1)
        self.stride = self.kernel_size if stride is None else one_each(name, "stride", stride, many, 1)
        self.padding = one_each(name, "padding", padding, many, 0)

    def extra_repr(self) -> str:
        """How the windows slid."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Puts the elements that a ``MaxPool1d`` kept back to their positions, between zeros.

    Args:
        kernel_size: of the pooling, as are the next two.
        stride: by default ``kernel_size``.
        padding: that was added at both ends.

    Example:
        >>> MaxUnpool1d(2)(Tensor([[3.0, 2.0]]), [[1, 2]])
        Tensor([[0., 3., 2., 0.]])
    """

    _dimensions = 1

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Tensor:
        """The longer sequences; ``output_size`` chooses among the lengths that the pooling made alike."""
        return max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpool):
    """Puts the elements that a ``MaxPool2d`` kept back to their positions, between zeros: for decoders.

    Arguments as for ``MaxUnpool1d``, each one number or one each for height and width.

    Example:
        >>> pool = minigrad.nn.MaxPool2d(2, return_indices=True)
        >>> pooled, indices = pool(Tensor([[[1.0, 3.0], [2.0, 0.0]]]))
        >>> MaxUnpool2d(2)(pooled, indices)
        Tensor([[[0., 3.],
                 [0., 0.]]])
    """

    _dimensions = 2

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Tensor:
        """The larger pictures; ``output_size`` chooses among the sizes that the pooling made alike."""
        return max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)
