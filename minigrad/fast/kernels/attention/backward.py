"""The gradients of attention."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.attention.attention import attention, packed_attention
from ....nn.kernels.attention.blocks import empty_like
from ...compiler import compiled
from ...layout import FLOAT
from ...pool import settings
from ...stacks import by_rows, places
from ...tiles import multiply, multiply_tiles, turn
from .forward import drop
from .weights import (
    KEPT,
    KEY,
    MASK,
    OF_QUERY,
    OF_SCORES,
    OUT,
    QUERY,
    VALUE,
    WEIGHTS,
    G,
    clear,
    problem,
    rows_of,
    scratch,
    weigh,
)  # fmt: skip

f32 = np.float32
OF_KEY, OF_VALUE = range(2)  # the order of totals


@compiled(parallel=True)
def _backward(
    addresses: Any, steps: Any, sizes: Any, plan: Any, factors: Any, totals: Any, total_steps: Any, keys_turned: Any,
    values_turned: Any, memory: Any,
) -> None:  # fmt: skip
    """Work divided as in the forward; every part has its own totals, gradients of keys and values.

    With w the weights and G = g @ value.T (times what dropout did) their gradient, that of the scores is
    w · (G - Σ w G), whose sum is the product of g and the result.
    """
    queries, keys, size, width = sizes
    rows, parts, kind, causal = plan
    scale, gain = factors
    threads, blocks = len(memory), (queries + rows - 1) // rows
    for t in prange(threads):
        for item in range(t, addresses.shape[1] * parts, threads):
            z, part = item // parts, item % parts
            key = rows_of(addresses, steps, KEY, z, 0, keys, size)[:, :size]
            of_key = rows_of(totals, total_steps, OF_KEY, item, 0, keys, size)[:, :size]
            of_value = rows_of(totals, total_steps, OF_VALUE, item, 0, keys, width)[:, :width]
            clear(of_key, 0, size)
            clear(of_value, 0, width)
            turn(rows_of(addresses, steps, VALUE, z, 0, keys, width)[:, :width], gain, values_turned[t])
            if not addresses[WEIGHTS, z]:
                turn(key, scale, keys_turned[t])
            for block in range(blocks - 1 - part, -1, -parts):
                first, stop = block * rows, min(block * rows + rows, queries)
                seen = min(stop, keys) if causal else keys
                query = rows_of(addresses, steps, QUERY, z, first, stop, size)[:, :size]
                if addresses[WEIGHTS, z]:
                    weights = rows_of(addresses, steps, WEIGHTS, z, first, stop, keys)
                else:
                    weights = memory[t, 0, : stop - first]
                    mask = addresses[MASK, z] + first * steps[MASK]
                    weigh(query, keys_turned[t], first, causal, kind, mask, steps[MASK], seen, weights)
                scores = memory[t, 1, : stop - first]
                if addresses[OF_SCORES, z]:
                    scores = rows_of(addresses, steps, OF_SCORES, z, first, stop, keys)
                    clear(scores, seen, keys)
                g = rows_of(addresses, steps, G, z, first, stop, width)
                multiply(g[:, :width], values_turned[t], scores[:, :seen], f32(0))
                used = weights
                if addresses[KEPT, z]:
                    flags = addresses[KEPT, z] + first * steps[KEPT]
                    used = memory[t, 2, : stop - first]
                    drop(weights, flags, steps[KEPT], seen, used)
                    drop(scores, flags, steps[KEPT], seen, scores)
                out = rows_of(addresses, steps, OUT, z, first, stop, width)
                for i in range(len(g)):
                    _of_scores(g[i, :width], out[i, :width], weights[i, :seen], scores[i, :seen])
                of_query = rows_of(addresses, steps, OF_QUERY, z, first, stop, size)[:, :size]
                multiply_tiles(scores[:, :seen], key[:seen], of_query, scale, f32(0))
                multiply_tiles(scores[:, :seen].T, query, of_key[:seen], scale, f32(1))
                multiply_tiles(used[:, :seen].T, g[:, :width], of_value[:seen], gain, f32(1))


@compiled(inline=True)
def _of_scores(g: Any, out: Any, weights: Any, scores: Any) -> None:
    """Make the gradients of the weights of a query, in ``scores``, those of its scores."""
    dot = f32(0)
    for j in range(g.size):
        dot += g[j] * out[j]
    for j in range(scores.size):
        scores[j] = weights[j] * (scores[j] - dot)


def _gradients(
    g: Any, query: Any, key: Any, value: Any, out: Any, weights: Any, slots: tuple[Any, Any, Any], of_scores: Any,
    mask: Any, causal: bool, scale: float, kept: Any, gain: float,
) -> bool:  # fmt: skip
    """Write the gradients of query, key, value and scores to their slots; False for what kernels do not read."""
    of_query, of_key, of_value = slots
    stacks = [*map(by_rows, (query, key, value, out)), weights, None, None, by_rows(g), of_query, of_scores]
    given = problem(stacks, mask, kept, causal, scale, gain)
    if given is None:
        return False
    parts = given.plan[1]
    totals: list[ndarray] = [of_key, of_value]
    if parts > 1:
        totals = [np.empty((*x.shape[:-2], parts, *x.shape[-2:]), FLOAT) for x in totals]
    turned = [np.empty((settings.threads, x.shape[-2] * x.shape[-1]), FLOAT) for x in (key, value)]
    settings.launch(_backward, *given, *places(totals), *turned, scratch(given, 2 if kept is None else 3))
    if parts > 1:
        np.sum(totals[0], axis=-3, out=of_key)
        np.sum(totals[1], axis=-3, out=of_value)
    return True


@attention.fast("joint")
def _(
    g: ndarray, query: Any, key: Any, value: Any, out: Any, weights: Any, mask: Any, causal: bool, scale: float,
    kept: Any, gain: float, needed: tuple[bool, ...],
) -> Any:  # fmt: skip
    slots = empty_like(query, query.shape), empty_like(key, key.shape), empty_like(value, value.shape)
    of_scores = np.empty_like(weights) if needed[3] else None
    if _gradients(g, query, key, value, out, weights, slots, of_scores, mask, causal, scale, kept, gain):
        return [*slots, of_scores]
    return NotImplemented


@packed_attention.fast("packed")
def _(
    g: ndarray, packed: Any, out: Any, weights: Any, axes: tuple[int, ...], mask: Any, causal: bool, scale: float,
    kept: Any, gain: float,
) -> Any:  # fmt: skip
    memory = empty_like(packed, packed.shape)
    query, key, value = packed.transpose(axes)
    if _gradients(
        g, query, key, value, out, weights, tuple(memory.transpose(axes)), None, mask, causal, scale, kept, gain
    ):
        return memory
    return NotImplemented
