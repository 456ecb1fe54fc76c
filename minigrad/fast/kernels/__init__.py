"""Kernels for what has structure: rows, windows, recurrences, products. Each module declares its own."""

from . import attention, convolution, products, recurrent

__all__ = ["attention", "convolution", "products", "recurrent"]
