"""Layers that multiply by a matrix."""

from __future__ import annotations

import math
from typing import Any

from ..core.tensor import Tensor, to_tensor
from ..ops.products import bilinear
from . import init
from .functional.sizes import at_least
from .kernels.linear import linear
from .module.module import Module
from .parameter import unset


class Linear(Module):
    """``input @ weight.T + bias``: every output is a weighted sum of the inputs.

    Both Parameters start uniform in ±1/√in_features, as in PyTorch.

    Shapes:
        input: (..., in_features).
        result: (..., out_features).
        weight: (out_features, in_features).
        bias: (out_features,).

    Args:
        in_features: the size of the last dimension of the input.
        out_features: the size of the last dimension of the output.
        bias: whether to add a bias; without one the attribute ``bias`` is None.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1.

    Example:
        >>> layer = Linear(3, 2)
        >>> layer(Tensor([[1.0, 2.0, 3.0]])).shape
        (1, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        sizes = at_least("Linear", 1, in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = sizes
        self.weight = unset((self.out_features, self.in_features), device, dtype)
        self.bias = unset((self.out_features,), device, dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new Parameters."""
        bound = 1 / math.sqrt(self.in_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Any) -> Tensor:
        """The weighted sums of ``input``."""
        try:
            return linear(input, self.weight, self.bias)  # type: ignore[no-any-return]
        except (AttributeError, TypeError, ValueError):
            _refuse(input, self)
            raise

    def extra_repr(self) -> str:
        """Sizes, and whether there is a bias."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def _refuse(input: Any, layer: Linear) -> None:
    """Raise what is wrong with the input, and how to mend it, if it is its kind or its last size.

    Raises:
        TypeError: for a tuple, and for a Module.
        ValueError: for another last size than ``layer.in_features``.
    """
    if isinstance(input, tuple):
        raise TypeError(
            f"linear takes one Tensor, got a tuple of {len(input)}; recurrent layers and attention return such a "
            "tuple: output, _ = layer(input)"
        ) from None
    if isinstance(input, Module):
        kind = type(input).__name__
        raise TypeError(f"linear takes a Tensor, got a {kind}; make the layer first, then call it: layer(x)") from None
    shape, needed = (to_tensor(input)).shape, layer.in_features
    if shape[-1:] == (needed,):
        return
    flat = next((start for start in range(1, len(shape)) if math.prod(shape[start:]) == needed), None)
    if flat is not None:
        cure = f"; x.flatten({flat}) makes it {(*shape[:flat], needed)}"
    else:
        cure = f"; nn.Linear({shape[-1]}, {layer.out_features}) would take it" if shape else ""
    raise ValueError(
        f"linear: the last size of the input must be in_features={needed}, got shape {shape}{cure}"
    ) from None


class Bilinear(Module):
    """``input1 @ weight[o] @ input2 + bias[o]``: every output weighs all products of one element of each input.

    Both Parameters start uniform in ±1/√in1_features, as in PyTorch.

    Shapes:
        input1: (..., in1_features).
        input2: (..., in2_features).
        result: (..., out_features).
        weight: (out_features, in1_features, in2_features).
        bias: (out_features,).

    Args:
        in1_features: the size of the last dimension of the first input.
        in2_features: the size of the last dimension of the second.
        out_features: the size of the last dimension of the output.
        bias: whether to add a bias; without one the attribute ``bias`` is None.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1.

    Example:
        >>> Bilinear(3, 4, 2)(Tensor([1.0, 2.0, 3.0]), Tensor([1.0, 2.0, 3.0, 4.0])).shape
        (2,)
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least("Bilinear", 1, in1_features=in1_features, in2_features=in2_features, out_features=out_features)
        self.in1_features, self.in2_features, self.out_features = sizes
        self.weight = unset((self.out_features, self.in1_features, self.in2_features), device, dtype)
        self.bias = unset((self.out_features,), device, dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new Parameters."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Any, input2: Any) -> Tensor:
        """The weighted sums of products."""
        return bilinear(input1, input2, self.weight, self.bias)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Sizes, and whether there is a bias."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Identity(Module):
    """Returns its input: a placeholder for a layer. Takes, and ignores, any arguments.

    Example:
        >>> Identity()(3)
        3
    """

    _takes_arrays = frozenset({""})  # whatever stands where a layer had its arguments

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """The input itself."""
        return input
