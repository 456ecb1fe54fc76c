"""Kernels for what has structure: rows, windows, recurrences, products. Each module declares its own."""

from . import products

__all__ = ["products"]
