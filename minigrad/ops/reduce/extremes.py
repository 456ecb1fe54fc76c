"""The largest and the smallest values, and where they stand."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.arrays import shape_of
from ...core.declare import constant, primitive, register
from ...core.tensor import Tensor, raw
from ..dims import axis_aliases, only_dim
from ..index.basic import take_along_axis
from .sums import filled_dims, spread, sum_


# --- ranges and counts ------------------------------------------------------------------------------------------------
class Range(NamedTuple):
    """The smallest and the largest value."""

    min: Tensor
    max: Tensor


@register()
@axis_aliases
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False) -> Range:
    """The smallest and the largest value, over all elements or along ``dim``; ties share the gradient evenly.

    Example:
        >>> aminmax(Tensor([3.0, 1.0, 2.0]))
        Range(min=Tensor(1.), max=Tensor(3.))
    """
    return Range(amin(input, dim, keepdim), amax(input, dim, keepdim))


@register(np.ptp)
@axis_aliases
def ptp(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value minus the smallest: NumPy's "peak to peak".

    Example:
        >>> ptp(Tensor([3.0, 1.0, 2.0]))
        Tensor(2.)
    """
    return amax(input, dim, keepdim) - amin(input, dim, keepdim)


# --- extremes ---------------------------------------------------------------------------------------------------------
class Extremes(NamedTuple):
    """Values along a dimension, and where they were found."""

    values: Tensor
    indices: Tensor


def _to_the_extreme(g: Any, x: Any, out: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    """Split the gradient evenly among the elements that attain the extreme, or that are the reason why it is NaN."""
    hit = np.equal(x, spread(out, x_shape, axis, keepdims)).astype(x.dtype)
    count = sum_(hit, axis, True)
    if not np.all(count):  # NaN equals nothing
        hit = hit + np.isnan(x)
        count = sum_(hit, axis, True)
    return spread(g, x_shape, axis, keepdims) * hit / count


@primitive(name="amax")
def _amax(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims)


@primitive(name="amin")
def _amin(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


_amax.rule(x=_to_the_extreme)

_amin.rule(x=_to_the_extreme)


@register(np.max, np.amax)
@axis_aliases
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value over all elements or over ``dim``; ties share the gradient evenly.

    Example:
        >>> amax(Tensor([[1.0, 5.0], [3.0, 4.0]]), dim=1)
        Tensor([5., 4.])
    """
    return _amax(input, axis=filled_dims("amax", input, dim), keepdims=keepdim)


@register(np.min, np.amin)
@axis_aliases
def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value over all elements or over ``dim``; ties share the gradient evenly.

    Example:
        >>> amin(Tensor([[1.0, 5.0], [3.0, 4.0]]), dim=1)
        Tensor([1., 3.])
    """
    return _amin(input, axis=filled_dims("amin", input, dim), keepdims=keepdim)


@register()
@axis_aliases
def max_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value: of all elements, or along ``dim`` together with its index; or the larger of two arrays.

    Over everything, ties share the gradient evenly; along ``dim`` all of it goes to the index returned (the first).

    Example:
        >>> max_(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Extremes(values=Tensor([5., 4.]), indices=Tensor([1, 0]))
    """
    return _extreme("max", _amax, np.maximum, np.argmax, input, dim, keepdim)


@register()
@axis_aliases
def min_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value: of all elements, or along ``dim`` together with its index; or the smaller of two arrays.

    Example:
        >>> min_(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Extremes(values=Tensor([1., 3.]), indices=Tensor([0, 1]))
    """
    return _extreme("min", _amin, np.minimum, np.argmin, input, dim, keepdim)


def _extreme(name: str, overall: Any, pairwise: Any, locate: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    if isinstance(dim, (tuple, list)):
        raise TypeError(f"{name} along several dimensions has no single index; use a{name}(input, dim={dim})")
    if dim is not None and shape_of(dim) or isinstance(dim, (Tensor, float)):
        return pairwise(input, dim)
    dims = filled_dims(name, input, dim)
    if dim is None:
        return overall(input, axis=None)
    if not dims:  # a single number
        return Extremes(overall(input, axis=()), locate(input))
    indices = locate(input, axis=dims[0], keepdims=True)
    values = take_along_axis(input, indices=raw(indices), axis=dims[0])
    if not keepdim:
        values, indices = np.squeeze(values, axis=dims[0]), np.squeeze(indices, axis=dims[0])
    return Extremes(values, indices)


_argmax, _argmin = constant(np.argmax), constant(np.argmin)


def _located(name: str, locate: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    dims = None if dim is None else only_dim(name, dim, shape_of(input))
    filled_dims(name, input, dim)
    return locate(input, axis=dims[0] if dims else None, keepdims=keepdim)


@register()
@axis_aliases
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the first largest value, along ``dim`` or in the flattened input.

    Example:
        >>> argmax(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Tensor([1, 0])
    """
    return _located("argmax", _argmax, input, dim, keepdim)


@register()
@axis_aliases
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the first smallest value, along ``dim`` or in the flattened input.

    Example:
        >>> argmin(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Tensor([0, 1])
    """
    return _located("argmin", _argmin, input, dim, keepdim)
