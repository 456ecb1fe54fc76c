"""Convolution: which of the loops serves, and what they share."""

from . import primitives

__all__ = ["primitives"]
