"""Functions that turn scores into probabilities along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import refuse_gradient, shape_of
from ...core.caller import warn
from ...core.tensor import Tensor, raw, wrap
from ...ops.convert import cast
from ...ops.dims import axis_aliases, one_dim, only_dim
from ...random import default_generator
from ..kernels import softmax as ops
from .arguments import floating


def _scores(input: Any) -> Any:
    return input if isinstance(input, Tensor) or hasattr(input, "astype") else Tensor(input)


@axis_aliases
def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """exp(input) divided by its sum along ``dim``: probabilities.

    Args:
        input: the scores.
        dim: the dimension along which the result sums to 1; there is no default.
        _stacklevel: no effect; PyTorch's signature has it.
        dtype: to convert the input to before anything is computed.

    Example:
        >>> softmax(Tensor([0.0, 0.0]), dim=0)
        Tensor([0.5, 0.5])
    """
    return ops.softmax(_scores(input), dim, dtype)


@axis_aliases
def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """The logarithm of ``softmax``, in nats, without its overflow and underflow.

    Args:
        input: the scores.
        dim: the dimension along which the exponentials of the result sum to 1; there is no default.
        _stacklevel: no effect; PyTorch's signature has it.
        dtype: to convert the input to before anything is computed.

    Example:
        >>> log_softmax(Tensor([1000.0, 0.0]), dim=0)
        Tensor([    0., -1000.])
    """
    return ops.log_softmax(_scores(input), dim, dtype)


@axis_aliases
def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """``softmax`` of the negated input: the smallest gets the largest probability.

    Example:
        >>> softmin(Tensor([0.0, 1000.0]), dim=0)
        Tensor([1., 0.])
    """
    input = cast("softmin", _scores(input), dtype, floating=True)
    return softmax(0.0 - input, dim)  # -input of unsigned integers would wrap around


@axis_aliases
def softmax_with_temperature(input: Any, temperature: Any, dim: int | None = None) -> Any:
    """``softmax(input / temperature)``: below 1 the probabilities are sharper than the scores say, above 1 flatter.

    Towards 0 all of the probability goes to the largest score, towards infinity it is spread evenly.

    Args:
        input: the scores.
        temperature: a positive number, or a Tensor that broadcasts with the input and may be learned, as in the
            calibration of a classifier.
        dim: the dimension along which the result sums to 1; there is no default.

    Raises:
        ValueError: for a temperature that is not positive.

    Source:
        Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, equation 1.

    Example:
        >>> softmax_with_temperature(Tensor([1.0, 0.0]), temperature=0.001, dim=0)
        Tensor([1., 0.])
    """
    check_temperature("softmax_with_temperature", temperature)
    input = _scores(input)
    axis = only_dim("softmax_with_temperature", dim, shape_of(input))
    shift = ops.finite_top(raw(input), axis)  # goes first, so that the quotient cannot overflow upwards
    with np.errstate(over="ignore"):
        return softmax((input - shift) / temperature, dim)


@axis_aliases
def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A class drawn with the probabilities softmax(logits), in a form through which gradients flow.

    The softmax of the scores plus Gumbel noise, divided by a temperature: the largest entry is where a draw would fall,
    and the smaller ``tau`` is, the closer the rest is to 0.

    Shapes:
        logits: any; the result has the same.

    Args:
        logits: the scores.
        tau: the temperature, positive: large ones give smooth gradients, small ones almost one-hot results.
        hard: return the one-hot vector of the largest entry, with the gradient of the soft one ("straight-through").
        eps: no effect; PyTorch's signature has it.
        dim: the dimension of the classes.

    Raises:
        TypeError: for scores that are integers.
        ValueError: for a temperature that is not positive.

    Source:
        Jang, Gu & Poole, "Categorical Reparameterization with Gumbel-Softmax", 2017, equation 2 and section 2.2.

    Example:
        >>> gumbel_softmax(Tensor([0.0, 100.0]), hard=True)
        Tensor([0., 1.])
    """
    refuse_gradient("gumbel_softmax", eps=eps)
    if eps != 1e-10:
        warn("gumbel_softmax: eps has no effect, as in PyTorch; leave it out", FutureWarning)
    logits = floating("gumbel_softmax", logits)
    axis = one_dim("gumbel_softmax", dim, logits.shape)
    check_temperature("gumbel_softmax", tau)
    noise = default_generator().gumbel(size=logits.shape).astype(logits.dtype)
    soft = softmax_with_temperature(logits + wrap(noise, None), tau, axis)
    if not hard:
        return soft  # type: ignore[no-any-return]
    chosen = np.zeros_like(raw(soft))
    np.put_along_axis(chosen, np.argmax(raw(soft), axis, keepdims=True), 1, axis)
    one_hot: Tensor = (soft - soft.detach()) + wrap(chosen, None)  # the difference is exactly 0
    return one_hot


def check_temperature(name: str, temperature: Any) -> None:
    """Refuse a temperature that is no number, or not positive and finite."""
    values = np.asarray(raw(temperature))
    if values.dtype.kind not in "fiu":
        raise TypeError(f"{name}: a temperature is a number, or a Tensor of them, got {temperature!r}")
    if not np.all((values > 0) & np.isfinite(values)):
        raise ValueError(
            f"{name}: a temperature is positive and finite, got {values}; the limit at 0 is "
            "scores.argmax(dim), which has no derivative"
        )
