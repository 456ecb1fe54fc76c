"""Long short-term memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.recurrent.lstm import lstm
from ...compiler import compiled
from ...layout import FLOAT, plain
from ...mathematics import tanh
from ...pool import settings
from ...products import product
from ...tiles import multiply, panels, turned_product
from .steps import add, before, begun, copy, gradients, sigmoids, steps, tanhs

f32 = np.float32


@compiled(parallel=True)
def _forward(
    gates: Any, bias: Any, recur: Any, h: Any, c: Any, out: Any, cells: Any, starts: Any, sizes: Any, bounds: Any
) -> None:
    """All steps: ``gates`` begin with the part of the input, ``h`` and ``c`` with the initial states."""
    n = h.shape[1]
    for t in prange(len(bounds) - 1):
        low = bounds[t]
        for step in range(len(starts)):
            top, high = starts[step], min(bounds[t + 1], sizes[step])
            if low < high:
                multiply(h[low:high], recur, gates[top + low : top + high], f32(1))
            for i in range(low, high):
                z, h_i, c_i, cell, shown = gates[top + i], h[i], c[i], cells[top + i], out[top + i]
                sigmoids(z[: 2 * n], bias[: 2 * n])
                tanhs(z[2 * n : 3 * n], bias[2 * n : 3 * n])
                sigmoids(z[3 * n :], bias[3 * n :])
                for j in range(n):
                    new = z[n + j] * c_i[j] + z[j] * z[2 * n + j]
                    c_i[j] = new
                    cell[j] = new
                for j in range(n):
                    new = z[3 * n + j] * tanh(cell[j])
                    h_i[j] = new
                    shown[j] = new


@lstm.fast()
def _(
    x: ndarray, h0: ndarray, c0: ndarray, w_ih: ndarray, w_hh: ndarray, b_ih: Any = None, b_hh: Any = None, *,
    sizes: tuple[int, ...], reverse: bool = False,
) -> Any:  # fmt: skip
    order = steps(4, x, (h0, c0), w_ih, w_hh, (b_ih, b_hh), sizes, reverse)
    if order is None:
        return NotImplemented
    gates = product(x, w_ih.T)
    bias = np.zeros_like(w_hh[:, 0]) if b_ih is None else b_ih + b_hh
    h, c = h0.copy(), c0.copy()
    out, cells = np.empty((len(x), h.shape[1]), FLOAT), np.empty((len(x), h.shape[1]), FLOAT)
    settings.launch(_forward, gates, bias, panels(w_hh.T), h, c, out, cells, *order)
    return out, h, c, gates, cells


@compiled(parallel=True)
def _backward(
    g: Any, h0: Any, c0: Any, out: Any, gates: Any, cells: Any, recur: Any, dh: Any, dc: Any, d: Any, earlier: Any,
    sums: Any, starts: Any, sizes: Any, bounds: Any,
) -> None:  # fmt: skip
    """All steps, the last one first.

    ``dh`` and ``dc`` begin with the gradients of the last states and end with those of the first ones. Written are
    ``d``, the gradients of what σ and tanh of the gates were applied to; ``earlier``, the hidden states before every
    step; and ``sums``, those of the rows of ``d``, a part by every thread. ``g`` is empty if ``out`` has no gradient.
    """
    n = dh.shape[1]
    for t in prange(len(bounds) - 1):
        low, total = bounds[t], sums[t]
        for j in range(4 * n):
            total[j] = f32(0)
        for step in range(len(starts) - 1, -1, -1):
            top, high = starts[step], min(bounds[t + 1], sizes[step])
            for i in range(low, high):
                row = top + i
                if len(g):
                    add(dh[i], g[row])
                copy(before(out, h0, starts, sizes, step, i), earlier[row])
                _cell_backward(gates[row], cells[row], before(cells, c0, starts, sizes, step, i), dh[i], dc[i], d[row])
                add(total, d[row])
            if low < high:
                multiply(d[top + low : top + high], recur, dh[low:high], f32(0))


@compiled(inline=True)
def _cell_backward(z: Any, cell: Any, c_before: Any, dh: Any, dc: Any, d: Any) -> None:
    n = cell.size
    for j in range(n):
        i, f, candidate, o = z[j], z[n + j], z[2 * n + j], z[3 * n + j]
        tanh_c = tanh(cell[j])
        of_cell = dc[j] + dh[j] * o * (f32(1) - tanh_c * tanh_c)
        d[j] = of_cell * candidate * (i * (f32(1) - i))
        d[n + j] = of_cell * c_before[j] * (f * (f32(1) - f))
        d[2 * n + j] = of_cell * i * (f32(1) - candidate * candidate)
        d[3 * n + j] = dh[j] * tanh_c * (o * (f32(1) - o))
        dc[j] = of_cell * f


@lstm.fast("joint")
def _(
    g: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, out: Any, gates: Any, cells: Any, sizes: tuple[int, ...],
    reverse: bool, needed: tuple[bool, ...],
) -> Any:  # fmt: skip
    order = steps(4, x, (h0, c0), w_ih, w_hh, (), sizes, reverse)
    given = gradients(g)
    if order is None or given is None or not plain(out, gates, cells):
        return NotImplemented
    of_out, *last = given
    dh, dc = begun(last[0], h0), begun(last[1], c0)
    d, earlier, sums = np.empty_like(gates), np.empty_like(out), np.empty((settings.threads, len(w_hh)), FLOAT)
    of_out = out[:0] if of_out is None else of_out
    settings.launch(_backward, of_out, h0, c0, out, gates, cells, panels(w_hh), dh, dc, d, earlier, sums, *order)
    for_x, _, _, for_w_ih, for_w_hh, *for_biases = needed
    db = sums.sum(0) if any(for_biases) else None
    return [
        product(d, w_ih) if for_x else None,
        dh,
        dc,
        turned_product(d, x) if for_w_ih else None,
        turned_product(d, earlier) if for_w_hh else None,
        db,
        db,
    ]
