"""Attention: every query takes the mean of the values, weighted by how well it fits their keys.

The weights of long sequences are never in memory as a whole. They are computed for a block of queries at a time, used,
and computed again in backward; those of short sequences are kept, which is faster. Queries that see only what came
before them (``causal``) are not compared with what comes after, up to the block.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ....core.declare import primitive
from ....core.tensor import Tensor, raw
from ....ops.linalg import mT
from ....ops.reduce.sums import sum_
from .blocks import (
    Cut,
    block_of,
    clear_behind,
    cuts,
    empty_like,
    home,
    keys_of,
    queries_of,
    rowwise,
    weights_by_block,
)

KEEP = 1 << 22  # weights that are kept for backward rather than computed twice: 16 MiB in float32


# --- weights ----------------------------------------------------------------------------------------------------------
@primitive(broadcasts=True)
def attention_weights(
    query: Any, key: Any, bias: Any = None, *, mask: Any = None, causal: bool = False, scale: float = 1.0
) -> Any:
    """softmax(scale · query @ key.T + bias) over the keys, 0 for those that may not be seen.

    Shapes:
        query: (..., L, E).
        key: (..., S, E), with the same leading sizes.
        bias: None, or one that broadcasts to (..., L, S).
        mask: None, or of shape (..., L, S): booleans, True for what may be seen, or numbers to be added.
        result: (..., L, S). A row that may see nothing is 0.
    """
    shape = (*query.shape[:-1], key.shape[-2])
    out = np.empty_like(query, shape=shape, order="C")
    bias = None if bias is None else np.broadcast_to(bias, shape)
    if out.size:
        for _ in weights_by_block(query, key, bias, mask, causal, scale, out):
            pass
    return out


def _of_scores(g: Any, weights: Any) -> Any:
    """The gradient of the scores from that of their softmax."""
    return weights * (g - sum_(g * weights, -1, True))


def _pull_weights(g: Any, query: Any, key: Any, out: Any, scale: float, needed: tuple[bool, ...]) -> list[Any]:
    for_query, for_key, _ = needed
    scores = _of_scores(g, out)
    return [
        np.matmul(scores, key) * scale if for_query else None,
        np.matmul(mT(scores), query) * scale if for_key else None,
        scores,
    ]


attention_weights.joint(_pull_weights)


# --- attention --------------------------------------------------------------------------------------------------------
@primitive(
    shown="scaled_dot_product_attention",
    broadcasts=True,
    residuals={
        "weights": lambda query, key, bias, mask, causal, scale: attention_weights(
            query, key, bias, mask=mask, causal=causal, scale=scale
        )
    },
)
def attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    *,
    mask: Any = None,
    causal: bool = False,
    scale: float = 1.0,
    kept: Any = None,
    gain: float = 1.0,
) -> Any:
    """``attention_weights @ value``, with weights dropped that are not ``kept``, and the result times ``gain``.

    Shapes:
        query: (..., L, E).
        key: (..., S, E), with the same leading sizes.
        value: (..., S, D), with the same leading sizes.
        bias: None, or one that broadcasts to (..., L, S): scores to be added that have a gradient.
        mask: None, or of shape (..., L, S): booleans, True for what may be seen, or numbers to be added.
        kept: None or booleans of shape (..., L, S).
        result: (..., L, D), laid out in memory as the query.
    """
    shape = (*query.shape[:-1], key.shape[-2])
    out = empty_like(query, (*query.shape[:-1], value.shape[-1]))
    size = math.prod(shape)
    weights = np.empty_like(query, shape=shape, order="C") if bias is not None or size <= KEEP else None
    if not size:
        out[...] = 0
        return out, weights
    bias, value = None if bias is None else np.broadcast_to(bias, shape), rowwise(value)
    for cut, block in weights_by_block(query, key, bias, mask, causal, scale, weights):
        np.matmul(block if kept is None else block * block_of(kept, cut), keys_of(value, cut), out=queries_of(out, cut))
    if kept is not None:
        out *= gain
    return out, weights


Block = tuple[Cut | None, Any]  # which of the weights, None for all, and those


def _blocks(g: Any, query: Any, key: Any, weights: Any, mask: Any, causal: bool, scale: float) -> Iterable[Block]:
    """The weights again, block by block; for Tensors, into whose graph nobody can write, all in one."""
    if isinstance(g, Tensor):
        if weights is None:
            weights = attention_weights(query, key, mask=mask, causal=causal, scale=scale)
        return [(None, weights)]
    if weights is None:
        return weights_by_block(query, key, None, mask, causal, scale)
    where = cuts(query.shape[:-2], query.shape[-2], key.shape[-2], causal)
    return ((cut, block_of(weights, cut)) for cut in where)


def _gradients(
    g: Any, query: Any, key: Any, value: Any, result: Any, blocks: Iterable[Block], slots: list[Any], scale: float,
    kept: Any, gain: float, needed: tuple[bool, ...],
) -> list[Any]:  # fmt: skip
    """The gradients of query, key, value and scores, as far as needed, written into ``slots`` where these are arrays.

    With w the weights, and G = g @ value.T (times what dropout did) their gradient, that of the scores is
    w · (G - Σ w G), whose sum is the product of g and the result. NumPy takes ``out=None`` for no ``out`` at all, so
    one text serves Tensors, whose slots are None, as well.
    """
    of_query, of_key, of_value, of_scores = slots
    for_query, for_key, for_value, for_bias = needed
    recorded = isinstance(g, Tensor)
    if not recorded and 0 in (*g.shape[:-1], key.shape[-2]):
        for slot in slots:
            if slot is not None:
                slot[...] = 0
        return slots
    query, key, value = rowwise(query), rowwise(key), rowwise(value)
    dot = np.matmul(g * result, np.ones_like(raw(g), shape=g.shape[-1:]))[..., None]
    g = rowwise(g) if kept is None else g * gain
    totals, scores = slots, None
    for cut, block in blocks:
        upper, used = queries_of(g, cut), block if kept is None else block * block_of(kept, cut)
        if for_query or for_key or for_bias:
            scores = np.matmul(upper, mT(keys_of(value, cut)))
            own = None if recorded else scores
            if kept is not None:
                scores = np.multiply(scores, block_of(kept, cut), out=own)
            scores = np.subtract(scores, queries_of(dot, cut), out=own)
            scores = np.multiply(scores, block, out=own if of_scores is None else block_of(of_scores, cut))
            if of_scores is not None and cut is not None:
                clear_behind(of_scores, cut)
        totals = [
            _by_query(of_query, scores, keys_of(key, cut), cut) if for_query else None,
            _by_key(of_key, mT(scores), queries_of(query, cut), cut) if for_key else None,
            _by_key(of_value, mT(used), upper, cut) if for_value else None,
            scores if recorded else of_scores,
        ]
    for i, slot in enumerate((of_query, of_key)):
        totals[i] = np.multiply(totals[i], scale, out=slot) if needed[i] else None
    return totals


def _by_query(total: Any, left: Any, right: Any, cut: Cut | None) -> Any:
    """``left @ right`` in the rows of the queries of a block."""
    part = np.matmul(left, right, out=queries_of(total, cut))
    return part if total is None else total


def _by_key(total: Any, left: Any, right: Any, cut: Cut | None) -> Any:
    """``left @ right`` added to the rows of the keys that a block sees; the first block of its matrices sets them."""
    if total is None or cut is None:
        return np.matmul(left, right)
    part = keys_of(total, cut)
    if cut.opens:
        np.matmul(left, right, out=part)
        total[(*cut.matrices, ..., slice(cut.keys, None), slice(None))] = 0
    else:
        part += np.matmul(left, right)
    return total


def _memory(g: Any, like: Any) -> Any:
    """Memory for a gradient, laid out as what it belongs to; None if it is to be a Tensor."""
    return None if isinstance(g, Tensor) else empty_like(like, like.shape)


def _pull_attention(
    g: Any, query: Any, key: Any, value: Any, out: Any, weights: Any, mask: Any, causal: bool, scale: float,
    kept: Any, gain: float, needed: tuple[bool, ...],
) -> list[Any]:  # fmt: skip
    blocks = _blocks(g, query, key, weights, mask, causal, scale)
    likes = (query, key, value, weights)
    slots = [_memory(g, like) if need else None for like, need in zip(likes, needed, strict=True)]
    return _gradients(g, query, key, value, out, blocks, slots, scale, kept, gain, needed)


attention.joint(_pull_attention)


# --- query, key and value in one array --------------------------------------------------------------------------------
def _unpacked(packed: Any, axes: tuple[int, ...]) -> list[Any]:
    turned = np.transpose(packed, axes)
    return [turned[i] for i in range(3)]


@primitive(
    shown="scaled_dot_product_attention",
    residuals={
        "weights": lambda packed, axes, mask, causal, scale: attention_weights(
            *_unpacked(packed, axes)[:2], mask=mask, causal=causal, scale=scale
        )
    },
)
def packed_attention(
    packed: Any,
    *,
    axes: tuple[int, ...],
    mask: Any = None,
    causal: bool = False,
    scale: float = 1.0,
    kept: Any = None,
    gain: float = 1.0,
) -> Any:
    """``attention`` of a sequence to itself, of query, key and value that lie in one array, as one product makes them.

    Shapes:
        packed: (..., 3, ...) such that ``axes`` transposes it to (3, ..., L, E).
        result: (..., L, E), laid out in memory as the query.
    """
    query, key, value = _unpacked(packed, axes)
    return attention.forward(query, key, value, mask=mask, causal=causal, scale=scale, kept=kept, gain=gain)


def _pull_packed(
    g: Any, packed: Any, out: Any, weights: Any, axes: Any, mask: Any, causal: bool, scale: float, kept: Any,
    gain: float,
) -> Any:  # fmt: skip
    query, key, value = _unpacked(packed, axes)
    blocks = _blocks(g, query, key, weights, mask, causal, scale)
    memory = _memory(g, packed)
    slots = [None] * 3 if memory is None else _unpacked(memory, axes)
    needed = (True, True, True, False)  # no bias
    parts = _gradients(g, query, key, value, out, blocks, [*slots, None], scale, kept, gain, needed)
    return np.transpose(np.stack(parts[:3]), home(axes)) if memory is None else memory


packed_attention.rule(packed=_pull_packed)
