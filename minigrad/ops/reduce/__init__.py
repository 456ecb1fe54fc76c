"""Operations that make few numbers of many: sums, products, variances, extremes, norms."""

from . import counts, extremes, norms, prod, sums, variance

__all__ = ["counts", "extremes", "norms", "prod", "sums", "variance"]
