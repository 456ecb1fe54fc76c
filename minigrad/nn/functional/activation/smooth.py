"""Smooth activation functions, safe over the whole range of floats: no overflow, and limits at ±infinity.

(At infinity PyTorch gives NaN for several of them, 0 · inf; here ``silu(-inf)`` is 0.)
With ``inplace=True`` the Tensor that was given holds the result afterwards, and is returned.
"""

from __future__ import annotations

from typing import Any

from ....core.tensor import Tensor
from ....ops.elementwise import sigmoid as _sigmoid
from ....ops.elementwise import tanh as _tanh
from ...kernels.activation import gelu as self_gated
from ...kernels.activation import smooth as kernels
from ..arguments import numbers
from .rectifier import applied

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # fixed point: mean 0 and variance 1


# --- bounded on both sides --------------------------------------------------------------------------------------------
def sigmoid(input: Any) -> Any:
    """1 / (1 + exp(-input)), in (0, 1).

    Example:
        >>> sigmoid(Tensor([-1000.0, 0.0, 1000.0]))
        Tensor([0. , 0.5, 1. ])
    """
    return _sigmoid(input)


def tanh(input: Any) -> Any:
    """The hyperbolic tangent, in (-1, 1).

    Example:
        >>> tanh(Tensor([-1000.0, 0.0, 1000.0]))
        Tensor([-1.,  0.,  1.])
    """
    return _tanh(input)


def softsign(input: Any) -> Any:
    """Input / (1 + |input|): like ``tanh`` in (-1, 1), but saturating slowly.

    Example:
        >>> softsign(Tensor([-1.0, 0.0, 3.0]))
        Tensor([-0.5 ,  0.  ,  0.75])
    """
    return kernels.softsign(input)


# --- the input times a smooth step of it ------------------------------------------------------------------------------
def gelu(input: Any, approximate: str = "none") -> Any:
    """The input times Φ(input), the probability that a standard normal number lies below it.

    Args:
        input: array or Tensor of any shape.
        approximate: ``"none"``, or ``"tanh"`` for the approximation in which GPT-2 was trained.

    Source:
        Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, section 2.

    Example:
        >>> [round(y, 4) for y in gelu(Tensor([-1.0, 0.0, 1.0])).tolist()]
        [-0.1587, 0.0, 0.8413]
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return self_gated.gelu(input) if approximate == "none" else self_gated.gelu_tanh(input)


def silu(input: Any, inplace: bool = False) -> Any:
    """The input times its sigmoid, also called Swish.

    Example:
        >>> [round(y, 4) for y in silu(Tensor([-1.0, 0.0, 1.0])).tolist()]
        [-0.2689, 0.0, 0.7311]
    """
    return applied("silu", self_gated.silu, input, inplace)


def mish(input: Any, inplace: bool = False) -> Any:
    """The input times tanh(softplus(input)).

    Source:
        Misra, "Mish: A Self Regularized Non-Monotonic Neural Activation Function", 2019.

    Example:
        >>> [round(y, 4) for y in mish(Tensor([0.0, 1.0])).tolist()]
        [0.0, 0.8651]
    """
    return applied("mish", self_gated.mish, input, inplace)


# --- exponential below 0 ----------------------------------------------------------------------------------------------
def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """The input where it is positive, else ``alpha`` · (exp(input) - 1).

    Source:
        Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear Units", 2015, equation 15.

    Example:
        >>> [round(y, 4) for y in elu(Tensor([-1.0, 1.0])).tolist()]
        [-0.6321, 1.0]
    """
    (alpha,) = numbers("elu", alpha=alpha)
    return applied("elu", kernels.elu, input, inplace, alpha=alpha, scale=1.0, rate=1.0)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """``elu`` in place."""
    return elu(input, alpha, inplace=True)  # type: ignore[no-any-return]


def selu(input: Any, inplace: bool = False) -> Any:
    """1.0507 · elu(input, 1.6733), which keeps mean 0 and variance 1 from layer to layer with LeCun's initialisation.

    Source:
        Klambauer et al., "Self-Normalizing Neural Networks", 2017, equation 2.

    Example:
        >>> [round(y, 4) for y in selu(Tensor([-1.0, 1.0])).tolist()]
        [-1.1113, 1.0507]
    """
    return applied("selu", kernels.elu, input, inplace, alpha=_SELU_ALPHA, scale=_SELU_SCALE, rate=1.0)


def selu_(input: Tensor) -> Tensor:
    """``selu`` in place."""
    return selu(input, inplace=True)  # type: ignore[no-any-return]


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """The input where it is positive, else ``alpha`` · (exp(input / alpha) - 1): without a corner for any ``alpha``.

    Raises:
        ValueError: for ``alpha`` = 0.

    Example:
        >>> [round(y, 4) for y in celu(Tensor([-1.0, 1.0]), alpha=2.0).tolist()]
        [-0.7869, 1.0]
    """
    (alpha,) = numbers("celu", alpha=alpha)
    if alpha == 0:
        raise ValueError("celu: alpha must not be 0, since the input is divided by it; for max(input, 0) use relu")
    return applied("celu", kernels.elu, input, inplace, alpha=alpha, scale=1.0, rate=1 / alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """``celu`` in place."""
    return celu(input, alpha, inplace=True)  # type: ignore[no-any-return]


# --- logarithms, and what is left of tanh -----------------------------------------------------------------------------
def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta · input)) / beta: a smooth ReLU, positive everywhere.

    Args:
        input: array or Tensor of any shape.
        beta: how sharp the bend is.
        threshold: where beta · input is above it, the result is the input itself.

    Raises:
        ValueError: for ``beta`` = 0.

    Example:
        >>> softplus(Tensor([-1000.0, 1000.0]))
        Tensor([   0., 1000.])
    """
    beta, threshold = numbers("softplus", beta=beta, threshold=threshold)
    if beta == 0:
        raise ValueError("softplus: beta must not be 0, since the result is divided by it; the default is 1")
    return kernels.softplus(input, beta=beta, threshold=threshold)


def logsigmoid(input: Any) -> Any:
    """The logarithm of the sigmoid, exact also where the sigmoid itself rounds to 0.

    Example:
        >>> logsigmoid(Tensor([-1000.0, 1000.0]))
        Tensor([-1000.,     0.])
    """
    return kernels.logsigmoid(input)


def tanhshrink(input: Any) -> Any:
    """The input minus its tanh.

    Example:
        >>> tanhshrink(Tensor([0.0, 100.0]))
        Tensor([ 0., 99.])
    """
    input = self_gated.floats(input) if not isinstance(input, Tensor) else input
    return input - _tanh(input)
