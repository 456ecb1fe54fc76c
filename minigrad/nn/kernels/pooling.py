"""Pooling along one dimension: the largest element of every window, and sums over windows.

Pooling of pictures is pooling of rows, then of columns: a kernel of k · k elements takes 2k passes instead of k². Each
pass goes over strided views, in whatever order the memory of the input has, and leaves its result in that order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import ordered_like
from ...core.declare import primitive
from ...core.graph import Array
from ...core.modes import grad_enabled
from ...core.tensor import Tensor, raw, wrap
from .windows import reach


def _part(x: Any, axis: int, elements: slice) -> Any:
    return x[(slice(None),) * axis + (elements,)]


def _with_size(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


# --- the largest of every window --------------------------------------------------------------------------------------
def largest(
    x: Any, axis: int, kernel_size: int, windows: int, stride: int, before: int, dilation: int, winners: bool
) -> tuple[Any, Any]:
    """The largest element of every window and, if ``winners``, its position in the window; the first of equals.

    A window that lies in the padding has -inf, and position 0. NaN beats everything, the last one as in PyTorch.
    """
    size = x.shape[axis]
    reaches = [reach(size, windows, stride, position * dilation - before) for position in range(kernel_size)]
    dtype = np.uint8 if kernel_size <= 256 else np.int32
    if kernel_size > 1 and all(first == 0 and end == windows for first, end, _ in reaches[:2]):
        left, right = (_part(x, axis, elements) for _, _, elements in reaches[:2])
        out = np.maximum(left, right)
        winner = np.greater(right, left) if winners else None
        if winner is not None and kernel_size > 2:  # two positions need no numbers: False and True do
            winner = winner.astype(dtype)
        rest = range(2, kernel_size)
        known = 0
    else:
        out = np.full_like(x, -np.inf, shape=_with_size(x.shape, axis, windows))
        winner = np.zeros_like(out, dtype=dtype) if winners else None
        rest = range(kernel_size)
        known = windows  # from here on, windows already have an element
    for position in rest:
        first, end, elements = reaches[position]
        candidate, best = _part(x, axis, elements), _part(out, axis, slice(first, end))
        if winner is not None:
            better = np.greater(candidate, best)
            if first < known:
                _part(better, axis, slice(0, max(min(known, end) - first, 0)))[...] = True
            latest = _part(winner, axis, slice(first, end))  # positions come in ascending order
            np.maximum(latest, np.multiply(better, position, dtype=dtype), out=latest)
        np.maximum(candidate, best, out=best)
        known = min(known, first)
    if winner is not None and out.size and np.isnan(np.max(out)):  # comparisons with NaN are all false
        for position, (first, end, elements) in enumerate(reaches):
            undefined = np.isnan(_part(x, axis, elements))
            np.copyto(_part(winner, axis, slice(first, end)), position, where=undefined, casting="unsafe")
    return out, winner


@primitive(shown="max_pool", residuals={"winner": None})
def max_along(
    x: Any, *, axis: int, kernel_size: int, windows: int, stride: int, before: int, dilation: int
) -> tuple[Any, Any]:
    """The largest element of every window along ``axis``; the padding never wins.

    Args:
        x: the input.
        axis: counted from the front.
        kernel_size: how many elements a window has.
        windows: how many there are.
        stride: from one to the next.
        before: size of the padding before the first element.
        dilation: from one element of a window to the next.
    """
    return largest(x, axis, kernel_size, windows, stride, before, dilation, winners=grad_enabled.get())


def max_and_winner(x: Tensor, axis: int, **how: int) -> tuple[Tensor, Array]:
    """``max_along``, and which element of its window every one is: what the graph keeps anyway, if there is one."""
    if not (x.requires_grad and grad_enabled.get()):
        out, winner = largest(raw(x), axis, winners=True, **how)
        return wrap(out, None), winner
    out = max_along(x, axis=axis, **how)
    return out, dict(zip(max_along.saved_names, out._node.saved, strict=True))["winner"]


@primitive()
def put_winners(
    g: Any, *, winner: Any, axis: int, kernel_size: int, size: int, stride: int, before: int, dilation: int
) -> Any:
    """What belongs to every window, added where its winner is along an axis of ``size``: the adjoint of picking it."""
    g, windows = ordered_like(g, winner), g.shape[axis]
    out = np.empty_like(winner, shape=_with_size(g.shape, axis, size), dtype=g.dtype)
    if kernel_size == stride == 2 and size == 2 * windows and before == 0 and dilation == 1:
        right = np.multiply(g, winner, out=_part(out, axis, slice(1, None, 2)))
        np.subtract(g, right, out=_part(out, axis, slice(0, None, 2)))
        return out
    out[...] = 0
    for position in range(kernel_size):
        first, end, elements = reach(size, windows, stride, position * dilation - before)
        part, those = _part(out, axis, elements), slice(first, end)
        np.add(part, _part(g, axis, those) * np.equal(_part(winner, axis, those), position), out=part)
    return out


@primitive()
def take_winners(x: Any, *, winner: Any, axis: int, kernel_size: int, stride: int, before: int, dilation: int) -> Any:
    """The winner of every window along ``axis``, where another array has decided who wins."""
    size, windows = x.shape[axis], winner.shape[axis]
    out = np.zeros_like(winner, dtype=x.dtype)
    for position in range(kernel_size):
        first, end, elements = reach(size, windows, stride, position * dilation - before)
        those = slice(first, end)
        won = np.equal(_part(winner, axis, those), position)
        taken, candidate = _part(out, axis, those), _part(x, axis, elements)
        if x.dtype.kind == "f":  # of which products would make NaN out of infinity
            np.copyto(taken, candidate, where=won)
        else:
            np.add(taken, candidate * won, out=taken)
    return out


max_along.rule(
    x=lambda g, winner, x_shape, axis, kernel_size, stride, before, dilation: put_winners(
        g,
        winner=winner,
        axis=axis,
        kernel_size=kernel_size,
        size=x_shape[axis],
        stride=stride,
        before=before,
        dilation=dilation,
    )
)
put_winners.rule(
    g=lambda g_, winner, axis, kernel_size, stride, before, dilation: take_winners(
        g_, winner=winner, axis=axis, kernel_size=kernel_size, stride=stride, before=before, dilation=dilation
    )
)
take_winners.rule(
    x=lambda g, x_shape, winner, axis, kernel_size, stride, before, dilation: put_winners(
        g,
        winner=winner,
        axis=axis,
        kernel_size=kernel_size,
        size=x_shape[axis],
        stride=stride,
        before=before,
        dilation=dilation,
    )
)


# --- sums over windows ------------------------------------------------------------------------------------------------
@primitive()
def window_sums(x: Any, *, axis: int, kernel_size: int, windows: int, stride: int, before: int) -> Any:
    """The sum of every window along ``axis``, padding counting as 0."""
    size = x.shape[axis]
    reaches = [reach(size, windows, stride, position - before) for position in range(kernel_size)]
    whole = [reached for reached in reaches if reached[:2] == (0, windows)]
    if len(whole) >= 2:
        out = np.add(*[_part(x, axis, elements) for _, _, elements in whole[:2]])
        reaches = [reached for reached in reaches if reached not in whole[:2]]
    else:
        out = np.zeros_like(x, shape=_with_size(x.shape, axis, windows))
    for first, end, elements in reaches:
        part = _part(out, axis, slice(first, end))
        np.add(part, _part(x, axis, elements), out=part)
    return out


@primitive(shown="interpolate")
def window_spread(g: Any, *, axis: int, kernel_size: int, size: int, stride: int, before: int) -> Any:
    """What belongs to every window, added to all its elements along an axis of ``size``: adjoint of ``window_sums``."""
    windows = g.shape[axis]
    out = np.empty_like(g, shape=_with_size(g.shape, axis, size))
    once = kernel_size == stride and size == kernel_size * windows and before == 0
    if not once:
        out[...] = 0
    for position in range(kernel_size):
        first, end, elements = reach(size, windows, stride, position - before)
        part = _part(out, axis, elements)
        if once:
            part[...] = g
        else:
            np.add(part, _part(g, axis, slice(first, end)), out=part)
    return out


window_sums.rule(
    x=lambda g, x_shape, axis, kernel_size, stride, before: window_spread(
        g, axis=axis, kernel_size=kernel_size, size=x_shape[axis], stride=stride, before=before
    )
)
window_spread.rule(
    g=lambda g_, g_shape, axis, kernel_size, stride, before: window_sums(
        g_, axis=axis, kernel_size=kernel_size, windows=g_shape[axis], stride=stride, before=before
    )
)
