"""Gated recurrent units: one gate says how much of the state is renewed, another how much of it the candidate sees."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.declare import primitive
from ....ops.linalg import matrix_product
from ....ops.reduce.sums import sum_
from .steps import befores, check, copied, or_zeros, packed, plus, quarters, rejoined, resized, steps, unfilled


def _rotated(rows: Any) -> Any:
    """Rows for (reset, update, candidate), PyTorch's order, as rows for (candidate, reset, update)."""
    n = rows.shape[0] // 3
    return np.concatenate([rows[2 * n :], rows[: 2 * n]])


def _rotated_back(rows: Any) -> Any:
    n = rows.shape[0] // 3
    return np.concatenate([rows[n:], rows[:n]])


def _gates_again(
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    out: Any,
    sizes: tuple[int, ...],
    reverse: bool,
) -> Any:
    """The gates of all steps from the hidden states before them, as the forward computes them."""
    order = steps(sizes, reverse)
    width = h0.shape[1]
    z = np.matmul(x, _rotated(w_ih).T)
    if b_ih is not None:
        z = z + _rotated(b_ih)
    parts = []
    for (step, _), h in zip(order, befores(out, h0, order), strict=True):
        state = np.matmul(h, w_hh.T)
        if b_hh is not None:
            state = state + b_hh
        both = np.tanh((z[step, width:] + state[:, : 2 * width]) * 0.5) * 0.5 + 0.5
        share = state[:, 2 * width :]
        candidate = np.tanh(both[:, :width] * share + z[step, :width])
        parts.append(np.concatenate([candidate, both, share], axis=1))
    return packed(parts, order)


@primitive(
    outputs=("out", "h_n"),
    residuals={"gates": _gates_again},
    cure="weights are (3 * hidden size, input size) and (3 * hidden size, hidden size)",
)
def gru(
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    sizes: tuple[int, ...],
    reverse: bool = False,
) -> Any:
    """A layer of gated recurrent units, in one direction.

    Shapes:
        x: (rows, input size), packed: see this package's docstring.
        h0: (batch, hidden size).
        w_ih, w_hh: (3 * hidden size, input size) and (3 * hidden size, hidden size).
        b_ih, b_hh: (3 * hidden size,) or None.
        result: the hidden states in the order of ``x``, (rows, hidden size); and the last of every sequence, (batch,
            hidden size).

    Math:
        r, z = σ(W x + a + U h + b), n = tanh(W x + a + r (U h + b)), each with rows of its own in W, U, a and b, in
        the order r, z, n; h ← (1 - z) n + z h.

    Args:
        x: the inputs.
        h0: the initial state of every sequence.
        w_ih: weights of the input, W.
        w_hh: weights of the state, U.
        b_ih: the bias beside the input, a.
        b_hh: the bias beside the state, b.
        sizes: how many rows each step has, never more than the step before it.
        reverse: whether time runs backwards.

    Source:
        Cho et al. 2014, with the reset gate behind the product, as in PyTorch and cuDNN.
    """
    check(3, sizes, {"h0": h0}, w_hh, b_ih, b_hh)
    order = steps(sizes, reverse)
    rows, width = x.shape[0], h0.shape[1]
    dtype = np.result_type(x.dtype, w_ih.dtype)
    gates = np.empty_like(x, shape=(rows, 4 * width), dtype=dtype)
    matrix_product(x, _rotated(w_ih).T, out=gates[:, : 3 * width])
    bias = None if b_ih is None else _rotated(b_ih)
    out = np.empty_like(gates, shape=(rows, width))
    recur = w_hh.T
    ended: list[Any] = []
    h = h0[: order[0][1]]
    for step, size in order:
        h = resized(h, h0, size, ended)
        state = np.matmul(h, recur)
        if b_hh is not None:
            state += b_hh
        now = gates[step]
        if bias is not None:
            now[:, : 3 * width] += bias
        both = now[:, width : 3 * width]
        both += state[:, : 2 * width]
        both *= 0.5
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        now[:, 3 * width :] = state[:, 2 * width :]
        candidate, reset, update, share = quarters(now)
        candidate += reset * share
        np.tanh(candidate, out=candidate)
        kept = h - candidate
        kept *= update
        h = np.add(candidate, kept, out=out[step])
    return out, copied(h, ended), gates


def _pull(
    g: Any,
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    out: Any,
    gates: Any,
    sizes: tuple[int, ...],
    reverse: bool,
    needed: tuple[bool, ...],
) -> list[Any]:
    for_x, _, for_w_ih, for_w_hh, *for_biases = needed
    order = steps(sizes, reverse)
    width = h0.shape[1]
    of_out, last = g[0], or_zeros(g[1], h0)
    slots = unfilled(gates.shape, gates, *g, x, h0, w_ih, w_hh, out)
    before = befores(out, h0, order)
    parts: list[Any] = []  # gradients of what σ and tanh of the gates were applied to, and of the state's share
    begun: list[Any] = []
    dh = last[: order[-1][1]]
    for (step, size), h in zip(reversed(order), reversed(before), strict=True):
        candidate, reset, update, share = quarters(gates[step])
        dh = plus(resized(dh, last, size, begun), of_out, step)
        kept = dh * update
        d_candidate = (dh - kept) * (1 - candidate * candidate)
        d_share = d_candidate * reset
        d_reset = d_share * share * (1 - reset)
        d_update = kept * (h - candidate) * (1 - update)
        parts.append(
            np.concatenate(
                [d_candidate, d_reset, d_update, d_share], axis=1, out=None if slots is None else slots[step]
            )
        )
        dh = kept + np.matmul(parts[-1][:, width:], w_hh)
    d = packed(parts[::-1], order) if slots is None else slots
    of_input, of_state = d[:, : 3 * width], d[:, width:]
    sums = sum_(d, dim=0) if any(for_biases) else None
    return [
        np.matmul(of_input, _rotated(w_ih)) if for_x else None,
        rejoined(dh, begun),
        _rotated_back(np.matmul(of_input.T, x)) if for_w_ih else None,
        np.matmul(of_state.T, packed(before, order)) if for_w_hh else None,
        None if sums is None else _rotated_back(sums[: 3 * width]),
        None if sums is None else sums[width:],
    ]


gru.joint(_pull)
