"""How far apart, or how alike, points are: pair by pair, or all of one set with all of another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops.creation import triu_indices
from ...ops.dims import axis_aliases, one_dim
from ...ops.elementwise import clamp
from ...ops.reduce.norms import norm
from ...ops.shape.expand import broadcast_to
from ..kernels.distance import euclidean_distances, norm_distances
from .arguments import at_least_zero, numbers
from .pairs import in_one_precision

_PRODUCT = "use_mm_for_euclid_dist"
_MODES = (f"{_PRODUCT}_if_necessary", _PRODUCT, "donot_use_mm_for_euclid_dist")
_MANY = 25  # points; more are worth a product of matrices


# --- pair by pair -----------------------------------------------------------------------------------------------------
@axis_aliases
@in_one_precision("x1", "x2")
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along ``dim``: 1 for the same direction, -1 for the opposite one.

    Shapes:
        x1, x2: any that broadcast.
        result: the broadcast shape without ``dim``.

    Math:
        Σ x1/max(‖x1‖, eps) · x2/max(‖x2‖, eps), each vector divided by its length before the product, which cannot
        overflow. That of a zero vector is 0, and its gradient is that of x1/eps, finite. (PyTorch's ignores the bound
        for vectors shorter than eps, and its second derivative at the zero vector is NaN.)

    Args:
        x1: the vectors.
        x2: those to compare with.
        dim: the dimension along which a vector lies.
        eps: the smallest divisor.

    Raises:
        TypeError: for integers.
        ValueError: for shapes that do not broadcast, and for a dimension that does not exist.

    Example:
        >>> cosine_similarity(Tensor([[2.0, 0.0], [0.0, 0.0]]), Tensor([[-1.0, 0.0]]))
        Tensor([-1.,  0.])
    """
    (eps,) = numbers("cosine_similarity", eps=eps)
    shape = _broadcast("cosine_similarity", x1.shape, x2.shape)
    dim = one_dim("cosine_similarity", dim, shape) - len(shape)
    if x1.shape[-len(shape) :][dim:] != x2.shape[-len(shape) :][dim:]:  # one number would stand for a whole vector
        x1, x2 = broadcast_to(x1, shape), broadcast_to(x2, shape)
    return (_shortened(x1, dim, eps) * _shortened(x2, dim, eps)).sum(dim=dim)  # type: ignore[no-any-return]


def _shortened(x: Tensor, dim: int, eps: float) -> Tensor:
    return x / clamp(norm(x, 2, dim, keepdim=True), min=eps)  # type: ignore[no-any-return]


def _broadcast(name: str, first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(first, second)
    except ValueError:
        raise ValueError(f"{name}: the shapes {first} and {second} do not broadcast") from None


@in_one_precision("x1", "x2")
def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of the difference of vectors along the last dimension.

    Shapes:
        x1, x2: (N, D) or (D,), or any that broadcast.
        result: (N,) or (), or (N, 1) or (1,) with ``keepdim``.

    Math:
        ‖x1 - x2 + eps‖, with eps added to every number, as PyTorch does: the distance of equal points is
        eps · D^(1/p), and its derivative points along (1, ..., 1). With ``eps=0`` both are 0.

    Args:
        x1: the points.
        x2: those to compare with.
        p: the exponent of the norm: 2 is the Euclidean distance, 0 counts differences, infinity takes the largest.
        eps: what is added to every difference.
        keepdim: keep the last dimension, with size 1.

    Raises:
        TypeError: for integers.
        ValueError: for shapes that do not broadcast.

    Example:
        >>> pairwise_distance(Tensor([[0.0, 0.0]]), Tensor([[3.0, 4.0]]), eps=0.0)
        Tensor([5.])
    """
    p, eps = numbers("pairwise_distance", p=p, eps=eps)
    shape = _broadcast("pairwise_distance", x1.shape, x2.shape)
    if not shape:
        raise ValueError("pairwise_distance: vectors are needed, got two single numbers; use (x1 - x2).abs()")
    difference = x1 - x2
    return norm(difference + eps if eps else difference, p, -1, keepdim=keepdim)  # type: ignore[no-any-return]


# --- all pairs --------------------------------------------------------------------------------------------------------
@in_one_precision("x1", "x2")
def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str = _MODES[0]) -> Tensor:
    """The distance of every point of ``x1`` from every point of ``x2``.

    Shapes:
        x1: (..., P, M), P points of M numbers.
        x2: (..., R, M); the leading dimensions broadcast.
        result: (..., P, R).

    Math:
        ‖x1[i] - x2[j]‖ in the p-norm. The derivative at equal points is 0. With p = infinity, numbers that tie for the
        largest share the gradient. (PyTorch gives each of them all of it here, and a share in ``pairwise_distance``.)

    Args:
        x1: one set of points, or several.
        x2: the other.
        p: the exponent of the norm, at least 0: 2 is the Euclidean distance, 0 counts differences.
        compute_mode: whether Euclidean distances come from a product of matrices: for more than 25 points, always
            (``"use_mm_for_euclid_dist"``), or never (``"donot_use_mm_for_euclid_dist"``). The values are the same up to
            rounding: pairs for which the product would cancel are computed from their difference. (PyTorch's product is
            wrong there: distances of 0.001 at 1000 from the origin come out as 0 to 0.7 in single precision.)

    Raises:
        TypeError: for integers.
        ValueError: for shapes that do not fit, a negative p, and another mode.

    Example:
        >>> cdist(Tensor([[0.0, 0.0], [3.0, 4.0]]), Tensor([[0.0, 0.0], [0.0, 4.0]]))
        Tensor([[0., 4.],
                [5., 3.]])
    """
    p = at_least_zero("cdist", "p", p)
    if compute_mode not in _MODES:
        raise ValueError(f"cdist: compute_mode must be one of {', '.join(map(repr, _MODES))}, got {compute_mode!r}")
    if x1.ndim < 2 or x2.ndim < 2:
        raise ValueError(
            f"cdist: sets of points are needed, (..., points, numbers), got {x1.shape} and {x2.shape}; one point "
            "is x.unsqueeze(0)"
        )
    if x1.shape[-1] != x2.shape[-1]:
        raise ValueError(
            f"cdist: points of both sets must have as many numbers, got {x1.shape[-1]} and {x2.shape[-1]} for shapes "
            f"{x1.shape} and {x2.shape}"
        )
    lead = _broadcast("cdist", x1.shape[:-2], x2.shape[:-2])
    x, y = (_stack(x, lead) for x in (x1, x2))
    many = max(x.shape[1], y.shape[1]) > _MANY
    if p == 2 and (compute_mode == _PRODUCT or (compute_mode == _MODES[0] and many)):
        out = euclidean_distances(x, y)
    else:
        out = norm_distances(x, y, p=p)
    return out.reshape((*lead, x.shape[1], y.shape[1]))  # type: ignore[no-any-return]


def _stack(x: Tensor, lead: tuple[int, ...]) -> Tensor:
    """The sets as (batch, points, numbers)."""
    shape = x.shape[-2:]
    return broadcast_to(x, (*lead, *shape)).reshape((math.prod(lead), *shape))  # type: ignore[no-any-return]


@in_one_precision("input")
def pdist(input: Any, p: float = 2.0) -> Tensor:
    """The distances of all pairs of points of one set, each pair once: the upper triangle of ``cdist(input, input)``.

    Shapes:
        input: (N, M), N points of M numbers.
        result: (N (N - 1) / 2,): of (0, 1), (0, 2) ... (1, 2) ...

    Args:
        input: the points.
        p: the exponent of the norm, at least 0.

    Raises:
        TypeError: for integers.
        ValueError: for another rank, and a negative p.

    Example:
        >>> pdist(Tensor([[0.0], [1.0], [3.0]]))
        Tensor([1., 3., 2.])
    """
    p = at_least_zero("pdist", "p", p)
    if input.ndim != 2:
        raise ValueError(f"pdist: one set of points is needed, (points, numbers), got shape {input.shape}")
    points = input.shape[0]
    rows, columns = triu_indices(points, points, 1)
    return cdist(input, input, p)[rows, columns]
