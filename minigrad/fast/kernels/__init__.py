"""Kernels for what has structure: rows, windows, recurrences, products. Each module declares its own."""

from . import attention, convolution, pooling, products, recurrent

__all__ = ["attention", "convolution", "pooling", "products", "recurrent"]
