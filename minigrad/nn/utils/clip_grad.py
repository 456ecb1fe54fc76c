"""Limits on gradients, between ``backward()`` and ``step()``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import GeneratorType
from typing import Any, NamedTuple

import numpy as np

from ...core.arrays import refuse_gradient
from ...core.caller import warn
from ...core.graph import Array
from ...core.tensor import Tensor
from ...core.writes import stamp

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

Parameters = Tensor | Iterable[Tensor] | Iterable[tuple[str, Tensor]]


class Gradient(NamedTuple):
    """A gradient, and what its parameter is called in messages."""

    name: str
    tensor: Tensor


def clip_grad_norm_(
    parameters: Parameters,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = True,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor, so that their norm, taken together, is at most ``max_norm``.

    Gradients that are below the limit stay as they are, to the bit. A parameter that is given twice counts once.

    Args:
        parameters: Tensors, or ``model.named_parameters()``, whose names errors then say; those whose ``.grad`` is
            None are passed over.
        max_norm: the largest norm allowed.
        norm_type: the p of the p-norm; ``math.inf`` means the largest absolute value.
        error_if_nonfinite: refuse gradients with NaN or infinity. PyTorch lets them through unless asked, and then
            turns every parameter into NaN; here that has to be asked for.
        foreach: accepted for PyTorch's sake.

    Returns:
        The norm before clipping.

    Raises:
        RuntimeError: if the norm is not finite, naming the first parameter at fault; nothing has changed then.
        ValueError: for a negative ``max_norm``.

    Source:
        Pascanu, Mikolov & Bengio 2013, algorithm 1.

    Example:
        >>> w = Tensor([1.0, 1.0], requires_grad=True)
        >>> (w * Tensor([30.0, 40.0])).sum().backward()
        >>> clip_grad_norm_([w], max_norm=5.0)
        Tensor(50.)
        >>> w.grad
        Tensor([3., 4.])
    """
    _check_limit("clip_grad_norm_", "max_norm", max_norm)
    gradients = _gradients("clip_grad_norm_", parameters)
    tensors = [gradient.tensor for gradient in gradients]
    norm = _total(tensors, norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        _refuse_nonfinite("clip_grad_norm_", gradients, norm)
    _limit(tensors, max_norm, norm)
    return _rounded(norm, tensors)


def clip_grad_norm(
    parameters: Parameters,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = True,
    foreach: bool | None = None,
) -> Tensor:
    """``clip_grad_norm_`` under its old name."""
    warn("clip_grad_norm is called clip_grad_norm_ now, with an underscore at its end", FutureWarning)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grads_with_norm_(
    parameters: Parameters, max_norm: float, total_norm: Tensor | float, foreach: bool | None = None
) -> None:
    """Scale all gradients as ``clip_grad_norm_`` does, by a norm that is known: that of many processes, for example.

    Args:
        parameters: Tensors; those whose ``.grad`` is None are passed over.
        max_norm: the largest norm allowed.
        total_norm: the norm of all gradients, as from ``get_total_norm``.
        foreach: accepted for PyTorch's sake.

    Example:
        >>> w = Tensor([1.0, 1.0], requires_grad=True)
        >>> (w * Tensor([30.0, 40.0])).sum().backward()
        >>> clip_grads_with_norm_([w], max_norm=5.0, total_norm=get_total_norm([w.grad]))
        >>> w.grad
        Tensor([3., 4.])
    """
    _check_limit("clip_grads_with_norm_", "max_norm", max_norm)
    refuse_gradient("clip_grads_with_norm_", total_norm=total_norm)
    tensors = [gradient.tensor for gradient in _gradients("clip_grads_with_norm_", parameters)]
    _limit(tensors, max_norm, float(total_norm))


def clip_grad_value_(parameters: Parameters, clip_value: float, foreach: bool | None = None) -> None:
    """Limit every element of every gradient to between -clip_value and clip_value.

    This changes the direction of the gradient, where ``clip_grad_norm_`` changes its length only. NaN stays NaN.

    Args:
        parameters: Tensors; those whose ``.grad`` is None are passed over.
        clip_value: the largest absolute value allowed.
        foreach: accepted for PyTorch's sake.

    Raises:
        ValueError: for a negative limit.

    Example:
        >>> w = Tensor([1.0, 1.0], requires_grad=True)
        >>> (w * Tensor([30.0, 0.5])).sum().backward()
        >>> clip_grad_value_([w], 1.0)
        >>> w.grad
        Tensor([1. , 0.5])
    """
    _check_limit("clip_grad_value_", "clip_value", clip_value)
    for gradient in _gradients("clip_grad_value_", parameters):
        array = gradient.tensor._array
        with np.errstate(over="ignore"):  # a limit beyond the range of float16 is none
            np.clip(array, -float(clip_value), float(clip_value), out=array)
        stamp(array)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The p-norm of all elements of all Tensors, as if they stood in one vector.

    Args:
        tensors: such as the gradients of a model.
        norm_type: p; ``math.inf`` means the largest absolute value.
        error_if_nonfinite: refuse a norm that is NaN or infinite.
        foreach: accepted for PyTorch's sake.

    Raises:
        ValueError: for a ``norm_type`` that is not above 0.
        RuntimeError: if asked for, and the norm is not finite.

    Example:
        >>> get_total_norm([Tensor([3.0]), Tensor([[4.0]])])
        Tensor(5.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm = _total(tensors, norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        named = [Gradient(f"tensor {number}", tensor) for number, tensor in enumerate(tensors)]
        _refuse_nonfinite("get_total_norm", named, norm)
    return _rounded(norm, tensors)


# --- norms ------------------------------------------------------------------------------------------------------------
def _total(tensors: list[Tensor], norm_type: float) -> float:
    """The norm as a Python number, whose range is that of float64."""
    refuse_gradient("a norm of gradients", norm_type=norm_type)
    p = float(norm_type)
    if not p > 0:
        raise ValueError(f"norm_type must be above 0, such as 2 or math.inf, got {norm_type}")
    norms = [_norm(tensor._array, p) for tensor in tensors if tensor._array.size]
    if any(map(math.isnan, norms)):
        return math.nan
    if p == math.inf:
        return max(norms, default=0.0)
    top = max(norms, default=0.0)
    if top == 0 or top == math.inf:
        return top
    return float(top * sum((norm / top) ** p for norm in norms) ** (1 / p))


def _norm(array: Array, p: float) -> float:
    """The norm of one array, without overflow or underflow on the way."""
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if p == 2:
        flat = array.reshape(-1)
        square = float(np.vdot(flat, flat))
        if 1e-20 < square < 1e30:
            return math.sqrt(square)
    top = float(np.max(np.abs(array)))
    if p == math.inf or top == 0 or not math.isfinite(top):
        return top
    scaled = np.abs(array.astype(np.float64)) / top
    return float(top * float(np.sum(scaled**p)) ** (1 / p))


def _rounded(norm: float, tensors: list[Tensor]) -> Tensor:
    """The norm in the precision of the Tensors."""
    dtype = np.result_type(*[tensor._array for tensor in tensors]) if tensors else np.float32
    with np.errstate(over="ignore"):  # float16 and float32 gradients can have a norm beyond their own range
        return Tensor(np.asarray(norm).astype(dtype))


def _limit(tensors: list[Tensor], max_norm: float, norm: float) -> None:
    """Scale gradients of this norm, if it is above the limit; NaN, if it was asked for, goes on."""
    if norm <= max_norm:
        return
    factor = float(max_norm) / (norm + 1e-6)  # as in PyTorch
    for tensor in tensors:
        array = tensor._array
        with np.errstate(invalid="ignore"):  # infinity times 0
            np.multiply(array, factor, out=array)
        stamp(array)


# --- arguments --------------------------------------------------------------------------------------------------------
def _check_limit(function: str, name: str, limit: float) -> None:
    refuse_gradient(function, **{name: limit})
    if not limit >= 0:
        raise ValueError(f"{function}: {name} must be at least 0, got {limit}")


def _gradients(function: str, parameters: Any) -> list[Gradient]:
    """The gradients of those parameters that have one, each parameter once."""
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    if not isinstance(given, Iterable):
        cure = "pass model.parameters()"
        raise TypeError(f"{function} takes Tensors, got {type(parameters).__name__}; {cure}")
    found: dict[int, Gradient] = {}
    number = -1
    for number, entry in enumerate(given):
        pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
        name, parameter = (repr(entry[0]), entry[1]) if pair else (f"number {number}", entry)
        if not isinstance(parameter, Tensor):
            raise TypeError(f"{function} takes Tensors, and number {number} is {type(parameter).__name__}")
        if parameter.grad is not None:
            found[id(parameter)] = Gradient(name, parameter.grad)
    if number < 0 and isinstance(given, GeneratorType):
        warn(f"{function} got a generator without parameters, perhaps one that was used before; call it anew")
    return list(found.values())


def _refuse_nonfinite(function: str, gradients: list[Gradient], norm: float) -> None:
    for name, tensor in gradients:
        bad = ~np.isfinite(tensor._array)
        if bad.any():
            hint = "" if name.startswith("'") else " (model.named_parameters() in place of them brings its name)"
            raise RuntimeError(
                f"{function}: the norm of the gradients is {norm}; the first at fault is {name}, of shape "
                f"{tensor.shape}, with {int(bad.sum())} elements that are not finite{hint}. Run the step inside "
                "`with minigrad.detect_anomaly():` to see where they come from, or pass error_if_nonfinite=False"
            )
    raise RuntimeError(
        f"{function}: all gradients are finite, but their norm is beyond float64; use norm_type=math.inf"
    )
