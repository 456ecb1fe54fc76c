"""Distances as Modules."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from .functional.distance import cosine_similarity, pairwise_distance
from .module.module import Module


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along ``dim``; see ``functional.cosine_similarity``.

    Args:
        dim: the dimension along which a vector lies
        eps: the smallest length that a vector is divided by

    Example:
        >>> CosineSimilarity()(Tensor([[2.0, 0.0]]), Tensor([[-1.0, 0.0]]))
        Tensor([-1.])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Any, x2: Any) -> Tensor:
        """The similarity of ``x1`` and ``x2``."""
        return cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of the difference of vectors; see ``functional.pairwise_distance``.

    Args:
        p: the exponent of the norm
        eps: what is added to every difference
        keepdim: keep the last dimension, with size 1

    Example:
        >>> PairwiseDistance(eps=0.0)(Tensor([[0.0, 0.0]]), Tensor([[3.0, 4.0]]))
        Tensor([5.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Any, x2: Any) -> Tensor:
        """The distance of ``x1`` from ``x2``."""
        return pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
