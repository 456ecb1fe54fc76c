"""One array to several, and several to one. Pieces are indexing."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ..core.arrays import as_array, as_operands, shape_of
from ..core.declare import primitive, register
from ..core.dispatch import NUMPY, refuse
from ..core.tensor import Tensor, as_operand, raw
from .dims import axis_aliases, one_dim
from .index.basic import pick
from .shape.expand import broadcast_to
from .shape.reshape import reshape


# --- one to several ---------------------------------------------------------------------------------------------------
def _slices(input: Any, edges: Iterable[tuple[Any, Any]], dim: int) -> tuple[Any, ...]:
    return tuple(pick(input, index=(slice(None),) * dim + (slice(a, b),)) for a, b in edges)


def _listed(name: str, what: str, values: Any) -> list[int]:
    """Several integers, from a list, a tuple or a Tensor."""
    try:
        return [operator.index(n) for n in (raw(values).tolist() if hasattr(values, "tolist") else values)]
    except TypeError:
        raise TypeError(f"{name}: {what} is an integer or a list of integers, got {values!r}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) or (hasattr(value, "shape") and shape_of(value) == ())


@register()
@axis_aliases
def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces along ``dim``: of one size, the last one smaller where it does not divide, or of the sizes in a list.

    ``np.split`` takes the number of pieces, or the positions to cut at, as ``tensor_split`` does.

    Example:
        >>> [piece.tolist() for piece in split(Tensor([1.0, 2.0, 3.0]), 2)]
        [[1.0, 2.0], [3.0]]
        >>> [piece.tolist() for piece in split(Tensor([1.0, 2.0, 3.0]), [1, 2])]
        [[1.0], [2.0, 3.0]]
    """
    shape = shape_of(tensor)
    dim = one_dim("split", dim, shape)
    n = shape[dim]
    if _is_number(split_size_or_sections):
        size = int(split_size_or_sections)
        if size <= 0 and not size == n == 0:
            raise ValueError(f"split: the size of a piece is at least 1, got {size}")
        edges = [(start, min(start + size, n)) for start in range(0, n, size or 1)] or [(0, 0)]
        return _slices(tensor, edges, dim)
    sizes = _listed("split", "the size of the pieces", split_size_or_sections)
    if sum(sizes) != n or any(size < 0 for size in sizes):
        raise ValueError(f"split: the sizes {sizes} must add up to {n}, the size of dimension {dim} of shape {shape}")
    return _slices(tensor, pairwise([0, *accumulate(sizes)]), dim)


@register()
@axis_aliases
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most ``chunks`` pieces of one size along ``dim``, the last one smaller where it does not divide.

    Example:
        >>> [piece.tolist() for piece in chunk(Tensor([1.0, 2.0, 3.0]), 2)]
        [[1.0, 2.0], [3.0]]
    """
    shape = shape_of(input)
    dim = one_dim("chunk", dim, shape)
    if chunks < 1:
        raise ValueError(f"chunk: the number of pieces is at least 1, got {chunks}")
    n = shape[dim]
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


@register()
@axis_aliases
def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces along ``dim``: a number of them, as equal as possible, or cut before each of several positions.

    Example:
        >>> [piece.tolist() for piece in tensor_split(Tensor([1.0, 2.0, 3.0]), 2)]
        [[1.0, 2.0], [3.0]]
        >>> [piece.tolist() for piece in tensor_split(Tensor([1.0, 2.0, 3.0]), [1])]
        [[1.0], [2.0, 3.0]]
    """
    return _cut("tensor_split", input, indices_or_sections, dim)


def _cut(name: str, input: Any, positions: Any, dim: Any, equally: bool = False) -> tuple[Any, ...]:
    shape = shape_of(input)
    dim = one_dim(name, dim, shape)
    n = shape[dim]
    if not _is_number(positions):
        cuts = _listed(name, "where to cut", positions)
        return _slices(input, zip([0, *cuts], [*cuts, n], strict=True), dim)
    pieces = int(positions)
    if pieces < 1:
        raise ValueError(f"{name}: the number of pieces is at least 1, got {pieces}")
    if equally and n % pieces:
        raise ValueError(
            f"{name}: {pieces} equal pieces do not fit size {n} of dimension {dim}; tensor_split and np.array_split "
            "allow unequal ones"
        )
    sizes = [n // pieces + (i < n % pieces) for i in range(pieces)]
    return _slices(input, pairwise([0, *accumulate(sizes)]), dim)


@register()
@axis_aliases
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """The slices along ``dim``, each without it.

    Example:
        >>> [row.tolist() for row in unbind(Tensor([[1.0, 2.0], [3.0, 4.0]]))]
        [[1.0, 2.0], [3.0, 4.0]]
    """
    shape = shape_of(input)
    dim = one_dim("unbind", dim, shape)
    return tuple(pick(input, index=(slice(None),) * dim + (i,)) for i in range(shape[dim]))


def _splitter(name: str, least: int, dim_of: Any, doc: str) -> Any:
    """``hsplit``, ``vsplit`` and ``dsplit``: equal pieces along the dimension that the name means."""

    def cut(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
        shape = shape_of(input)
        if len(shape) < least:
            raise ValueError(f"{name} needs at least {least} dimension(s), got shape {shape}")
        return _cut(name, input, indices_or_sections, dim_of(len(shape)), equally=True)

    cut.__name__ = cut.__qualname__ = name
    cut.__doc__ = doc
    return register()(cut)


hsplit = _splitter("hsplit", 1, lambda rank: min(rank - 1, 1), "Equal pieces along the columns; of a vector, along it.")
vsplit = _splitter("vsplit", 2, lambda rank: 0, "Equal pieces along the rows.")
dsplit = _splitter("dsplit", 3, lambda rank: 2, "Equal pieces along the third dimension.")


# --- several to one ---------------------------------------------------------------------------------------------------
@primitive(name="concatenate", cure="all inputs need the same rank, and the same sizes off the axis")
def _concatenate(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis=axis)


@primitive(name="stack", cure="all inputs need the same shape")
def _stack(*arrays: Any, axis: int) -> Any:
    return np.stack(arrays, axis=axis)


def _pieces(g: Any, shapes: Any, axis: int) -> list[Any]:
    edges = [0, *accumulate(shape[axis] for shape in shapes)]
    return [g[(slice(None),) * axis + (slice(a, b),)] for a, b in pairwise(edges)]


_concatenate.joint(_pieces)

_stack.joint(lambda g, shapes, axis: [g[(slice(None),) * axis + (i,)] for i in range(len(shapes))])


def _some(name: str, tensors: Any) -> Sequence[Any]:
    if not hasattr(tensors, "__len__"):
        raise TypeError(f"{name} takes a sequence of Tensors, got {type(tensors).__name__}")
    if len(tensors) == 0:
        raise ValueError(f"{name} needs at least one Tensor")
    like = next((t for t in tensors if isinstance(t, Tensor) and t.dtype.kind == "f"), None)
    if like is None:
        return list(tensors)
    return [t if hasattr(t, "dtype") else as_array(t, like.dtype) for t in tensors]  # numbers and lists follow suit


@axis_aliases
def concatenate(tensors: Sequence[Any], dim: int | None = 0) -> Any:
    """The Tensors joined along an existing dimension; with ``dim=None``, each is flattened before.

    As in PyTorch a Tensor of shape (0,), such as a loop begins with, fits to any other.

    Example:
        >>> concatenate([Tensor([1.0]), Tensor([2.0, 3.0])])
        Tensor([1., 2., 3.])
    """
    tensors = _some("concatenate", tensors)
    if dim is None:
        return _concatenate(*[reshape(t, -1) for t in tensors], axis=0)
    shape = shape_of(tensors[0])
    if not shape:
        raise ValueError("concatenate cannot join single numbers; use stack")
    if shape == (0,):
        shape = next((shape for shape in map(shape_of, tensors) if shape != (0,)), (0,))
    axis = one_dim("concatenate", dim, shape)
    try:
        return _concatenate(*tensors, axis=axis)
    except (IndexError, ValueError):
        if len(shape) < 2 or all(shape_of(t) != (0,) for t in tensors):
            raise
    nothing = (*shape[:axis], 0, *shape[axis + 1 :])
    return _concatenate(*[reshape(t, nothing) if shape_of(t) == (0,) else t for t in tensors], axis=axis)


@axis_aliases
def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """The Tensors, all of one shape, joined along a new dimension.

    Example:
        >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
        Tensor([[1., 2.],
                [3., 4.]])
    """
    tensors = _some("stack", tensors)
    return _stack(*tensors, axis=one_dim("stack", dim, (len(tensors), *shape_of(tensors[0]))))


cat = concat = concatenate


def _reshaped(name: str, tensors: Any, shape_for: Any) -> list[Any]:
    """Each Tensor in the shape that ``shape_for`` gives for its own."""
    if not hasattr(tensors, "__len__") or isinstance(tensors, str):
        raise TypeError(f"{name} takes a sequence of Tensors, got {type(tensors).__name__}")
    if len(tensors) == 0:
        raise ValueError(f"{name} needs at least one Tensor")
    return [reshape(t, shape_for(shape_of(t))) for t in as_operands(*tensors)]


def _at_least_3d(shape: tuple[int, ...]) -> tuple[int, ...]:
    return {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}.get(len(shape), shape)


def hstack(tensors: Sequence[Any]) -> Any:
    """The Tensors joined along the columns; vectors and single numbers one after the other.

    Example:
        >>> hstack([Tensor([1.0]), Tensor([2.0, 3.0])])
        Tensor([1., 2., 3.])
    """
    parts = _reshaped("hstack", tensors, lambda shape: shape or (1,))
    return concatenate(parts, 0 if len(shape_of(parts[0])) == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Any:
    """The Tensors joined along the rows; a vector is one row.

    Example:
        >>> vstack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
        Tensor([[1., 2.],
                [3., 4.]])
    """
    return concatenate(_reshaped("vstack", tensors, lambda shape: (1,) * (2 - len(shape)) + shape), 0)


def dstack(tensors: Sequence[Any]) -> Any:
    """The Tensors joined along the third dimension; a vector (N,) counts as (1, N, 1), a matrix (M, N) as (M, N, 1).

    Example:
        >>> dstack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
        Tensor([[[1., 3.],
                 [2., 4.]]])
    """
    return concatenate(_reshaped("dstack", tensors, _at_least_3d), 2)


def column_stack(tensors: Sequence[Any]) -> Any:
    """The Tensors joined along the columns; a vector is one column.

    Example:
        >>> column_stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
        Tensor([[1., 3.],
                [2., 4.]])
    """
    return concatenate(_reshaped("column_stack", tensors, lambda s: s if len(s) > 1 else (*(s or (1,)), 1)), 1)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Coordinates of a grid: each vector spread along a dimension of its own.

    Args:
        tensors: vectors or single numbers, one by one or in one list.
        indexing: "ij" for dimensions in the order of the vectors; "xy" exchanges the first two, as ``np.meshgrid``
            does unless told otherwise.

    Example:
        >>> rows, columns = meshgrid(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        >>> rows
        Tensor([[1., 1.],
                [2., 2.]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing is 'ij' or 'xy', got {indexing!r}")
    order = list(range(len(tensors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = 1, 0
    sizes = [0] * len(tensors)
    for position, tensor in zip(order, tensors, strict=True):
        if len(shape_of(tensor)) > 1:
            raise ValueError(f"meshgrid takes vectors, got shape {shape_of(tensor)}")
        sizes[position] = (shape_of(tensor) or (1,))[0]
    rank = len(tensors)
    return tuple(
        broadcast_to(
            reshape(as_operand(tensor), (1,) * position + (sizes[position],) + (1,) * (rank - position - 1)), sizes
        )
        for position, tensor in zip(order, tensors, strict=True)
    )


def _numpy_meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    if sparse:
        raise TypeError("np.meshgrid of a Tensor gives full grids; for sparse ones use x[:, None] and y[None, :]")
    return meshgrid(*xi, indexing=indexing)


def _in_a_list(split: Any) -> Any:
    """The pieces in a list, as NumPy's functions give them, instead of PyTorch's tuple."""

    def listed(*args: Any, **named: Any) -> list[Any]:
        return list(split(*args, **named))

    listed.__signature__ = inspect.signature(split)  # type: ignore[attr-defined]
    return listed


def _numpy_concatenate(
    arrays: Any, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    if out is not None:
        refuse("np.concatenate", {"out": out})
    if dtype is not None or casting != "same_kind":
        raise TypeError("np.concatenate of a Tensor: dtype= and casting= are not taken; convert the result: .to(dtype)")
    return concatenate(arrays, axis)


def _numpy_append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate(as_operands(arr, values), axis)


NUMPY.update(
    {
        np.concatenate: _numpy_concatenate,
        np.stack: stack,
        np.split: _in_a_list(
            lambda ary, indices_or_sections, axis=0: _cut("np.split", ary, indices_or_sections, axis, True)
        ),
        np.array_split: _in_a_list(
            lambda ary, indices_or_sections, axis=0: tensor_split(ary, indices_or_sections, axis)
        ),
        np.hsplit: _in_a_list(hsplit),
        np.vsplit: _in_a_list(vsplit),
        np.dsplit: _in_a_list(dsplit),
        np.hstack: lambda tup: hstack(tup),
        np.vstack: lambda tup: vstack(tup),
        np.dstack: lambda tup: dstack(tup),
        np.column_stack: lambda tup: column_stack(tup),
        np.meshgrid: _numpy_meshgrid,
        np.append: _numpy_append,
    }
)
if hasattr(np, "unstack"):  # since NumPy 2.1
    NUMPY[np.unstack] = lambda x, axis=0: unbind(x, axis)
