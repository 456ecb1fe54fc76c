"""Layers, losses and what prepares their inputs, as functions under PyTorch's names; usually imported as ``F``."""

from ...ops.pad import pad
from ...ops.select import one_hot
from .activation import log_softmax, relu, sigmoid, softmax, tanh
from .linear import linear
from .loss import cross_entropy, mse_loss

__all__ = [
    "cross_entropy",
    "linear",
    "log_softmax",
    "mse_loss",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
