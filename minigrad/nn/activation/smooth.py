"""Smooth activation functions as Modules, for use in ``Sequential``."""

from __future__ import annotations

from typing import Any

from .. import functional
from ..module.module import Module
from .rectifier import InPlace


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


class LogSigmoid(Module):
    """The logarithm of the sigmoid, without its underflow.

    Example:
        >>> LogSigmoid()(Tensor([-1000.0]))
        Tensor([-1000.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.logsigmoid(input)


class Softsign(Module):
    """Input / (1 + |input|): like ``Tanh``, but saturating slowly.

    Example:
        >>> Softsign()(Tensor([3.0]))
        Tensor([0.75])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.softsign(input)


class Tanhshrink(Module):
    """The input minus its tanh.

    Example:
        >>> Tanhshrink()(Tensor([100.0]))
        Tensor([99.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.tanhshrink(input)


class Softplus(Module):
    """log(1 + exp(beta · input)) / beta: a smooth ReLU, positive everywhere.

    Args:
        beta: how sharp the bend is.
        threshold: where beta · input is above it, the result is the input itself.

    Example:
        >>> Softplus()(Tensor([1000.0]))
        Tensor([1000.])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Both arguments."""
        return f"beta={self.beta}, threshold={self.threshold}"


class GELU(Module):
    """The input times the probability that a standard normal number lies below it: usual in transformers.

    Args:
        approximate: ``"none"``, or ``"tanh"`` for the approximation in which GPT-2 was trained.

    Example:
        >>> GELU()(Tensor([0.0, 100.0]))
        Tensor([  0., 100.])
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate must be 'none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """The approximation."""
        return f"approximate={self.approximate!r}"


class SiLU(InPlace):
    """The input times its sigmoid, also called Swish.

    Args:
        inplace: write the result into the input Tensor.

    Example:
        >>> SiLU()(Tensor([0.0, 100.0]))
        Tensor([  0., 100.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.silu(input, self.inplace)


class Mish(InPlace):
    """The input times tanh(softplus(input)).

    Args:
        inplace: write the result into the input Tensor.

    Example:
        >>> Mish()(Tensor([0.0, 100.0]))
        Tensor([  0., 100.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.mish(input, self.inplace)


class SELU(InPlace):
    """ELU scaled so that mean 0 and variance 1 pass from layer to layer; initialise with ``init.lecun_normal_``.

    Args:
        inplace: write the result into the input Tensor.

    Example:
        >>> SELU()(Tensor([0.0]))
        Tensor([0.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.selu(input, self.inplace)


class _WithAlpha(Module):
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The arguments."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class ELU(_WithAlpha):
    """The input where it is positive, else ``alpha`` · (exp(input) - 1).

    Args:
        alpha: minus the value at minus infinity.
        inplace: write the result into the input Tensor.

    Example:
        >>> ELU()(Tensor([-100.0, 2.0]))
        Tensor([-1.,  2.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.elu(input, self.alpha, self.inplace)


class CELU(_WithAlpha):
    """The input where it is positive, else ``alpha`` · (exp(input / alpha) - 1): without a corner for any ``alpha``.

    Args:
        alpha: minus the value at minus infinity.
        inplace: write the result into the input Tensor.

    Example:
        >>> CELU(alpha=2.0)(Tensor([-100.0, 2.0]))
        Tensor([-2.,  2.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.celu(input, self.alpha, self.inplace)
