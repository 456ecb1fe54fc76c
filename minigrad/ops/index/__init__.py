"""Operations that pick elements, rows and slices, and that put them back."""

from . import basic, masked, scatter, select

__all__ = ["basic", "masked", "scatter", "select"]
