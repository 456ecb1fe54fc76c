"""Pooling: windows of a sequence or a picture, each replaced by its largest element or its mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....core.graph import Array
from ....core.tensor import Tensor, raw, wrap
from ....ops.index.basic import pick
from ...kernels.pooling import max_along, max_and_winner, take_winners, window_sums
from ...kernels.windows import window_count
from ..arguments import floating
from ..sizes import at_least, one_each, stride_of
from ..spatial import spatial


# --- checks -----------------------------------------------------------------------------------------------------------
def _checked(name: str, input: Any, dimensions: int) -> Any:
    """The input as a floating-point Tensor of a rank that fits: pooling needs no batch dimension."""
    input = floating(name, spatial(name, input, dimensions))
    if 0 in input.shape[-dimensions:]:
        raise ValueError(f"{name}: the input, of shape {input.shape}, has nothing to pool")
    return input


def _windows(
    name: str,
    sizes: Sequence[int],
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> list[dict[str, int]]:
    """For every spatial dimension: kernel size, stride, before (the padding), dilation and the number of windows."""
    many = len(sizes)
    kernel = one_each(name, "kernel_size", kernel_size, many, 1, single=True)
    strides = stride_of(name, stride, kernel)
    pads = one_each(name, "padding", padding, many, 0, single=True)
    dilations = one_each(name, "dilation", dilation, many, 1, single=True)
    found = []
    for size, k, s, p, d in zip(sizes, kernel, strides, pads, dilations, strict=True):
        span = d * (k - 1) + 1
        if 2 * p > span:
            raise ValueError(
                f"{name}: padding must be at most half of the kernel, got padding={p} for a kernel of {span}"
            )
        count = window_count(size, k, s, p, p + (s - 1 if ceil_mode else 0), d)
        if ceil_mode and (count - 1) * s >= size + p:  # the last window would start behind the input
            count -= 1
        if count < 1:
            raise ValueError(
                f"{name}: a kernel of {kernel}, dilation {dilations}, does not fit into the input, {tuple(sizes)} with "
                f"padding {pads}; use a smaller kernel or ceil_mode=True"
            )
        found.append({"kernel_size": k, "stride": s, "before": p, "dilation": d, "windows": count})
    return found


# --- maximum ----------------------------------------------------------------------------------------------------------
def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of every window of a sequence; among equals the first one gets the gradient.

    Shapes:
        input: (N, C, L) or (C, L).
        result: the same with L' = ⌊(L + 2 padding - dilation (kernel_size - 1) - 1) / stride⌋ + 1 for L.

    Args:
        input: sequences.
        kernel_size: size of the windows.
        stride: how far apart they start; by default ``kernel_size``, so that they do not overlap.
        padding: added at both ends, at most half of the kernel; it never wins.
        dilation: distance between the elements of a window.
        ceil_mode: keep a last window that sticks out (round up in the formula).
        return_indices: return also where the largest elements stand.

    Example:
        >>> max_pool1d(Tensor([[1.0, 3.0, 2.0, 2.0]]), 2)
        Tensor([[3., 2.]])
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of every window of a picture; among equals the first one, row by row, gets the gradient.

    Arguments as for ``max_pool1d``, each one number or one each for height and width. Indices count the elements of a
    channel row by row.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        result: the same with H' and W'.

    Example:
        >>> max_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2)
        Tensor([[[3.]]])
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max_pool(
    name: str,
    dimensions: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    input = _checked(name, input, dimensions)
    how = _windows(name, input.shape[-dimensions:], kernel_size, stride, padding, dilation, ceil_mode)
    return _maxima(input, how, return_indices)


def _maxima(input: Tensor, how: list[dict[str, int]], return_indices: bool) -> Any:
    """Largest elements along the last dimension, then along the one before it."""
    first = input.ndim - len(how)
    out = input
    winners: list[Array] = []  # for every dimension, the last one first: which elements of its windows stand in ``out``
    for axis in range(input.ndim - 1, first - 1, -1):
        along = how[axis - first]
        if not return_indices:
            out = max_along(out, axis=axis, **along)
            continue
        out, winner = max_and_winner(out, axis, **along)
        kept = {name: value for name, value in along.items() if name != "windows"}
        winners = [take_winners(earlier, winner=winner, axis=axis, **kept) for earlier in winners] + [winner]
    return (out, wrap(_positions(winners[::-1], input.shape[first:], how), None)) if return_indices else out


def _positions(winners: list[Array], sizes: Sequence[int], how: list[dict[str, int]]) -> Array:
    """Where the winners of all windows stand, counted over all pooled dimensions, row by row."""
    found: Any = 0
    origins: Any = 0
    for i, (winner, along) in enumerate(zip(winners, how, strict=True)):
        weight = math.prod(sizes[i + 1 :])
        starts = np.arange(along["windows"], like=winner) * along["stride"] - along["before"]
        origins = origins + starts.reshape(-1, *[1] * (len(sizes) - 1 - i)) * weight
        found = np.multiply(winner, along["dilation"] * weight, dtype=np.int64) + found
    return found + origins


# --- mean -------------------------------------------------------------------------------------------------------------
def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window of a sequence.

    Shapes:
        input: (N, C, L) or (C, L).
        result: the same with L' = ⌊(L + 2 padding - kernel_size) / stride⌋ + 1 for L.

    Args:
        input: sequences.
        kernel_size: size of the windows.
        stride: how far apart they start; by default ``kernel_size``.
        padding: zeros at both ends, at most half of the kernel.
        ceil_mode: keep a last window that sticks out (round up in the formula).
        count_include_pad: whether the padding counts in the mean.

    Example:
        >>> avg_pool1d(Tensor([[1.0, 3.0, 2.0, 2.0]]), 2)
        Tensor([[2., 2.]])
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window of a picture.

    Arguments as for ``avg_pool1d``, each one number or one each for height and width; ``divisor_override`` takes the
    place of the number of elements.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        result: the same with H' and W'.

    Example:
        >>> avg_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2)
        Tensor([[[1.5]]])
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _avg_pool(
    name: str,
    dimensions: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    input = _checked(name, input, dimensions)
    sizes = input.shape[-dimensions:]
    how = _windows(name, sizes, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override is not None:
        (divisor,) = at_least(name, 1, divisor_override=divisor_override)
        return _sums(input, how) / divisor  # type: ignore[no-any-return]
    counts = [_counts(size, along, count_include_pad) for size, along in zip(sizes, how, strict=True)]
    return _means(input, how, counts)


def _sums(input: Tensor, how: list[dict[str, int]]) -> Tensor:
    first = input.ndim - len(how)
    out = input
    for axis in range(input.ndim - 1, first - 1, -1):
        kept = {name: value for name, value in how[axis - first].items() if name != "dilation"}
        out = window_sums(out, axis=axis, **kept)
    return out


def _counts(size: int, along: dict[str, int], count_include_pad: bool) -> list[int]:
    """How many elements every window counts: never those behind the padding."""
    before = along["before"]
    low, high = (-before, size + before) if count_include_pad else (0, size)
    starts = [i * along["stride"] - before for i in range(along["windows"])]
    return [min(start + along["kernel_size"], high) - max(start, low) for start in starts]


def _means(input: Tensor, how: list[dict[str, int]], counts: list[list[int]]) -> Tensor:
    """Sums divided by the number of elements: one number, if all windows have equally many."""
    sums = _sums(input, how)
    if all(len(set(many)) == 1 for many in counts):
        number = math.prod(many[0] for many in counts)
        return sums if number == 1 else sums * (1 / number)
    data = raw(input)
    shares = [np.zeros_like(data, shape=len(many)) + _as_like(data, many) for many in counts]
    grid = shares[0] if len(shares) == 1 else shares[0][:, None] * shares[1]
    return sums / grid  # type: ignore[no-any-return]


def _as_like(data: Array, values: Any) -> Array:
    return (
        np.asarray(values, data.dtype)
        if isinstance(data, np.ndarray)
        else np.asarray(values, dtype=data.dtype, like=data)
    )


# --- any number of windows --------------------------------------------------------------------------------------------
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Tensor:
    """The means of ``output_size`` windows that cover the sequence evenly, whatever its length.

    Window i goes from ⌊i L / L'⌋ to ⌈(i + 1) L / L'⌉, so neighbours may share an element.

    Shapes:
        input: (N, C, L) or (C, L).
        result: the same with L' = output_size for L.

    Example:
        >>> adaptive_avg_pool1d(Tensor([[1.0, 2.0, 3.0]]), 2)
        Tensor([[1.5, 2.5]])
    """
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Tensor:
    """The means of windows that cover the picture evenly, whatever its size; ``(1, 1)`` is the mean of every channel.

    Shapes:
        input: (N, C, H, W) or (C, H, W).
        result: the same with H', W' = output_size; None keeps a size.

    Example:
        >>> adaptive_avg_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), (None, 1))
        Tensor([[[2.],
                 [1.]]])
    """
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of ``output_size`` windows that cover the sequence evenly, as ``adaptive_avg_pool1d``.

    Example:
        >>> adaptive_max_pool1d(Tensor([[1.0, 2.0, 3.0]]), 2)
        Tensor([[2., 3.]])
    """
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of windows that cover the picture evenly, as ``adaptive_avg_pool2d``.

    Example:
        >>> adaptive_max_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), 1)
        Tensor([[[3.]]])
    """
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def _bins(name: str, output_size: Any, sizes: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """For every dimension, where the windows start and how long they are."""
    several = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * len(sizes)
    if len(several) != len(sizes):
        raise ValueError(f"{name}: output_size needs one integer, or {len(sizes)} of them, got {tuple(several)}")
    found = []
    for wanted, size in zip(several, sizes, strict=True):
        (many,) = at_least(name, 1, output_size=size if wanted is None else wanted)
        starts = [i * size // many for i in range(many)]
        found.append((starts, [-(-(i + 1) * size // many) - start for i, start in enumerate(starts)]))
    return found


def _evenly(bins: list[tuple[list[int], list[int]]], sizes: Sequence[int]) -> list[dict[str, int]] | None:
    """How the windows slide, if all of them are equally long and do not overlap."""
    if any(size % len(starts) for (starts, _), size in zip(bins, sizes, strict=True)):
        return None
    kernel_sizes = [size // len(starts) for (starts, _), size in zip(bins, sizes, strict=True)]
    return [
        {"kernel_size": k, "stride": k, "before": 0, "dilation": 1, "windows": len(starts)}
        for k, (starts, _) in zip(kernel_sizes, bins, strict=True)
    ]


def _laid_out(
    input: Tensor, bins: list[tuple[list[int], list[int]]]
) -> tuple[Tensor, list[dict[str, int]], list[Array]]:
    """The elements of all windows one after the other, their last one repeated where others are longer."""
    first = input.ndim - len(bins)
    how, positions = [], []
    for axis, (starts, lengths) in enumerate(bins, first):
        most = max(lengths)
        inside = np.minimum(np.arange(most), np.asarray(lengths)[:, None] - 1)
        position = (np.asarray(starts)[:, None] + inside).reshape(-1)
        input = pick(input, index=(slice(None),) * axis + (position,))
        positions.append(position)
        how.append({"kernel_size": most, "stride": most, "before": 0, "dilation": 1, "windows": len(starts)})
    return input, how, positions


def _adaptive_avg(name: str, dimensions: int, input: Any, output_size: Any) -> Tensor:
    input = _checked(name, input, dimensions)
    sizes = input.shape[-dimensions:]
    bins = _bins(name, output_size, sizes)
    if how := _evenly(bins, sizes):
        if all(along["windows"] == 1 for along in how):
            return input.mean(dim=tuple(range(-dimensions, 0)), keepdim=True)  # type: ignore[no-any-return]
        return _means(input, how, [lengths for _, lengths in bins])
    spread, how, _ = _laid_out(input, bins)
    for back, (_, lengths) in enumerate(reversed(bins)):  # what is repeated counts 0
        counted = np.arange(max(lengths)) < np.asarray(lengths)[:, None]
        spread = spread * _as_like(raw(input), counted.reshape(-1, *[1] * back))
    return _means(spread, how, [lengths for _, lengths in bins])


def _adaptive_max(name: str, dimensions: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    input = _checked(name, input, dimensions)
    sizes = input.shape[-dimensions:]
    bins = _bins(name, output_size, sizes)
    if how := _evenly(bins, sizes):
        return _maxima(input, how, return_indices)
    spread, how, positions = _laid_out(input, bins)
    if not return_indices:
        return _maxima(spread, how, False)
    out, found = _maxima(spread, how, True)
    coordinates = np.unravel_index(raw(found), spread.shape[-dimensions:])
    real = [position[where] for position, where in zip(positions, coordinates, strict=True)]
    return out, wrap(np.ravel_multi_index(tuple(real), sizes), None)
