"""Normalisation, fused: the compositions would pass over the data two or three times as often.

Means are subtracted before anything is squared, so a small spread around a large mean keeps its digits. Sums run as
products of matrices or as ``einsum``, which takes the dimensions in the order in which they lie in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ....core.arrays import sum_along
from ....core.primitive import primitive


def _total(x: Any, axis: tuple[int, ...]) -> Any:
    """The sum of an array over ``axis``, which keeps its dimensions."""
    if axis in ((0,), (x.ndim - 1,)):
        if axis == (0,) and x.ndim == 2 and x.shape[0] > _LONG_SUM:
            return _sum_of_blocks(x)
        return sum_along(x, axis, True)
    kept = [i for i in range(x.ndim) if i not in axis]
    return np.reshape(np.einsum(x, list(range(x.ndim)), kept), _column(x.shape, axis))


_LONG_SUM = 1024  # numbers, from which on they are summed in two steps


def _sum_of_blocks(x: Any) -> Any:
    """The sum of the rows of a long matrix by way of blocks: added up one by one, float32 loses digits of the mean."""
    block = 64
    whole = x.shape[0] - x.shape[0] % block
    blocks = np.reshape(x[:whole], (whole // block, block, x.shape[1]))
    sums = np.matmul(np.ones_like(x, shape=(block,)), blocks)
    return sums.sum(axis=0, keepdims=True) + x[whole:].sum(axis=0, keepdims=True)


def _column(shape: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if i in axis else n for i, n in enumerate(shape))


def _count(shape: tuple[int, ...], axis: tuple[int, ...]) -> int:
    return math.prod(shape[i] for i in axis)


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


_LONG_RUN = 512  # elements that lie together, from which on short buffers pay


@contextmanager
def _short_buffers(x: Any) -> Iterator[None]:
    """Let NumPy read what is broadcast over long runs of memory where it lies.

    It gathers operands in buffers of 8192 elements whenever a run, here that of one channel, is shorter than that, and
    so copies each mean as often as there are pixels: 146 µs instead of 110 for x - mean on 64 x 16 x 28 x 28.
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
    return x - _total(x, axis) / _count(x.shape, axis)


center.rule(x=lambda g, axis: center(g, axis=axis))


@primitive()
def sum_of_products(x: Any, y: Any = None, *, axis: tuple[int, ...]) -> Any:
    """The sum of x · y over ``axis``, which keeps its dimensions, without an array of the products; y = None is 1."""
    if y is None:
        return _total(x, axis)
    if axis == (x.ndim - 1,):
        return np.vecdot(x, y)[..., None]
    every = list(range(x.ndim))
    kept = [i for i in every if i not in axis]
    return np.reshape(np.einsum(x, every, y, every, kept), _column(x.shape, axis))


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
    with _short_buffers(x):
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
    with _short_buffers(x):
        if center is None:
            out = x * scale
        else:
            out = x - center
            out *= scale
        if shift is not None:
            out += shift
    return out


def _by_scale(g: Any, x: Any, center: Any, scale_shape: tuple[int, ...]) -> Any:
    """Summed at once, without an array of the products.

    With the bias likewise, forward and backward took 370 µs instead of 495 on 16 x 32 x 28 x 28, 250 instead of 390
    without a center.
    """
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
def _reciprocal_std(centered: Any, axis: tuple[int, ...], eps: float) -> Any:
    variance = sum_of_products(centered, centered, axis=axis) / _count(centered.shape, axis)
    return 1 / np.sqrt(variance + eps)


# --- one mean and variance for each channel ---------------------------------------------------------------------------
def _channels_reciprocal_std(x: Any, axis: tuple[int, ...], eps: float) -> Any:
    return _reciprocal_std(center(x, axis=axis), axis, eps)


def _per_channel(part: Any, rank: int) -> Any:
    return None if part is None else np.reshape(part, (1, -1, *[1] * (rank - 2)))


@primitive(
    residuals={"centered": lambda x, axis: center(x, axis=axis), "reciprocal_std": _channels_reciprocal_std},
    cure="the weight and the bias hold one number for each channel, which is dimension 1 of the input",
)
def channel_norm(
    x: Any, weight: Any = None, bias: Any = None, *, axis: tuple[int, ...], eps: float, statistics: Any = None
) -> Any:
    """Every channel with mean 0 and variance 1, times ``weight``, plus ``bias``.

    Shapes:
        x: (N, C, ...).
        weight, bias: (C,) or None.

    Args:
        x: the input.
        weight: what every channel is multiplied by.
        bias: what is added to every channel.
        axis: the dimensions over which mean and biased variance are taken: all but C, or all but N and C.
        eps: is added to the variance.
        statistics: a list that receives two arrays, means and biased variances, so that a caller who keeps a running
            mean need not compute them again. Their dimensions ``axis`` have size 1.
    """
    count = _count(x.shape, axis)
    mean = _total(x, axis) / count
    with _short_buffers(x):
        centered = x - mean
        variance = sum_of_products(centered, centered, axis=axis) / count
        if statistics is not None:
            statistics += [mean, variance]
        reciprocal_std = 1 / np.sqrt(variance + eps)
        out = centered * (reciprocal_std if weight is None else reciprocal_std * _per_channel(weight, x.ndim))
        if bias is not None:
            out += _per_channel(bias, x.ndim)
    return out, centered, reciprocal_std


def _channel_norm_gradients(g: Any, weight: Any, centered: Any, reciprocal_std: Any, axis: tuple[int, ...]) -> Any:
    """The weight is constant along what is averaged, so two sums serve the input, the weight and the bias."""
    count = _count(g.shape, axis)
    total = sum_of_products(g, None, axis=axis)
    along = sum_of_products(g, centered, axis=axis) * reciprocal_std
    scale = reciprocal_std if weight is None else reciprocal_std * _per_channel(weight, g.ndim)
    return [
        project(g, centered, total / count, along * (reciprocal_std / count), scale),
        _sum_of_samples(along),
        _sum_of_samples(total),
    ]


def _sum_of_samples(x: Any) -> Any:
    """(N, C, 1, ...) to (C,)."""
    if x.shape[0] != 1:
        x = sum_of_products(x, None, axis=(0,))
    return np.reshape(x, (x.shape[1],))


channel_norm.joint(_channel_norm_gradients)


# --- one mean and variance for each row -------------------------------------------------------------------------------
def _centered_rows(x: Any) -> Any:
    return center(_rows(x), axis=(1,))


def _rows_reciprocal_std(x: Any, eps: float) -> Any:
    return _reciprocal_std(_centered_rows(x), (1,), eps)


def _weighted(normed: Any, weight: Any, bias: Any) -> Any:
    """A new array: what a caller does to the result must not reach the residual."""
    out = normed.copy() if weight is None else normed * weight
    if bias is not None:
        out += bias
    return out


@primitive(
    residuals={
        "normed": lambda x, eps: _centered_rows(x) * _rows_reciprocal_std(x, eps),
        "reciprocal_std": _rows_reciprocal_std,
    },
    cure="the weight and the bias have the size of the last dimension of the input",
)
def row_norm(x: Any, weight: Any = None, bias: Any = None, *, eps: float) -> Any:
    """Every row, along the last dimension, with mean 0 and variance 1, times ``weight``, plus ``bias``.

    Shapes:
        x: (..., C).
        weight, bias: (C,) or None.
    """
    size = x.shape[-1]
    rows = _rows(x)
    normed = rows - sum_along(rows, 1, True) / size
    reciprocal_std = 1 / np.sqrt(np.vecdot(normed, normed)[:, None] / size + eps)
    normed *= reciprocal_std
    out = _weighted(normed, weight, bias)
    return out if x.ndim == 2 else np.reshape(out, x.shape), normed, reciprocal_std


def _row_norm_gradients(g: Any, weight: Any, normed: Any, reciprocal_std: Any) -> list[Any]:
    shape, size = g.shape, g.shape[-1]
    g = _rows(g)
    products = g * normed
    weight_gradient, bias_gradient = sum_of_products(products, None, axis=(0,)), sum_of_products(g, None, axis=(0,))
    if weight is None:
        total, along = (sum_of_products(x, None, axis=(1,)) / size for x in (g, products))
    else:
        share = np.reshape(weight, (size, 1)) * (1 / size)
        total, along = np.matmul(g, share), np.matmul(products, share)
        g = g * weight
    x = project(g, normed, total, along, reciprocal_std)
    flat = (size,)
    return [np.reshape(x, shape), np.reshape(weight_gradient, flat), np.reshape(bias_gradient, flat)]


row_norm.joint(_row_norm_gradients)


# --- one root of the mean square for each row -------------------------------------------------------------------------
def _reciprocal_rms(x: Any, eps: float) -> Any:
    rows = _rows(x)
    return 1 / np.sqrt(sum_of_products(rows, rows, axis=(1,)) / rows.shape[1] + eps)


@primitive(
    residuals={"reciprocal_rms": _reciprocal_rms},
    cure="the weight has the size of the last dimension of the input",
)
def rms_norm(x: Any, weight: Any = None, *, eps: float) -> Any:
    """Every row, along the last dimension, divided by the root of its mean square, times ``weight``.

    Shapes:
        x: (..., C).
        weight: (C,) or None.
    """
    reciprocal_rms = _reciprocal_rms(x, eps)
    out = _rows(x) * reciprocal_rms
    if weight is not None:
        out *= weight
    return out if x.ndim == 2 else np.reshape(out, x.shape), reciprocal_rms


def _rms_norm_gradients(g: Any, x: Any, weight: Any, reciprocal_rms: Any) -> list[Any]:
    shape, size = g.shape, g.shape[-1]
    g, x = _rows(g), _rows(x)
    products = g * x
    weight_gradient = np.matmul(np.reshape(reciprocal_rms, (1, -1)), products)
    if weight is None:
        along = sum_of_products(products, None, axis=(1,)) / size
    else:
        along = np.matmul(products, np.reshape(weight, (size, 1)) * (1 / size))
        g = g * weight
    pushed = (g - x * (along * np.square(reciprocal_rms))) * reciprocal_rms
    return [np.reshape(pushed, shape), np.reshape(weight_gradient, (size,))]


rms_norm.joint(_rms_norm_gradients)
