"""Multi-head attention: projections, masks in PyTorch's convention, heads, attention, and the projection back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ....core.tensor import Tensor, as_operand, raw
from ....ops.elementwise import where
from ....ops.join import concatenate
from ....ops.linalg import matmul
from ....ops.pad import pad
from ....ops.shape.expand import broadcast_to
from ....ops.shape.permute import permute
from ....ops.shape.reshape import expand_dims, reshape
from ...kernels.attention.attention import attention, attention_weights, packed_attention
from ...kernels.linear import linear
from ..arguments import floating
from .scaled_dot_product import check_dropout, default_scale, gain_of, keep_at_random, read_mask

Shape = tuple[int, ...]


class Projections(NamedTuple):
    """The Parameters of multi-head attention, under PyTorch's names; None for what is not there."""

    in_proj_weight: Any
    in_proj_bias: Any
    q_proj_weight: Any
    k_proj_weight: Any
    v_proj_weight: Any
    bias_k: Any
    bias_v: Any
    out_proj_weight: Any
    out_proj_bias: Any


def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention in several subspaces at once, the heads: what ``nn.MultiheadAttention`` calls with its Parameters.

    Shapes:
        query: (L, N, E), or (L, E) without a batch.
        key: (S, N, kdim) or (S, kdim).
        value: (S, N, vdim) or (S, vdim).
        in_proj_weight: (3E, E), the projections of query, key and value, one below the other.
        in_proj_bias: (3E,).
        q_proj_weight, k_proj_weight, v_proj_weight: (E, E), (E, kdim), (E, vdim).
        bias_k, bias_v: (1, 1, E).
        key_padding_mask, attn_mask, result: as for ``nn.MultiheadAttention``.

    Args:
        query: what is looked for.
        key: what is compared with it.
        value: what is averaged.
        embed_dim_to_check: the E that the weights were made for.
        num_heads: the number of heads, a divisor of E.
        in_proj_weight: used unless ``use_separate_proj_weight``.
        in_proj_bias: or None.
        bias_k: a learned key beside those of the sequence, or None.
        bias_v: its value.
        add_zero_attn: whether there is a key of zeros, with a value of zeros, to attend to.
        dropout_p: the share of the weights to drop in training.
        out_proj_weight: (E, E).
        out_proj_bias: (E,) or None.
        training: whether to drop weights.
        key_padding_mask: True for keys to be ignored, or numbers added to the scores.
        need_weights: whether to return the weights too.
        attn_mask: True for what a query may not see, or numbers added to the scores.
        use_separate_proj_weight: use the next three instead of ``in_proj_weight``.
        q_proj_weight: the projection of the query.
        k_proj_weight: the projection of the key.
        v_proj_weight: the projection of the value.
        static_k: not supported.
        static_v: not supported.
        average_attn_weights: return the mean of the weights over the heads.
        is_causal: says that attn_mask is the causal one, or stands for it; the mask is then not read.

    Raises:
        TypeError: for a mask that is neither boolean nor floating-point.
        ValueError: for shapes that do not fit.
    """
    name = "multi_head_attention_forward"
    if static_k is not None or static_v is not None:
        raise ValueError(f"{name}: static_k and static_v are not supported; scaled_dot_product_attention takes any key")
    if use_separate_proj_weight:
        in_proj_weight = None
    else:
        q_proj_weight = k_proj_weight = v_proj_weight = None
    parts = Projections(
        in_proj_weight,
        in_proj_bias,
        q_proj_weight,
        k_proj_weight,
        v_proj_weight,
        bias_k,
        bias_v,
        out_proj_weight,
        out_proj_bias,
    )
    if out_proj_weight.shape[0] != embed_dim_to_check:
        raise ValueError(
            f"{name}: out_proj_weight must be ({embed_dim_to_check}, {embed_dim_to_check}), got {out_proj_weight.shape}"
        )
    return attend_in_heads(
        name,
        (query, key, value),
        parts,
        num_heads,
        key_padding_mask=key_padding_mask,
        attn_mask=attn_mask,
        is_causal=is_causal,
        add_zero_attn=add_zero_attn,
        dropout_p=dropout_p if training else 0.0,
        need_weights=need_weights,
        average=average_attn_weights,
        batch_first=False,
    )


def attend_in_heads(
    name: str,
    inputs: tuple[Any, Any, Any],
    parts: Projections,
    num_heads: int,
    *,
    key_padding_mask: Any,
    attn_mask: Any,
    is_causal: bool,
    add_zero_attn: bool,
    dropout_p: float,
    need_weights: bool,
    average: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor | None]:
    """The same with either order of batch and sequence; dropout as it is to be applied."""
    same = inputs[0] is inputs[1] is inputs[2]
    query, key, value = [floating(name, x, what) for what, x in zip(("query", "key", "value"), inputs, strict=True)]
    check_dropout(name, dropout_p)
    _check(name, query, key, value, parts, num_heads, batch_first)
    batched = query.ndim == 3
    if not batched:
        query, key, value = [expand_dims(x, 0 if batch_first else 1) for x in (query, key, value)]
        key_padding_mask = None if key_padding_mask is None else expand_dims(_values(key_padding_mask), 0)
    order = (0, 2, 1, 3) if batch_first else (1, 2, 0, 3)  # (N, L, heads, E/heads) or (L, N, ...) to (N, heads, L, ...)
    n, length = (0, 1) if batch_first else (1, 0)
    shape = (query.shape[n], num_heads, query.shape[length], key.shape[length])
    extra = (parts.bias_k is not None) + bool(add_zero_attn)
    mask = _merged(name, attn_mask, key_padding_mask, shape, extra, is_causal, query.dtype)
    causal = bool(is_causal) and not extra
    weights = None
    constant = not (isinstance(mask, Tensor) and mask.requires_grad)
    if same and parts.in_proj_weight is not None and constant and not extra and not need_weights:
        packed = linear(query, parts.in_proj_weight, parts.in_proj_bias)
        packed = reshape(packed, (*packed.shape[:2], 3, num_heads, packed.shape[2] // 3 // num_heads))
        out = packed_attention(
            packed,
            axes=(2, order[0], 3, order[2], 4),
            mask=read_mask(name, "the mask", mask, shape)[0],
            causal=causal,
            scale=default_scale(packed.shape),
            kept=keep_at_random(dropout_p, shape),
            gain=gain_of(dropout_p),
        )
    else:
        projected = _projected(query, key, value, same, parts)
        if parts.bias_k is not None:
            projected[1:] = [
                concatenate([x, broadcast_to(b, tuple(1 if d == length else m for d, m in enumerate(x.shape)))], length)
                for x, b in zip(projected[1:], (parts.bias_k, parts.bias_v), strict=True)
            ]
        heads = [permute(reshape(x, (*x.shape[:2], num_heads, x.shape[2] // num_heads)), order) for x in projected]
        if add_zero_attn:
            heads[1:] = [
                concatenate([x, np.zeros_like(raw(x), shape=(*x.shape[:2], 1, x.shape[3]))], 2) for x in heads[1:]
            ]
        out, weights = _attended(name, heads, mask, causal, dropout_p, need_weights)
    joined = permute(out, (0, 2, 1, 3) if batch_first else (2, 0, 1, 3))
    whole = (*joined.shape[:2], joined.shape[2] * joined.shape[3])
    result = linear(reshape(joined, whole), parts.out_proj_weight, parts.out_proj_bias)
    if weights is not None and average:
        weights = weights.mean(1)
    if not batched:
        result = reshape(result, (result.shape[length], result.shape[2]))
        weights = None if weights is None else reshape(weights, weights.shape[1:])
    return result, weights


# --- projections ------------------------------------------------------------------------------------------------------
def _projected(query: Any, key: Any, value: Any, same: bool, parts: Projections) -> list[Any]:
    size = parts.out_proj_weight.shape[1]
    bias = parts.in_proj_bias
    biases = [None if bias is None else bias[i * size : (i + 1) * size] for i in range(3)]
    if parts.in_proj_weight is None:
        weights = [parts.q_proj_weight, parts.k_proj_weight, parts.v_proj_weight]
    elif same:  # one product for all three
        packed = linear(query, parts.in_proj_weight, bias)
        return [packed[..., i * size : (i + 1) * size] for i in range(3)]
    else:
        weights = [parts.in_proj_weight[i * size : (i + 1) * size] for i in range(3)]
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)]


def _attended(
    name: str, heads: list[Any], mask: Any, causal: bool, dropout_p: float, need_weights: bool
) -> tuple[Any, Any]:
    """The result of every head, and the weights if they are wanted: after dropout, as in PyTorch."""
    query, key, value = heads
    shape = (*query.shape[:-1], key.shape[-2])
    fixed, learned = read_mask(name, "the mask", mask, shape)
    scores = {"mask": fixed, "causal": causal, "scale": default_scale(query.shape)}
    kept, gain = keep_at_random(dropout_p, shape), gain_of(dropout_p)
    if not need_weights:
        return attention(query, key, value, learned, **scores, kept=kept, gain=gain), None
    weights = attention_weights(query, key, learned, **scores)
    if kept is not None:
        weights = weights * kept * gain
    return matmul(weights, value), weights


# --- masks ------------------------------------------------------------------------------------------------------------
def _values(mask: Any) -> Any:
    return as_operand(mask)


def _merged(name: str, attn_mask: Any, padding: Any, shape: Shape, extra: int, is_causal: bool, dtype: Any) -> Any:
    """One mask as ``scaled_dot_product_attention`` takes it, or None; the ``extra`` keys can always be seen."""
    batch, heads, queries, keys = shape
    found = []
    if is_causal:  # then attn_mask is known
        if extra:
            found.append(~np.tri(queries, keys, dtype=bool))
    elif attn_mask is not None:
        attn_mask = _kind(name, "attn_mask", attn_mask)
        if attn_mask.shape == (batch * heads, queries, keys):
            found.append(reshape(attn_mask, shape))
        elif attn_mask.shape == (queries, keys):
            found.append(attn_mask)
        else:
            raise ValueError(
                f"{name}: attn_mask must be {(queries, keys)}, for queries and keys, or "
                f"{(batch * heads, queries, keys)}, for every head of every sample; got {attn_mask.shape}"
            )
    if padding is not None:
        padding = _kind(name, "key_padding_mask", padding)
        if padding.shape != (batch, keys):
            raise ValueError(
                f"{name}: key_padding_mask must be {(batch, keys)}, a row of keys for every sample, got {padding.shape}"
            )
        found.append(reshape(padding, (batch, 1, 1, keys)))
    if not found:
        return None
    if all(mask.dtype.kind == "b" for mask in found):
        hidden = raw(found[0]) if len(found) == 1 else raw(found[0]) | raw(found[1])
        seen = ~hidden
        return np.concatenate([seen, np.ones_like(seen, shape=(*seen.shape[:-1], extra))], -1) if extra else seen
    added = [
        where(mask, -np.inf, np.zeros_like(raw(mask), dtype)) if mask.dtype.kind == "b" else mask for mask in found
    ]
    total = added[0] if len(added) == 1 else added[0] + added[1]
    return pad(total, (0, extra)) if extra else total


def _kind(name: str, what: str, mask: Any) -> Any:
    mask = _values(mask)
    if mask.dtype.kind not in "bf":
        raise TypeError(
            f"{name}: {what} must be boolean, True for what is hidden, or floating-point to be added to the scores, "
            f"got {mask.dtype}; for zeros and ones use mask.astype(bool)"
        )
    return mask


# --- shapes -----------------------------------------------------------------------------------------------------------
def _check(name: str, query: Any, key: Any, value: Any, parts: Projections, num_heads: int, batch_first: bool) -> None:
    size = parts.out_proj_weight.shape[1]
    shown = f"query {query.shape}, key {key.shape}, value {value.shape}"
    if not query.ndim == key.ndim == value.ndim or query.ndim not in (2, 3):
        order = "(batch, length, size)" if batch_first else "(length, batch, size)"
        raise ValueError(f"{name}: query, key and value must all be {order}, or all (length, size); got {shown}")
    if size % num_heads:
        raise ValueError(f"{name}: the size {size} is not divisible by {num_heads} heads")
    if parts.in_proj_weight is None:
        sizes = (size, parts.k_proj_weight.shape[1], parts.v_proj_weight.shape[1])
    else:
        sizes = (size,) * 3
    if (query.shape[-1], key.shape[-1], value.shape[-1]) != sizes:
        raise ValueError(f"{name}: the last sizes must be {sizes[0]}, {sizes[1]} and {sizes[2]}; got {shown}")
    if key.shape[:-1] != value.shape[:-1]:
        raise ValueError(f"{name}: there must be a value for every key; got {shown}")
    if query.ndim == 3:
        n = 0 if batch_first else 1
        if query.shape[n] != key.shape[n]:
            other = query.shape[1 - n] == key.shape[1 - n]
            cure = f"; is batch_first={not batch_first} meant?" if other else ""
            raise ValueError(f"{name}: the batch, dimension {n}, must be the same; got {shown}{cure}")
