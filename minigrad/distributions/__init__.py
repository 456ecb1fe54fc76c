"""Probability distributions under PyTorch's names: draw from them, score values, differentiate through both.

A distribution is made of parameters, which may require grad and broadcast to its ``batch_shape``. ``sample`` draws
outside any graph; ``rsample``, where a family has it, draws as a function of the parameters, so that gradients flow.

Example:
    >>> from minigrad.distributions import Normal
    >>> scale = Tensor([1.0, 2.0], requires_grad=True)
    >>> (-Normal(0.0, scale).log_prob([1.0, 1.0])).sum().backward()
    >>> scale.grad
    Tensor([0.   , 0.375])
"""

from . import constraints
from .distribution import Distribution
from .kl import kl_divergence, register_kl
from .normal import Normal

__all__ = [
    "Distribution",
    "Normal",
    "constraints",
    "kl_divergence",
    "register_kl",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
