"""Gated recurrent units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.recurrent.gru import gru
from ...compiler import compiled
from ...layout import FLOAT, plain
from ...mathematics import tanh
from ...pool import settings
from ...products import product
from ...tiles import multiply, panels, turned_product
from .steps import add, before, begun, copy, gradients, sigmoids, steps

f32 = np.float32


def _rotated(rows: ndarray, by: int) -> ndarray:
    """Rows of (reset, update, candidate), PyTorch's order, as (candidate, reset, update) for 1; for -1 the reverse."""
    return np.roll(rows, by * len(rows) // 3, axis=0)


@compiled(parallel=True)
def _forward(
    gates: Any, bias: Any, of_gates: Any, of_share: Any, h: Any, out: Any, starts: Any, sizes: Any, bounds: Any
) -> None:
    """All steps: ``gates`` begin with the part of the input in three quarters, ``h`` with the initial state."""
    n = h.shape[1]
    for t in prange(len(bounds) - 1):
        low = bounds[t]
        for step in range(len(starts)):
            top, high = starts[step], min(bounds[t + 1], sizes[step])
            if low < high:
                now = gates[top + low : top + high]
                multiply(h[low:high], of_gates, now[:, n : 3 * n], f32(1))
                multiply(h[low:high], of_share, now[:, 3 * n :], f32(0))
            for i in range(low, high):
                z, h_i, shown = gates[top + i], h[i], out[top + i]
                sigmoids(z[n : 3 * n], bias[n : 3 * n])
                add(z[3 * n :], bias[3 * n :])
                for j in range(n):
                    candidate = tanh(z[j] + bias[j] + z[n + j] * z[3 * n + j])
                    z[j] = candidate
                for j in range(n):
                    new = z[j] + z[2 * n + j] * (h_i[j] - z[j])
                    h_i[j] = new
                    shown[j] = new


@gru.fast()
def _(
    x: ndarray, h0: ndarray, w_ih: ndarray, w_hh: ndarray, b_ih: Any = None, b_hh: Any = None, *,
    sizes: tuple[int, ...], reverse: bool = False,
) -> Any:  # fmt: skip
    order = steps(3, x, (h0,), w_ih, w_hh, (b_ih, b_hh), sizes, reverse)
    if order is None:
        return NotImplemented
    n = h0.shape[1]
    gates = np.empty((len(x), 4 * n), FLOAT)
    product(x, _rotated(w_ih, 1).T, out=gates[:, : 3 * n])
    bias = np.zeros_like(gates[0])
    if b_ih is not None:
        bias[: 3 * n] += _rotated(b_ih, 1)
        bias[n:] += b_hh
    h, out = h0.copy(), np.empty((len(x), n), FLOAT)
    settings.launch(_forward, gates, bias, panels(w_hh[: 2 * n].T), panels(w_hh[2 * n :].T), h, out, *order)
    return out, h, gates


@compiled(parallel=True)
def _backward(
    g: Any, h0: Any, out: Any, gates: Any, recur: Any, dh: Any, d: Any, earlier: Any, sums: Any, starts: Any,
    sizes: Any, bounds: Any,
) -> None:  # fmt: skip
    """All steps, the last one first.

    ``dh`` begins with the gradient of the last state and ends with that of the first. Written are ``d``, the gradients
    of what σ and tanh of the gates were applied to and of the state's share; ``earlier``, the states before every step;
    and ``sums``, those of the rows of ``d``, a part by every thread. ``g`` is empty if ``out`` has no gradient.
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
                h = before(out, h0, starts, sizes, step, i)
                copy(h, earlier[row])
                _unit_backward(gates[row], h, dh[i], d[row])
                add(total, d[row])
            if low < high:
                multiply(d[top + low : top + high, n:], recur, dh[low:high], f32(1))


@compiled(inline=True)
def _unit_backward(z: Any, h: Any, dh: Any, d: Any) -> None:
    """One row of ``d``; ``dh`` keeps what goes to the state before without a product."""
    n = h.size
    for j in range(n):
        candidate, reset, update, share = z[j], z[n + j], z[2 * n + j], z[3 * n + j]
        kept = dh[j] * update
        of_candidate = (dh[j] - kept) * (f32(1) - candidate * candidate)
        of_share = of_candidate * reset
        d[j] = of_candidate
        d[n + j] = of_share * share * (f32(1) - reset)
        d[2 * n + j] = kept * (h[j] - candidate) * (f32(1) - update)
        d[3 * n + j] = of_share
        dh[j] = kept


@gru.fast("joint")
def _(
    g: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, out: Any, gates: Any, sizes: tuple[int, ...], reverse: bool,
    needed: tuple[bool, ...],
) -> Any:  # fmt: skip
    order = steps(3, x, (h0,), w_ih, w_hh, (), sizes, reverse)
    given = gradients(g)
    if order is None or given is None or not plain(out, gates):
        return NotImplemented
    of_out, last = given
    n = h0.shape[1]
    dh = begun(last, h0)
    d, earlier, sums = np.empty_like(gates), np.empty_like(out), np.empty((settings.threads, 4 * n), FLOAT)
    settings.launch(
        _backward, out[:0] if of_out is None else of_out, h0, out, gates, panels(w_hh), dh, d, earlier, sums, *order
    )
    for_x, _, for_w_ih, for_w_hh, for_b_ih, for_b_hh = needed
    of_input, of_state, of_bias = d[:, : 3 * n], d[:, n:], sums.sum(0)
    return [
        product(of_input, _rotated(w_ih, 1)) if for_x else None,
        dh,
        _rotated(turned_product(of_input, x), -1) if for_w_ih else None,
        turned_product(of_state, earlier) if for_w_hh else None,
        _rotated(of_bias[: 3 * n], -1) if for_b_ih else None,
        of_bias[n:] if for_b_hh else None,
    ]
