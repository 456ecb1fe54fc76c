"""What the recurrent kernels share: the steps, the sequences of every thread, and the products of one step.

States are kept in one matrix with a row for every sequence. A step writes the rows of the sequences that take part in
it, so that those that have ended, or have not begun, keep what they have: the last state, or the first.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from ...compiler import compiled
from ...layout import FLOAT, plain
from ...mathematics import sigmoid, tanh
from ...pool import settings

_WORK = 1 << 18  # multiplications: fewer are done before another thread has taken its part


class Steps(NamedTuple):
    """The time steps of packed sequences, in the order of computation."""

    starts: ndarray  # the first row of each step
    sizes: ndarray  # how many rows it has
    bounds: ndarray  # thread t takes the sequences from bounds[t] to bounds[t + 1]


@functools.lru_cache(maxsize=256)
def _steps(sizes: tuple[int, ...], reverse: bool, threads: int) -> Steps:
    """The steps, and sequences for every thread that have about equally many rows together."""
    counts = np.array(sizes, np.intp)
    starts = np.cumsum(counts) - counts
    lengths = np.cumsum(np.bincount(counts)[:0:-1])[::-1]  # of sequence i: the steps of more than i rows
    rows = np.cumsum(lengths)
    bounds = np.searchsorted(rows, rows[-1] * np.arange(threads + 1) / threads, side="right")
    order = slice(None, None, -1 if reverse else 1)
    return Steps(starts[order].copy(), counts[order].copy(), bounds)


def steps(
    gates: int, x: Any, states: Sequence[Any], w_ih: Any, w_hh: Any, biases: Sequence[Any], sizes: tuple[int, ...],
    reverse: bool,
) -> Steps | None:  # fmt: skip
    """The steps of a layer; None if it is small, or empty, or its arrays lie otherwise, or do not fit one another.

    Args:
        gates: how many times as many rows as columns ``w_hh`` has.
        x: the inputs, packed.
        states: the initial ones.
        w_ih: weights of the input.
        w_hh: weights of the state.
        biases: two, or two times None.
        sizes: how many rows each step has.
        reverse: whether time runs backwards.
    """
    given = [b for b in biases if b is not None]
    if not plain(x, *states, w_ih, w_hh, *given) or not x.ndim == w_ih.ndim == w_hh.ndim == 2:
        return None
    rows, width = w_hh.shape
    if not (x.size and width) or len(x) * w_hh.size < settings.least(_WORK):
        return None
    fits = (
        rows == gates * width
        and w_ih.shape == (rows, x.shape[1])
        and len(given) in (0, len(biases))
        and all(b.shape == (rows,) for b in given)
        and all(s.shape == (sizes[0], width) for s in states)
        and sum(sizes) == len(x)
        and min(sizes) >= 0
        and sorted(sizes, reverse=True) == list(sizes)
    )
    return _steps(tuple(sizes), bool(reverse), settings.threads) if fits else None


def gradients(g: Sequence[Any]) -> list[Any] | None:
    """Those of the outputs in C order, copied if need be; None for other dtypes.

    That of a sum, say, is one number that stands for all.
    """
    if not all([part is None or (type(part) is ndarray and part.dtype is FLOAT) for part in g]):
        return None
    return [None if part is None else np.ascontiguousarray(part) for part in g]


def begun(last: Any, like: ndarray) -> ndarray:
    """Memory for the gradient of a state; it begins with that of the last state, which is 0 where it was not used."""
    return np.zeros_like(like) if last is None else np.array(last, order="C")


# --- inside kernels ---------------------------------------------------------------------------------------------------
@compiled(inline=True)
def sigmoids(x: Any, bias: Any) -> None:
    """Write σ(x + bias) into ``x``, a vector."""
    for j in range(x.size):
        x[j] = sigmoid(x[j] + bias[j])


@compiled(inline=True)
def tanhs(x: Any, bias: Any) -> None:
    """Write tanh(x + bias) into ``x``, a vector."""
    for j in range(x.size):
        x[j] = tanh(x[j] + bias[j])


@compiled(inline=True)
def before(states: Any, first: Any, starts: Any, sizes: Any, step: int, i: int) -> Any:
    """The state of sequence ``i`` before a step, from those after every step and the first ones."""
    if step > 0 and i < sizes[step - 1]:
        return states[starts[step - 1] + i]
    return first[i]


@compiled(inline=True)
def add(total: Any, x: Any) -> None:
    """Add the vector ``x`` to ``total``."""
    for j in range(total.size):
        total[j] += x[j]


@compiled(inline=True)
def copy(x: Any, into: Any) -> None:
    """Write the vector ``x`` to ``into``."""
    for j in range(into.size):
        into[j] = x[j]
