"""Products with weights; they are defined with their derivatives in ``minigrad/ops``."""

from ...ops.linalg import linear
from ...ops.products import bilinear

__all__ = ["bilinear", "linear"]
