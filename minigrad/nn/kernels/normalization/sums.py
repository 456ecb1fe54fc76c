"""What normalisations share: sums over dimensions, centering, projections."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import sum_along
from ....core.declare import primitive
from ....ops.reduce.sums import count_of
from .memory import along_line, as_lines, from_line, lines_to_sum, short_buffers


def sum_over(x: Any, axis: tuple[int, ...]) -> Any:
    """The sum of an array over ``axis``, which keeps its dimensions."""
    if axis in ((0,), (x.ndim - 1,)):
        if axis == (0,) and x.ndim == 2 and x.shape[0] > _LONG_SUM:
            return _sum_of_blocks(x)
        return sum_along(x, axis, True)
    if order := lines_to_sum(x, axis):
        x = from_line(sum_along(as_lines(x, order), 0, False), order, x.shape)
    return _summed(axis, x)


_LONG_SUM = 1024  # numbers, from which on they are summed in two steps


def _sum_of_blocks(x: Any) -> Any:
    """The sum of the rows of a long matrix by way of blocks: added up one by one, float32 loses digits of the mean."""
    block = 64
    whole = x.shape[0] - x.shape[0] % block
    blocks = np.reshape(x[:whole], (whole // block, block, x.shape[1]))
    sums = np.matmul(np.ones_like(x, shape=(block,)), blocks)
    return sums.sum(axis=0, keepdims=True) + x[whole:].sum(axis=0, keepdims=True)


def _summed(axis: tuple[int, ...], *factors: Any) -> Any:
    """The sum of a product over ``axis``, which keeps its dimensions, in the order in which they lie in memory."""
    shape = factors[0].shape
    every = list(range(len(shape)))
    operands = [operand for factor in factors for operand in (factor, every)]
    sums = np.einsum(*operands, [d for d in every if d not in axis])
    return np.reshape(sums, [1 if d in axis else n for d, n in enumerate(shape)])


# --- the pieces -------------------------------------------------------------------------------------------------------
@primitive()
def center(x: Any, *, axis: tuple[int, ...]) -> Any:
    """``x`` minus its mean over ``axis``."""
    return x - along_line(sum_over(x, axis) / count_of(x.shape, axis), x)


center.rule(x=lambda g, axis: center(g, axis=axis))


def around(x: Any, mean: Any) -> Any:
    """``x`` minus a mean that broadcasts with it."""
    with short_buffers(x):
        return x - along_line(mean, x)


@primitive()
def sum_of_products(x: Any, y: Any = None, *, axis: tuple[int, ...]) -> Any:
    """The sum of x · y over ``axis``, which keeps its dimensions, without an array of the products; y = None is 1."""
    if y is None:
        return sum_over(x, axis)
    if axis == (x.ndim - 1,):
        return np.vecdot(x, y)[..., None]
    if order := lines_to_sum(x, axis):
        line = np.einsum(as_lines(x, order), [0, 1], as_lines(y, order), [0, 1], [1])
        return _summed(axis, from_line(line, order, x.shape))
    return _summed(axis, x, y)


sum_of_products.rule(
    x=lambda g, y, x_shape: np.broadcast_to(g, x_shape) if y is None else g * y,
    y=lambda g, x: g * x,
)


@primitive(broadcasts=True)
def project(x: Any, centered: Any, along_one: Any, along_centered: Any, scale: Any = None) -> Any:
    """(x - along_one - centered · along_centered) · scale; a scale of None is 1.

    A normalised vector changes neither with the mean of its input nor with its length, so the gradient of the input has
    no part along the constant vector and none along the centered one: they are taken out here.
    """
    with short_buffers(x):
        out = centered * along_line(along_centered, centered)
        out += along_line(along_one, out)
        out = np.subtract(x, out, out=out)
        if scale is not None:
            out *= along_line(scale, out)
    return out


def _scaled(g: Any, scale: Any) -> Any:
    return g if scale is None else g * scale


project.rule(
    x=_scaled,
    centered=lambda g, along_centered, scale: -(g * _scaled(along_centered, scale)),
    along_one=lambda g, scale: -_scaled(g, scale),
    along_centered=lambda g, centered, scale: -(_scaled(g, scale) * centered),
    scale=lambda g, x, centered, along_one, along_centered: g * (x - along_one - centered * along_centered),
)


@primitive(broadcasts=True)
def affine(x: Any, center: Any, scale: Any, shift: Any) -> Any:
    """(x - center) · scale + shift, for a ``center`` and a ``shift`` that may be None.

    The center goes first: x · scale + (shift - center · scale) would lose the digits of a large center.
    """
    with short_buffers(x):
        if center is None:
            out = x * along_line(scale, x)
        else:
            out = x - along_line(center, x)
            out *= along_line(scale, out)
        if shift is not None:
            out += along_line(shift, out)
    return out


def _by_scale(g: Any, x: Any, center: Any, scale_shape: tuple[int, ...]) -> Any:
    """Summed at once, without an array of the products."""
    x = x if center is None else x - center
    axis = _repeated(scale_shape, g.shape)
    return sum_of_products(g, x, axis=axis) if axis and x.shape == g.shape else g * x


def _by_shift(g: Any, shift_shape: tuple[int, ...]) -> Any:
    axis = _repeated(shift_shape, g.shape)
    return sum_of_products(g, None, axis=axis) if axis else g


def _repeated(shape: tuple[int, ...], whole: tuple[int, ...]) -> tuple[int, ...]:
    """The dimensions along which an input of that shape was repeated."""
    shape = (1,) * (len(whole) - len(shape)) + shape
    return tuple(i for i, (n, m) in enumerate(zip(shape, whole, strict=True)) if n != m)


affine.rule(
    x=lambda g, scale: affine(g, None, scale, None),
    center=lambda g, scale: -(g * scale),
    scale=_by_scale,
    shift=_by_shift,
)


# --- the residuals, as functions of the input -------------------------------------------------------------------------
def reciprocal_std_of(centered: Any, axis: tuple[int, ...], eps: float) -> Any:
    """1 over the root of the variance plus ``eps``, of what has mean 0."""
    variance = sum_of_products(centered, centered, axis=axis) / count_of(centered.shape, axis)
    return 1 / np.sqrt(variance + eps)
