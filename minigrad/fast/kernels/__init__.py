"""Kernels for what has structure: rows, windows, recurrences, products. Each module declares its own."""

from . import products, recurrent

__all__ = ["products", "recurrent"]
