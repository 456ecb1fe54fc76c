"""How the weights of attention are computed, block by block, and how the memory of results is laid out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ....core.tensor import raw
from ....ops.linalg import mT

BLOCK = 1 << 20  # weights that are computed at a time: 4 MiB in float32
CAUSAL_ROWS = 128  # queries in a block that is to be cut short at the diagonal
SAFE = 60.0  # scores within ± this need no shift before exp in float32


# --- memory -----------------------------------------------------------------------------------------------------------
def _order(x: Any) -> tuple[int, ...]:
    """The dimensions of ``x`` in the order in which they lie in memory, the last one staying last."""
    strides = getattr(raw(x), "strides", None)
    front = range(x.ndim - 1)
    return (*(front if strides is None else sorted(front, key=lambda d: -abs(strides[d]))), x.ndim - 1)


def home(order: tuple[int, ...]) -> tuple[int, ...]:
    """The transposition that undoes that to ``order``."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def empty_like(like: Any, shape: tuple[int, ...]) -> Any:
    """New memory laid out as ``like``, so that heads split off a matrix are joined again without a copy."""
    order = _order(like)
    return np.transpose(np.empty_like(like, shape=tuple(shape[d] for d in order), order="C"), home(order))


def rowwise(x: Any) -> Any:
    """``x`` with rows that BLAS can read: the elements of a row side by side, no row standing for several."""
    strides = getattr(x, "strides", None)
    if strides is None or (strides[-1] == x.itemsize and strides[-2] > 0) or x.size == 0:
        return x
    return np.ascontiguousarray(x)


# --- blocks -----------------------------------------------------------------------------------------------------------
class Cut(NamedTuple):
    """Which of the weights a block holds; functions take None for all."""

    matrices: tuple[slice, ...]
    first: int  # query
    stop: int  # behind the last query
    keys: int  # how many
    opens: bool  # whether it is the first block of its matrices


def cuts(lead: tuple[int, ...], queries: int, keys: int, causal: bool) -> Iterator[Cut]:
    """How the weights are cut into blocks; of every matrix the last queries, which may see most keys, come first."""
    rest = math.prod(lead[1:]) * keys
    rows = queries
    if causal and queries > CAUSAL_ROWS:
        rows = CAUSAL_ROWS
    rows = max(1, min(rows, BLOCK // max(rest, 1))) if rest * queries > BLOCK else rows
    matrices = max(1, BLOCK // max(rest * rows, 1))
    groups = [(slice(i, min(i + matrices, lead[0])),) for i in range(0, lead[0], matrices)] if lead else [()]
    for group in groups:
        last = queries
        while last > 0:
            first = max(0, last - rows)
            yield Cut(group, first, last, min(last, keys) if causal else keys, last == queries)
            last = first


def block_of(x: Any, cut: Cut | None) -> Any:
    """The part of something of the shape of the weights that a cut names."""
    return x if cut is None else x[(*cut.matrices, ..., slice(cut.first, cut.stop), slice(cut.keys))]


def queries_of(x: Any, cut: Cut | None) -> Any:
    """The rows that belong to the queries of a cut."""
    return x if cut is None else x[(*cut.matrices, ..., slice(cut.first, cut.stop), slice(None))]


def keys_of(x: Any, cut: Cut | None) -> Any:
    """The rows that belong to the keys of a cut."""
    return x if cut is None else x[(*cut.matrices, ..., slice(cut.keys), slice(None))]


def clear_behind(x: Any, cut: Cut) -> None:
    """Write 0 for the keys that a block leaves out."""
    if cut.keys < x.shape[-1]:
        x[(*cut.matrices, ..., slice(cut.first, cut.stop), slice(cut.keys, None))] = 0


def weights_by_block(
    query: Any, key: Any, bias: Any, mask: Any, causal: bool, scale: float, into: Any = None
) -> Iterator[tuple[Cut, Any]]:
    """The weights, block by block, each valid until the next one is asked for; or all of them written ``into``."""
    scaled, turned = query * scale, mT(rowwise(key))
    earlier: Any = None
    scratch: Any = None
    for cut in cuts(query.shape[:-2], query.shape[-2], key.shape[-2], causal):
        queries, keys = queries_of(scaled, cut), turned[(*cut.matrices, ..., slice(cut.keys))]
        if into is None:
            shape = (*queries.shape[:-1], cut.keys)
            if scratch is None or scratch.size < math.prod(shape):
                scratch = np.empty_like(query, shape=(math.prod(shape),), order="C")
            block = np.reshape(scratch[: math.prod(shape)], shape)
        else:
            block = block_of(into, cut)
            clear_behind(into, cut)
        np.matmul(queries, keys, out=block)
        diagonal = triangle = None
        if causal and cut.keys > cut.first:
            if earlier is None:  # no later block has more queries
                steps = np.arange(cut.stop - cut.first, like=query)
                earlier = (steps[:, None] >= steps).astype(query.dtype)
            diagonal = block[(..., slice(cut.first, None))]
            triangle = earlier[: diagonal.shape[-2], : diagonal.shape[-1]]
        _softmax_(
            block,
            None if bias is None else block_of(bias, cut),
            None if mask is None else block_of(mask, cut),
            diagonal,
            triangle,
        )
        yield cut, block


def _softmax_(scores: Any, bias: Any, mask: Any, diagonal: Any, triangle: Any) -> None:
    """Make ``scores`` weights, in place: exp, 0 for what is hidden, every row divided by its sum.

    Where no score is extreme nothing is shifted and hiding is a product after exp; each saves passes over the block.
    """
    if mask is not None and mask.dtype.kind == "f":
        scores += mask
        mask = None
    if bias is not None:
        scores += bias
    small = scores.dtype.itemsize >= 4 and bool(np.max(scores) <= SAFE) and bool(np.min(scores) >= -SAFE)
    if not small:
        if mask is not None:
            scores[...] = np.where(mask, scores, -np.inf)  # also in place of NaN: what is hidden does not matter
        if diagonal is not None:
            diagonal[...] = np.where(triangle, diagonal, -np.inf)
        top = np.max(scores, axis=-1, keepdims=True)
        scores -= np.where(np.equal(top, -np.inf), 0, top)
    np.exp(scores, out=scores)
    if small:
        if mask is not None:
            scores *= mask
        if diagonal is not None:
            diagonal *= triangle
    total = np.matmul(scores, np.ones_like(scores, shape=scores.shape[-1:]))
    total += np.equal(total, 0)  # a row that sees nothing has weights 0
    np.divide(1, total, out=total)
    scores *= total[..., None]
