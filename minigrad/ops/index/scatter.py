"""Reading and writing with an index for every element: gather, and scatter, which returns a new Tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import shape_of
from ...core.declare import offer, primitive
from ...core.tensor import as_operand, raw
from ..dims import both_doors, one_dim
from ..elementwise import where
from .basic import assign, mesh, pick, put
from .select import fitting, within


def _elements(name: str, input: Any, dim: Any, index: Any) -> tuple[Any, int]:
    """The checked index of ``gather`` and ``scatter``, and the dimension along which it points."""
    shape = shape_of(input)
    dim = one_dim(name, dim, shape)
    index = within(name, index, shape[dim])
    if index.ndim != len(shape):
        raise ValueError(f"{name}: the index needs the rank of the input, {len(shape)}, got shape {index.shape}")
    if any(d != dim and n > m for d, (n, m) in enumerate(zip(index.shape, shape, strict=True))):
        raise ValueError(f"{name}: the index, of shape {index.shape}, exceeds the input, {shape}, off dimension {dim}")
    return index, dim


def _source(name: str, src: Any, index: Any, input: Any) -> Any:
    """As much of the source as the index asks for, in the dtype of the input."""
    shape = shape_of(src)
    if len(shape) != index.ndim or any(n > m for n, m in zip(index.shape, shape, strict=True)):
        raise ValueError(f"{name}: the source, of shape {shape}, does not cover the index, of shape {index.shape}")
    src = fitting(name, src, input)
    return src if shape == index.shape else pick(src, index=tuple(slice(n) for n in index.shape))


@offer()
@both_doors
def gather(input: Any, dim: int, index: Any) -> Any:
    """The elements at ``index`` along ``dim``: for dim = 1, ``result[i, j] = input[i, index[i, j]]``.

    Args:
        input: array or Tensor.
        dim: the dimension along which the index points.
        index: integers, of the rank of the input and at most its sizes off ``dim``.

    Example:
        >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[0, 0], [1, 0]])
        Tensor([[1., 1.],
                [4., 3.]])
    """
    index, dim = _elements("gather", input, dim, index)
    return pick(input, index=mesh(index, dim, index.shape))


@offer()
@both_doors
def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None) -> Any:
    """The input with ``src`` written at ``index``: for dim = 1, ``result[i, index[i, j]] = src[i, j]``.

    Where an element is named several times the last value stays, and the gradient flows to that one alone.

    Args:
        input: array or Tensor.
        dim: the dimension along which the index points.
        index: integers, of the rank of the input and at most its sizes off ``dim``.
        src: a number, or an array or Tensor that is at least as large as the index.
        value: a number, under its own name.

    Example:
        >>> scatter(Tensor([[0.0, 0.0, 0.0]]), 1, [[2, 0]], Tensor([[5.0, 6.0]]))
        Tensor([[6., 0., 5.]])
    """
    if (src is None) == (value is None):
        raise TypeError("scatter takes either src or value")
    index, dim = _elements("scatter", input, dim, index)
    source = src if value is None else value
    if shape_of(source) == ():
        source = fitting("scatter", source, input)
    else:
        source = _source("scatter", source, index, input)
    return assign(as_operand(input), source, index=mesh(index, dim, index.shape))


@offer()
@both_doors
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The input with ``src`` added at ``index``: for dim = 1, ``result[i, index[i, j]] += src[i, j]``.

    Example:
        >>> scatter_add(Tensor([[1.0, 1.0]]), 1, [[0, 0, 1]], Tensor([[5.0, 6.0, 7.0]]))
        Tensor([[12.,  8.]])
    """
    index, dim = _elements("scatter_add", input, dim, index)
    src = _source("scatter_add", src, index, input)
    return input + put(src, index=mesh(index, dim, index.shape), shape=shape_of(input))


@primitive()
def scatter_extreme(x: Any, values: Any, *, index: Any, largest: bool) -> Any:
    """At every place of ``x`` the extreme of what stands there and of the ``values`` that ``index`` sends there."""
    out = x.copy()
    (np.maximum if largest else np.minimum).at(out, index, values)
    return out


def _shares(x: Any, values: Any, out: Any, index: Any) -> tuple[Any, Any, Any]:
    """Where ``x`` and ``values`` attain the extreme, and how many of them do at every place."""
    here = np.equal(x, out).astype(out.dtype)
    there = np.equal(values, pick(out, index=index)).astype(out.dtype)
    return here, there, here + put(there, index=index, shape=out.shape)


def _extreme_x(g: Any, x: Any, values: Any, out: Any, index: Any) -> Any:
    here, _, count = _shares(x, values, out, index)
    return g * here / count


def _extreme_values(g: Any, x: Any, values: Any, out: Any, index: Any) -> Any:
    _, there, count = _shares(x, values, out, index)
    return pick(g / count, index=index) * there


scatter_extreme.rule(x=_extreme_x, values=_extreme_values)


@offer()
@both_doors
def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    """The input with ``src`` combined at ``index``, by sum, mean, largest or smallest value.

    Args:
        input: array or Tensor.
        dim: the dimension along which the index points.
        index: integers, of the rank of the input and at most its sizes off ``dim``.
        src: array or Tensor, at least as large as the index.
        reduce: "sum", "mean", "amax" or "amin"; equal extremes share the gradient.
        include_self: whether the values of the input take part where something is combined.

    Example:
        >>> scatter_reduce(Tensor([1.0, 9.0]), 0, [0, 0], Tensor([5.0, 6.0]), "mean")
        Tensor([4., 9.])
    """
    if reduce not in ("sum", "mean", "amax", "amin"):
        raise ValueError(f"scatter_reduce: reduce is 'sum', 'mean', 'amax' or 'amin', got {reduce!r}")
    index, dim = _elements("scatter_reduce", input, dim, index)
    src = _source("scatter_reduce", src, index, input)
    places, shape = mesh(index, dim, index.shape), shape_of(input)
    ones = np.ones_like(raw(src), shape=index.shape)
    count = put(ones, index=places, shape=shape)
    touched = count > 0
    if reduce in ("amax", "amin"):
        if not include_self:  # start from one of the values that arrive; it is counted as one of them, by its own path
            input = where(touched, _worst(raw(src), reduce), input)
        return scatter_extreme(input, src, index=places, largest=reduce == "amax")
    if not include_self:
        input = where(touched, 0, input)
    total = input + put(src, index=places, shape=shape)
    if reduce == "sum":
        return total
    if src.dtype.kind != "f":
        raise TypeError(f"scatter_reduce: the mean of {src.dtype} is not an integer; convert the input to float first")
    return total / np.maximum(count + (1 if include_self else 0), 1)


def _worst(values: Any, reduce: str) -> Any:
    """What every other value beats."""
    if values.dtype.kind == "f":
        return -np.inf if reduce == "amax" else np.inf
    limits = np.iinfo(values.dtype)
    return int(limits.min if reduce == "amax" else limits.max)
