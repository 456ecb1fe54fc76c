"""Normalisation within each sample: it does not depend on the batch, and is the same in training and in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.tensor import Tensor
from .. import functional, init
from ..functional.normalization.layer import normalized_sizes
from ..functional.sizes import at_least
from ..module.module import Module
from ..parameter import unset


class LayerNorm(Module):
    """Mean 0 and variance 1 over the last dimensions of every sample, times weight, plus bias.

    The norm of transformers and recurrent networks: rows do not see one another.

    Shapes:
        input: (..., *normalized_shape); the result has the same.
        weight, bias: normalized_shape.

    Args:
        normalized_shape: the sizes of the last dimensions; an integer for the last one alone.
        eps: is added to the variance.
        elementwise_affine: whether to learn a weight (starts at 1) and a bias (starts at 0).
        bias: whether to learn the bias too.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1, and an input that does not end in ``normalized_shape``.

    Source:
        Ba, Kiros & Hinton 2016.

    Example:
        >>> LayerNorm(2, eps=0.5625)(Tensor([[1.0, 3.0], [12.0, 10.0]]))
        Tensor([[-0.8,  0.8],
                [ 0.8, -0.8]], op=layer_norm)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = normalized_sizes("LayerNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = unset(self.normalized_shape, device, dtype) if elementwise_affine else None
        self.bias = unset(self.normalized_shape, device, dtype) if elementwise_affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Tensor:
        """Normalise every sample."""
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Sizes and options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """The input divided by the root of its mean square over the last dimensions, times weight.

    ``LayerNorm`` without mean and bias: a little cheaper, and as good in large language models.

    Shapes:
        input: (..., *normalized_shape); the result has the same.
        weight: normalized_shape.

    Args:
        normalized_shape: the sizes of the last dimensions; an integer for the last one alone.
        eps: is added to the mean square, by default the distance from 1 to the next number of the input's dtype
            (of float32 for float16 inputs, which are computed in it).
        elementwise_affine: whether to learn a weight, which starts at 1.
        device: None or ``"cpu"``.
        dtype: of the weight, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1, and an input that does not end in ``normalized_shape``.

    Source:
        Zhang & Sennrich 2019.

    Example:
        >>> RMSNorm(2)(Tensor([3.0, 3.0]))
        Tensor([1., 1.], op=rms_norm)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = normalized_sizes("RMSNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = unset(self.normalized_shape, device, dtype) if elementwise_affine else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Any) -> Tensor:
        """Normalise every sample."""
        return functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Sizes and options."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """Every value divided by a power of the mean square of neighbouring channels, as in AlexNet; no Parameters.

    Args:
        size: how many channels count, the own one in the middle.
        alpha: the factor of the mean square.
        beta: the exponent.
        k: what is added first.

    Shapes:
        input: (N, C, ...), of three dimensions or more; the result has the same.

    Source:
        Krizhevsky, Sutskever & Hinton 2012, section 3.3.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        (self.size,) = at_least("LocalResponseNorm", 1, size=size)
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Any) -> Tensor:
        """Normalise over neighbouring channels."""
        return functional.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Size and options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
