"""Optimizers, under PyTorch's names."""

from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
