"""Reading and writing with an index for every element: gather, and scatter, which returns a new Tensor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import as_array, shape_of
from ...core.declare import primitive, register
from ...core.tensor import as_operand, raw
from ..dims import axis_aliases, one_dim, row_shape
from ..elementwise import where
from ..shape.expand import broadcast_to
from ..shape.reshape import as_row, in_shape, reshape
from .basic import assign, mesh, pick, put
from .select import fitting, within


def _elements(name: str, input: Any, dim: Any, index: Any) -> tuple[Any, int]:
    """The checked index of ``gather`` and ``scatter``, and the dimension along which it points.

    As in PyTorch a single number counts as a row of one, and an index without elements has any rank.
    """
    shape = row_shape(shape_of(input))
    dim = one_dim(name, dim, shape)
    index = as_row(within(name, index, shape[dim]))
    if index.size == 0:
        index = index.reshape((0,) * len(shape))
    if index.ndim != len(shape):
        raise ValueError(f"{name}: the index needs the rank of the input, {len(shape)}, got shape {index.shape}")
    if any(d != dim and n > m for d, (n, m) in enumerate(zip(index.shape, shape, strict=True))):
        raise ValueError(f"{name}: the index, of shape {index.shape}, exceeds the input, {shape}, off dimension {dim}")
    return index, dim


def _source(name: str, src: Any, index: Any, input: Any) -> Any:
    """As much of the source as the index asks for, in the dtype of the input."""
    src = fitting(name, as_row(as_operand(src)), input)
    if not index.size:
        return reshape(pick(reshape(src, -1), index=slice(0)), index.shape)
    shape = shape_of(src)
    if len(shape) != index.ndim or any(n > m for n, m in zip(index.shape, shape, strict=True)):
        raise ValueError(f"{name}: the source, of shape {shape}, does not cover the index, of shape {index.shape}")
    return src if shape == index.shape else pick(src, index=tuple(slice(n) for n in index.shape))


@register()
@axis_aliases
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
    positions, dim = _elements("gather", input, dim, index)
    return in_shape(pick(as_row(input), index=mesh(positions, dim, positions.shape)), shape_of(index))


@register()
@axis_aliases
def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Any:
    """The input with ``src`` written at ``index``: for dim = 1, ``result[i, index[i, j]] = src[i, j]``.

    Where an element is named several times the last value stays, and the gradient flows to that one alone.

    Args:
        input: array or Tensor.
        dim: the dimension along which the index points.
        index: integers, of the rank of the input and at most its sizes off ``dim``.
        src: a number, or an array or Tensor that is at least as large as the index.
        value: a number, under its own name.
        reduce: "add" or "multiply" to combine with what stands there instead of replacing it, every duplicate counted.

    Example:
        >>> scatter(Tensor([[0.0, 0.0, 0.0]]), 1, [[2, 0]], Tensor([[5.0, 6.0]]))
        Tensor([[6., 0., 5.]])
    """
    if (src is None) == (value is None):
        raise TypeError("scatter takes either src or value")
    if reduce not in (None, "add", "multiply"):
        raise ValueError(f"scatter: reduce is None, 'add' or 'multiply', got {reduce!r}; scatter_reduce has others")
    input = as_operand(input)
    index, dim = _elements("scatter", input, dim, index)
    source = src if value is None else value
    if shape_of(source) != ():
        source = _source("scatter", source, index, input)
    elif reduce is None:
        source = fitting("scatter", source, input)
    else:
        source = broadcast_to(as_operand(fitting("scatter", source, input)).astype(input.dtype), index.shape)
    positions = mesh(index, dim, index.shape)
    if reduce is None:
        return in_shape(assign(as_row(input), source, index=positions), input.shape)
    combined = _added if reduce == "add" else scatter_product
    return in_shape(combined(as_row(input), source, index=positions), input.shape)


@register()
@axis_aliases
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The input with ``src`` added at ``index``: for dim = 1, ``result[i, index[i, j]] += src[i, j]``.

    Example:
        >>> scatter_add(Tensor([[1.0, 1.0]]), 1, [[0, 0, 1]], Tensor([[5.0, 6.0, 7.0]]))
        Tensor([[12.,  8.]])
    """
    index, dim = _elements("scatter_add", input, dim, index)
    src = _source("scatter_add", src, index, input)
    return in_shape(_added(as_row(input), src, index=mesh(index, dim, index.shape)), shape_of(input))


def _added(x: Any, values: Any, *, index: Any) -> Any:
    return x + put(values, index=index, shape=x.shape)


@primitive(shown="scatter_reduce")
def scatter_extreme(x: Any, values: Any, *, index: Any, largest: bool) -> Any:
    """At every position of ``x`` the extreme of what stands there and of the ``values`` that ``index`` sends there."""
    out = x.copy()
    (np.maximum if largest else np.minimum).at(out, index, values)
    return out


def _shares(x: Any, values: Any, out: Any, index: Any) -> tuple[Any, Any, Any]:
    """Where ``x`` and ``values`` attain the extreme, and how many of them do at every position."""
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


@primitive(shown="scatter_reduce")
def scatter_product(x: Any, values: Any, *, index: Any) -> Any:
    """At every position of ``x`` what stands there times all the ``values`` that ``index`` sends there."""
    out = x.copy()
    np.multiply.at(out, index, values)
    return out


def _product_of_the_others(values: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """For every value the product of all others that go to the same position, without division: zeros need no care."""
    positions = np.arange(math.prod(shape), like=raw(values)).reshape(shape)[index].reshape(-1)
    order = np.argsort(positions, kind="stable")
    positions, values = positions[order], values.reshape(-1)[order]
    others = _product_before(values, positions) * _product_before(values[::-1], positions[::-1])[::-1]
    return others[np.argsort(order)]


def _product_before(values: Any, positions: Any) -> Any:
    """For every value the product of those before it that go to the same position, equal positions being neighbours.

    Products of 1, 2, 4 ... neighbours are merged: as many passes as the longest run of equal positions has bits.
    """
    one = np.ones_like(values[:1])
    product = np.concatenate([one, np.where(positions[1:] == positions[:-1], values[:-1], 1)])[: positions.size]
    reach = 1
    while np.any(same := positions[reach:] == positions[:-reach]):
        product = np.concatenate([product[:reach], product[reach:] * np.where(same, product[:-reach], 1)])
        reach *= 2
    return product


def _product_values(g: Any, x: Any, values: Any, index: Any, x_shape: Any, values_shape: Any) -> Any:
    others = _product_of_the_others(values, index, x_shape).reshape(values_shape)
    return pick(g * x, index=index) * others


scatter_product.rule(
    x=lambda g, x, values, index: g * scatter_product(np.ones_like(x), values, index=index),
    values=_product_values,
)


@register()
@axis_aliases
def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    """The input with ``src`` combined at ``index``, by sum, product, mean, largest or smallest value.

    Args:
        input: array or Tensor.
        dim: the dimension along which the index points.
        index: integers, of the rank of the input and at most its sizes off ``dim``.
        src: array or Tensor, at least as large as the index.
        reduce: "sum", "prod", "mean", "amax" or "amin"; equal extremes share the gradient.
        include_self: whether the values of the input take part where something is combined.

    Example:
        >>> scatter_reduce(Tensor([1.0, 9.0]), 0, [0, 0], Tensor([5.0, 6.0]), "mean")
        Tensor([4., 9.])
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise ValueError(f"scatter_reduce: reduce is 'sum', 'prod', 'mean', 'amax' or 'amin', got {reduce!r}")
    index, dim = _elements("scatter_reduce", input, dim, index)
    src = _source("scatter_reduce", src, index, input)
    positions = mesh(index, dim, index.shape)
    return in_shape(_combined(as_row(input), src, positions, reduce, include_self), shape_of(input))


def _combined(input: Any, src: Any, positions: Any, reduce: str, include_self: bool) -> Any:
    """``scatter_reduce`` with its arguments checked."""
    shape = shape_of(input)
    count = put(np.ones_like(raw(src)), index=positions, shape=shape)
    touched = count > 0
    if reduce in ("amax", "amin"):
        if not include_self:  # start from one of the values that arrive; it is counted as one of them, by its own path
            input = where(touched, as_array(_worst(raw(src), reduce), input.dtype), input)
        return scatter_extreme(input, src, index=positions, largest=reduce == "amax")
    if reduce == "prod":
        input = input if include_self else where(touched, as_array(1, input.dtype), input)
        return scatter_product(input, src, index=positions)
    if not include_self:
        input = where(touched, as_array(0, input.dtype), input)
    total = input + put(src, index=positions, shape=shape)
    if reduce == "sum":
        return total
    if src.dtype.kind != "f":
        raise TypeError(f"scatter_reduce: the mean of {src.dtype} is not an integer; convert the input to float first")
    return total / np.maximum(count + (1 if include_self else 0), 1)


def _worst(values: Any, reduce: str) -> Any:
    """What every other value beats."""
    if values.dtype.kind == "f":
        return -math.inf if reduce == "amax" else math.inf
    if values.dtype.kind == "b":
        return reduce == "amin"
    limits = np.iinfo(values.dtype)
    return int(limits.min if reduce == "amax" else limits.max)
