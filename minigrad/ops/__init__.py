"""The primitives: what can be computed, each with its derivative beside it. Importing this fills NumPy's door."""

from . import elementwise, index, inplace, linalg, loss, reduce, shape, softmax

__all__ = ["elementwise", "index", "inplace", "linalg", "loss", "reduce", "shape", "softmax"]
