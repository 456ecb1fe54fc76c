"""Kernels for what has structure: rows, windows, recurrences, products. Each module declares its own."""

from . import (
    affine,
    attention,
    batch_norm,
    conv,
    cross_entropy,
    embedding,
    layer_norm,
    linear_cross_entropy,
    pooling,
    products,
    recurrent,
    softmax,
    sums,
)  # fmt: skip

__all__ = [
    "affine", "attention", "batch_norm", "conv", "cross_entropy", "embedding", "layer_norm",
    "linear_cross_entropy", "pooling", "products", "recurrent", "softmax", "sums",
]  # fmt: skip
