"""Transforms of vectors and matrices: to probabilities, to triangles, and between shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.tensor import Tensor, wrap
from ...ops.creation import zeros
from ...ops.factorization import cholesky
from ...ops.join import concatenate
from ...ops.scan import cumsum
from .. import constraints
from ..utils import sizes_from
from .base import Transform, at_least
from .elementwise import softplus

__all__ = [
    "CorrCholeskyTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "ReshapeTransform",
    "SoftmaxTransform",
    "StickBreakingTransform",
]


def _above_zero(y: Any) -> Any:
    """``y`` with exact zeros replaced by the smallest number that has a logarithm."""
    return y.clamp(min=float(np.finfo(y.dtype).tiny))


class ReshapeTransform(Transform):
    """Events in another shape.

    Args:
        in_shape: the shape of an event.
        out_shape: its shape afterwards, of as many numbers.
        cache_size: 0 or 1.
    """

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = sizes_from(in_shape, "in_shape"), sizes_from(out_shape, "out_shape")
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError(f"{self.in_shape} and {self.out_shape} hold different numbers of elements")

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Where it is defined."""
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """What it maps to."""
        return constraints.independent(constraints.real, len(self.out_shape))

    def _equals(self, other: Any) -> bool:
        return bool(self.in_shape == other.in_shape and self.out_shape == other.out_shape)

    def _call(self, x: Any) -> Any:
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y: Any) -> Any:
        return y.reshape(self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """0 for every event."""
        return zeros(x.shape[: x.ndim - len(self.in_shape)], dtype=x.dtype)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        return _exchanged(self, shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what has an image of ``shape``."""
        return _exchanged(self, shape, self.out_shape, self.in_shape)

    def __repr__(self) -> str:
        return f"ReshapeTransform({self.in_shape}, {self.out_shape})"


def _exchanged(
    transform: Transform, shape: tuple[int, ...], old: tuple[int, ...], new: tuple[int, ...]
) -> tuple[int, ...]:
    first = len(shape) - len(old)
    if first < 0 or tuple(shape[first:]) != old:
        raise ValueError(f"{transform!r} needs {old} as the last sizes here, got shape {tuple(shape)}")
    return (*shape[:first], *new)


class SoftmaxTransform(Transform):
    """y = softmax(x) along the last dimension. Not one to one: the inverse takes the logarithm.

    For vectors of probabilities that are optimised; ``StickBreakingTransform`` is one to one.
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _equals(self, other: Any) -> bool:
        return True

    def _call(self, x: Any) -> Any:
        at_least(self, x.shape, 1)
        return x.softmax(-1)

    def _inverse(self, y: Any) -> Any:
        return _above_zero(y).log()

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        at_least(self, shape, 1)
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(Transform):
    """K numbers to K + 1 probabilities, one to one: each takes its share of what those before it have left.

    Shares are sigmoids of x, shifted such that x = 0 gives equal probabilities. Everything is computed from logarithms
    of shares, and what is left of a stick as a sum of what follows: no small probability is lost by subtraction.

    Example:
        >>> from minigrad.distributions import StickBreakingTransform
        >>> StickBreakingTransform()(Tensor([0.0]))
        Tensor([0.5, 0.5])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def _equals(self, other: Any) -> bool:
        return True

    def _shares(self, x: Any) -> tuple[Any, Any, Any]:
        """For each piece the logarithms of its share, of what it leaves, and of what was left before."""
        at_least(self, x.shape, 1)
        shifted = x - _log_counts(x)
        leaves = -softplus(shifted)
        return -softplus(-shifted), leaves, cumsum(leaves, -1) - leaves

    def _call(self, x: Any) -> Any:
        share, leaves, before = self._shares(x)
        return concatenate([(share + before).exp(), leaves.sum(-1, keepdim=True).exp()], -1)

    def _inverse(self, y: Any) -> Any:
        at_least(self, y.shape, 1)
        pieces = y[..., :-1]
        left = cumsum(y.flip(-1), -1).flip(-1)[..., 1:]
        return _above_zero(pieces).log() - _above_zero(left).log() + _log_counts(pieces)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of the determinant, by all probabilities but the last."""
        share, leaves, before = self._shares(x)
        return (share + leaves + before).sum(-1)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        at_least(self, shape, 1)
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what has an image of ``shape``."""
        at_least(self, shape, 1)
        return (*shape[:-1], shape[-1] - 1)


def _log_counts(x: Any) -> Tensor:
    """The logarithms of K, K - 1, ..., 1: of how many pieces are still to come."""
    return Tensor(np.log(np.arange(x.shape[-1], 0, -1)), dtype=x.dtype)


class LowerCholeskyTransform(Transform):
    """Square matrices to lower triangles with a positive diagonal: the exponential of theirs.

    What lies above the diagonal is ignored. With L = t(x), the matrix L Lᵀ is positive definite.
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _equals(self, other: Any) -> bool:
        return True

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class CorrCholeskyTransform(Transform):
    """D (D - 1) / 2 numbers to the Cholesky factor of a correlation matrix of D variables.

    Row i of the factor has length 1: its numbers are tanh(x), each times what the squares before it have left, and the
    diagonal takes the rest. Everything is computed from log cosh, so that nothing has to be cut off near ±1.

    Math:
        y_ij = tanh(x_ij) ∏_{k<j} sech(x_ik),  y_ii = ∏_{k<i} sech(x_ik)
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _equals(self, other: Any) -> bool:
        return True

    def _call(self, x: Any) -> Any:
        size = self.forward_shape(x.shape)[-1]
        log_sech = _triangle(_log_sech(x), size)
        before = cumsum(log_sech, -1) - log_sech
        diagonal = wrap(np.eye(size, dtype=x.dtype), None)
        return (_triangle(x.tanh(), size) + diagonal) * before.exp()

    def _inverse(self, y: Any) -> Any:
        self.inverse_shape(y.shape)
        places = _below_diagonal(y.shape[-1])
        left = cumsum((y * y).flip(-1), -1).flip(-1)[..., 1:]  # the squares behind each number
        return (y[..., *places] / left[..., *places].sqrt()).asinh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of the determinant, by the numbers below the diagonal."""
        rows, columns = _below_diagonal(self.forward_shape(x.shape)[-1])
        return (_log_sech(x) * Tensor(1 + rows - columns, dtype=x.dtype)).sum(-1)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the image of something of ``shape``."""
        at_least(self, shape, 1)
        size = (1 + math.isqrt(1 + 8 * shape[-1])) // 2
        if size * (size - 1) // 2 != shape[-1]:
            raise ValueError(f"{self!r} takes D (D - 1) / 2 numbers, such as 1, 3, 6 or 10, got shape {tuple(shape)}")
        return (*shape[:-1], size, size)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what has an image of ``shape``."""
        at_least(self, shape, 2)
        if shape[-1] != shape[-2]:
            raise ValueError(f"{self!r} inverts square matrices, got shape {tuple(shape)}")
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)


def _log_sech(x: Any) -> Any:
    return math.log(2) - x - softplus(-2 * x)


def _below_diagonal(size: int) -> Any:
    return np.tril_indices(size, -1)


def _triangle(x: Any, size: int) -> Any:
    """Matrices with the numbers of ``x`` below the diagonal, row by row, and zeros elsewhere."""
    places = np.full((size, size), x.shape[-1])
    places[_below_diagonal(size)] = np.arange(x.shape[-1])
    return concatenate([x, zeros((*x.shape[:-1], 1), dtype=x.dtype)], -1)[..., places]


class PositiveDefiniteTransform(Transform):
    """Square matrices to positive definite ones: L Lᵀ with L of ``LowerCholeskyTransform``."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _equals(self, other: Any) -> bool:
        return True

    def _call(self, x: Any) -> Any:
        lower = LowerCholeskyTransform()(x)
        return lower @ lower.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(cholesky(y))
