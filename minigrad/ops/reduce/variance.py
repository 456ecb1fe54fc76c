"""Variances and standard deviations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import in_single, is_half, shape_of
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ..dims import axis_aliases
from ..elementwise import zero_or_quotient
from .sums import count_of, filled_dims, mean, spread


def _dims_and_correction(name: str, input: Any, dim: Any, unbiased: bool, correction: Any) -> tuple[Any, Any]:
    """The dimensions to reduce, and what is taken off the count; refuses dimensions that hold too few values for it."""
    if isinstance(dim, bool):  # PyTorch's var(input, unbiased)
        dim, unbiased = None, dim
    correction = int(unbiased) if correction is None else correction
    dims = filled_dims(name, input, dim)
    count = count_of(shape_of(input), dims)
    if count <= correction:
        raise ValueError(f"{name} of {count} value(s) with correction={correction} divides by zero; pass correction=0")
    return dims, correction


# --- variance ---------------------------------------------------------------------------------------------------------
@primitive(name="var")
def _var(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    if is_half(x):
        return in_single(_var, x, axis=axis, correction=correction, keepdims=keepdims)
    return np.var(x, axis=axis, ddof=correction, keepdims=keepdims)


_var.rule(
    x=lambda g, x, x_shape, axis, correction, keepdims: (
        spread(g * (2 / (count_of(x_shape, axis) - correction)), x_shape, axis, keepdims) * (x - mean(x, axis, True))
    )
)


@register()
@axis_aliases
def var(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Any:
    """The variance over all elements or over the dimensions ``dim``.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        unbiased: divide by n - 1 rather than n.
        keepdim: keep the reduced dimensions with size 1.
        correction: divide by n - correction (instead of ``unbiased``).

    Raises:
        ValueError: where there are not more values than the correction.

    Example:
        >>> var(Tensor([1.0, 2.0, 3.0]))
        Tensor(1.)
    """
    dims, correction = _dims_and_correction("var", input, dim, unbiased, correction)
    return _var(input, axis=dims, correction=correction, keepdims=keepdim)


# NumPy divides by n unless told otherwise, PyTorch by n - 1.
NUMPY[np.var] = lambda a, axis=None, ddof=0, keepdims=False: var(a, axis, keepdim=keepdims, correction=ddof)


# --- standard deviation -----------------------------------------------------------------------------------------------
@primitive(name="std")
def _std(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    if is_half(x):
        return in_single(_std, x, axis=axis, correction=correction, keepdims=keepdims)
    return np.std(x, axis=axis, ddof=correction, keepdims=keepdims)


def _std_x(g: Any, x: Any, out: Any, x_shape: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    pushed = zero_or_quotient(g, out) / (count_of(x_shape, axis) - correction)
    return spread(pushed, x_shape, axis, keepdims) * (x - mean(x, axis, True))


_std.rule(x=_std_x)


@register()
@axis_aliases
def std(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Any:
    """The standard deviation over all elements or over ``dim``; where it is 0, its derivative is taken as 0.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        unbiased: divide by n - 1 rather than n.
        keepdim: keep the reduced dimensions with size 1.
        correction: divide by n - correction (instead of ``unbiased``).

    Raises:
        ValueError: where there are not more values than the correction.

    Example:
        >>> std(Tensor([1.0, 2.0, 3.0]))
        Tensor(1.)
    """
    dims, correction = _dims_and_correction("std", input, dim, unbiased, correction)
    return _std(input, axis=dims, correction=correction, keepdims=keepdim)


NUMPY[np.std] = lambda a, axis=None, ddof=0, keepdims=False: std(a, axis, keepdim=keepdims, correction=ddof)


@register()
@axis_aliases
def std_mean(
    input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> tuple[Any, Any]:
    """The standard deviation and the mean, as a pair.

    Example:
        >>> std_mean(Tensor([1.0, 2.0, 3.0]))
        (Tensor(1.), Tensor(2.))
    """
    where = None if isinstance(dim, bool) else dim
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, where, keepdim)


@register()
@axis_aliases
def var_mean(
    input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> tuple[Any, Any]:
    """The variance and the mean, as a pair.

    Example:
        >>> var_mean(Tensor([1.0, 2.0, 3.0]))
        (Tensor(1.), Tensor(2.))
    """
    where = None if isinstance(dim, bool) else dim
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, where, keepdim)
