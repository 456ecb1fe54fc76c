"""Operations that make few numbers of many: sums, means, variances, extremes, norms."""
