"""Limits on gradients, between ``backward()`` and ``step()``."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...core.arrays import refuse_gradient
from ...core.graph import Array
from ...core.tensor import Tensor
from ...core.writes import stamp

__all__ = ["clip_grad_norm_", "clip_grad_value_", "get_total_norm"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = True,
) -> Tensor:
    """Scale all gradients by one factor, so that their norm, taken together, is at most ``max_norm``.

    Gradients that are below the limit stay as they are, to the bit.

    Args:
        parameters: Tensors; those whose ``.grad`` is None are passed over.
        max_norm: the largest norm allowed.
        norm_type: the p of the p-norm; ``math.inf`` means the largest absolute value.
        error_if_nonfinite: refuse gradients with NaN or infinity. PyTorch lets them through unless asked, and then
            turns every parameter into NaN; here that has to be asked for.

    Returns:
        The norm before clipping.

    Raises:
        RuntimeError: if the norm is not finite, naming the first gradient at fault; nothing has changed then.
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
    refuse_gradient("clip_grad_norm_", max_norm=max_norm)
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be at least 0, got {max_norm}")
    gradients = _gradients("clip_grad_norm_", parameters)
    norm = _total(gradients, norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        _refuse_nonfinite(gradients, norm)
    if not norm <= max_norm:  # NaN, if it was asked for, goes on
        factor = float(max_norm) / (norm + 1e-6)  # as in PyTorch
        for gradient in gradients:
            _scale(gradient, factor)
    return _rounded(norm, gradients)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every element of every gradient to between -clip_value and clip_value.

    This changes the direction of the gradient, where ``clip_grad_norm_`` changes its length only. NaN stays NaN.

    Raises:
        ValueError: for a negative limit.

    Example:
        >>> w = Tensor([1.0, 1.0], requires_grad=True)
        >>> (w * Tensor([30.0, 0.5])).sum().backward()
        >>> clip_grad_value_([w], 1.0)
        >>> w.grad
        Tensor([1. , 0.5])
    """
    refuse_gradient("clip_grad_value_", clip_value=clip_value)
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: clip_value must be at least 0, got {clip_value}")
    for gradient in _gradients("clip_grad_value_", parameters):
        array = gradient._array
        np.clip(array, -float(clip_value), float(clip_value), out=array)
        stamp(array)


def get_total_norm(tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0) -> Tensor:
    """The p-norm of all elements of all Tensors, as if they stood in one vector.

    Args:
        tensors: such as the gradients of a model.
        norm_type: p; ``math.inf`` means the largest absolute value.

    Raises:
        ValueError: for a ``norm_type`` that is not above 0.

    Example:
        >>> get_total_norm([Tensor([3.0]), Tensor([[4.0]])])
        Tensor(5.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    return _rounded(_total(tensors, norm_type), tensors)


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


def _rounded(norm: float, tensors: list[Tensor]) -> Tensor:
    """The norm in the precision of the Tensors."""
    dtype = np.result_type(*[tensor._array for tensor in tensors]) if tensors else np.float32
    with np.errstate(over="ignore"):  # float16 and float32 gradients can have a norm beyond their own range
        return Tensor(np.asarray(norm).astype(dtype))


def _norm(array: Array, p: float) -> float:
    """The norm of one array, without overflow or underflow on the way."""
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


def _gradients(name: str, parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    if not isinstance(given, Iterable):
        cure = "pass model.parameters()"
        raise TypeError(f"{name} takes Tensors, got {type(parameters).__name__}; {cure}")
    found = []
    for number, parameter in enumerate(given):
        if not isinstance(parameter, Tensor):
            raise TypeError(f"{name} takes Tensors, and number {number} is {type(parameter).__name__}")
        if parameter.grad is not None:
            found.append(parameter.grad)
    return found


def _refuse_nonfinite(gradients: list[Tensor], norm: float) -> None:
    for number, gradient in enumerate(gradients):
        bad = ~np.isfinite(gradient._array)
        if bad.any():
            raise RuntimeError(
                f"clip_grad_norm_: the norm of the gradients is {norm}; the first at fault is number {number}, of "
                f"shape {gradient.shape}, with {int(bad.sum())} elements that are not finite. Run the step inside "
                "`with minigrad.detect_anomaly():` to see where they come from, or pass error_if_nonfinite=False"
            )


def _scale(gradient: Tensor, factor: float) -> None:
    array = gradient._array
    np.multiply(array, factor, out=array)
    stamp(array)
