"""Products with weights; they are defined with their derivatives in ``minigrad/ops``."""

from ...ops.products import bilinear
from ..kernels.linear import linear

__all__ = ["bilinear", "linear"]
