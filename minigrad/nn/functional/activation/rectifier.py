"""Activation functions made of straight pieces, such as ReLU: cheap, and with a corner where pieces meet.

At a corner the derivative is PyTorch's: that of the piece on the left for ``relu`` (0), ``leaky_relu`` and ``prelu``
(the slope); 0 at both bounds of ``relu6``, ``hardtanh`` and ``hardsigmoid`` and at those of the two shrinkers.
With ``inplace=True`` the Tensor that was given holds the result afterwards, and is returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.arrays import as_array, as_operands, one_precision
from ....core.declare import register
from ....core.tensor import Tensor, wrap
from ....ops.inplace import replace_values
from ....random import default_generator
from ...kernels.activation import rectifier as kernels
from ...kernels.activation.rectifier import relu as _relu
from ..arguments import at_least_zero, numbers, require_floating


def applied(name: str, function: Callable[..., Any], input: Any, inplace: bool, **static: Any) -> Any:
    """``function`` of the input; with ``inplace`` its values replace those of the input Tensor.

    Raises:
        TypeError: for an in-place update of what is no Tensor.
        RuntimeError: for one that would lose values that gradients need, or that a view would not follow.
    """
    if not inplace:
        return function(input, **static)
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: inplace=True updates a Tensor, got {type(input).__name__}; leave inplace out")
    try:
        return replace_values(input, f"{name}_", function, (), static)
    except RuntimeError as error:
        raise RuntimeError(f"{error}; or use {name} without inplace=True") from None


def relu(input: Any, inplace: bool = False) -> Any:
    """max(input, 0), elementwise; the derivative at 0 is 0.

    Example:
        >>> relu(Tensor([-1.0, 0.0, 2.0]))
        Tensor([0., 0., 2.])
    """
    return applied("relu", _relu, input, inplace) if inplace else _relu(input)


def relu_(input: Tensor) -> Tensor:
    """``relu`` in place."""
    return relu(input, inplace=True)  # type: ignore[no-any-return]


def relu6(input: Any, inplace: bool = False) -> Any:
    """``relu`` that stops at 6; the derivative at 0 and at 6 is 0.

    Example:
        >>> relu6(Tensor([-1.0, 2.0, 9.0]))
        Tensor([0., 2., 6.])
    """
    return applied("relu6", kernels.hardtanh, input, inplace, low=0.0, high=6.0)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """The input where it is positive, else ``negative_slope`` times it, so that no unit dies.

    Example:
        >>> leaky_relu(Tensor([-1.0, 2.0]))
        Tensor([-0.01,  2.  ])
    """
    (negative_slope,) = numbers("leaky_relu", negative_slope=negative_slope)
    return applied("leaky_relu", kernels.leaky_relu, input, inplace, negative_slope=negative_slope)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """``leaky_relu`` in place."""
    return leaky_relu(input, negative_slope, inplace=True)  # type: ignore[no-any-return]


@register()
def prelu(input: Any, weight: Any) -> Any:
    """The input where it is positive, else a slope times it, which is learned.

    Shapes:
        input: (N, C, ...), or any shape for a single slope.
        weight: (C,), (1,) or ().

    Raises:
        ValueError: for a number of slopes that is neither 1 nor that of the channels.

    Example:
        >>> prelu(Tensor([[-1.0, -1.0]]), Tensor([0.25, 0.5]))
        Tensor([[-0.25, -0.5 ]])
    """
    input, weight = as_operands(input, weight)
    require_floating("prelu", input)
    one_precision("prelu", input, weight=weight)
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.shape not in ((), (1,), (channels,)):
        raise ValueError(
            f"prelu: one slope is needed, or one for each of {channels} channels, got a weight of shape {weight.shape} "
            f"for an input of {input.shape}; use nn.PReLU({channels})"
        )
    if weight.shape == (channels,) and input.ndim > 2:
        weight = weight.reshape((channels,) + (1,) * (input.ndim - 2))
    elif weight.shape == (1,) and input.ndim == 0:
        weight = weight.reshape(())
    return kernels.prelu(input, weight)


def rrelu(input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False) -> Any:
    """The input where it is positive, else a random slope times it; outside training the mean of the slopes.

    In training every element draws its own slope, even over [lower, upper), from the library's Generator.

    Raises:
        ValueError: if ``lower`` is above ``upper``.

    Example:
        >>> rrelu(Tensor([-48.0, 2.0]))
        Tensor([-11.,   2.])
    """
    lower, upper = numbers("rrelu", lower=lower, upper=upper)
    if lower > upper:
        raise ValueError(f"rrelu: lower must not be above upper, got {lower} and {upper}; swap them")
    if not training:
        return applied("rrelu", kernels.leaky_relu, input, inplace, negative_slope=(lower + upper) / 2)
    return applied("rrelu", _randomly_leaky, input, inplace, lower=lower, upper=upper)


def _randomly_leaky(input: Any, lower: float, upper: float) -> Any:
    values = as_array(input)
    slopes = (lower + (upper - lower) * default_generator().random(values.shape)).astype(values.dtype)
    factors = np.where(np.greater(values, 0), 1, slopes)
    return input * (wrap(factors, None) if isinstance(input, Tensor) else factors)


def rrelu_(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """``rrelu`` in place."""
    return rrelu(input, lower, upper, training, inplace=True)  # type: ignore[no-any-return]


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """The input limited to [min_val, max_val]; the derivative at the bounds is 0 (that of ``clamp`` is 1).

    Raises:
        ValueError: if ``min_val`` is above ``max_val``.

    Example:
        >>> hardtanh(Tensor([-2.0, 0.5, 2.0]))
        Tensor([-1. ,  0.5,  1. ])
    """
    min_val, max_val = numbers("hardtanh", min_val=min_val, max_val=max_val)
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val must not be above max_val, got {min_val} and {max_val}; swap them")
    return applied("hardtanh", kernels.hardtanh, input, inplace, low=min_val, high=max_val)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """``hardtanh`` in place."""
    return hardtanh(input, min_val, max_val, inplace=True)  # type: ignore[no-any-return]


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """(input + 3) / 6 limited to [0, 1]: a sigmoid of straight pieces.

    Example:
        >>> hardsigmoid(Tensor([-4.0, 0.0, 4.0]))
        Tensor([0. , 0.5, 1. ])
    """
    return applied("hardsigmoid", kernels.hardsigmoid, input, inplace)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """The input times its ``hardsigmoid``: a cheap ``silu``.

    Example:
        >>> hardswish(Tensor([-4.0, 0.0, 4.0]))
        Tensor([-0.,  0.,  4.])
    """
    return applied("hardswish", kernels.hardswish, input, inplace)


@register()
def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """The input where it is further than ``lambd`` from 0, else 0.

    Example:
        >>> hardshrink(Tensor([0.25, 0.75]))
        Tensor([0.  , 0.75])
    """
    (lambd,) = numbers("hardshrink", lambd=lambd)
    return kernels.hardshrink(input, lambd=lambd)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """The input moved by ``lambd`` towards 0, where it stops: the proximal step of an L1 penalty.

    Raises:
        ValueError: for a negative ``lambd``.

    Example:
        >>> softshrink(Tensor([0.25, 0.75]))
        Tensor([0.  , 0.25])
    """
    lambd = at_least_zero("softshrink", "lambd", lambd)
    return kernels.softshrink(input, lambd=lambd)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """The input where it is above ``threshold``, else ``value``.

    Example:
        >>> threshold(Tensor([0.5, 2.0]), 1.0, -1.0)
        Tensor([-1.,  2.])
    """
    threshold, value = numbers("threshold", threshold=threshold, value=value)
    return applied("threshold", kernels.threshold, input, inplace, threshold=threshold, value=value)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """``threshold`` in place."""
    return _threshold(input, threshold, value, inplace=True)  # type: ignore[no-any-return]


_threshold = threshold  # under a name that no argument hides
