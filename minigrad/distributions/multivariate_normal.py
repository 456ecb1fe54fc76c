"""The normal distribution of vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tensor import wrap
from ..ops.diagonal import diagonal
from ..ops.elementwise import log, square
from ..ops.factorization import cholesky, solve_triangular
from ..ops.linalg import matmul, mT
from ..ops.reduce.sums import sum_
from ..ops.shape.expand import broadcast_to
from ..ops.shape.flip import flip
from ..ops.shape.permute import movedim
from ..ops.shape.reshape import reshape, unsqueeze
from . import constraints
from .distribution import Distribution
from .kl import register_kl
from .noise import standard_normal
from .normal import HALF_LOG_TWO_PI
from .utils import lazy_property, sizes_from, tensors_of_one_dtype

__all__ = ["MultivariateNormal"]

_MATRICES = ("covariance_matrix", "precision_matrix", "scale_tril")


class MultivariateNormal(Distribution):
    """The normal distribution of vectors, by its mean and one of three matrices.

    Everything is computed from ``scale_tril``, the cheapest to give; the others are factored once.

    Math:
        log p(x) = -½ |L⁻¹ (x - loc)|² - log det L - ½ n log 2π, with covariance L Lᵀ

    Args:
        loc: the mean, (..., n).
        covariance_matrix: positive definite, (..., n, n).
        precision_matrix: the inverse of the covariance, positive definite.
        scale_tril: the lower triangle L with a positive diagonal.
        validate_args: whether to check parameters and values.

    Raises:
        ValueError: unless exactly one of the matrices is given, and for shapes that do not fit.

    Example:
        >>> from minigrad.distributions import MultivariateNormal
        >>> MultivariateNormal([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]]).log_prob([0.0, 0.0])
        Tensor(-1.694036)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        given = {
            name: matrix
            for name, matrix in zip(_MATRICES, (covariance_matrix, precision_matrix, scale_tril), strict=True)
            if matrix is not None
        }
        if len(given) != 1:
            raise ValueError(
                "MultivariateNormal: exactly one of covariance_matrix, precision_matrix and scale_tril is needed, got "
                f"{' and '.join(given) or 'none of them'}"
            )
        ((name, matrix),) = given.items()
        self._given = name
        loc, matrix = tensors_of_one_dtype("MultivariateNormal", loc=loc, **{name: matrix})
        batch = _batch_of(loc.shape, name, matrix.shape)
        self.loc = broadcast_to(loc, (*batch, *loc.shape[-1:]))
        setattr(self, name, broadcast_to(matrix, (*batch, *matrix.shape[-2:])))
        super().__init__(batch, loc.shape[-1:], validate_args=validate_args)
        self._factor = _FACTORS[name](matrix)  # not repeated over the batch

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(MultivariateNormal, shape, _instance)
        new.loc = broadcast_to(self.loc, (*shape, *self.event_shape))
        new._factor, new._given = self._factor, self._given
        for name in _MATRICES:
            if name in vars(self):
                setattr(new, name, broadcast_to(getattr(self, name), (*shape, *self.event_shape * 2)))
        return new

    def _over_batch(self, matrix: Any) -> Any:
        return broadcast_to(matrix, (*self.batch_shape, *self.event_shape * 2))

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower triangle L, with covariance L Lᵀ."""
        return self._over_batch(self._factor)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance, L Lᵀ."""
        return self._over_batch(matmul(self._factor, mT(self._factor)))

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        inverse = solve_triangular(self._factor, _identity(self._factor), upper=False)
        return self._over_batch(matmul(mT(inverse), inverse))

    @property
    def mean(self) -> Any:
        """The mean, ``loc``."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The most likely vector, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance of each number: the diagonal of the covariance."""
        return broadcast_to(sum_(square(self._factor), -1), self._extended_shape())

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + L ε with independent normal ε."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        if self._factor.ndim == 2:  # one product for all draws
            return self.loc + matmul(noise, mT(self._factor))
        return self.loc + matmul(self._factor, unsqueeze(noise, -1))[..., 0]

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        distance = sum_(square(_whitened(self._factor, self._scored(value) - self.loc)), -1)
        return -0.5 * distance - _log_determinant(self._factor) - self.event_shape[0] * HALF_LOG_TWO_PI

    def entropy(self) -> Any:
        """½ n (1 + log 2π) + log det L."""
        entropy = _log_determinant(self._factor) + self.event_shape[0] * (0.5 + HALF_LOG_TWO_PI)
        return broadcast_to(entropy, self.batch_shape)


def _batch_of(loc: tuple[int, ...], name: str, matrix: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the batch, if a mean and a matrix fit."""
    if not loc:
        raise ValueError("MultivariateNormal: loc is a vector or a stack of them, got a single number; use Normal")
    if matrix[-2:] != loc[-1:] * 2:
        raise ValueError(
            f"MultivariateNormal: beside a loc of shape {loc}, {name} needs the shape (..., {loc[-1]}, {loc[-1]}), got "
            f"{matrix}"
        )
    try:
        return np.broadcast_shapes(loc[:-1], matrix[:-2])
    except ValueError:
        raise ValueError(
            f"MultivariateNormal: the batches of loc, {loc[:-1]}, and of {name}, {matrix[:-2]}, do not broadcast"
        ) from None


def _identity(like: Any) -> Any:
    return wrap(np.broadcast_to(np.eye(like.shape[-1], dtype=like.dtype), like.shape).copy(), None)


def _from_precision(precision: Any) -> Any:
    """The factor L of the inverse of a matrix: the inverse of its upper factor, which flipping makes a lower one."""
    turned = mT(flip(cholesky(flip(precision, (-2, -1))), (-2, -1)))
    return solve_triangular(turned, _identity(turned), upper=False)


_FACTORS: dict[str, Callable[[Any], Any]] = {
    "covariance_matrix": cholesky,
    "precision_matrix": _from_precision,
    "scale_tril": lambda matrix: matrix,
}


def _whitened(factor: Any, deviation: Any) -> Any:
    """L⁻¹ x for vectors x: independent standard normal numbers. All draws are columns beside one matrix."""
    shape = deviation.shape
    draws = len(shape) - factor.ndim + 1
    columns = movedim(reshape(deviation, (math.prod(shape[:draws]), *shape[draws:])), 0, -1)
    solved = movedim(solve_triangular(factor, columns, upper=False), -1, 0)
    return reshape(solved, (*shape[:draws], *solved.shape[1:]))


def _log_determinant(factor: Any) -> Any:
    return sum_(log(diagonal(factor, dim1=-2, dim2=-1)), -1)


@register_kl(MultivariateNormal, MultivariateNormal)
def _kl_of_multivariate_normals(p: MultivariateNormal, q: MultivariateNormal) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"kl_divergence of two MultivariateNormals needs vectors of one length, got {p.event_shape} and "
            f"{q.event_shape}"
        )
    spread = solve_triangular(q._factor, p._factor, upper=False)
    trace = sum_(square(spread), (-2, -1))
    distance = sum_(square(_whitened(q._factor, p.loc - q.loc)), -1)
    logarithms = _log_determinant(q._factor) - _log_determinant(p._factor)
    return logarithms + 0.5 * (trace + distance - p.event_shape[0])
