"""The way back from max pooling: every largest element is put where it stood, with zeros around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.arrays import as_array
from ....core.tensor import Tensor, raw, wrap
from ....ops.index.scatter import scatter
from ....ops.index.select import within
from ....ops.shape.reshape import reshape
from ..sizes import one_each
from ..spatial import spatial


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """The elements of ``input`` at their positions in longer sequences that hold zeros elsewhere.

    Shapes:
        input: (N, C, L) or (C, L).
        indices: as input.
        result: the same with L' = (L - 1) stride - 2 padding + kernel_size for L, or ``output_size``.

    Args:
        input: what ``max_pool1d`` returned, or something computed from it.
        indices: what ``max_pool1d`` returned beside it with ``return_indices=True``. Where windows overlapped, a
            position may be named several times: then the last element stays, and the gradient flows to that one alone.
        kernel_size: of the pooling, as are the next two.
        stride: by default ``kernel_size``.
        padding: that was added at both ends.
        output_size: the length before the pooling, which rounds down, so that several lengths lead to the same result.

    Raises:
        ValueError: for indices of another shape, and an ``output_size`` that is a stride or more off.
        IndexError: for an index outside the result.

    Example:
        >>> max_unpool1d(Tensor([[3.0, 2.0]]), [[1, 2]], 2)
        Tensor([[0., 3., 2., 0.]])
    """
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """The elements of ``input`` at their positions in larger pictures that hold zeros elsewhere.

    Arguments as for ``max_unpool1d``, each one number or one each for height and width.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        indices: as input; they count the elements of a channel row by row.
        result: the same with H' and W'.

    Example:
        >>> max_unpool2d(Tensor([[[3.0]]]), [[[1]]], 2)
        Tensor([[[0., 3.],
                 [0., 0.]]])
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def _max_unpool(
    name: str,
    dimensions: int,
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    output_size: Any,
) -> Tensor:
    input = spatial(name, input, dimensions)
    positions = as_array(raw(indices))
    if positions.shape != input.shape:
        raise ValueError(
            f"{name}: the indices, of shape {positions.shape}, must have the shape of the input, {input.shape}; take "
            "both from one pooling with return_indices=True"
        )
    size = _size(name, input.shape[-dimensions:], kernel_size, stride, padding, output_size)
    channels, whole = math.prod(input.shape[:-dimensions]), math.prod(size)
    positions = np.reshape(within(name, positions, whole), (channels, math.prod(input.shape[-dimensions:])))
    flat = np.reshape(positions + np.arange(channels, like=positions)[:, None] * whole, (-1,))  # twice as fast as pairs
    zeros = wrap(np.zeros_like(raw(input), shape=(channels * whole,)), None)
    out = scatter(zeros, 0, flat, reshape(input, -1))
    return reshape(out, *input.shape[:-dimensions], *size)  # type: ignore[no-any-return]


def _size(
    name: str, pooled: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> tuple[int, ...]:
    """The size before the pooling."""
    many = len(pooled)
    kernel = one_each(name, "kernel_size", kernel_size, many, 1)
    strides = kernel if stride is None else one_each(name, "stride", stride, many, 1)
    pads = one_each(name, "padding", padding, many, 0)
    usual = tuple((n - 1) * s - 2 * p + k for n, k, s, p in zip(pooled, kernel, strides, pads, strict=True))
    if output_size is None:
        wanted = usual
    else:
        several = isinstance(output_size, (tuple, list)) and len(output_size) == many + 2  # a whole shape
        wanted = one_each(name, "output_size", output_size[2:] if several else output_size, many, 1)
    if min(wanted) < 1 or any(abs(n - u) >= s for n, u, s in zip(wanted, usual, strides, strict=True)):
        raise ValueError(
            f"{name}: output_size {wanted} is out of reach: it must be less than a stride of {strides} away from "
            f"{usual}, for {tuple(pooled)} from a kernel of {kernel} with padding {pads}"
        )
    return wanted
