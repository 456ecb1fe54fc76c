"""Recommendation: factorisation by least squares and by gradients, and retrieval with two towers."""

from .wals import WALS

__all__ = ["WALS"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
