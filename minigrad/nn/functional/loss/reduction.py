"""What losses have in common: how many numbers come out, and what may go in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import as_array
from ....core.caller import warn
from ....core.tensor import Tensor, raw
from ..arguments import floating, numbers

REDUCTIONS = ("mean", "sum", "none")


# --- the argument `reduction`, and PyTorch's older two ----------------------------------------------------------------
def check_reduction(name: str, reduction: Any, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Refuse what is not ``"mean"``, ``"sum"`` or ``"none"``, or what else is allowed."""
    if not isinstance(reduction, str) or reduction not in allowed:
        *others, last = (repr(word) for word in allowed)
        raise ValueError(f"{name}: reduction must be {', '.join(others)} or {last}, got {reduction!r}")


def reduction_of(
    name: str, size_average: Any, reduce: Any, reduction: Any, allowed: tuple[str, ...] = REDUCTIONS
) -> str:
    """The reduction that ``size_average`` and ``reduce`` of old programs ask for, or else ``reduction`` itself.

    Raises:
        TypeError: for what is no truth value, such as a reduction or a weight in the place of ``size_average``.

    Example:
        >>> reduction_of("mse_loss", None, None, "sum")
        'sum'
    """
    if size_average is not None or reduce is not None:
        for word, value in {"size_average": size_average, "reduce": reduce}.items():
            if value is not None and not isinstance(value, (bool, np.bool_)):
                cure = f"reduction={value!r}" if isinstance(value, str) else "the name of the argument that you mean"
                raise TypeError(f"{name}: {word} must be True or False, got {value!r}; write {cure}")
        wanted = "none" if reduce is False else "sum" if size_average is False else "mean"
        warn(f"{name}: size_average and reduce are PyTorch's old words; write reduction={wanted!r}")
        return wanted
    check_reduction(name, reduction, allowed)
    return str(reduction)


def reduced(losses: Tensor, reduction: str, shape: tuple[int, ...] | None = None) -> Tensor:
    """One number, or with ``"none"`` the losses, in this shape."""
    if reduction == "none":
        return losses if shape is None or losses.shape == shape else losses.reshape(shape)
    return losses.mean() if reduction == "mean" else losses.sum()


def require_rows(name: str, shape: tuple[int, ...], reduction: str) -> None:
    """Refuse the mean of nothing."""
    if reduction == "mean" and 0 in shape:
        raise ValueError(f"{name}: the mean over an empty batch, input shape {shape}; skip it, or use reduction='sum'")


# --- inputs and targets -----------------------------------------------------------------------------------------------
def values(x: Any, dtype: Any = None) -> Any:
    """``x`` as Tensor or array, of this dtype; a Tensor keeps its place in the graph."""
    if isinstance(x, Tensor):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return as_array(x, dtype)


def predictions(name: str, input: Any) -> Tensor:
    """The input of a loss as a Tensor of floating-point numbers."""
    return floating(name, input, cure="is it the target?")


def matching(name: str, input: Any, target: Any, what: str = "target") -> tuple[Tensor, Any]:
    """Input and target, both of the shape and dtype of the input.

    Raises:
        ValueError: for different shapes: (N, 1) and (N,) would broadcast to (N, N).
    """
    input = predictions(name, input)
    target = values(target, input.dtype)
    require_shape(name, input.shape, what, target.shape)
    return input, target


def require_shape(name: str, shape: tuple[int, ...], what: str, other: tuple[int, ...]) -> None:
    """Refuse a shape that differs from the input's."""
    if other != shape:
        raise ValueError(
            f"{name}: the input has shape {shape}, the {what} {other}; they must be equal, for example "
            f"input.squeeze(1) or {what}.reshape(input.shape)"
        )


def first_wrong(array: Any, wrong: Any) -> str:
    """The first value for which ``wrong`` is true, and where it stands: ``-1.0 at [0, 2]``."""
    array, wrong = raw(array), np.asarray(wrong)
    position = np.unravel_index(int(wrong.argmax()), wrong.shape)
    where = f" at [{', '.join(str(int(i)) for i in position)}]" if position else ""
    return f"{array[position].item()!r}{where}"


def require_at_least_zero(name: str, what: str, array: Any, cure: str) -> None:
    """Refuse negative numbers and NaN, naming the first."""
    found = raw(array)
    wrong = np.logical_not(found >= 0)
    if wrong.any():
        raise ValueError(f"{name}: {what} must not be negative, got {first_wrong(found, wrong)}; {cure}")


def check_temperature(name: str, temperature: Any) -> None:
    """Refuse a number that is not above 0; a Tensor of one number may be learned."""
    value = raw(temperature) if isinstance(temperature, Tensor) else np.asarray(temperature)
    if value.dtype.kind not in "fiu" or value.size != 1 or not value.reshape(()) > 0:
        raise ValueError(f"{name}: temperature must be one number above 0, got {temperature!r}")


def check_share(name: str, what: str, value: Any) -> None:
    """Refuse a share outside [0, 1]."""
    if not 0 <= (value if type(value) is float else numbers(name, **{what: value})[0]) <= 1:
        raise ValueError(f"{name}: {what} is a share between 0 and 1, got {value}")
