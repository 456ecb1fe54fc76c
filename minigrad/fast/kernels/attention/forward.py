"""The forward of attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy import ndarray

from ....nn.kernels.attention.attention import KEEP, attention
from ....nn.kernels.attention.blocks import empty_like
from ...compiler import compiled
from ...layout import FLOAT
from ...mathematics import one_if
from ...pool import settings
from ...stacks import by_rows, truths
from ...tiles import multiply_tiles, turn
from .weights import (
    KEPT,
    KEY,
    MASK,
    OUT,
    QUERY,
    VALUE,
    WEIGHTS,
    clear,
    problem,
    rows_of,
    scratch,
    weigh,
)  # fmt: skip

f32 = np.float32


@compiled(parallel=True)
def _forward(addresses: Any, steps: Any, sizes: Any, plan: Any, factors: Any, turned: Any, memory: Any) -> None:
    """Each thread takes every so-manieth part of the work on a matrix, that of the last queries first."""
    queries, keys, size, width = sizes
    rows, parts, kind, causal = plan
    threads, blocks = len(memory), (queries + rows - 1) // rows
    for t in prange(threads):
        for item in range(t, addresses.shape[1] * parts, threads):
            z, part = item // parts, item % parts
            turn(rows_of(addresses, steps, KEY, z, 0, keys, size)[:, :size], factors[0], turned[t])
            value = rows_of(addresses, steps, VALUE, z, 0, keys, width)
            for block in range(blocks - 1 - part, -1, -parts):
                first, stop = block * rows, min(block * rows + rows, queries)
                seen = min(stop, keys) if causal else keys
                weights = memory[t, 0, : stop - first]
                if addresses[WEIGHTS, z]:
                    weights = rows_of(addresses, steps, WEIGHTS, z, first, stop, keys)
                    clear(weights, seen, keys)
                query = rows_of(addresses, steps, QUERY, z, first, stop, size)[:, :size]
                mask = addresses[MASK, z] + first * steps[MASK]
                weigh(query, turned[t], first, causal, kind, mask, steps[MASK], seen, weights)
                if addresses[KEPT, z]:
                    drop(weights, addresses[KEPT, z] + first * steps[KEPT], steps[KEPT], seen, memory[t, 1])
                    weights = memory[t, 1, : stop - first]
                out = rows_of(addresses, steps, OUT, z, first, stop, width)[:, :width]
                multiply_tiles(weights[:, :seen], value[:seen, :width], out, factors[1], f32(0))


@compiled(inline=True)
def drop(weights: Any, kept: Any, step: Any, seen: Any, out: Any) -> None:
    """Write to ``out`` the weights that are kept, and 0 for the others; ``kept`` is the address of the first row."""
    for i in range(len(weights)):
        flags, row, result = truths(kept + i * step, seen), weights[i], out[i]
        for j in range(seen):
            result[j] = row[j] * one_if(flags[j])


@attention.fast()
def _(
    query: ndarray, key: ndarray, value: ndarray, bias: Any = None, *, mask: Any = None, causal: bool = False,
    scale: float = 1.0, kept: Any = None, gain: float = 1.0,
) -> Any:  # fmt: skip
    shape = (*query.shape[:-1], key.shape[-2])
    if bias is not None:
        if mask is not None:
            return NotImplemented
        mask = np.broadcast_to(bias, shape)
    out = empty_like(query, (*query.shape[:-1], value.shape[-1]))
    weights = np.empty(shape, FLOAT) if bias is not None or math.prod(shape) <= KEEP else None
    stacks = [*map(by_rows, (query, key, value)), out, weights, None, None]
    given = problem(stacks, mask, kept, causal, scale, gain)
    if given is None:
        return NotImplemented
    turned = np.empty((settings.threads, key.shape[-2] * key.shape[-1]), FLOAT)
    settings.launch(_forward, *given, turned, scratch(given, 1 if kept is None else 2))
    return out, weights
