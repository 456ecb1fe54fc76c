"""Rearranging: reshape, transpose, broadcast, join. NumPy's names where it has them, PyTorch's beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arrays import is_array, shape_of
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ...core.tensor import Tensor, as_operand
from ..convert import clone
from ..dims import axis_aliases, by_name, one_dim, row_shape, sizes_of, some_dims


# --- one array, other shape -------------------------------------------------------------------------------------------
@primitive(name="reshape", cure="the number of elements must stay the same; one size may be -1")
def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    if len(shape) == 2 and _batch_is_innermost(x) and shape in ((len(x), -1), (len(x), math.prod(x.shape[1:]))):
        rows = np.ascontiguousarray(x.transpose(*range(1, x.ndim), 0))  # in long runs
        return rows.reshape(-1, len(x)).T
    return np.reshape(x, shape)


def _batch_is_innermost(x: Any) -> bool:
    """Whether neighbours along the first dimension are neighbours in memory, as convolution leaves them."""
    return type(x) is np.ndarray and x.ndim > 2 and x.strides[0] == x.itemsize and x.size > len(x) > 1


_reshape.rule(x=lambda g, x_shape: np.reshape(g, x_shape))


@register()
def reshape(input: Any, *shape: Any, **named: Any) -> Any:
    """The same elements, in the same order, in another shape; one size may be -1.

    Example:
        >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), 2, -1).shape
        (2, 2)
    """
    shape = by_name("reshape", "shape", shape, named) if named else shape
    sizes = sizes_of(shape)
    if any(n < -1 for n in sizes):
        raise ValueError(f"reshape to {sizes}: a size is at least 0, or -1 for one that follows from the others")
    return _reshape(input, shape=sizes)


def as_row(input: Any) -> Any:
    """A single number as a row of one, anything else as it is: what runs along a dimension then needs no other case."""
    return input if shape_of(input) else _reshape(input, shape=(1,))


def in_shape(input: Any, shape: tuple[int, ...]) -> Any:
    """The input in that shape: what was computed of a row of one back as a single number."""
    return input if shape_of(input) == shape else _reshape(input, shape=shape)


def _numpy_reshape(a: Any, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    if order != "C":
        raise ValueError(f"np.reshape of a Tensor keeps the order 'C'; for {order!r} transpose first")
    return clone(reshape(a, shape)) if copy else reshape(a, shape)


@register()
@axis_aliases
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions ``start_dim`` to ``end_dim`` (included) merged into one.

    Example:
        >>> flatten(Tensor([[[1.0, 2.0]], [[3.0, 4.0]]]), 1).shape
        (2, 2)
    """
    shape = shape_of(input)
    row = row_shape(shape)
    first, last = one_dim("flatten", start_dim, row), one_dim("flatten", end_dim, row)
    if first == last and shape and hasattr(input, "shape"):
        return input
    if first > last:
        raise ValueError(f"flatten from dimension {first} to {last}: the first must not come after the last")
    return _reshape(input, shape=(*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@register(np.expand_dims)
@axis_aliases
def expand_dims(input: Any, dim: Any) -> Any:
    """A new dimension of size 1 at each position in ``dim``: NumPy's name for ``unsqueeze``, for several at once.

    Example:
        >>> expand_dims(Tensor([1.0, 2.0]), (0, 2)).shape
        (1, 2, 1)
    """
    return _expanded("expand_dims", input, dim if isinstance(dim, (tuple, list)) else (dim,))


@register()
@axis_aliases
def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1 at position ``dim``.

    Example:
        >>> unsqueeze(Tensor([1.0, 2.0]), 1).shape
        (2, 1)
    """
    return _expanded("unsqueeze", input, (dim,))


def _expanded(name: str, input: Any, new: Sequence[int]) -> Any:
    shape = shape_of(input)
    rank = len(shape) + len(new)
    for d in new:
        if not -rank <= d < rank:
            raise IndexError(
                f"{name}: no new dimension can stand at {d}; for shape {shape} it is {-rank} to {rank - 1}"
            )
    positions = {d % rank for d in new}
    if len(positions) < len(new):
        raise ValueError(f"{name} names a position twice: {tuple(new)}")
    sizes = iter(shape)
    return _reshape(input, shape=tuple(1 if i in positions else next(sizes) for i in range(rank)))


@register()
@axis_aliases
def squeeze(input: Any, dim: Any = None) -> Any:
    """The Tensor without its dimensions of size 1: all of them, or those of ``dim`` that are.

    Example:
        >>> squeeze(Tensor([[1.0, 2.0]])).shape
        (2,)
    """
    shape = shape_of(input)
    dims = some_dims("squeeze", dim, shape)
    gone = {d for d in (range(len(shape)) if dims is None else dims) if shape[d] == 1}
    return _reshape(input, shape=tuple(n for i, n in enumerate(shape) if i not in gone))


def _numpy_squeeze(a: Any, axis: Any = None) -> Any:
    shape = shape_of(a)
    for d in some_dims("np.squeeze", axis, shape) or ():
        if shape[d] != 1:
            raise ValueError(f"np.squeeze: dimension {d} of shape {shape} has not size 1; t.squeeze({d}) would skip it")
    return squeeze(a, axis)


# --- other names and forms of reshape ---------------------------------------------------------------------------------
@register()
def view(input: Any, *shape: Any, **named: Any) -> Any:
    """The same elements in another shape, as ``reshape``: a Tensor without that memory layout is copied.

    Example:
        >>> Tensor([1.0, 2.0, 3.0, 4.0]).view(2, -1).shape
        (2, 2)
    """
    shape = by_name("view", "size", shape, named) if named else shape
    if len(shape) == 1 and isinstance(shape[0], (type, np.dtype)):
        raise TypeError("view takes sizes, and does not reinterpret memory; to convert values, use t.astype(dtype)")
    return reshape(input, *shape)


@register()
def reshape_as(input: Any, other: Any) -> Any:
    """The same elements in the shape of ``other``."""
    return reshape(input, shape_of(other))


view_as = register(method="view_as")(reshape_as)


@register()
@axis_aliases
def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """Dimension ``dim`` divided into several of the given sizes, one of which may be -1.

    Example:
        >>> unflatten(Tensor([1.0, 2.0, 3.0, 4.0]), 0, (2, -1)).shape
        (2, 2)
    """
    shape = shape_of(input)
    dim = one_dim("unflatten", dim, shape)
    sizes = list(sizes_of((sizes,)))
    known = math.prod(n for n in sizes if n != -1)
    if sizes.count(-1) == 1 and known:
        sizes[sizes.index(-1)] = shape[dim] // known
    if math.prod(sizes) != shape[dim] or min(sizes, default=0) < 0:
        raise ValueError(f"unflatten: the sizes {tuple(sizes)} do not make up dimension {dim} of shape {shape}")
    return reshape(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


@register()
def ravel(input: Any) -> Any:
    """All elements in one dimension.

    Example:
        >>> ravel(Tensor([[1.0, 2.0]]))
        Tensor([1., 2.])
    """
    return reshape(input, -1)


def _numpy_ravel(a: Any, order: str = "C") -> Any:
    if order != "C":
        raise ValueError(f"np.ravel of a Tensor keeps the order 'C'; for {order!r} transpose first")
    return ravel(a)


def _at_least(name: str, shape_for: Any, doc: str) -> Any:
    """``atleast_1d`` and its kin: one array or several, in the shape that ``shape_for`` gives for its own."""

    def raised(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) and any(map(shape_like, tensors[0])):
            tensors = tuple(tensors[0])
        results = tuple(map(enough, map(as_operand, tensors)))
        return results[0] if len(results) == 1 else results

    def enough(tensor: Any) -> Any:
        shape = shape_for(shape_of(tensor))
        return tensor if shape == shape_of(tensor) else reshape(tensor, shape)

    raised.__name__ = raised.__qualname__ = name
    raised.__doc__ = doc
    return register(getattr(np, name))(raised)


def shape_like(value: Any) -> bool:
    """Whether ``value`` is an array or a Tensor, rather than a number or a list of numbers."""
    return isinstance(value, Tensor) or is_array(value)


atleast_1d = _at_least("atleast_1d", lambda s: s or (1,), "The inputs with at least one dimension.")

atleast_2d = _at_least(
    "atleast_2d", lambda s: (1,) * (2 - len(s)) + s, "The inputs with at least two dimensions: a vector is one row."
)

atleast_3d = _at_least(
    "atleast_3d",
    lambda s: {0: (1, 1, 1), 1: (1, *s, 1), 2: (*s, 1)}.get(len(s), s),
    "The inputs with at least three dimensions: (N,) becomes (1, N, 1) and (M, N) becomes (M, N, 1).",
)

NUMPY.update({np.reshape: _numpy_reshape, np.squeeze: _numpy_squeeze, np.ravel: _numpy_ravel})
