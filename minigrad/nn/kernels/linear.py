"""The product with a weight, and a bias, as one operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import one_precision
from ...core.declare import primitive
from ...ops.linalg import as_rows, matrix_product, times_matrix


@primitive(
    broadcasts=True,
    cure="the last size of the input must equal in_features, the last size of the weight (out_features, in_features)",
)
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight.T + bias`` as one operation.

    Shapes:
        input: (..., in_features).
        weight: (out_features, in_features).
        bias: (out_features,) or None.
        result: (..., out_features).

    Raises:
        TypeError: for floating-point dtypes that differ.

    Example:
        >>> linear(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]]), Tensor([0.5]))
        Tensor([11.5])
    """
    if weight.ndim != 2:
        raise ValueError("the weight must be a matrix (out_features, in_features)")
    if input.dtype is not weight.dtype:
        one_precision("", input, weight=weight)
    out = times_matrix(input, weight.T)
    if bias is not None:
        if bias.shape != weight.shape[:1]:
            raise ValueError(f"the bias must have shape {weight.shape[:1]}")
        if bias.dtype == out.dtype:
            out += bias
        else:
            one_precision("", input, bias=bias)
            out = out + bias
    return out


linear.rule(
    input=lambda g, weight: times_matrix(g, weight),
    weight=lambda g, input: (
        np.expand_dims(g, -1) * input if input.ndim == 1 else matrix_product(as_rows(g).T, as_rows(input))
    ),
    bias=lambda g: g,
)
