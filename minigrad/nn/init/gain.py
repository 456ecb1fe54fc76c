"""Factors that keep the size of signals: the fans of a weight, and the gain of what follows it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arrays import refuse_gradient
from ...core.tensor import Tensor, raw
from .. import functional

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
        refuse_gradient("calculate_gain", param=param)
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"the negative slope of leaky_relu must be a number, got {param!r}")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"no gain is known for {nonlinearity!r}; known are {', '.join([*_GAINS, 'leaky_relu'])}; "
            "exact_gain computes that of any function"
        )
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


_GRID = 2**18  # intervals, of width 1/8192: fine enough for tanh(100 z), which defeats Gauss-Hermite rules
_REACH = 16.0  # beyond it the normal density is below 1e-55


def exact_gain(fn: str | Callable[..., Any], *args: Any) -> float:
    """The factor that keeps the second moment of unit normal signals: 1 / √E[fn(z)²] for z ~ N(0, 1).

    ``calculate_gain`` returns what PyTorch recommends; this returns what the mathematics says, for any function.

    Args:
        fn: an elementwise function of a Tensor, such as ``np.tanh``, ``nn.functional.gelu`` or ``nn.SiLU()``; or the
            name of one in ``nn.functional``; ``"linear"`` and ``"identity"`` stand for the function that changes
            nothing.
        args: what ``fn`` takes besides, such as the slope of ``leaky_relu``.

    Raises:
        ValueError: for unknown names, functions that are not elementwise, that are 0 (almost) everywhere, or whose
            second moment is infinite.

    Math:
        The integral is a sum over the midpoints of 262,144 intervals between -16 and 16; 0, where most activations have
        their kink or jump, is a border of intervals.

    Source:
        He et al. 2015, equation 7, with E[x²] of any function in place of ReLU's.

    Example:
        >>> round(exact_gain("tanh"), 4), round(exact_gain("relu"), 4)
        (1.5925, 1.4142)
        >>> round(exact_gain(lambda z: 3 * z), 4)
        0.3333
    """
    name, function = _named(fn)
    step = 2 * _REACH / _GRID
    z = (np.arange(_GRID) + 0.5) * step - _REACH
    try:
        values = raw(function(Tensor(z), *args))
    except TypeError as error:
        raise ValueError(f"exact_gain cannot call {name} with one Tensor alone: {error}; use a lambda") from error
    if np.shape(values) != z.shape:
        raise ValueError(
            f"exact_gain needs an elementwise function; {name} turned shape {z.shape} into {np.shape(values)}"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        density = np.square(np.asarray(values, np.float64) * np.exp(-z * z / 4)) * (step / math.sqrt(2 * math.pi))
    moment = float(density.sum())
    edge = float(max(density[:64].sum(), density[-64:].sum()))
    if not math.isfinite(moment) or edge > 1e-12 * moment:
        raise ValueError(f"exact_gain: E[fn(z)²] of {name} is not finite, or the function has NaN; it has no gain")
    if moment <= 0:
        raise ValueError(f"exact_gain: {name} is 0 everywhere, and no factor brings the signal back")
    return 1 / math.sqrt(moment)


def _named(fn: Any) -> tuple[str, Callable[..., Any]]:
    if callable(fn):
        return getattr(fn, "__name__", repr(fn)), fn
    if fn == "identity" or fn in _LINEAR:
        return fn, lambda z: z
    function = getattr(functional, fn, None) if isinstance(fn, str) else None
    if function is None:
        raise ValueError(f"exact_gain takes a function, or the name of one in nn.functional, got {fn!r}")
    return fn, function
