"""Products of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.declare import primitive, register


def mT(a: Any) -> Any:  # noqa: N802 - the field's name for it
    """The transpose of each matrix of a stack."""
    return np.swapaxes(a, -1, -2)


def as_rows(a: Any) -> Any:
    """The array as one matrix, whose rows are what lies along its last dimension."""
    return a if a.ndim == 2 else np.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))


def matrix_product(a: Any, b: Any, out: Any = None) -> Any:
    """``np.matmul(a, b, out)``, where a column meets a row in a third of the time, by broadcasting: no BLAS serves it.

    They meet where a layer has one input or one output, and where a batch has one row.
    """
    if b.shape[-2:-1] == (1,) and a.shape[-1:] == (1,) and a.ndim > 1:
        return np.multiply(a, b, out=out)
    return np.matmul(a, b, out=out)


def times_matrix(a: Any, matrix: Any) -> Any:
    """``a @ matrix`` as one product over all rows, which is faster than one for each of the leading dimensions."""
    if a.ndim <= 2:
        return matrix_product(a, matrix)
    return np.reshape(matrix_product(as_rows(a), matrix), (*a.shape[:-1], matrix.shape[-1]))


@register(np.matmul)
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
    return matrix_product(x, y)


def _matmul_x(g: Any, y: Any, x_shape: tuple[int, ...]) -> Any:
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y
    if len(x_shape) == 1:
        return np.matmul(np.expand_dims(g, -2), mT(y))[..., 0, :]
    return matrix_product(g, mT(y))


def _matmul_y(g: Any, x: Any, y_shape: tuple[int, ...]) -> Any:
    if x.ndim == 1:
        return x * g if len(y_shape) == 1 else np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if len(y_shape) == 1:
        return np.matmul(mT(x), np.expand_dims(g, -1))[..., 0]
    if len(y_shape) == 2 and x.ndim > 2:  # one product over all rows, instead of many to be summed
        return matrix_product(mT(as_rows(x)), as_rows(g))
    return matrix_product(mT(x), g)


matmul.rule(x=_matmul_x, y=_matmul_y)
