"""Modules that turn scores into probabilities."""

from __future__ import annotations

from typing import Any

from ..core.arrays import shape_of
from ..core.tensor import Tensor
from . import functional
from .functional.softmax import check_temperature
from .module.module import Module


class _AlongDimension(Module):
    def __init__(self, dim: int | None = None) -> None:
        if dim is None:
            name = type(self).__name__
            raise TypeError(f"{name} needs the dimension to normalise over, such as {name}(dim=-1)")
        self.dim = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(_AlongDimension):
    """exp(input) divided by its sum along ``dim``: probabilities.

    Not needed before ``CrossEntropyLoss``, which takes the scores themselves.

    Args:
        dim: the dimension along which the result sums to 1; there is no default.

    Example:
        >>> Softmax(dim=-1)(Tensor([0.0, 0.0]))
        Tensor([0.5, 0.5])
    """

    def forward(self, input: Any) -> Any:
        """Normalise along the dimension."""
        return functional.softmax(input, dim=self.dim)


class LogSoftmax(_AlongDimension):
    """The logarithm of ``Softmax``, in nats, without its overflow and underflow.

    Args:
        dim: the dimension along which the exponentials of the result sum to 1; there is no default.

    Example:
        >>> LogSoftmax(dim=-1)(Tensor([1000.0, 0.0]))
        Tensor([    0., -1000.])
    """

    def forward(self, input: Any) -> Any:
        """Normalise along the dimension."""
        return functional.log_softmax(input, dim=self.dim)


class Softmin(_AlongDimension):
    """``Softmax`` of the negated input: the smallest gets the largest probability.

    Args:
        dim: the dimension along which the result sums to 1; there is no default.

    Example:
        >>> Softmin(dim=-1)(Tensor([0.0, 1000.0]))
        Tensor([1., 0.])
    """

    def forward(self, input: Any) -> Any:
        """Normalise along the dimension."""
        return functional.softmin(input, dim=self.dim)


class Softmax2d(Module):
    """``Softmax`` over the channels of images, at every pixel.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        result: the same.

    Example:
        >>> Softmax2d()(Tensor([[[0.0]], [[0.0]]])).tolist()
        [[[0.5]], [[0.5]]]
    """

    def forward(self, input: Any) -> Any:
        """Normalise along the channels."""
        if len(shape_of(input)) not in (3, 4):
            raise ValueError(f"Softmax2d takes (N, C, H, W) or (C, H, W), got {shape_of(input)}; else use Softmax(dim)")
        return functional.softmax(input, dim=-3)


class SoftmaxWithTemperature(_AlongDimension):
    """``Softmax`` of the input divided by a temperature: below 1 sharper than the scores say, above 1 flatter.

    Args:
        temperature: a positive number, or a Tensor or Parameter, which may be learned.
        dim: the dimension along which the result sums to 1; there is no default.

    Example:
        >>> SoftmaxWithTemperature(0.001, dim=-1)(Tensor([1.0, 0.0]))
        Tensor([1., 0.])
    """

    _takes_arrays = frozenset({"temperature"})

    def __init__(self, temperature: Any, dim: int) -> None:
        super().__init__(dim)
        check_temperature("SoftmaxWithTemperature", temperature)
        self.temperature = temperature

    def forward(self, input: Any) -> Any:
        """Normalise along the dimension."""
        return functional.softmax_with_temperature(input, self.temperature, self.dim)

    def extra_repr(self) -> str:
        """The temperature and the dimension."""
        shown = "" if isinstance(self.temperature, Tensor) else f"temperature={self.temperature}, "
        return f"{shown}dim={self.dim}"
