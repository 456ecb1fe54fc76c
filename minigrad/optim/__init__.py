"""Optimizers, under PyTorch's names."""

from . import lr_scheduler, swa_utils
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler", "swa_utils"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
