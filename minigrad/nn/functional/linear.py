"""The product with a weight matrix; it is a primitive, defined with its derivatives in ``minigrad/ops``."""

from ...ops.linalg import linear

__all__ = ["linear"]
