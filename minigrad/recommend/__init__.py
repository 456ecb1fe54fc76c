"""Recommendation: factorisation by least squares and by gradients, and retrieval with two towers.

How good lists of recommendations are, ``minigrad.metrics`` tells: ``recall_at_k``, ``ndcg_at_k`` and others.
"""

from .factorization import MatrixFactorization, UniformSampler
from .two_tower import TwoTower
from .wals import WALS

__all__ = ["WALS", "MatrixFactorization", "TwoTower", "UniformSampler"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
