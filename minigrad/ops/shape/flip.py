"""Elements in reverse order, or moved along and around."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.arrays import shape_of
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ..dims import by_name, one_dim, sizes_of, some_dims
from ..index.basic import pick
from .permute import swapaxes
from .reshape import reshape


@primitive(name="flip")
def _flip(x: Any, *, axis: tuple[int, ...]) -> Any:
    return np.flip(x, axis).copy()


@primitive(name="roll")
def _roll(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return np.roll(x, shift, axis)


_flip.rule(x=lambda g, axis: _flip(g, axis=axis))

_roll.rule(x=lambda g, shift, axis: _roll(g, shift=tuple(-n for n in shift), axis=axis))


@register()
def flip(input: Any, *dims: Any, **named: Any) -> Any:
    """The elements in reverse order along ``dims``: a copy, where ``np.flip`` is a view.

    Example:
        >>> flip(Tensor([1.0, 2.0, 3.0]), 0)
        Tensor([3., 2., 1.])
    """
    dims = by_name("flip", "dims", dims, named) if named else dims
    return _flip(input, axis=some_dims("flip", sizes_of(dims) if dims else (), shape_of(input)))


def _flipper(name: str, dim: int, doc: str) -> Any:
    def flipped(input: Any) -> Any:
        if len(shape_of(input)) <= dim:
            raise ValueError(f"{name} needs at least {dim + 1} dimension(s), got shape {shape_of(input)}")
        return flip(input, dim)

    flipped.__name__ = flipped.__qualname__ = name
    flipped.__doc__ = doc
    return register()(flipped)


flipud = _flipper("flipud", 0, "The rows in reverse order.")
fliplr = _flipper("fliplr", 1, "The columns in reverse order.")


@register()
def rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """The plane of two dimensions turned by ``k`` times 90°, from the first towards the second.

    Example:
        >>> rot90(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([[2., 4.],
                [1., 3.]])
    """
    return _turned(input, k, dims, flip)


def _turned(input: Any, k: int, dims: Sequence[int], flip: Callable[..., Any]) -> Any:
    dims = some_dims("rot90", tuple(dims), shape_of(input)) or ()
    if len(dims) != 2:
        raise ValueError(f"rot90 turns a plane of two dimensions, got {dims} of shape {shape_of(input)}")
    first, second = dims
    turns = operator.index(k) % 4
    if turns % 2 == 0:
        return flip(input, dims if turns else ())
    return swapaxes(flip(input, second), first, second) if turns == 1 else flip(swapaxes(input, first, second), second)


@register()
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


def _numpy_flip(m: Any, axis: Any = None) -> Any:
    """A view, as NumPy's are, and so indexing."""
    shape = shape_of(m)
    dims = some_dims("np.flip", axis, shape)
    return pick(m, index=tuple(slice(None, None, -1 if dims is None or d in dims else None) for d in range(len(shape))))


def _numpy_rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    return _turned(m, k, axes, _numpy_flip)


NUMPY.update(
    {
        np.flip: _numpy_flip,
        np.flipud: lambda m: _numpy_flip(m, 0),
        np.fliplr: lambda m: _numpy_flip(m, 1),
        np.rot90: _numpy_rot90,
        np.roll: _numpy_roll,
    }
)
