"""What belongs to training networks without being a layer, under PyTorch's names."""

from . import rnn
from .clip_grad import clip_grad_norm_, clip_grad_value_, get_total_norm

__all__ = ["clip_grad_norm_", "clip_grad_value_", "get_total_norm", "rnn"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
