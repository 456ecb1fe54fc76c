"""Regions of vectors and of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.graph import Array
from ...core.tensor import raw
from .base import Constraint, OnArrays
from .numbers import Bounded, whole


def _vector(constraint: Constraint, value: Array, ndim: int = 1) -> Array:
    if value.ndim < ndim:
        kind = "vectors" if ndim == 1 else "matrices"
        raise ValueError(f"{constraint!r} is a region of {kind}, got a value of shape {value.shape}")
    return value


class OneHot(OnArrays):
    """Vectors of zeros and a single one."""

    is_discrete = True
    event_dim = 1

    def _holds(self, value: Array) -> Any:
        value = _vector(self, value)
        binary = np.all(np.logical_or(np.equal(value, 0), np.equal(value, 1)), axis=-1)
        return np.logical_and(binary, np.equal(np.count_nonzero(value, axis=-1), 1))


class Simplex(OnArrays):
    """Vectors of numbers from 0 on that sum to 1: probabilities.

    The sum may miss 1 by as much as rounding explains: 10⁻⁶, or more where many float32 numbers were added up. PyTorch
    allows 10⁻⁶ whatever the dtype and length, and refuses what its own softmax over many classes returns.
    """

    event_dim = 1

    def _holds(self, value: Array) -> Any:
        value = _vector(self, value)
        step = float(np.finfo(value.dtype).eps) if value.dtype.kind == "f" else 0.0
        allowed = max(1e-6, 4 * step * math.sqrt(value.shape[-1]))
        missing = np.abs(np.sum(value, axis=-1, dtype=np.float64) - 1)
        return np.logical_and(np.all(np.greater_equal(value, 0), axis=-1), np.less(missing, allowed))

    def why(self, event: Any) -> str:
        """The sum."""
        return f"which sums to {np.sum(event, dtype=np.float64):g}" if np.all(event >= 0) else ""


class Multinomial(Bounded):
    """Vectors of counts that sum to at most a bound."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def _holds(self, value: Array) -> Any:
        value = _vector(self, value)
        counts = np.all(np.logical_and(whole(value), np.greater_equal(value, 0)), axis=-1)
        return np.logical_and(counts, np.less_equal(np.sum(value, axis=-1), raw(self.upper_bound)))


# --- matrices ---------------------------------------------------------------------------------------------------------
class Square(OnArrays):
    """Square matrices."""

    event_dim = 2

    def _holds(self, value: Array) -> Any:
        shape = _vector(self, value, 2).shape
        return np.full_like(value, shape[-1] == shape[-2], shape=shape[:-2], dtype=bool)


class LowerTriangular(OnArrays):
    """Matrices with zeros above the diagonal."""

    event_dim = 2

    def _holds(self, value: Array) -> Any:
        value = _vector(self, value, 2)
        return np.all(np.equal(np.tril(value), value), axis=(-2, -1))


class LowerCholesky(LowerTriangular):
    """Square matrices with zeros above a positive diagonal."""

    def _holds(self, value: Array) -> Any:
        square = np.logical_and(Square()._holds(value), super()._holds(value))
        return np.logical_and(square, np.all(np.diagonal(value, axis1=-2, axis2=-1) > 0, axis=-1))


class CorrCholesky(LowerCholesky):
    """Cholesky factors of correlation matrices: lower triangles, a positive diagonal, and rows of length 1."""

    def _holds(self, value: Array) -> Any:
        allowed = 10 * value.shape[-1] * float(np.finfo(value.dtype).eps)
        lengths = np.sqrt(np.sum(np.square(value), axis=-1))
        return np.logical_and(super()._holds(value), np.all(np.abs(lengths - 1) <= allowed, axis=-1))


class Symmetric(Square):
    """Square matrices that equal their transpose, but for rounding."""

    def _holds(self, value: Array) -> Any:
        square = super()._holds(value)
        if value.shape[-1] != value.shape[-2]:
            return square
        return np.all(np.isclose(value, np.swapaxes(value, -1, -2), atol=1e-6), axis=(-2, -1))

    def why(self, event: Any) -> str:
        """That it is not symmetric, or its smallest eigenvalue."""
        if not np.all(np.isfinite(event)) or event.shape[-1] != event.shape[-2]:
            return ""
        if not Symmetric()._holds(event):
            return "which is not symmetric"
        return f"whose smallest eigenvalue is {np.linalg.eigvalsh(_precise(event))[0]:.3g}"


class PositiveSemidefinite(Symmetric):
    """Symmetric matrices without a negative eigenvalue, but for rounding.

    PyTorch allows no rounding, and so refuses nearly all matrices of less than full rank.
    """

    def _holds(self, value: Array) -> Any:
        symmetric = super()._holds(value)
        if not np.all(symmetric) or not value.size:
            return symmetric
        values = np.linalg.eigvalsh(_precise(value))
        allowed = value.shape[-1] * float(np.finfo(values.dtype).eps) * np.max(np.abs(values), axis=-1)
        return np.min(values, axis=-1) >= -allowed


class PositiveDefinite(Symmetric):
    """Symmetric matrices that have a Cholesky factor."""

    def _holds(self, value: Array) -> Any:
        symmetric = super()._holds(value)
        if not np.all(symmetric):
            return symmetric
        try:
            np.linalg.cholesky(_precise(value))
        except np.linalg.LinAlgError:
            return np.reshape(
                [_has_factor(matrix) for matrix in _precise(value).reshape(-1, *value.shape[-2:])], symmetric.shape
            )
        return symmetric


def _has_factor(matrix: Array) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _precise(value: Array) -> Array:
    """In a precision that NumPy's factorizations know."""
    return value.astype(np.promote_types(value.dtype, np.float32), copy=False)
