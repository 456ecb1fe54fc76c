"""Layers that put a border around sequences and pictures."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor, to_tensor
from ..ops.pad import pad
from .functional.sizes import one_each
from .functional.spatial import spatial
from .module.module import Module


class _Pad(Module):
    """A border along the last dimensions; widths are (left, right, top, bottom), or one number for all."""

    _dimensions: int
    _mode: str

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        name = type(self).__name__
        self.padding = one_each(name, "padding", padding, 2 * self._dimensions, -(1 << 31))

    def forward(self, input: Any) -> Tensor:
        """The input with its border."""
        input = spatial(type(self).__name__, input, self._dimensions)
        return pad(input, self.padding, self._mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Tensor:
        """The input with its border."""
        return pad(to_tensor(input), self.padding, "constant", self.value)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A border of one value at both ends: ``padding`` is one width, or (left, right); negative ones cut off.

    Example:
        >>> ConstantPad1d((1, 2), 7.0)(Tensor([[1.0]]))
        Tensor([[7., 1., 7., 7.]])
    """

    _dimensions = 1


class ConstantPad2d(_ConstantPad):
    """A border of one value around pictures: ``padding`` is one width, or (left, right, top, bottom).

    Example:
        >>> ConstantPad2d((1, 0, 0, 0), 7.0)(Tensor([[[1.0]]]))
        Tensor([[[7., 1.]]])
    """

    _dimensions = 2


class ZeroPad1d(_ConstantPad):
    """Zeros at both ends: ``padding`` is one width, or (left, right).

    Example:
        >>> ZeroPad1d(1)(Tensor([[1.0]]))
        Tensor([[0., 1., 0.]])
    """

    _dimensions = 1

    def __init__(self, padding: int | tuple[int, int]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ZeroPad2d(_ConstantPad):
    """Zeros around pictures: ``padding`` is one width, or (left, right, top, bottom).

    Example:
        >>> ZeroPad2d(1)(Tensor([[[1.0]]])).shape
        (1, 3, 3)
    """

    _dimensions = 2

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """Continues sequences by their mirror image, without repeating the end: ``padding`` is a width or (left, right).

    Example:
        >>> ReflectionPad1d(2)(Tensor([[1.0, 2.0, 3.0]]))
        Tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """

    _dimensions, _mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Continues pictures by their mirror image: ``padding`` is a width, or (left, right, top, bottom).

    Example:
        >>> ReflectionPad2d((1, 0, 0, 0))(Tensor([[[1.0, 2.0]]]))
        Tensor([[[2., 1., 2.]]])
    """

    _dimensions, _mode = 2, "reflect"


class ReplicationPad1d(_Pad):
    """Continues sequences by their first and last element: ``padding`` is a width, or (left, right).

    Example:
        >>> ReplicationPad1d(1)(Tensor([[1.0, 2.0]]))
        Tensor([[1., 1., 2., 2.]])
    """

    _dimensions, _mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Continues pictures by their edges: ``padding`` is a width, or (left, right, top, bottom).

    Example:
        >>> ReplicationPad2d((1, 0, 0, 0))(Tensor([[[1.0, 2.0]]]))
        Tensor([[[1., 1., 2.]]])
    """

    _dimensions, _mode = 2, "replicate"


class CircularPad1d(_Pad):
    """Continues sequences from their other end: ``padding`` is a width, or (left, right).

    Example:
        >>> CircularPad1d(1)(Tensor([[1.0, 2.0, 3.0]]))
        Tensor([[3., 1., 2., 3., 1.]])
    """

    _dimensions, _mode = 1, "circular"


class CircularPad2d(_Pad):
    """Continues pictures from their other side: ``padding`` is a width, or (left, right, top, bottom).

    Example:
        >>> CircularPad2d((1, 0, 0, 0))(Tensor([[[1.0, 2.0]]]))
        Tensor([[[2., 1., 2.]]])
    """

    _dimensions, _mode = 2, "circular"
