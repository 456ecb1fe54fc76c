"""Initial values, written in place into a Tensor, under PyTorch's names.

Every function whose name ends in ``_`` returns the Tensor that it was given. Random numbers come from
``minigrad.random.default_generator()`` unless ``generator``, a ``numpy.random.Generator``, is given. They are drawn in
float64 and then rounded, so one seed gives the same weights in every dtype.
"""

from .constants import constant_, dirac_, eye_, ones_, zeros_
from .distributions import (
    glorot_normal_,
    glorot_uniform_,
    he_normal_,
    he_uniform_,
    kaiming_normal_,
    kaiming_uniform_,
    lecun_normal_,
    lecun_uniform_,
    normal_,
    uniform_,
    xavier_normal_,
    xavier_uniform_,
)
from .gain import calculate_gain, exact_gain, fan_in_and_fan_out
from .structured import orthogonal_, sparse_
from .truncated import trunc_normal_

_calculate_fan_in_and_fan_out = fan_in_and_fan_out  # PyTorch's name: layers written after its own call it

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "exact_gain",
    "eye_",
    "fan_in_and_fan_out",
    "glorot_normal_",
    "glorot_uniform_",
    "he_normal_",
    "he_uniform_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "lecun_normal_",
    "lecun_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
