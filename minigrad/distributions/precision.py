"""Computing in double precision what cancels: differences of logarithms of factorials, above all."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..core.tensor import Tensor
from ..ops.convert import astype
from .distribution import Distribution
from .utils import lazy_property

__all__ = ["precise"]

F = TypeVar("F", bound=Callable[..., Any])
DOUBLE = np.dtype(np.float64)


def precise(function: F) -> F:
    """Let a function of distributions and Tensors compute in double precision, and round once, to their own.

    In single precision log Γ of 10⁶ is off by ½, and so are PyTorch's log-probabilities of counts of that size.
    """

    @functools.wraps(function)
    def rounded(*given: Any) -> Any:
        dtype = _dtype_of(given)
        if dtype == DOUBLE:
            return function(*given)
        return astype(function(*map(_doubled, given)), dtype)

    return rounded  # type: ignore[return-value]


def _tensors(thing: Any) -> list[Any]:
    if isinstance(thing, Distribution):
        return [tensor for value in vars(thing).values() for tensor in _tensors(value)]
    return [thing] if isinstance(thing, Tensor) and thing.dtype.kind == "f" else []


def _dtype_of(given: tuple[Any, ...]) -> Any:
    """The dtype that the given things have together: arrays decide before single numbers."""
    tensors = [tensor for thing in given for tensor in _tensors(thing)]
    return np.result_type(*([t.dtype for t in tensors if t.ndim] or [t.dtype for t in tensors]))


def _doubled(thing: Any) -> Any:
    """The same in double precision; of a distribution, without what was computed from its parameters in single."""
    if isinstance(thing, Distribution):
        twin = copy.copy(thing)
        given = getattr(thing, "_given", None)
        for name, value in vars(thing).items():
            if isinstance(getattr(type(thing), name, None), lazy_property) and name != given:
                delattr(twin, name)
            else:
                setattr(twin, name, _doubled(value))
        return twin
    return astype(thing, DOUBLE) if isinstance(thing, Tensor) else thing
