"""Elements repeated: broadcast without a copy, or written out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import as_array, as_writable, is_array, shape_of
from ...core.broadcasting import unbroadcast
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ...core.tensor import as_operand, raw
from ..convert import fresh
from ..dims import axis_aliases, by_name, one_dim, sizes_of
from ..index.basic import pick, settled_index
from .reshape import reshape, unsqueeze


@register()
def expand(input: Any, *sizes: Any, **named: Any) -> Any:
    """Dimensions of size 1 repeated, without a copy, to ``sizes``; -1 keeps a size, and new dimensions come first.

    Example:
        >>> expand(Tensor([[1.0], [2.0]]), -1, 2)
        Tensor([[1., 1.],
                [2., 2.]])
    """
    sizes = by_name("expand", "size", sizes, named) if named else sizes
    shape, wanted = shape_of(input), sizes_of(sizes) if sizes else ()
    new = len(wanted) - len(shape)
    if new < 0 or any(n < 0 for n in wanted[:new]):
        raise ValueError(f"expand: shape {shape} cannot become {wanted}; give every size, -1 to keep an old one")
    return broadcast_to(input, tuple(shape[i - new] if n == -1 else n for i, n in enumerate(wanted)))


@register()
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
    return tuple(t if shape_of(t) == shape else broadcast_to(t, shape) for t in map(as_operand, tensors))


def _numpy_broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """As ``broadcast_tensors``; beside Tensors there may be None, strings and objects, as drawings have them."""
    shape = np.broadcast_shapes(*map(shape_of, args))
    return tuple(broadcast_to(x, shape) if is_array(raw(x)) else np.broadcast_to(np.asarray(x), shape) for x in args)


def _tiled(name: str, input: Any, times: tuple[int, ...]) -> Any:
    """The input side by side with itself; ``times`` has at least as many numbers as the input has dimensions."""
    if any(n < 0 for n in times):
        raise ValueError(f"{name}: the numbers of repetitions are at least 0, got {times}")
    shape = (1,) * (len(times) - len(shape_of(input))) + shape_of(input)
    pairs = reshape(input, [size for n in shape for size in (1, n)])
    pairs = broadcast_to(pairs, [size for k, n in zip(times, shape, strict=True) for size in (k, n)])
    return fresh(reshape(pairs, [k * n for k, n in zip(times, shape, strict=True)]), input)


@register()
def repeat(input: Any, *repeats: Any, **named: Any) -> Any:
    """The Tensor side by side with itself, ``repeats`` times along each dimension; ``np.repeat`` repeats elements.

    Example:
        >>> Tensor([1.0, 2.0]).repeat(2, 2)
        Tensor([[1., 2., 1., 2.],
                [1., 2., 1., 2.]])
    """
    repeats = by_name("repeat", "repeats", repeats, named) if named else repeats
    times = sizes_of(repeats)
    if len(times) < len(shape_of(input)):
        raise ValueError(f"repeat: one number for each dimension of {shape_of(input)}, got {times}; tile takes fewer")
    return _tiled("repeat", input, times)


@register()
def tile(input: Any, *dims: Any, **named: Any) -> Any:
    """The Tensor side by side with itself; with fewer numbers than dimensions, they count from the last one.

    Example:
        >>> tile(Tensor([1.0, 2.0]), 2)
        Tensor([1., 2., 1., 2.])
    """
    dims = by_name("tile", "dims", dims, named) if named else dims
    times = sizes_of(dims) if dims else ()
    return _tiled("tile", input, (1,) * (len(shape_of(input)) - len(times)) + times)


@register()
@axis_aliases
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
        result = fresh(reshape(wide, (*shape[:dim], shape[dim] * k, *shape[dim + 1 :])), input)
    else:
        places = np.repeat(np.arange(shape[dim], like=times), times)
        result = pick(input, index=(slice(None),) * dim + (places,))
    if output_size is not None and shape_of(result)[dim] != output_size:
        raise ValueError(f"repeat_interleave gives size {shape_of(result)[dim]}, not output_size={output_size}")
    return result


@primitive(name="broadcast_to", cure="every size must be kept, or grow from 1, counted from the right")
def _broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    return as_writable(np.broadcast_to(x, shape), x)


_broadcast_to.rule(x=lambda g, x_shape: unbroadcast(g, x_shape))


@register(np.broadcast_to)
def broadcast_to(input: Any, shape: Any) -> Any:
    """The input repeated, without a copy, to ``shape``; gradients are summed over the repetitions.

    Example:
        >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2))
        Tensor([[1., 2.],
                [1., 2.]])
    """
    return _broadcast_to(input, shape=sizes_of((shape,)))


NUMPY[np.broadcast_arrays] = _numpy_broadcast_arrays
NUMPY[np.repeat] = lambda a, repeats, axis=None: repeat_interleave(a, repeats, axis)
NUMPY[np.tile] = lambda A, reps: tile(A, reps)
