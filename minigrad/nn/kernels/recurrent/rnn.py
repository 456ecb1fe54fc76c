"""The plain recurrent network of Elman: h = tanh(W x + U h + b), or relu in place of tanh."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.declare import primitive
from ....core.tensor import raw
from ....ops.linalg import matrix_product
from ....ops.reduce.sums import sum_
from .steps import befores, check, copied, or_zeros, packed, plus, rejoined, resized, steps, unfilled


@primitive(outputs=("out", "h_n"), cure="weights are (hidden size, input size) and (hidden size, hidden size)")
def rnn(
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    sizes: tuple[int, ...],
    reverse: bool = False,
    relu: bool = False,
) -> Any:
    """A plain recurrent layer, in one direction.

    Shapes:
        x: (rows, input size), packed: see this package's docstring.
        h0: (batch, hidden size).
        w_ih, w_hh: (hidden size, input size) and (hidden size, hidden size); b_ih, b_hh: (hidden size,) or None.
        result: the hidden states in the order of ``x``, (rows, hidden size); and the last of every sequence, (batch,
            hidden size).

    Args:
        x: the inputs.
        h0: the initial state of every sequence.
        w_ih: weights of the input.
        w_hh: weights of the state.
        b_ih: a bias.
        b_hh: another; PyTorch has two.
        sizes: how many rows each step has, never more than the step before it.
        reverse: whether time runs backwards.
        relu: relu instead of tanh.
    """
    check(1, sizes, {"h0": h0}, w_hh, b_ih, b_hh)
    order = steps(sizes, reverse)
    out = matrix_product(x, w_ih.T)
    bias = None if b_ih is None else b_ih + b_hh
    recur = w_hh.T
    ended: list[Any] = []
    h = h0[: order[0][1]]
    for step, size in order:
        h = resized(h, h0, size, ended)
        now = out[step]
        now += np.matmul(h, recur)
        if bias is not None:
            now += bias
        h = np.maximum(now, 0, out=now) if relu else np.tanh(now, out=now)
    return out, copied(h, ended)


def _pull(
    g: Any,
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    out: Any,
    sizes: tuple[int, ...],
    reverse: bool,
    relu: bool,
    needed: tuple[bool, ...],
) -> list[Any]:
    for_x, _, for_w_ih, for_w_hh, *for_biases = needed
    order = steps(sizes, reverse)
    of_out, last = g[0], or_zeros(g[1], h0)
    slots = unfilled(out.shape, out, *g, x, h0, w_ih, w_hh)
    parts: list[Any] = []  # gradients of what tanh was applied to
    begun: list[Any] = []
    dh = last[: order[-1][1]]
    for step, size in reversed(order):
        h = out[step]
        slope = np.greater(raw(h), 0) if relu else 1 - h * h
        dh = plus(resized(dh, last, size, begun), of_out, step)
        parts.append(np.multiply(dh, slope, out=None if slots is None else slots[step]))
        dh = np.matmul(parts[-1], w_hh)
    d = packed(parts[::-1], order) if slots is None else slots
    db = sum_(d, dim=0) if any(for_biases) else None
    return [
        np.matmul(d, w_ih) if for_x else None,
        rejoined(dh, begun),
        np.matmul(d.T, x) if for_w_ih else None,
        np.matmul(d.T, packed(befores(out, h0, order), order)) if for_w_hh else None,
        db,
        db,
    ]


rnn.joint(_pull)
