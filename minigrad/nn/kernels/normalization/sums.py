"""What normalisations share: sums over dimensions, centering, projections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ....core.arrays import sum_along
from ....core.declare import primitive
from ....ops.reduce.sums import count_of


def sum_over(x: Any, axis: tuple[int, ...]) -> Any:
    """The sum of an array over ``axis``, which keeps its dimensions."""
    if axis in ((0,), (x.ndim - 1,)):
        if axis == (0,) and x.ndim == 2 and x.shape[0] > _LONG_SUM:
            return _sum_of_blocks(x)
        return sum_along(x, axis, True)
    kept = [i for i in range(x.ndim) if i not in axis]
    return np.reshape(np.einsum(x, list(range(x.ndim)), kept), column_shape(x.shape, axis))


_LONG_SUM = 1024  # numbers, from which on they are summed in two steps


def _sum_of_blocks(x: Any) -> Any:
    """The sum of the rows of a long matrix by way of blocks: added up one by one, float32 loses digits of the mean."""
    block = 64
    whole = x.shape[0] - x.shape[0] % block
    blocks = np.reshape(x[:whole], (whole // block, block, x.shape[1]))
    sums = np.matmul(np.ones_like(x, shape=(block,)), blocks)
    return sums.sum(axis=0, keepdims=True) + x[whole:].sum(axis=0, keepdims=True)


def column_shape(shape: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with the dimensions ``axis`` of size 1."""
    return tuple(1 if i in axis else n for i, n in enumerate(shape))


_LONG_RUN = 512  # elements that lie together, from which on short buffers pay


@contextmanager
def short_buffers(x: Any) -> Iterator[None]:
    """Let NumPy read what is broadcast over long runs of memory where it lies.

    It gathers operands in buffers of 8192 elements whenever a run, here that of one channel, is shorter than that, and
    so copies each mean as often as there are pixels.
    """
    run = getattr(x, "strides", (0, 0))[1] if x.ndim > 2 else 0
    if run < _LONG_RUN * x.dtype.itemsize:
        yield
        return
    before = np.setbufsize(_LONG_RUN)
    try:
        yield
    finally:
        np.setbufsize(before)


# --- the pieces -------------------------------------------------------------------------------------------------------
@primitive()
def center(x: Any, *, axis: tuple[int, ...]) -> Any:
    """``x`` minus its mean over ``axis``."""
    return x - sum_over(x, axis) / count_of(x.shape, axis)


center.rule(x=lambda g, axis: center(g, axis=axis))


@primitive()
def sum_of_products(x: Any, y: Any = None, *, axis: tuple[int, ...]) -> Any:
    """The sum of x · y over ``axis``, which keeps its dimensions, without an array of the products; y = None is 1."""
    if y is None:
        return sum_over(x, axis)
    if axis == (x.ndim - 1,):
        return np.vecdot(x, y)[..., None]
    every = list(range(x.ndim))
    kept = [i for i in every if i not in axis]
    return np.reshape(np.einsum(x, every, y, every, kept), column_shape(x.shape, axis))


sum_of_products.rule(
    x=lambda g, y, x_shape: np.broadcast_to(g, x_shape) if y is None else g * y,
    y=lambda g, x: g * x,
)


@primitive(broadcasts=True)
def project(x: Any, centered: Any, along_one: Any, along_centered: Any, scale: Any) -> Any:
    """(x - along_one - centered · along_centered) · scale.

    A normalised vector changes neither with the mean of its input nor with its length, so the gradient of the input has
    no part along the constant vector and none along the centered one: they are taken out here.
    """
    with short_buffers(x):
        out = centered * along_centered
        out += along_one
        out = np.subtract(x, out, out=out)
        out *= scale
    return out


project.rule(
    x=lambda g, scale: g * scale,
    centered=lambda g, along_centered, scale: -(g * (along_centered * scale)),
    along_one=lambda g, scale: -(g * scale),
    along_centered=lambda g, centered, scale: -(g * scale * centered),
    scale=lambda g, x, centered, along_one, along_centered: g * (x - along_one - centered * along_centered),
)


@primitive(broadcasts=True)
def affine(x: Any, center: Any, scale: Any, shift: Any) -> Any:
    """(x - center) · scale + shift, for a ``center`` and a ``shift`` that may be None.

    The center goes first: x · scale + (shift - center · scale) would lose the digits of a large center.
    """
    with short_buffers(x):
        if center is None:
            out = x * scale
        else:
            out = x - center
            out *= scale
        if shift is not None:
            out += shift
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
