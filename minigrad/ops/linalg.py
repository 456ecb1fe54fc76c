"""Products of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import offer, primitive


def _mT(a: Any) -> Any:  # noqa: N802 - the field's name for it
    return np.swapaxes(a, -1, -2)


def _rows(a: Any) -> Any:
    return a if a.ndim == 2 else np.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))


def _times(a: Any, matrix: Any) -> Any:
    """``a @ matrix`` as one product over all rows, which is faster than one for each of the leading dimensions."""
    if a.ndim <= 2:
        return np.matmul(a, matrix)
    return np.reshape(np.matmul(_rows(a), matrix), (*a.shape[:-1], matrix.shape[-1]))


@offer(np.matmul)
@primitive(
    broadcasts=True,
    cure="the last size of x must equal the last but one of y (or its only one); a transposed matrix is y.mT",
)
def matmul(x: Any, y: Any) -> Any:
    """The matrix product ``x @ y``: vectors, matrices, or stacks of matrices that broadcast.

    Example:
        >>> matmul(Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0]))
        Tensor([11.])
    """
    return np.matmul(x, y)


def _matmul_x(g: Any, y: Any, x_shape: tuple[int, ...]) -> Any:
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y
    if len(x_shape) == 1:
        return np.matmul(np.expand_dims(g, -2), _mT(y))[..., 0, :]
    return np.matmul(g, _mT(y))


def _matmul_y(g: Any, x: Any, y_shape: tuple[int, ...]) -> Any:
    if x.ndim == 1:
        return x * g if len(y_shape) == 1 else np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if len(y_shape) == 1:
        return np.matmul(_mT(x), np.expand_dims(g, -1))[..., 0]
    if len(y_shape) == 2 and x.ndim > 2:  # one product over all rows, instead of many to be summed
        return np.matmul(_mT(_rows(x)), _rows(g))
    return np.matmul(_mT(x), g)


matmul.rule(x=_matmul_x, y=_matmul_y)


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

    Example:
        >>> linear(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]]), Tensor([0.5]))
        Tensor([11.5])
    """
    if weight.ndim != 2:
        raise ValueError("the weight must be a matrix (out_features, in_features)")
    out = _times(input, weight.T)
    if bias is not None:
        if bias.shape != weight.shape[:1]:
            raise ValueError(f"the bias must have shape {weight.shape[:1]}")
        if bias.dtype == out.dtype:
            out += bias
        else:
            out = out + bias
    return out


linear.rule(
    input=lambda g, weight: _times(g, weight),
    weight=lambda g, input: (
        np.expand_dims(g, -1) * input if input.ndim == 1 else np.matmul(_mT(_rows(g)), _rows(input))
    ),
    bias=lambda g: g,
)
