"""Long short-term memory: three gates decide what a cell takes in, forgets and shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.declare import primitive
from ....ops.linalg import matrix_product
from ....ops.reduce.sums import sum_
from .steps import (
    befores,
    check,
    copied,
    gate_constants,
    or_zeros,
    packed,
    plus,
    quarters,
    rejoined,
    resized,
    steps,
    unfilled,
)


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
    factor, shift = gate_constants(w_ih.T, plain=2, gates=4)
    of_input = np.matmul(x, w_ih.T)
    bias = None if b_ih is None else b_ih + b_hh
    parts = []
    for (step, _), h in zip(order, befores(out, h0, order), strict=True):
        z = of_input[step] + np.matmul(h, w_hh.T)
        z = z if bias is None else z + bias
        parts.append(np.tanh(z * factor) * factor + shift)
    return packed(parts, order)


def _cells_again(gates: Any, c0: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """The cell states of all steps."""
    order = steps(sizes, reverse)
    c = c0[: order[0][1]]
    parts = []
    for step, size in order:
        i, f, candidate, _ = quarters(gates[step])
        c = f * resized(c, c0, size, []) + i * candidate
        parts.append(c)
    return packed(parts, order)


@primitive(
    outputs=("out", "h_n", "c_n"),
    residuals={"gates": _gates_again, "cells": _cells_again},
    cure="weights are (4 * hidden size, input size) and (4 * hidden size, hidden size)",
)
def lstm(
    x: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    sizes: tuple[int, ...],
    reverse: bool = False,
) -> Any:
    """A layer of long short-term memory, in one direction.

    Shapes:
        x: (rows, input size), packed: see this package's docstring.
        h0, c0: (batch, hidden size).
        w_ih, w_hh: (4 * hidden size, input size) and (4 * hidden size, hidden size).
        b_ih, b_hh: (4 * hidden size,) or None.
        result: the hidden states in the order of ``x``, (rows, hidden size); the last hidden state of every sequence,
            and its last cell state, both (batch, hidden size).

    Math:
        i, f, o = σ(W x + U h + b), g = tanh(W x + U h + b), each with rows of its own in W, U and b, in the order
        i, f, g, o; c ← f c + i g; h = o tanh(c).

    Args:
        x: the inputs.
        h0: the initial hidden state of every sequence.
        c0: its initial cell state.
        w_ih: weights of the input, W.
        w_hh: weights of the hidden state, U.
        b_ih: a bias.
        b_hh: another; PyTorch has two.
        sizes: how many rows each step has, never more than the step before it.
        reverse: whether time runs backwards.

    Source:
        Hochreiter & Schmidhuber 1997; the forget gate is from Gers et al. 2000.
    """
    check(4, sizes, {"h0": h0, "c0": c0}, w_hh, b_ih, b_hh)
    order = steps(sizes, reverse)
    rows, width = x.shape[0], h0.shape[1]
    factor, shift = gate_constants(w_ih.T, plain=2, gates=4)
    gates = matrix_product(x, w_ih.T)
    bias = None if b_ih is None else b_ih + b_hh
    cells = np.empty_like(gates, shape=(rows, width))
    out = np.empty_like(cells)
    recur = w_hh.T
    ended_h: list[Any] = []
    ended_c: list[Any] = []
    h, c = h0[: order[0][1]], c0[: order[0][1]]
    for step, size in order:
        h, c = resized(h, h0, size, ended_h), resized(c, c0, size, ended_c)
        z = gates[step]
        z += np.matmul(h, recur)
        if bias is not None:
            z += bias
        z *= factor
        np.tanh(z, out=z)
        z *= factor
        z += shift
        i, f, candidate, o = quarters(z)
        c = np.multiply(f, c, out=cells[step])
        c += i * candidate
        h = np.tanh(c, out=out[step])
        h *= o
    return out, copied(h, ended_h), copied(c, ended_c), gates, cells


def _pull(
    g: Any,
    x: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    out: Any,
    gates: Any,
    cells: Any,
    sizes: tuple[int, ...],
    reverse: bool,
    needed: tuple[bool, ...],
) -> list[Any]:
    for_x, _, _, for_w_ih, for_w_hh, *for_biases = needed
    order = steps(sizes, reverse)
    of_out, last_h, last_c = g[0], or_zeros(g[1], h0), or_zeros(g[2], c0)
    slots = unfilled(gates.shape, gates, *g, x, h0, c0, w_ih, w_hh, out, cells)
    parts: list[Any] = []  # gradients of what σ and tanh of the gates were applied to
    begun_h: list[Any] = []
    begun_c: list[Any] = []
    size = order[-1][1]
    dh, dc = last_h[:size], last_c[:size]
    tanh_only = 2 * gate_constants(gates, plain=2, gates=4)[0] - 1  # 1 for the candidate, 0 for the sigmoids
    for (step, size), c_before in zip(reversed(order), reversed(befores(cells, c0, order)), strict=True):
        dh = plus(resized(dh, last_h, size, begun_h), of_out, step)
        dc = resized(dc, last_c, size, begun_c)
        now = gates[step]
        i, f, candidate, o = quarters(now)
        tanh_c = np.tanh(cells[step])
        dc = dc + dh * (o * (1 - tanh_c * tanh_c))
        d = np.concatenate([dc * candidate, dc * c_before, dc * i, dh * tanh_c], axis=1)
        slope = (1 - now) * (now + tanh_only)  # σ' = (1 - σ) σ, tanh' = (1 - tanh) (1 + tanh)
        parts.append(np.multiply(d, slope, out=None if slots is None else slots[step]))
        dh = np.matmul(parts[-1], w_hh)
        dc = dc * f
    d = packed(parts[::-1], order) if slots is None else slots
    db = sum_(d, dim=0) if any(for_biases) else None
    return [
        np.matmul(d, w_ih) if for_x else None,
        rejoined(dh, begun_h),
        rejoined(dc, begun_c),
        np.matmul(d.T, x) if for_w_ih else None,
        np.matmul(d.T, packed(befores(out, h0, order), order)) if for_w_hh else None,
        db,
        db,
    ]


lstm.joint(_pull)
