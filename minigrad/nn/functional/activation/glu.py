"""Activation functions that make one output of several inputs."""

from __future__ import annotations

from typing import Any

from ....core.arrays import shape_of
from ....core.tensor import as_operand
from ....ops.dims import axis_aliases, one_dim
from ...kernels.activation import glu as kernels
from ..sizes import at_least


@axis_aliases
def glu(input: Any, dim: int = -1) -> Any:
    """The first half of the input along ``dim`` times the sigmoid of the second half.

    Shapes:
        input: any, of even size along ``dim``.
        result: half as large there.

    Raises:
        ValueError: for an odd size.

    Source:
        Dauphin et al., "Language Modeling with Gated Convolutional Networks", 2017, equation 1.

    Example:
        >>> glu(Tensor([3.0, 1000.0]))
        Tensor([3.])
    """
    input = as_operand(input)
    axis = one_dim("glu", dim, shape_of(input))
    if input.shape[axis] % 2:
        raise ValueError(
            f"glu: the size along dimension {dim} must be even, got {input.shape[axis]} in {input.shape}; the layer "
            "before needs twice as many outputs as the one after has inputs"
        )
    return kernels.glu(input, axis=axis)


@axis_aliases
def maxout(input: Any, pieces: int, dim: int = -1) -> Any:
    """The largest of every ``pieces`` neighbours along ``dim``: a learned, convex, piecewise linear activation.

    Of equal ones the first gets the gradient.

    Shapes:
        input: any, of a size along ``dim`` that ``pieces`` divides; channels have ``dim=1``, in (N, C, ...).
        result: smaller by that factor there.

    Raises:
        ValueError: for a size that ``pieces`` does not divide.

    Source:
        Goodfellow et al., "Maxout Networks", 2013, section 2.

    Example:
        >>> maxout(Tensor([1.0, 2.0, 4.0, 3.0]), pieces=2)
        Tensor([2., 4.])
    """
    input = as_operand(input)
    axis = one_dim("maxout", dim, shape_of(input))
    (pieces,) = at_least("maxout", 1, pieces=pieces)
    size = input.shape[axis]
    if size % pieces:
        raise ValueError(
            f"maxout: {pieces} pieces do not divide the size {size} along dimension {dim} of {input.shape}; the layer "
            f"before needs a multiple of {pieces} outputs"
        )
    return kernels.maxout(input, pieces=pieces, axis=axis)
