"""Initial values, written in place into a Tensor, under PyTorch's names.

Every function returns the Tensor that it was given. Random numbers come from ``minigrad.random.default_generator()``
unless ``generator``, a ``numpy.random.Generator``, is given. They are drawn in float64 and then rounded, so one seed
gives the same weights in every dtype.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..random import default_generator
from ..tensor import Tensor, overwrite

_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
_GAINS = {**dict.fromkeys(_LINEAR, 1.0), "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that PyTorch recommends for the standard deviation of weights before ``nonlinearity``.

    1 for ``linear``, ``sigmoid`` and convolutions, 5/3 for ``tanh``, √2 for ``relu``, √(2 / (1 + slope²)) for
    ``leaky_relu``, 3/4 for ``selu``.

    Args:
        nonlinearity: name of the function in ``nn.functional``.
        param: the negative slope of ``leaky_relu``, by default 0.01.

    Raises:
        ValueError: for other names, and a slope that is no number.

    Source:
        √2 and the leaky form: He et al. 2015, section 2.2. 5/3 and 3/4 are PyTorch's choices: the gain that keeps the
        variance of unit-variance signals through tanh is 1.5925.

    Example:
        >>> calculate_gain("leaky_relu", 1.0)
        1.0
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"the negative slope of leaky_relu must be a number, got {param!r}")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"no gain is known for {nonlinearity!r}; known are {', '.join([*_GAINS, 'leaky_relu'])}")
    return _GAINS[nonlinearity]


def fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed one output of a weight, and how many outputs one input feeds.

    Shapes:
        tensor: (out, in, ...): a matrix, or a convolution, whose remaining sizes count on both sides.

    Raises:
        ValueError: below two dimensions.

    Example:
        >>> fan_in_and_fan_out(minigrad.Tensor(np.zeros((8, 4, 3, 3))))
        (36, 72)
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"fan_in and fan_out need a weight of at least two dimensions (out, in, ...), got shape {tensor.shape}; "
            "for a bias use init.zeros_"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


# --- constants --------------------------------------------------------------------------------------------------------
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Set every element to ``val``.

    Example:
        >>> constant_(Tensor([1.0, 2.0]), 0.5)
        Tensor([0.5, 0.5])
    """
    return _filled("constant_", tensor, val)


def _filled(name: str, tensor: Tensor, value: float) -> Tensor:
    _check_target(name, tensor)
    overwrite(tensor, value)
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Set every element to 0: right for biases, and the one value from which hidden weights never learn."""
    return _filled("zeros_", tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Set every element to 1."""
    return _filled("ones_", tensor, 1.0)


# --- distributions ----------------------------------------------------------------------------------------------------
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: np.random.Generator | None = None) -> Tensor:
    """Draw every element uniformly between ``a`` and ``b``.

    Raises:
        ValueError: if ``a`` is above ``b``.
    """
    _check_target("uniform_", tensor, random=True)
    if not a <= b:
        raise ValueError(f"uniform_ needs a <= b, got a={a}, b={b}")
    overwrite(tensor, _generator(generator).uniform(a, b, tensor.shape))
    return tensor


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: np.random.Generator | None = None
) -> Tensor:
    """Draw every element from the normal distribution with this mean and standard deviation.

    Raises:
        ValueError: if ``std`` is negative.
    """
    _check_target("normal_", tensor, random=True)
    if not std >= 0:
        raise ValueError(f"normal_ needs std >= 0, got {std}")
    overwrite(tensor, _generator(generator).normal(mean, std, tensor.shape))
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
    return _uniform(tensor, gain * math.sqrt(2), sum(fan_in_and_fan_out(tensor)), generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: np.random.Generator | None = None) -> Tensor:
    """Normal with variance gain² · 2 / (fan_in + fan_out).

    Source:
        Glorot & Bengio 2010, equation 12: the mean of what forward (1/fan_in) and backward (1/fan_out) ask for.
    """
    return _normal(tensor, gain * math.sqrt(2), sum(fan_in_and_fan_out(tensor)), generator)


def lecun_uniform_(tensor: Tensor, generator: np.random.Generator | None = None) -> Tensor:
    """Uniform with variance 1 / fan_in, which some lecture notes call Xavier."""
    return _uniform(tensor, 1.0, fan_in_and_fan_out(tensor)[0], generator)


def lecun_normal_(tensor: Tensor, generator: np.random.Generator | None = None) -> Tensor:
    """Normal with variance 1 / fan_in, which some lecture notes call Xavier.

    Source:
        LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.6.
    """
    return _normal(tensor, 1.0, fan_in_and_fan_out(tensor)[0], generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Uniform with variance gain² / fan; arguments as for ``kaiming_normal_``."""
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


def _generator(generator: Any) -> np.random.Generator:
    if generator is None:
        return default_generator()
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"generator must be a numpy.random.Generator, got {type(generator).__name__}; "
            "make one with np.random.default_rng(seed)"
        )
    return generator


def _check_target(name: str, tensor: Any, random: bool = False) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} writes into a Tensor, got {type(tensor).__name__}")
    if not tensor.is_leaf:
        raise RuntimeError(f"{name} would overwrite a recorded Tensor of shape {tensor.shape}; use it on a leaf")
    if random and tensor.dtype.kind != "f":
        raise TypeError(f"{name} needs a floating-point Tensor, got {tensor.dtype}")
