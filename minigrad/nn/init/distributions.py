"""Independent random values for every element: uniform, normal, and with the variance of Glorot, LeCun or He."""

from __future__ import annotations

import math

import numpy as np

from ...core.tensor import Tensor, overwrite
from ...random import as_generator
from .gain import calculate_gain, fan_in_and_fan_out
from .target import check_target


# --- distributions ----------------------------------------------------------------------------------------------------
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: np.random.Generator | None = None) -> Tensor:
    """Draw every element uniformly between ``a`` and ``b``.

    Raises:
        ValueError: if ``a`` is above ``b``.
    """
    check_target("uniform_", tensor, random=True, a=a, b=b)
    if not a <= b:
        raise ValueError(f"uniform_ needs a <= b, got a={a}, b={b}")
    overwrite(tensor, as_generator(generator).uniform(a, b, tensor.shape))
    return tensor


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: np.random.Generator | None = None
) -> Tensor:
    """Draw every element from the normal distribution with this mean and standard deviation.

    Raises:
        ValueError: if ``std`` is negative.
    """
    check_target("normal_", tensor, random=True, mean=mean, std=std)
    if not std >= 0:
        raise ValueError(f"normal_ needs std >= 0, got {std}")
    overwrite(tensor, as_generator(generator).normal(mean, std, tensor.shape))
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: np.random.Generator | None = None) -> Tensor:
    """Uniform with variance gain² · 2 / (fan_in + fan_out): bounds ±gain · √(6 / (fan_in + fan_out)).

    Source:
        Glorot & Bengio 2010, equation 16.

    Example:
        >>> weight = minigrad.Parameter(np.empty((300, 200)))
        >>> bool(abs(xavier_uniform_(weight).detach().numpy()).max() < (6 / 500) ** 0.5)
        True
    """
    check_target("xavier_uniform_", tensor, random=True, gain=gain)
    return _uniform(tensor, gain * math.sqrt(2), sum(fan_in_and_fan_out(tensor)), generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: np.random.Generator | None = None) -> Tensor:
    """Normal with variance gain² · 2 / (fan_in + fan_out).

    Source:
        Glorot & Bengio 2010, equation 12: the mean of what forward (1/fan_in) and backward (1/fan_out) ask for.
    """
    check_target("xavier_normal_", tensor, random=True, gain=gain)
    return _normal(tensor, gain * math.sqrt(2), sum(fan_in_and_fan_out(tensor)), generator)


def lecun_uniform_(tensor: Tensor, generator: np.random.Generator | None = None) -> Tensor:
    """Uniform with variance 1 / fan_in, which some lecture notes call Xavier."""
    check_target("lecun_uniform_", tensor, random=True)
    return _uniform(tensor, 1.0, fan_in_and_fan_out(tensor)[0], generator)


def lecun_normal_(tensor: Tensor, generator: np.random.Generator | None = None) -> Tensor:
    """Normal with variance 1 / fan_in, which some lecture notes call Xavier.

    Source:
        LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.6.
    """
    check_target("lecun_normal_", tensor, random=True)
    return _normal(tensor, 1.0, fan_in_and_fan_out(tensor)[0], generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Uniform with variance gain² / fan; arguments as for ``kaiming_normal_``."""
    check_target("kaiming_uniform_", tensor, random=True, a=a)
    return _uniform(tensor, calculate_gain(nonlinearity, a), _fan(tensor, mode), generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Normal with variance gain² / fan: 2 / fan_in before a ReLU, so that the second moment survives halving.

    Args:
        tensor: (out, in, ...) the weight.
        a: the negative slope of the ``leaky_relu`` that follows; 0 is ReLU.
        mode: ``"fan_in"`` keeps the size of activations, ``"fan_out"`` that of gradients.
        nonlinearity: the function that follows, for ``calculate_gain``.
        generator: by default ``minigrad.random.default_generator()``.

    Raises:
        ValueError: for another mode, an unknown nonlinearity, or a Tensor of less than two dimensions.

    Source:
        He et al. 2015, equations 10 and 14.
    """
    check_target("kaiming_normal_", tensor, random=True, a=a)
    return _normal(tensor, calculate_gain(nonlinearity, a), _fan(tensor, mode), generator)


def _uniform(tensor: Tensor, gain: float, fan: int, generator: np.random.Generator | None) -> Tensor:
    bound = gain * math.sqrt(3 / max(fan, 1))  # U(-b, b) has variance b²/3
    return uniform_(tensor, -bound, bound, generator)


def _normal(tensor: Tensor, gain: float, fan: int, generator: np.random.Generator | None) -> Tensor:
    return normal_(tensor, 0.0, gain / math.sqrt(max(fan, 1)), generator)


def _fan(tensor: Tensor, mode: str) -> int:
    modes = ("fan_in", "fan_out")
    if mode not in modes:
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    return fan_in_and_fan_out(tensor)[modes.index(mode)]


glorot_uniform_ = xavier_uniform_  # called after its authors' family names instead of their first names
glorot_normal_ = xavier_normal_
he_uniform_ = kaiming_uniform_
he_normal_ = kaiming_normal_
