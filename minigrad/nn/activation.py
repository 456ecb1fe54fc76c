"""Activation functions as Modules, for use in ``Sequential``."""

from __future__ import annotations

from typing import Any

from . import functional
from .module import Module


class ReLU(Module):
    """max(input, 0), elementwise; the derivative at 0 is 0.

    Example:
        >>> ReLU()(Tensor([-1.0, 2.0]))
        Tensor([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.relu(input)


class Tanh(Module):
    """The hyperbolic tangent, elementwise, in (-1, 1).

    Example:
        >>> Tanh()(Tensor([0.0]))
        Tensor([0.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.tanh(input)


class Sigmoid(Module):
    """1 / (1 + exp(-input)), elementwise, in (0, 1).

    Example:
        >>> Sigmoid()(Tensor([0.0]))
        Tensor([0.5])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.sigmoid(input)


class _AlongDimension(Module):
    def __init__(self, dim: int) -> None:
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
