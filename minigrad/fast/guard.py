"""When kernels run. It stands before every forward and rule: small arrays must pass in a quarter of a microsecond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ..core.tensor import Tensor
from .pool import CannotCompileError, settings

_ACTING = {"raise", "call", "print", "log"}


def _always() -> float:
    return 0


def guarded(
    kernel: Callable[..., Any],
    plain: Callable[..., Any],
    give_up: Callable[[], None],
    least: Callable[[], float] = _always,
) -> Callable[..., Any]:
    """The kernel where one array is large, unless it declines; the plain function for all else.

    Args:
        kernel: takes what ``plain`` takes; returns NotImplemented where it cannot serve.
        plain: the forward or rule.
        give_up: called when the kernel cannot be compiled.
        least: elements from which on this kernel pays, where that is more than for others.
    """

    def either(*values: Any, **options: Any) -> Any:
        minimum = settings.minimum
        for value in values:
            if type(value) is ndarray and value.size >= minimum:
                if value.size >= least() and _serves(values[0]):
                    try:
                        result = kernel(*values, **options)
                    except CannotCompileError:
                        give_up()
                        break
                    if result is not NotImplemented:
                        return result
                break
        return plain(*values, **options)

    return either


def _serves(first: Any) -> bool:
    """Whether kernels shall run: not on Tensors, nor if NumPy was told to act on what overflows, say.

    Kernels compute what is not finite without a word.
    """
    if type(first) is tuple:  # the gradients of several outputs, some of them None
        first = next((part for part in first if part is not None), None)
    return not isinstance(first, Tensor) and _ACTING.isdisjoint(np.geterr().values())
