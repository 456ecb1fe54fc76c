"""Padding at the borders, and windows that slide along a dimension."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arrays import as_array, held, shape_of
from ..core.declare import primitive
from ..core.dispatch import NUMPY
from ..core.tensor import Tensor, raw
from .convert import clone
from .dims import one_dim, sizes_of
from .index.basic import pick

Widths = Sequence[tuple[int, int]]  # how many elements come before and after, for every dimension


# --- padding ----------------------------------------------------------------------------------------------------------
@primitive(name="pad")
def _pad(x: Any, *, widths: Widths, value: float) -> Any:
    out = np.full_like(x, value, shape=tuple(a + n + b for n, (a, b) in zip(x.shape, widths, strict=True)), order="C")
    out[_inside(x.shape, widths)] = x
    return out


def _inside(shape: tuple[int, ...], widths: Widths) -> tuple[slice, ...]:
    return tuple(slice(a, a + n) for n, (a, _) in zip(shape, widths, strict=True))


_pad.rule(x=lambda g, x_shape, widths: pick(g, index=_inside(x_shape, widths)))


def _cropped(input: Any, widths: Widths) -> tuple[Any, Widths]:
    """The input without what negative widths cut off, and the widths that are left to add."""
    if all(n >= 0 for pair in widths for n in pair):
        return input, widths
    kept = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(shape_of(input), widths, strict=True))
    return pick(input, index=kept), [(max(a, 0), max(b, 0)) for a, b in widths]


def _filled(input: Any, widths: Widths, value: Any) -> Any:
    """A border of one value; negative widths cut off."""
    input, widths = _cropped(input, widths)
    if value:
        value = held(value, as_array(input).dtype).item()
    return _pad(input, widths=tuple(map(tuple, widths)), value=value)


# Where an element of the border comes from, for positions counted from the first element and n elements.
_SOURCES: dict[str, Any] = {
    "replicate": lambda i, n: np.clip(i, 0, n - 1),
    "circular": lambda i, n: np.mod(i, n),
    "reflect": lambda i, n: n - 1 - np.abs(n - 1 - np.mod(i, max(2 * n - 2, 1))),
    "symmetric": lambda i, n: np.minimum(np.mod(i, 2 * n), 2 * n - 1 - np.mod(i, 2 * n)),
}


def _continued(input: Any, widths: Widths, mode: str) -> Any:
    """A border made of the input's own elements."""
    for dim, (before, after) in enumerate(widths):
        if before or after:
            n = shape_of(input)[dim]
            positions = _SOURCES[mode](np.arange(-before, n + after, like=raw(input)), n)
            input = pick(input, index=(slice(None),) * dim + (positions,))
    return input


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """The input with a border around it; negative widths cut off.

    Args:
        input: array or Tensor.
        pad: widths before and after the last dimension, then the one before it, and so on: (left, right, top, bottom).
        mode: "constant", "reflect" (the border mirrors what lies inside the edge), "replicate" (it repeats the edge)
            or "circular" (it continues from the other end of what negative widths leave).
        value: what a constant border holds; by default 0.

    Example:
        >>> pad(Tensor([1.0, 2.0, 3.0]), (1, 2))
        Tensor([0., 1., 2., 3., 0., 0.])
        >>> pad(Tensor([1.0, 2.0, 3.0]), (1, 2), mode="reflect")
        Tensor([2., 1., 2., 3., 2., 1.])
    """
    shape, flat = shape_of(input), sizes_of((pad,))
    if len(flat) % 2 or len(flat) > 2 * len(shape):
        raise ValueError(f"pad: two widths for each of at most {len(shape)} dimensions of shape {shape}, got {flat}")
    ends = list(zip(flat[::2], flat[1::2], strict=True))
    widths: Widths = [(0, 0)] * (len(shape) - len(ends)) + ends[::-1]
    if any(n + a + b < 0 or n + a < 0 or n + b < 0 for n, (a, b) in zip(shape, widths, strict=True)):
        raise ValueError(f"pad: the widths {flat} cut off more than shape {shape} has")
    if isinstance(value, Tensor):
        raise TypeError(
            "pad fills with a number: no gradient would reach a value that requires grad; for a border with a gradient "
            "use concatenate, else value.item()"
        )
    if mode == "constant":
        return _filled(input, widths, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise ValueError(f"pad: mode is 'constant', 'reflect', 'replicate' or 'circular', got {mode!r}")
    if value is not None:
        raise ValueError(f"pad: value belongs to mode 'constant', not to {mode!r}")
    if not any(flat):
        return clone(input)
    if mode == "circular":  # it continues with what is left
        input, widths = _cropped(input, widths)
    for dim, (n, pair) in enumerate(zip(shape_of(input), widths, strict=True)):
        most = {"reflect": n - 1, "circular": n}.get(mode, max(pair) if n else 0)
        if any(pair) and max(pair) > most:
            raise ValueError(f"pad: mode {mode!r} has at most {most} for dimension {dim} of {shape}, not {pair}")
    return _continued(input, widths, mode)


_NUMPY_MODES = {"edge": "replicate", "wrap": "circular", "reflect": "reflect", "symmetric": "symmetric"}


def _numpy_pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    shape = shape_of(array)
    rank = len(shape)
    if isinstance(pad_width, dict):
        given = {one_dim("np.pad", d, shape): pair for d, pair in pad_width.items()}
        pad_width = [given.get(d, 0) for d in range(rank)]
        pad_width = [pair if isinstance(pair, (tuple, list)) else (pair, pair) for pair in pad_width]
    widths = [(operator.index(a), operator.index(b)) for a, b in np.broadcast_to(pad_width, (rank, 2))]
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"np.pad: widths are at least 0, got {pad_width}")
    if mode in _NUMPY_MODES:
        if any(n == 0 and max(pair) for n, pair in zip(shape, widths, strict=True)):
            raise ValueError(f"np.pad: mode {mode!r} has no elements to continue from in shape {shape}")
        return _continued(array, widths, _NUMPY_MODES[mode])
    if mode != "constant":
        raise ValueError(f"np.pad of a Tensor has the modes 'constant' and {sorted(_NUMPY_MODES)}, not {mode!r}")
    if isinstance(constant_values, Tensor):
        raise TypeError("np.pad fills with numbers; for a border with a gradient, join it on with np.concatenate")
    if np.ndim(constant_values) == 0:
        return _filled(array, widths, constant_values)
    values = np.broadcast_to(constant_values, (rank, 2)).tolist()
    for dim in range(rank):  # one border after the other, as NumPy does, since each has its own value
        for side in (0, 1):
            one = [(0, 0)] * rank
            one[dim] = (widths[dim][0], 0) if side == 0 else (0, widths[dim][1])
            array = _filled(array, one, values[dim][side])
    return array


NUMPY[np.pad] = _numpy_pad
