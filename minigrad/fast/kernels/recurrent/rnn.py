"""The plain recurrent network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.recurrent.rnn import rnn
from ...compiler import compiled
from ...layout import FLOAT, plain
from ...mathematics import maximum, one_if
from ...pool import settings
from ...products import product
from ...tiles import multiply, panels, turned_product
from .steps import add, before, begun, copy, gradients, steps, tanhs

f32 = np.float32


@compiled(parallel=True)
def _forward(out: Any, bias: Any, recur: Any, h: Any, relu: bool, starts: Any, sizes: Any, bounds: Any) -> None:
    """All steps: ``out`` begins with the part of the input, ``h`` with the initial state."""
    for t in prange(len(bounds) - 1):
        low = bounds[t]
        for step in range(len(starts)):
            top, high = starts[step], min(bounds[t + 1], sizes[step])
            if low < high:
                multiply(h[low:high], recur, out[top + low : top + high], f32(1))
            for i in range(low, high):
                now = out[top + i]
                if relu:
                    for j in range(now.size):
                        now[j] = maximum(now[j] + bias[j], f32(0))
                else:
                    tanhs(now, bias)
                copy(now, h[i])


@rnn.fast()
def _(
    x: ndarray, h0: ndarray, w_ih: ndarray, w_hh: ndarray, b_ih: Any = None, b_hh: Any = None, *,
    sizes: tuple[int, ...], reverse: bool = False, relu: bool = False,
) -> Any:  # fmt: skip
    order = steps(1, x, (h0,), w_ih, w_hh, (b_ih, b_hh), sizes, reverse)
    if order is None:
        return NotImplemented
    bias = np.zeros_like(w_hh[0]) if b_ih is None else b_ih + b_hh
    out, h = product(x, w_ih.T), h0.copy()
    settings.launch(_forward, out, bias, panels(w_hh.T), h, bool(relu), *order)
    return out, h


@compiled(parallel=True)
def _backward(
    g: Any, h0: Any, out: Any, recur: Any, dh: Any, d: Any, earlier: Any, sums: Any, relu: bool, starts: Any,
    sizes: Any, bounds: Any,
) -> None:  # fmt: skip
    """All steps, the last one first.

    ``dh`` begins with the gradient of the last state and ends with that of the first. Written are ``d``, the gradients
    of what tanh or relu was applied to; ``earlier``, the states before every step; and ``sums``, those of the rows of
    ``d``, a part by every thread. ``g`` is empty if ``out`` has no gradient.
    """
    for t in prange(len(bounds) - 1):
        low, total = bounds[t], sums[t]
        for j in range(total.size):
            total[j] = f32(0)
        for step in range(len(starts) - 1, -1, -1):
            top, high = starts[step], min(bounds[t + 1], sizes[step])
            for i in range(low, high):
                row = top + i
                if len(g):
                    add(dh[i], g[row])
                copy(before(out, h0, starts, sizes, step, i), earlier[row])
                h, dh_i, d_i = out[row], dh[i], d[row]
                for j in range(total.size):
                    slope = one_if(h[j] > f32(0)) if relu else f32(1) - h[j] * h[j]
                    d_i[j] = dh_i[j] * slope
                add(total, d_i)
            if low < high:
                multiply(d[top + low : top + high], recur, dh[low:high], f32(0))


@rnn.fast("joint")
def _(
    g: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, out: Any, sizes: tuple[int, ...], reverse: bool, relu: bool,
    needed: tuple[bool, ...],
) -> Any:  # fmt: skip
    order = steps(1, x, (h0,), w_ih, w_hh, (), sizes, reverse)
    given = gradients(g)
    if order is None or given is None or not plain(out):
        return NotImplemented
    of_out, last = given
    dh = begun(last, h0)
    d, earlier, sums = np.empty_like(out), np.empty_like(out), np.empty((settings.threads, len(w_hh)), FLOAT)
    of_out = out[:0] if of_out is None else of_out
    settings.launch(_backward, of_out, h0, out, panels(w_hh), dh, d, earlier, sums, bool(relu), *order)
    for_x, _, for_w_ih, for_w_hh, *for_biases = needed
    db = sums.sum(0) if any(for_biases) else None
    return [
        product(d, w_ih) if for_x else None,
        dh,
        turned_product(d, x) if for_w_ih else None,
        turned_product(d, earlier) if for_w_hh else None,
        db,
        db,
    ]
