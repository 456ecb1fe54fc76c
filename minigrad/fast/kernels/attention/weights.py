"""What forward and backward share: how the work is divided, and the weights of a block of queries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from ...compiler import compiled
from ...layout import FLOAT
from ...mathematics import INFINITY, exp
from ...pool import settings
from ...rows import top_of
from ...stacks import is_stack, matrix, numbers, places, truths
from ...tiles import multiply

f32 = np.float32
_BLOCK = 1 << 16  # weights of a block of queries, which stay in the cache of a core
_ROWS = 128  # of a block, at most
_CAUSAL_ROWS = 32  # likewise; small blocks leave out more of what no query sees
_LANES = 32  # numbers that a loop works on at a time

# The stacks of matrices, in the order in which kernels get them.
QUERY, KEY, VALUE, OUT, WEIGHTS, MASK, KEPT, G, OF_QUERY, OF_SCORES = range(10)
_NONE, _TRUTHS, _NUMBERS = range(3)  # kinds of masks


class Problem(NamedTuple):
    """What kernels get of an application of attention."""

    addresses: ndarray  # of the matrices of every stack; 0 for a stack that there is not
    steps: ndarray  # of every stack: the bytes from one row of a matrix to the next
    sizes: tuple[int, int, int, int]  # how many queries and keys, of how many numbers they are, and values
    plan: tuple[int, int, int, int]  # queries of a block, parts of the work on a matrix, kind of mask, whether causal
    factors: tuple[np.float32, np.float32]  # scale and gain


def problem(stacks: Sequence[Any], mask: Any, kept: Any, causal: bool, scale: float, gain: float) -> Problem | None:
    """The problem; None for what kernels do not read: other dtypes, empty arrays, masks with gaps.

    Args:
        stacks: arrays in the order of QUERY, KEY and so on; None for those that there are not, and for masks.
        mask: as in the primitive.
        kept: likewise.
        causal: likewise.
        scale: likewise.
        gain: likewise.
    """
    query, key, value = stacks[:3]
    kinds = _kind_of(mask), _kind_of(kept)
    if not all([x is None or is_stack(x) for x in stacks]) or kinds[0] is None or kinds[1] not in (_NONE, _TRUTHS):
        return None
    lead, (queries, size), (keys, width) = query.shape[:-2], query.shape[-2:], value.shape[-2:]
    if key.shape != (*lead, keys, size) or value.shape[:-2] != lead:
        return None
    matrices, threads = math.prod(lead), settings.threads
    rows = max(_CAUSAL_ROWS, min(_CAUSAL_ROWS if causal else _ROWS, _BLOCK // keys))
    parts = 1 if matrices >= 4 * threads else threads // math.gcd(matrices, threads)
    arrays = list(stacks)
    arrays[MASK], arrays[KEPT] = mask, kept
    return Problem(
        *places(arrays),
        (queries, keys, size, width),
        (rows, min(parts, -(-queries // rows)), kinds[0], int(causal)),
        (f32(scale), f32(gain)),
    )


def _kind_of(mask: Any) -> int | None:
    """The kind of a mask; None if kernels do not read it."""
    if mask is None:
        return _NONE
    if type(mask) is not ndarray or (mask.strides[-1] != mask.itemsize and mask.shape[-1] > 1):
        return None
    return _TRUTHS if mask.dtype.kind == "b" else _NUMBERS if mask.dtype is FLOAT else None


def scratch(problem: Problem, blocks: int) -> ndarray:
    """Memory of every thread for some blocks of weights."""
    return np.empty((settings.threads, blocks, problem.plan[0], problem.sizes[1]), FLOAT)


# --- inside kernels ---------------------------------------------------------------------------------------------------
@compiled(inline=True)
def rows_of(addresses: Any, steps: Any, which: Any, z: Any, first: Any, stop: Any, columns: Any) -> Any:
    """Some rows of a matrix of a stack; behind its columns are others."""
    return matrix(addresses[which, z] + first * steps[which], steps[which], stop - first, columns)


@compiled(inline=True)
def clear(rows: Any, left: Any, right: Any) -> None:
    """Write 0 into some columns of all rows."""
    for i in range(len(rows)):
        row = rows[i]
        for j in range(left, right):
            row[j] = f32(0)


@compiled()
def weigh(
    query: Any, keys: Any, first: Any, causal: Any, kind: Any, mask: Any, step: Any, seen: Any, weights: Any
) -> None:
    """Write the weights of a block of queries.

    Args:
        query: the queries.
        keys: the panels of the transposed keys, times the scale.
        first: the number of the first query.
        causal: whether a query sees only the keys up to its own number.
        kind: the kind of mask.
        mask: the address of the row of the mask that belongs to the first query.
        step: the bytes to the next one.
        seen: how many keys some query of the block may see.
        weights: their weights, to be written.
    """
    multiply(query, keys, weights[:, :seen], f32(0))
    for i in range(len(weights)):
        row = weights[i, :seen]
        own = min(first + i + 1, seen) if causal else seen
        end = min((own + _LANES - 1) // _LANES * _LANES, seen)
        if kind == _TRUTHS:
            visible = truths(mask + i * step, own)
            for j in range(own):
                row[j] = row[j] if visible[j] else -INFINITY
        elif kind == _NUMBERS:
            added = numbers(mask + i * step, own)
            for j in range(own):
                row[j] += added[j]
        start = own // _LANES * _LANES
        edge = row[start:end]  # where what is seen ends: as many numbers as a loop takes at a time
        for j in range(edge.size):
            edge[j] = edge[j] if start + j < own else -INFINITY
        _softmax(row[:end])
        for j in range(end, seen):
            row[j] = f32(0)


@compiled(inline=True)
def _softmax(row: Any) -> None:
    """The softmax of a vector, in place; of nothing but -inf it is 0."""
    top = top_of(row)
    top = top if top > -INFINITY else f32(0)
    total = f32(0)
    for j in range(row.size):
        e = exp(row[j] - top)
        row[j] = e
        total += e
    share = f32(1) / (total if total != f32(0) else f32(1))
    for j in range(row.size):
        row[j] *= share
