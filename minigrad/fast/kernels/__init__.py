"""Kernels for what has structure: rows, windows, recurrences, products. Each module declares its own."""

from . import attention, products, recurrent

__all__ = ["attention", "products", "recurrent"]
