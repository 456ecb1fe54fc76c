"""One array rearranged: other names for reshape, dimensions moved, elements repeated, rolled, flipped and padded."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arrays import as_array, is_array, shape_of
from ...core.dispatch import NUMPY
from ...core.primitive import offer, primitive
from ...core.tensor import Tensor
from ..dims import both_doors, one_dim, sizes_of, some_dims
from ..index.basic import pick, settled_index
from ..join import as_operand
from .reshape import broadcast_to, permute, reshape, swapaxes, unsqueeze


# --- other names and forms of reshape ---------------------------------------------------------------------------------
@offer()
def view(input: Any, *shape: Any) -> Any:
    """The same elements in another shape, as ``reshape``: a Tensor without that memory layout is copied.

    Example:
        >>> Tensor([1.0, 2.0, 3.0, 4.0]).view(2, -1).shape
        (2, 2)
    """
    if len(shape) == 1 and isinstance(shape[0], (type, np.dtype)):
        raise TypeError("view takes sizes, and does not reinterpret memory; to convert values, use t.astype(dtype)")
    return reshape(input, *shape)


@offer()
def reshape_as(input: Any, other: Any) -> Any:
    """The same elements in the shape of ``other``."""
    return reshape(input, shape_of(other))


view_as = offer(method="view_as")(reshape_as)


@offer()
@both_doors
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


@offer()
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
        results = tuple(reshape(as_operand(t), shape_for(shape_of(t))) for t in tensors)
        return results[0] if len(results) == 1 else results

    raised.__name__ = raised.__qualname__ = name
    raised.__doc__ = doc
    return offer(getattr(np, name))(raised)


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


# --- dimensions moved -------------------------------------------------------------------------------------------------
def _moved(name: str, input: Any, source: Any, destination: Any) -> Any:
    shape = shape_of(input)
    start, end = (d if isinstance(d, (tuple, list)) else (d,) for d in (source, destination))
    if len(start) != len(end):
        raise ValueError(f"{name}: {len(start)} dimensions cannot move to {len(end)} places")
    start, end = some_dims(name, start, shape) or (), some_dims(name, end, shape) or ()
    order = [d for d in range(len(shape)) if d not in start]
    for place, d in sorted(zip(end, start, strict=True)):
        order.insert(place, d)
    return permute(input, tuple(order))


@offer()
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """The dimensions ``source`` moved to the places ``destination``; the others keep their order.

    Example:
        >>> movedim(Tensor([[[1.0, 2.0, 3.0]]]), -1, 0).shape
        (3, 1, 1)
    """
    return _moved("movedim", input, source, destination)


@offer(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """NumPy's name for ``movedim``."""
    return _moved("moveaxis", a, source, destination)


swapdims = offer(method="swapdims")(swapaxes)


@offer()
def t(input: Any) -> Any:
    """A matrix transposed; vectors and single numbers stay as they are.

    Example:
        >>> Tensor([[1.0, 2.0]]).t().shape
        (2, 1)
    """
    rank = len(shape_of(input))
    if rank > 2:
        raise ValueError(f"t takes at most two dimensions, got shape {shape_of(input)}; for stacks of matrices, .mT")
    return swapaxes(input, 0, 1) if rank == 2 else permute(input, tuple(range(rank)))


@offer()
def adjoint(input: Any) -> Any:
    """Each matrix in the last two dimensions transposed: for real numbers the adjoint.

    Example:
        >>> adjoint(Tensor([[1.0, 2.0]])).shape
        (2, 1)
    """
    if len(shape_of(input)) < 2:
        raise ValueError(f"adjoint needs a matrix or a stack of them, got shape {shape_of(input)}")
    return swapaxes(input, -1, -2)


# --- elements repeated ------------------------------------------------------------------------------------------------
@offer()
def expand(input: Any, *sizes: Any) -> Any:
    """Dimensions of size 1 repeated, without a copy, to ``sizes``; -1 keeps a size, and new dimensions come first.

    Example:
        >>> expand(Tensor([[1.0], [2.0]]), -1, 2)
        Tensor([[1., 1.],
                [2., 2.]])
    """
    shape, wanted = shape_of(input), sizes_of(sizes) if sizes else ()
    new = len(wanted) - len(shape)
    if new < 0 or any(n < 0 for n in wanted[:new]):
        raise ValueError(f"expand: shape {shape} cannot become {wanted}; give every size, -1 to keep an old one")
    return broadcast_to(input, tuple(shape[i - new] if n == -1 else n for i, n in enumerate(wanted)))


@offer()
def expand_as(input: Any, other: Any) -> Any:
    """Dimensions of size 1 repeated, without a copy, to the shape of ``other``."""
    return expand(input, shape_of(other))


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """The Tensors repeated, without a copy, to the one shape that they broadcast to.

    Example:
        >>> [t.shape for t in broadcast_tensors(Tensor([[1.0], [2.0]]), Tensor([1.0, 2.0, 3.0]))]
        [(2, 3), (2, 3)]
    """
    shapes = [shape_of(tensor) for tensor in tensors]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"broadcast_tensors: sizes of {shapes} must be equal or 1, counted from the right") from None
    return tuple(broadcast_to(as_operand(tensor), shape) for tensor in tensors)


def _tiled(name: str, input: Any, times: tuple[int, ...]) -> Any:
    """The input side by side with itself; ``times`` has at least as many numbers as the input has dimensions."""
    if any(n < 0 for n in times):
        raise ValueError(f"{name}: the numbers of repetitions are at least 0, got {times}")
    shape = (1,) * (len(times) - len(shape_of(input))) + shape_of(input)
    pairs = reshape(input, [size for n in shape for size in (1, n)])
    pairs = broadcast_to(pairs, [size for k, n in zip(times, shape, strict=True) for size in (k, n)])
    return reshape(pairs, [k * n for k, n in zip(times, shape, strict=True)])


@offer()
def repeat(input: Any, *repeats: Any) -> Any:
    """The Tensor side by side with itself, ``repeats`` times along each dimension; ``np.repeat`` repeats elements.

    Example:
        >>> Tensor([1.0, 2.0]).repeat(2, 2)
        Tensor([[1., 2., 1., 2.],
                [1., 2., 1., 2.]])
    """
    times = sizes_of(repeats)
    if len(times) < len(shape_of(input)):
        raise ValueError(f"repeat: one number for each dimension of {shape_of(input)}, got {times}; tile takes fewer")
    return _tiled("repeat", input, times)


@offer()
def tile(input: Any, *dims: Any) -> Any:
    """The Tensor side by side with itself; with fewer numbers than dimensions, they count from the last one.

    Example:
        >>> tile(Tensor([1.0, 2.0]), 2)
        Tensor([1., 2., 1., 2.])
    """
    times = sizes_of(dims) if dims else ()
    return _tiled("tile", input, (1,) * (len(shape_of(input)) - len(times)) + times)


@offer()
@both_doors
def repeat_interleave(input: Any, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Any:
    """Each element repeated where it stands, along ``dim`` or in the flattened input: ``np.repeat``.

    Args:
        input: array or Tensor.
        repeats: how many times; one number, or one for each position along ``dim``.
        dim: the dimension, or None.
        output_size: the resulting size, which PyTorch asks for on GPUs; only checked here.

    Example:
        >>> repeat_interleave(Tensor([1.0, 2.0]), 2)
        Tensor([1., 1., 2., 2.])
    """
    if dim is None:
        input, dim = reshape(input, -1), 0
    shape = shape_of(input)
    dim = one_dim("repeat_interleave", dim, shape)
    times = settled_index(repeats)
    times = times if hasattr(times, "dtype") else as_array(times)
    if times.dtype.kind not in "iu" or (times.size and np.min(times) < 0):
        raise ValueError(f"repeat_interleave: repeats are integers of at least 0, got {repeats!r}")
    if times.ndim > 1 or times.size not in (1, shape[dim]):
        raise ValueError(
            f"repeat_interleave: one number, or {shape[dim]} for dimension {dim} of {shape}, not {times.shape}"
        )
    if times.size == 1 and (times.ndim == 0 or shape[dim] != 1):
        k = int(times.item())
        wide = broadcast_to(unsqueeze(input, dim + 1), (*shape[: dim + 1], k, *shape[dim + 1 :]))
        result = reshape(wide, (*shape[:dim], shape[dim] * k, *shape[dim + 1 :]))
    else:
        places = np.repeat(np.arange(shape[dim], like=times), times)
        result = pick(input, index=(slice(None),) * dim + (places,))
    if output_size is not None and shape_of(result)[dim] != output_size:
        raise ValueError(f"repeat_interleave gives size {shape_of(result)[dim]}, not output_size={output_size}")
    return result


# --- elements moved ---------------------------------------------------------------------------------------------------
@primitive(name="flip")
def _flip(x: Any, *, axis: tuple[int, ...]) -> Any:
    return np.flip(x, axis)


@primitive(name="roll")
def _roll(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return np.roll(x, shift, axis)


_flip.rule(x=lambda g, axis: _flip(g, axis=axis))
_roll.rule(x=lambda g, shift, axis: _roll(g, shift=tuple(-n for n in shift), axis=axis))


@offer()
def flip(input: Any, *dims: Any) -> Any:
    """The elements in reverse order along ``dims``.

    Example:
        >>> flip(Tensor([1.0, 2.0, 3.0]), 0)
        Tensor([3., 2., 1.])
    """
    return _flip(input, axis=some_dims("flip", sizes_of(dims) if dims else (), shape_of(input)))


def _numpy_flip(m: Any, axis: Any = None) -> Any:
    return flip(m, tuple(range(len(shape_of(m)))) if axis is None else axis)


def _flipper(name: str, dim: int, doc: str) -> Any:
    def flipped(input: Any) -> Any:
        if len(shape_of(input)) <= dim:
            raise ValueError(f"{name} needs at least {dim + 1} dimension(s), got shape {shape_of(input)}")
        return flip(input, dim)

    flipped.__name__ = flipped.__qualname__ = name
    flipped.__doc__ = doc
    return offer(getattr(np, name))(flipped)


flipud = _flipper("flipud", 0, "The rows in reverse order.")
fliplr = _flipper("fliplr", 1, "The columns in reverse order.")


@offer()
def rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """The plane of two dimensions turned by ``k`` times 90°, from the first towards the second.

    Example:
        >>> rot90(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([[2., 4.],
                [1., 3.]])
    """
    dims = some_dims("rot90", tuple(dims), shape_of(input)) or ()
    if len(dims) != 2:
        raise ValueError(f"rot90 turns a plane of two dimensions, got {dims} of shape {shape_of(input)}")
    first, second = dims
    turns = operator.index(k) % 4
    if turns % 2 == 0:
        return flip(input, dims if turns else ())
    return swapaxes(flip(input, second), first, second) if turns == 1 else flip(swapaxes(input, first, second), second)


@offer()
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """The elements moved on by ``shifts`` along ``dims``; what leaves at the end comes back at the start.

    Example:
        >>> roll(Tensor([1.0, 2.0, 3.0]), 1)
        Tensor([3., 1., 2.])
    """
    steps = sizes_of((shifts,))
    shape = shape_of(input)
    if dims is None:
        if len(steps) != 1:
            raise ValueError(f"roll: several shifts, {steps}, need as many dims")
        return reshape(roll(reshape(input, -1), steps[0], 0), shape)
    axes = tuple(one_dim("roll", d, shape) for d in sizes_of((dims,)))
    if len(axes) != len(steps):
        raise ValueError(f"roll: {len(steps)} shift(s) for {len(axes)} dimension(s); give one for each")
    return _roll(input, shift=steps, axis=axes)


def _numpy_roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is not None:  # NumPy repeats a single shift or axis
        steps, axes = np.broadcast_arrays(sizes_of((shift,)), sizes_of((axis,)))
        return roll(a, steps.tolist(), axes.tolist())
    return roll(a, sum(sizes_of((shift,))))


NUMPY.update(
    {
        np.ravel: _numpy_ravel,
        np.matrix_transpose: lambda x: adjoint(x),
        np.broadcast_arrays: lambda *args: broadcast_tensors(*args),
        np.repeat: lambda a, repeats, axis=None: repeat_interleave(a, repeats, axis),
        np.tile: lambda A, reps: tile(A, reps),
        np.flip: _numpy_flip,
        np.rot90: lambda m, k=1, axes=(0, 1): rot90(m, k, axes),
        np.roll: _numpy_roll,
    }
)
