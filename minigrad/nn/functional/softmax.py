"""Functions that turn scores into probabilities along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops import softmax as ops
from ...ops.dims import both_doors
from ...tensor import Tensor, raw


def _cast(input: Any, dtype: Any) -> Any:
    input = input if isinstance(input, Tensor) or hasattr(input, "astype") else Tensor(input)
    return input if dtype is None else input.astype(dtype)


@both_doors
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
    with np.errstate(over="ignore", invalid="ignore"):  # scores as far apart as ±1e38, or infinite
        return ops.softmax(_cast(input, dtype), dim)


@both_doors
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
    with np.errstate(over="ignore", invalid="ignore"):
        return ops.log_softmax(_cast(input, dtype), dim)


@both_doors
def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """``softmax`` of the negated input: the smallest gets the largest probability.

    Example:
        >>> softmin(Tensor([0.0, 1000.0]), dim=0)
        Tensor([1., 0.])
    """
    return softmax(-_cast(input, dtype), dim)


@both_doors
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
    input = _cast(input, None)
    if dim is None:
        return softmax(input)  # which says what is missing
    top = np.max(raw(input), axis=dim, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0)  # first, so that the quotient cannot overflow upwards
    with np.errstate(over="ignore", invalid="ignore"):
        return softmax((input - shift) / temperature, dim)


def check_temperature(name: str, temperature: Any) -> None:
    """Refuse a temperature that is not positive and finite."""
    values = np.asarray(raw(temperature))
    if not np.all((values > 0) & np.isfinite(values)):
        raise ValueError(
            f"{name}: a temperature is positive and finite, got {values}; the limit at 0 is "
            "scores.argmax(dim), which has no derivative"
        )
