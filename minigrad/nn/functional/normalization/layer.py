"""Normalisation of each sample or position by itself, and of vectors to length 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....core.arrays import one_precision, shape_of
from ....core.tensor import Tensor
from ....ops.dims import axis_aliases, some_dims
from ....ops.elementwise import clamp
from ....ops.pad import pad
from ....ops.reduce.norms import norm
from ...kernels.normalization.layer import layer_norm as normalized_rows
from ...kernels.normalization.layer import rms_norm as rms_norm_of_rows
from ..arguments import computed_in_single_precision, floating, numbers, tensors
from ..sizes import at_least, one_each


# --- one mean or mean square per row ----------------------------------------------------------------------------------
@computed_in_single_precision
def layer_norm(
    input: Any, normalized_shape: int | Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-05
) -> Tensor:
    """Mean 0 and variance 1 over the last dimensions, then times ``weight``, plus ``bias``.

    Shapes:
        input: (..., *normalized_shape); the result has the same.
        weight, bias: normalized_shape, or None.

    Args:
        input: the values.
        normalized_shape: the sizes of the last dimensions, over which mean and biased variance are taken.
        weight: what is multiplied by, element by element, 1 if None.
        bias: what is added, 0 if None.
        eps: is added to the variance; a row of equal numbers becomes 0 and has a finite gradient.

    Raises:
        ValueError: where the input does not end in ``normalized_shape``, or weight and bias have other shapes.

    Source:
        Ba, Kiros & Hinton 2016, equation 4.

    Example:
        >>> layer_norm(Tensor([1.0, 3.0]), (2,), eps=0.5625)
        Tensor([-0.8,  0.8])
    """
    input, shape = _ending_in("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    (eps,) = numbers("layer_norm", eps=eps)
    weight, bias = tensors(weight, bias)
    one_precision("layer_norm", input, weight=weight, bias=bias)
    if len(shape) == 1:
        return normalized_rows(input, weight, bias, eps=eps)  # type: ignore[no-any-return]
    rows = input.reshape(_with_one_last_dimension(input.shape, shape))
    weight, bias = (None if part is None else part.reshape(-1) for part in (weight, bias))
    return normalized_rows(rows, weight, bias, eps=eps).reshape(input.shape)  # type: ignore[no-any-return]


@computed_in_single_precision
def rms_norm(input: Any, normalized_shape: int | Sequence[int], weight: Any = None, eps: float | None = None) -> Tensor:
    """The input divided by the root of its mean square over the last dimensions, times ``weight``.

    Shapes:
        input: (..., *normalized_shape); the result has the same.
        weight: normalized_shape, or None.

    Args:
        input: the values.
        normalized_shape: the sizes of the last dimensions, over which the mean square is taken.
        weight: what is multiplied by, element by element, 1 if None.
        eps: is added to the mean square, by default the distance from 1 to the next number of the input's dtype
            (of float32 for float16 inputs, which are computed in it).

    Raises:
        ValueError: where the input does not end in ``normalized_shape``, or the weight has another shape.

    Source:
        Zhang & Sennrich 2019, equation 4.

    Example:
        >>> rms_norm(Tensor([3.0, 3.0]), (2,))
        Tensor([1., 1.])
    """
    input, shape = _ending_in("rms_norm", input, normalized_shape, weight=weight)
    (eps,) = numbers("rms_norm", eps=np.finfo(input.dtype).eps if eps is None else eps)
    (weight,) = tensors(weight)
    if len(shape) == 1:
        return rms_norm_of_rows(input, weight, eps=eps)  # type: ignore[no-any-return]
    rows = input.reshape(_with_one_last_dimension(input.shape, shape))
    weight = None if weight is None else weight.reshape(-1)
    return rms_norm_of_rows(rows, weight, eps=eps).reshape(input.shape)  # type: ignore[no-any-return]


def _ending_in(name: str, input: Any, normalized_shape: Any, **parts: Any) -> tuple[Tensor, tuple[int, ...]]:
    input = floating(name, input)
    shape = normalized_sizes(name, normalized_shape)
    if input.shape[-len(shape) :] != shape:
        raise ValueError(
            f"{name}: the input must end in the dimensions {shape} to normalise over, got shape {input.shape}; "
            f"the last {len(shape)} size(s) of the input are the normalized_shape"
        )
    for part, value in parts.items():
        if value is not None and shape_of(value) != shape:
            raise ValueError(f"{name}: {part} must have the normalized_shape {shape}, got {shape_of(value)}")
    return input, shape


def normalized_sizes(name: str, normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    """The sizes of the last dimensions, at least one of them; an integer for the last one alone.

    Raises:
        TypeError: for what are no integers.
        ValueError: for none, and for sizes below 1.
    """
    several = isinstance(normalized_shape, (tuple, list))
    sizes = tuple(normalized_shape) if several else (normalized_shape,)  # type: ignore[arg-type]
    if not sizes:
        raise ValueError(f"{name}: normalized_shape needs at least one size, got {normalized_shape!r}")
    return one_each(name, "normalized_shape", sizes, dimensions=len(sizes), least=1)


def _with_one_last_dimension(shape: tuple[int, ...], last: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[: len(shape) - len(last)], math.prod(last))


# --- without learned parts --------------------------------------------------------------------------------------------
@axis_aliases
@computed_in_single_precision
def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: None = None) -> Tensor:
    """Vectors along ``dim`` divided by their p-norm: length 1. Those shorter than ``eps`` are divided by ``eps``.

    Args:
        input: the vectors.
        p: the exponent of the norm; 2 is the Euclidean length.
        dim: the dimension along which a vector lies, or several.
        eps: the smallest divisor.
        out: not supported: it would write behind the graph's back.

    Example:
        >>> normalize(Tensor([[3.0, 4.0]]))
        Tensor([[0.6, 0.8]])
    """
    if out is not None:
        raise TypeError("normalize(..., out=...) would write behind autograd's back; use the value that it returns")
    input = floating("normalize", input)
    dims = some_dims("normalize", dim, input.shape)
    return input / clamp(norm(input, p, dims, keepdim=True), min=eps)  # type: ignore[no-any-return]


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divide every value by a power of the mean square of its channel and its neighbours.

    Shapes:
        input: (N, C, ...), of three dimensions or more; the result has the same.

    Math:
        y = x / (k + alpha · Σ x² / size)^beta, the sum over ``size`` channels around its own, 0 beyond the ends.

    Raises:
        ValueError: for an input of less than three dimensions, and a size below 1.

    Source:
        Krizhevsky, Sutskever & Hinton 2012, section 3.3; there alpha is not divided by the size.

    Example:
        >>> local_response_norm(Tensor([[[1.0], [1.0], [1.0]]]), 3, alpha=3.0, beta=1.0).shape
        (1, 3, 1)
    """
    input = floating("local_response_norm", input)
    if input.ndim < 3:
        raise ValueError(f"local_response_norm: the input has shape (N, C, ...), at least 3-D, got {input.shape}")
    (size,) = at_least("local_response_norm", 1, size=size)
    before, after = size // 2, (size - 1) // 2
    squares = pad(np.square(input), (0, 0) * (input.ndim - 2) + (before, after))
    channels = input.shape[1]
    total = squares[:, :channels]
    for i in range(1, size):
        total = total + squares[:, i : i + channels]
    return input / (total * (alpha / size) + k) ** beta  # type: ignore[no-any-return]
