"""Cholesky factors, and triangular systems of equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_array, as_operands, shape_of
from ..core.declare import primitive
from ..core.dispatch import NUMPY
from ..core.graph import Array
from ..core.tensor import Tensor
from .diagonal import put_diagonal, tril, triu
from .linalg import mT

__all__ = ["cholesky", "solve_triangular"]


def _precise(x: Any) -> Any:
    """In a precision that NumPy's linear algebra knows."""
    return x.astype(np.promote_types(x.dtype, np.float32), copy=False)


# --- triangular systems -----------------------------------------------------------------------------------------------
@primitive(
    name="solve_triangular",
    broadcasts=True,
    cure="as many rows as the matrix has columns are needed; a single vector is b[..., None]",
)
def _solve(a: Any, b: Any, *, upper: bool) -> Any:
    solved: Any = (_backward if upper else _forward)(_precise(a), _precise(b))
    return solved.astype(np.result_type(a, b), copy=False)


_BLOCK = 32  # rows at a time: up to here one call of NumPy's general solver is faster than its halves


def _forward(a: Array, b: Array) -> Any:
    """By halves: the first rows know nothing of the last unknowns."""
    n = a.shape[-1]
    if n <= _BLOCK:
        return np.linalg.solve(np.tril(a), b)
    k = n // 2
    first = _forward(a[..., :k, :k], b[..., :k, :])
    rest = b[..., k:, :] - np.matmul(a[..., k:, :k], first)
    second = _forward(a[..., k:, k:], rest)
    return np.concatenate([np.broadcast_to(first, (*second.shape[:-2], *first.shape[-2:])), second], axis=-2)


def _backward(a: Array, b: Array) -> Any:
    return np.flip(_forward(np.flip(a, (-2, -1)), np.flip(b, -2)), -2)


def _solve_rule(g: Any, a: Any, out: Any, upper: bool, needed: tuple[bool, ...]) -> Any:
    grad_b = _solve(mT(a), g, upper=not upper)
    if not needed[0]:
        return None, grad_b
    grad_a = np.matmul(-grad_b, mT(out))
    return np.triu(grad_a) if upper else np.tril(grad_a), grad_b


_solve.joint(_solve_rule)


def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:  # noqa: N803 - PyTorch's names
    """The X with A X = B, or with X A = B, where A is a triangular matrix.

    Shapes:
        A (..., n, n) and B (..., n, k), or (..., k, n) with ``left=False``; leading dimensions broadcast.

    Args:
        A: the matrices; what lies outside the triangle is not looked at.
        B: the right-hand sides.
        upper: whether it is the upper triangle.
        left: whether A stands left of X.
        unitriangular: whether the diagonal is taken as 1, whatever stands there.

    Raises:
        ValueError: for shapes that do not fit, and for a zero on the diagonal.

    Example:
        >>> from minigrad.ops.factorization import solve_triangular
        >>> solve_triangular(Tensor([[2.0, 0.0], [1.0, 4.0]]), Tensor([[2.0], [9.0]]), upper=False)
        Tensor([[1.],
                [2.]])
    """
    A, B = as_operands(A, B)
    _check_square("solve_triangular", A)
    if len(shape_of(B)) < 2:
        raise ValueError(f"solve_triangular: B holds matrices, got shape {shape_of(B)}; a vector is b[..., None]")
    n, rows = shape_of(A)[-1], shape_of(B)[-2 if left else -1]
    if n != rows:
        where = "rows" if left else "columns"
        raise ValueError(f"solve_triangular: B needs {n} {where} beside an A of shape {shape_of(A)}, got {shape_of(B)}")
    if unitriangular:
        ones = np.ones_like(as_array(A), shape=shape_of(A)[:-1])
        unit = put_diagonal(ones, offset=0, axis1=len(shape_of(A)) - 2, axis2=len(shape_of(A)) - 1, shape=shape_of(A))
        A = (triu(A, 1) if upper else tril(A, -1)) + unit
    empty = np.argwhere(np.equal(np.diagonal(as_array(A), axis1=-2, axis2=-1), 0))
    if len(empty):
        place = tuple(int(i) for i in empty[0])
        raise ValueError(
            f"solve_triangular: a matrix with a 0 on its diagonal, at {(*place, place[-1])} of shape {shape_of(A)}, "
            "has no inverse"
        )
    if left:
        return _solve(A, B, upper=upper)
    return mT(_solve(mT(A), mT(B), upper=not upper))


def _check_square(name: str, matrices: Any) -> None:
    shape = shape_of(matrices)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"{name} takes a square matrix or a stack of them, (..., n, n), got shape {shape}")


# --- Cholesky ---------------------------------------------------------------------------------------------------------
@primitive(name="cholesky")
def _cholesky(x: Any) -> Any:
    symmetric = _precise(0.5 * x + 0.5 * mT(x))
    try:
        return np.linalg.cholesky(symmetric).astype(x.dtype, copy=False)
    except np.linalg.LinAlgError:
        raise _indefinite(symmetric) from None


def _indefinite(matrices: Array) -> ValueError:
    """Which of the matrices is not positive definite, and by how much."""
    for place in np.ndindex(*matrices.shape[:-2]):
        try:
            np.linalg.cholesky(matrices[place])
        except np.linalg.LinAlgError:
            smallest = np.linalg.eigvalsh(matrices[place])[0]
            which = f"matrix {place} of the batch" if place else "the matrix"
            break
    return ValueError(
        f"{which} is not positive definite: its smallest eigenvalue is {smallest:.3g}; where only rounding made it so, "
        "add a little to the diagonal: x + 1e-6 * minigrad.eye(n)"
    )


def _cholesky_rule(g: Any, out: Any) -> Any:
    """The symmetric gradient L⁻ᵀ sym(Φ(Lᵀ g)) L⁻¹, where Φ keeps the lower triangle and half of the diagonal.

    Source:
        I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, equation 10.
    """
    lower = np.matmul(mT(out), np.tril(g))
    middle = 0.5 * (np.tril(lower) + mT(np.tril(lower, -1)))
    half = _solve(mT(out), middle, upper=True)
    return mT(_solve(mT(out), mT(half), upper=True))


_cholesky.rule(x=_cholesky_rule)


def cholesky(input: Any, *, upper: bool = False) -> Any:
    """The triangular L with a positive diagonal and L Lᵀ = ``input``, for every matrix of a stack.

    Of a matrix that is not exactly symmetric, as after rounding, the mean with its transpose is factored; the gradient
    is symmetric, as PyTorch's. (NumPy and PyTorch look at the lower triangle alone.)

    Args:
        input: positive definite matrices (..., n, n).
        upper: whether to return Lᵀ.

    Raises:
        ValueError: for a matrix that is not positive definite, saying which.

    Example:
        >>> np.linalg.cholesky(Tensor([[4.0, 2.0], [2.0, 5.0]]))
        Tensor([[2., 0.],
                [1., 2.]])
    """
    _check_square("cholesky", input)
    factor = _cholesky(input if isinstance(input, Tensor) else as_array(input))
    return mT(factor) if upper else factor


NUMPY[np.linalg.cholesky] = lambda a, *, upper=False: cholesky(a, upper=upper)
