"""Diagonals and triangles of matrices."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.arrays import as_writable, shape_of
from ..core.declare import primitive, register
from ..core.dispatch import NUMPY
from ..core.tensor import as_operand
from .convert import clone
from .dims import one_dim
from .reduce.sums import sum_
from .shape.reshape import reshape


# --- diagonals --------------------------------------------------------------------------------------------------------
@primitive(name="diagonal")
def _diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return as_writable(np.diagonal(x, offset, axis1, axis2), x)


@primitive(shown="diag_embed")
def put_diagonal(values: Any, *, offset: int, axis1: int, axis2: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``values``, whose last dimension runs along the diagonal: the adjoint of ``diagonal``."""
    out = np.zeros_like(values, shape=shape)
    along = np.arange(values.shape[-1], like=values)
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., along + max(-offset, 0), along + max(offset, 0)] = values
    return out


_diagonal.rule(
    x=lambda g, x_shape, offset, axis1, axis2: put_diagonal(g, offset=offset, axis1=axis1, axis2=axis2, shape=x_shape)
)
put_diagonal.rule(
    values=lambda g, offset, axis1, axis2: _diagonal(g, offset=offset, axis1=axis1, axis2=axis2),
)


def _two_dims(name: str, dim1: Any, dim2: Any, shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) < 2:
        raise ValueError(f"{name} needs a matrix or a stack of them, got shape {shape}")
    first, second = one_dim(name, dim1, shape), one_dim(name, dim2, shape)
    if first == second:
        raise ValueError(f"{name} needs two different dimensions, got {dim1} and {dim2} of shape {shape}")
    return first, second


@register()
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of the matrices in ``dim1`` and ``dim2``, as a new last dimension.

    Args:
        input: array or Tensor of at least two dimensions.
        offset: which diagonal: above the main one if positive, below it if negative.
        dim1: the dimension of the rows.
        dim2: the dimension of the columns.

    Example:
        >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([1., 4.])
    """
    first, second = _two_dims("diagonal", dim1, dim2, shape_of(input))
    return _diagonal(input, offset=operator.index(offset), axis1=first, axis2=second)


@register()
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices, in dimensions ``dim1`` and ``dim2``, whose diagonals are the last dimension of ``input``.

    Example:
        >>> diag_embed(Tensor([[1.0, 2.0], [3.0, 4.0]])).shape
        (2, 2, 2)
    """
    shape = shape_of(input)
    if not shape:
        raise ValueError("diag_embed needs at least a vector, got a single number")
    first, second = _two_dims("diag_embed", dim1, dim2, (*shape, 0))
    side = shape[-1] + abs(operator.index(offset))
    rest = iter(shape[:-1])
    sizes = tuple(side if i in (first, second) else next(rest) for i in range(len(shape) + 1))
    return put_diagonal(input, offset=operator.index(offset), axis1=first, axis2=second, shape=sizes)


@register()
def diag(input: Any, diagonal: int = 0) -> Any:
    """Of a vector the matrix with that diagonal; of a matrix a copy of its diagonal (``diagonal`` is a view).

    Example:
        >>> diag(Tensor([1.0, 2.0]))
        Tensor([[1., 0.],
                [0., 2.]])
    """
    rank = len(shape_of(input))
    if rank not in (1, 2):
        raise ValueError(f"diag takes a vector or a matrix, got shape {shape_of(input)}; for stacks, diagonal")
    if rank == 1:
        return diag_embed(input, diagonal)
    return clone(_diagonal(input, offset=operator.index(diagonal), axis1=0, axis2=1))


@register()
def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix whose diagonal holds all elements of ``input``.

    Example:
        >>> diagflat(Tensor([[1.0, 2.0]])).shape
        (2, 2)
    """
    return diag_embed(reshape(as_operand(input), -1), offset)


@register()
def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix.

    Example:
        >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor(5.)
    """
    if len(shape_of(input)) != 2:
        raise ValueError(f"trace takes a matrix, got shape {shape_of(input)}; for stacks, np.trace")
    return sum_(diagonal(input))


def _numpy_diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return diagonal(a, offset, axis1, axis2)


def _numpy_trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return sum_(diagonal(a, offset, axis1, axis2), dim=-1)


# --- triangles --------------------------------------------------------------------------------------------------------
@primitive(name="tril")
def _tril(x: Any, *, k: int) -> Any:
    return np.tril(x, k)


@primitive(name="triu")
def _triu(x: Any, *, k: int) -> Any:
    return np.triu(x, k)


_tril.rule(x=lambda g, k: _tril(g, k=k))
_triu.rule(x=lambda g, k: _triu(g, k=k))


def _matrices(name: str, input: Any) -> Any:
    if len(shape_of(input)) < 2:
        raise ValueError(f"{name} needs a matrix or a stack of them, got shape {shape_of(input)}")
    return input


@register()
def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle of the last two dimensions, up to and with a diagonal, and 0 above.

    Example:
        >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([[1., 0.],
                [3., 4.]])
    """
    return _tril(_matrices("tril", input), k=diagonal)


@register()
def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle of the last two dimensions, from a diagonal on, and 0 below.

    Example:
        >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([[1., 2.],
                [0., 4.]])
    """
    return _triu(_matrices("triu", input), k=diagonal)


NUMPY.update(
    {
        np.diagonal: _numpy_diagonal,
        np.diag: lambda v, k=0: diagonal(v, k) if len(shape_of(v)) == 2 else diag(v, k),  # a view, as NumPy's
        np.diagflat: lambda v, k=0: diagflat(v, k),
        np.trace: _numpy_trace,
        np.tril: lambda m, k=0: tril(m, k),
        np.triu: lambda m, k=0: triu(m, k),
    }
)
