"""Activation functions; they are primitives, defined with their derivatives in ``minigrad/ops``."""

from ...ops.elementwise import relu, sigmoid, tanh
from ...ops.softmax import log_softmax, softmax

__all__ = ["log_softmax", "relu", "sigmoid", "softmax", "tanh"]
