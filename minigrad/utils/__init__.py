"""Paths that PyTorch users know, to what has its home elsewhere."""

from . import data

__all__ = ["data"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
