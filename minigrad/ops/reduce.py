"""Reductions, and the softmax family that normalises along a dimension.

Every public function accepts PyTorch's ``dim``/``keepdim`` and NumPy's ``axis``/``keepdims``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..arrays import sum_along
from ..dispatch import NUMPY
from ..primitive import constant, offer, primitive
from ..tensor import Tensor, raw
from .index import take_along_axis

F = TypeVar("F", bound=Callable[..., Any])
_ALIASES = (("axis", "dim"), ("keepdims", "keepdim"), ("a", "input"))


def both_doors(function: F) -> F:
    """Let NumPy's ``axis`` and ``keepdims`` stand for PyTorch's ``dim`` and ``keepdim``."""

    @functools.wraps(function)
    def accepting(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for alias, name in _ALIASES:
                if alias in kwargs:
                    if name in kwargs:
                        raise TypeError(f"{alias} and {name} are two names of one argument; give one of them")
                    kwargs[name] = kwargs.pop(alias)
        return function(*args, **kwargs)

    return accepting  # type: ignore[return-value]


def _spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Bring what a reduction gave back to the rank of its input."""
    if axis is None:
        return np.reshape(g, (1,) * len(shape))
    return g if keepdims else np.expand_dims(g, axis)


def _count(shape: tuple[int, ...], axis: Any) -> int:
    axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    return math.prod(shape[a] for a in axes)


def _axes(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list) else dim


def _require_values(name: str, input: Any, dim: Any) -> None:
    """Refuse the mean, variance or extremum of no values, which NumPy would answer with NaN or a puzzle."""
    shape = np.shape(input)
    if 0 in shape:
        raise ValueError(f"{name} over no values: the input has shape {shape}; is a batch empty?")


# --- sums -------------------------------------------------------------------------------------------------------------
@primitive(name="sum")
def _sum(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return sum_along(x, axis, keepdims)


_sum.rule(x=lambda g, x_shape, axis, keepdims: np.broadcast_to(_spread(g, x_shape, axis, keepdims), x_shape))


@offer(np.sum)
@both_doors
def sum_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The sum over all elements or over the dimensions ``dim``.

    Args:
        input: array or Tensor of any shape.
        dim: None, an integer or a tuple of integers.
        keepdim: keep the summed dimensions with size 1.

    Example:
        >>> sum_(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
        Tensor([4., 6.])
    """
    return _sum(input, axis=_axes(dim), keepdims=keepdim)


@primitive(name="mean")
def _mean(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.mean(x, axis=axis, keepdims=keepdims)


_mean.rule(
    x=lambda g, x_shape, axis, keepdims: np.broadcast_to(
        _spread(g / _count(x_shape, axis), x_shape, axis, keepdims), x_shape
    )
)


@offer(np.mean)
@both_doors
def mean(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The arithmetic mean over all elements or over the dimensions ``dim``.

    Raises:
        ValueError: for the mean of no values.

    Example:
        >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        Tensor([1.5, 3.5])
    """
    _require_values("mean", input, dim)
    return _mean(input, axis=_axes(dim), keepdims=keepdim)


@primitive(name="var")
def _var(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    return np.var(x, axis=axis, ddof=correction, keepdims=keepdims)


_var.rule(
    x=lambda g, x, x_shape, axis, correction, keepdims: (
        _spread(g * (2 / (_count(x_shape, axis) - correction)), x_shape, axis, keepdims)
        * (x - _mean(x, axis=axis, keepdims=True))
    )
)


@offer()
@both_doors
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
    if isinstance(dim, bool):  # PyTorch's var(input, unbiased)
        dim, unbiased = None, dim
    correction = int(unbiased) if correction is None else correction
    _require_values("var", input, dim)
    count = _count(np.shape(input), _axes(dim))
    if count <= correction:
        raise ValueError(
            f"the variance of {count} value(s) with correction={correction} divides by zero; pass correction=0"
        )
    return _var(input, axis=_axes(dim), correction=correction, keepdims=keepdim)


NUMPY[np.var] = lambda a, axis=None, ddof=0, keepdims=False: var(a, axis, keepdim=keepdims, correction=ddof)


# --- extremes ---------------------------------------------------------------------------------------------------------
class Extremes(NamedTuple):
    """Values along a dimension, and where they were found."""

    values: Tensor
    indices: Tensor


def _to_the_extreme(g: Any, x: Any, out: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    """Split the gradient evenly among the elements that attain the extreme."""
    hit = np.equal(x, _spread(out, x_shape, axis, keepdims)).astype(x.dtype)
    return _spread(g, x_shape, axis, keepdims) * hit / _sum(hit, axis=axis, keepdims=True)


@primitive(name="amax")
def _amax(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims)


@primitive(name="amin")
def _amin(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


_amax.rule(x=_to_the_extreme)
_amin.rule(x=_to_the_extreme)


@offer(np.max)
@both_doors
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value over all elements or over ``dim``; ties share the gradient evenly.

    Example:
        >>> amax(Tensor([[1.0, 5.0], [3.0, 4.0]]), dim=1)
        Tensor([5., 4.])
    """
    _require_values("amax", input, dim)
    return _amax(input, axis=_axes(dim), keepdims=keepdim)


@offer(np.min)
@both_doors
def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value over all elements or over ``dim``; ties share the gradient evenly.

    Example:
        >>> amin(Tensor([[1.0, 5.0], [3.0, 4.0]]), dim=1)
        Tensor([1., 3.])
    """
    _require_values("amin", input, dim)
    return _amin(input, axis=_axes(dim), keepdims=keepdim)


@offer()
@both_doors
def max_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value: of all elements, or along ``dim`` together with its index; or the larger of two arrays.

    Over everything, ties share the gradient evenly; along ``dim`` all of it goes to the index returned (the first).

    Example:
        >>> max_(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Extremes(values=Tensor([5., 4.]), indices=Tensor([1, 0]))
    """
    return _extreme("max", amax, np.maximum, np.argmax, input, dim, keepdim)


@offer()
@both_doors
def min_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value: of all elements, or along ``dim`` together with its index; or the smaller of two arrays.

    Example:
        >>> min_(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Extremes(values=Tensor([1., 3.]), indices=Tensor([0, 1]))
    """
    return _extreme("min", amin, np.minimum, np.argmin, input, dim, keepdim)


def _extreme(name: str, overall: Any, pairwise: Any, locate: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        return overall(input)
    if not isinstance(dim, int):
        return pairwise(input, dim)
    _require_values(name, input, dim)
    indices = locate(input, axis=dim, keepdims=True)
    values = take_along_axis(input, indices=raw(indices), axis=dim)
    if not keepdim:
        values, indices = np.squeeze(values, axis=dim), np.squeeze(indices, axis=dim)
    return Extremes(values, indices)


# --- the softmax family -----------------------------------------------------------------------------------------------
def _shift(x: Any, axis: Any) -> Any:
    """The largest value along ``axis``, or 0 where that is not finite: what can be subtracted before exp."""
    top = np.max(x, axis=axis, keepdims=True)
    return np.where(np.isfinite(top), top, 0)


@primitive(name="logsumexp")
def _logsumexp(x: Any, *, axis: Any, keepdims: bool = False) -> Any:
    top = _shift(x, axis)
    with np.errstate(divide="ignore"):  # log 0 = -inf is right for a row of -inf
        out = np.log(sum_along(np.exp(x - top), axis, True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)


def _logsumexp_x(g: Any, x: Any, out: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    out = _spread(out, x_shape, axis, keepdims)
    out = np.where(np.equal(out, -math.inf), 0, out)  # a row of -inf has no largest element to push: gradient 0
    return _spread(g, x_shape, axis, keepdims) * np.exp(x - out)


_logsumexp.rule(x=_logsumexp_x)


@offer()
@both_doors
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log Σ exp(input) over the dimensions ``dim``, without overflow.

    Example:
        >>> logsumexp(Tensor([1000.0, 1000.0]), dim=0)
        Tensor(1000.6932)
    """
    _require_values("logsumexp", input, dim)
    return _logsumexp(input, axis=_axes(dim), keepdims=keepdim)


@primitive(name="softmax")
def _softmax(x: Any, *, axis: int) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / sum_along(e, axis, True)


@primitive(name="log_softmax")
def _log_softmax(x: Any, *, axis: int) -> Any:
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(sum_along(np.exp(z), axis, True))


_softmax.rule(x=lambda g, out, axis: out * (g - _sum(g * out, axis=axis, keepdims=True)))
_log_softmax.rule(x=lambda g, out, axis: g - np.exp(out) * _sum(g, axis=axis, keepdims=True))


@offer()
@both_doors
def softmax(input: Any, dim: int) -> Any:
    """exp(input) divided by its sum along ``dim``: probabilities.

    Example:
        >>> softmax(Tensor([0.0, 0.0]), dim=0)
        Tensor([0.5, 0.5])
    """
    return _softmax(input, axis=dim)


@offer()
@both_doors
def log_softmax(input: Any, dim: int) -> Any:
    """The logarithm of ``softmax``, in nats, without its overflow and underflow.

    Example:
        >>> log_softmax(Tensor([1000.0, 0.0]), dim=0)
        Tensor([    0., -1000.])
    """
    return _log_softmax(input, axis=dim)


# --- without a derivative ---------------------------------------------------------------------------------------------
_argmax, _argmin, _all, _any = (constant(f) for f in (np.argmax, np.argmin, np.all, np.any))


@offer()
@both_doors
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the first largest value, along ``dim`` or in the flattened input.

    Example:
        >>> argmax(Tensor([[1.0, 5.0], [4.0, 3.0]]), dim=1)
        Tensor([1, 0])
    """
    _require_values("argmax", input, dim)
    return _argmax(input, axis=dim, keepdims=keepdim)


@offer()
@both_doors
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the first smallest value, along ``dim`` or in the flattened input."""
    _require_values("argmin", input, dim)
    return _argmin(input, axis=dim, keepdims=keepdim)


@offer()
@both_doors
def all_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements are true (not 0), overall or along ``dim``."""
    return _all(input, axis=dim, keepdims=keepdim)


@offer()
@both_doors
def any_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element is true (not 0), overall or along ``dim``."""
    return _any(input, axis=dim, keepdims=keepdim)
