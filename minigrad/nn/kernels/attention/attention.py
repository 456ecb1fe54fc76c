"""Attention: every query takes the mean of the values, weighted by how well it fits their keys.

The weights of long sequences are never in memory as a whole. They are computed for a block of queries at a time, used,
and computed again in backward; those of short sequences are kept, which is faster. Queries that see only what came
before them (``causal``) are not compared with what comes after, up to the block.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.declare import primitive
from ....ops.linalg import mT
from ....ops.reduce.sums import sum_
from .blocks import (
    Cut,
    block_of,
    clear_behind,
    cuts,
    empty_like,
    keys_of,
    pieces,
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


def _pull_weights(g: Any, query: Any, key: Any, bias: Any, out: Any, scale: float) -> list[Any]:
    scores = _of_scores(g, out)
    return [
        np.matmul(scores, key) * scale,
        np.matmul(mT(scores), query) * scale,
        None if bias is None else scores,
    ]


attention_weights.joint(_pull_weights)


# --- attention --------------------------------------------------------------------------------------------------------
@primitive(
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


def _unpacked(packed: Any, axes: tuple[int, ...]) -> list[Any]:
    turned = np.transpose(packed, axes)
    return [turned[i] for i in range(3)]


@primitive(
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
    flat = attention_gradient(
        g, *_unpacked(packed, axes), out, weights,
        mask=mask, causal=causal, scale=scale, kept=kept, gain=gain, axes=axes,
    )  # fmt: skip
    return np.reshape(flat, packed.shape)


packed_attention.rule(packed=_pull_packed)


@primitive()
def attention_gradient(
    g: Any,
    query: Any,
    key: Any,
    value: Any,
    result: Any,
    weights: Any = None,
    *,
    mask: Any = None,
    causal: bool = False,
    scale: float = 1.0,
    kept: Any = None,
    gain: float = 1.0,
    scores: bool = False,
    axes: tuple[int, ...] | None = None,
) -> Any:
    """The gradients of query, key and value (and of the ``scores``) from that of the result, in one vector.

    Without ``weights``, those that query, key and mask give are computed again. With w the weights, G = g @ value.T
    (times what dropout did) and z the scores: ∂w = G, and ∂z = w · (G - Σ w G), whose sum is the product of g and
    the result.
    """
    parts = [query, key, value] + [weights] * scores
    flat = np.empty_like(g, shape=(sum(math.prod(part.shape) for part in parts),), order="C")
    for_query, for_key, for_value, *for_scores = pieces(flat, *parts, axes=axes)
    if 0 in (*g.shape[:-1], key.shape[-2]):
        flat[...] = 0
        return flat
    query, key, turned = rowwise(query), rowwise(key), mT(rowwise(value))
    dot = np.matmul(g * result, np.ones_like(g, shape=g.shape[-1:]))[..., None]
    g = rowwise(g) if kept is None else g * gain
    if weights is None:
        blocks = weights_by_block(query, key, None, mask, causal, scale)
    else:
        places = cuts(query.shape[:-2], query.shape[-2], key.shape[-2], causal)
        blocks = ((cut, block_of(weights, cut)) for cut in places)
    for cut, block in blocks:
        upper = queries_of(g, cut)
        used = block
        part = np.matmul(upper, turned[(*cut[0], ..., slice(cut[3]))])
        if kept is not None:
            part *= block_of(kept, cut)
            used = block * block_of(kept, cut)
        part -= queries_of(dot, cut)
        part *= block
        if scores:
            block_of(for_scores[0], cut)[...] = part
            clear_behind(for_scores[0], cut)
        np.matmul(part, keys_of(key, cut), out=queries_of(for_query, cut))
        _collect(for_key, mT(part), queries_of(query, cut), cut, query.shape[-2])
        _collect(for_value, mT(used), upper, cut, query.shape[-2])
    for_query *= scale
    for_key *= scale
    return flat


def _collect(total: Any, left: Any, right: Any, cut: Cut, queries: int) -> None:
    """Add ``left @ right`` to the keys that a block sees; the first block of all queries sets them."""
    part = keys_of(total, cut)
    if cut[2] == queries:
        np.matmul(left, right, out=part)
        total[(*cut[0], ..., slice(cut[3], None), slice(None))] = 0
    else:
        part += np.matmul(left, right)


def _pull_attention(
    g: Any, query: Any, key: Any, value: Any, bias: Any, out: Any, weights: Any, mask: Any, causal: bool,
    scale: float, kept: Any, gain: float,
) -> list[Any]:  # fmt: skip
    with_scores = bias is not None
    flat = attention_gradient(
        g, query, key, value, out, weights,
        mask=mask, causal=causal, scale=scale, kept=kept, gain=gain, scores=with_scores,
    )  # fmt: skip
    parts = pieces(flat, query, key, value, *([weights] if with_scores else []))
    return parts if with_scores else [*parts, None]


attention.joint(_pull_attention)


def _pull_gradient(
    h: Any, g: Any, query: Any, key: Any, value: Any, result: Any, weights: Any, mask: Any, causal: bool, scale: float,
    kept: Any, gain: float, scores: bool, axes: Any,
) -> list[Any]:  # fmt: skip
    """The derivative of the formulas in ``attention_gradient``, written out with whole matrices.

    With H what is pushed back to ∂z: ∂G = w · (H - Σ w H), and what the weights get, by ∂z and by the values' gradient.
    """
    computed = weights is None
    if computed:
        weights = attention_weights(query, key, mask=mask, causal=causal, scale=scale)
    to_query, to_key, to_value, *to_scores = pieces(h, query, key, value, *([weights] * scores), axes=axes)
    steered = (np.matmul(to_query, mT(key)) + np.matmul(query, mT(to_key))) * scale
    if scores:
        steered = steered + to_scores[0]

    def dropped(x: Any) -> Any:
        return x if kept is None else x * kept * gain

    centred = dropped(np.matmul(g, mT(value))) - sum_(g * result, -1, True)
    scored = weights * centred
    level = sum_(weights * steered, -1, True)
    spread = dropped(weights * steered)
    for_weights = steered * centred + dropped(np.matmul(g, mT(to_value)))
    for_query, for_key = np.matmul(scored, to_key), np.matmul(mT(scored), to_query)
    if computed:
        through = _of_scores(for_weights, weights)
        for_query, for_key = for_query + np.matmul(through, key), for_key + np.matmul(mT(through), query)
    return [
        np.matmul(spread, value) - level * result + np.matmul(dropped(weights), to_value),
        for_query * scale,
        for_key * scale,
        np.matmul(mT(spread), g),
        -level * g,
        None if computed else for_weights,
    ]


attention_gradient.joint(_pull_gradient)
