"""Special functions: exponentials to gamma and Bessel functions, each with its rule."""

from . import bessel, betainc, elementary, entropy, errors, gamma, gamma_sample, gammainc, probit

__all__ = ["bessel", "betainc", "elementary", "entropy", "errors", "gamma", "gamma_sample", "gammainc", "probit"]
