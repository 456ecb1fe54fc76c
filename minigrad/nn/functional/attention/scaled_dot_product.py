"""Attention with PyTorch's signature: masks, dropout and shapes are checked here, the work is done in ``ops``.

A query that may see nothing at all gets 0, and passes no gradient on, as in PyTorch 2.13: never NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.arrays import one_precision, refuse_gradient
from ....core.tensor import Tensor, as_operand, raw
from ....ops.shape.expand import broadcast_to
from ....ops.shape.reshape import expand_dims, reshape
from ....random import default_generator
from ...kernels.attention.attention import attention
from ..arguments import floating

Shape = tuple[int, ...]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query @ key.T · scale + mask) @ value: each query's mean of the values, weighted by how keys fit it.

    The (L, S) weights of long sequences are never in memory as a whole, forward or backward.

    Shapes:
        query: (..., L, E); with heads (B, H, L, E).
        key: (..., S, E).
        value: (..., S, D).
        attn_mask: broadcasts to (..., L, S).
        result: (..., L, D). Leading sizes broadcast.

    Args:
        query: what is looked for.
        key: what is compared with it.
        value: what is averaged.
        attn_mask: booleans, True where a query may see a key (the opposite of ``MultiheadAttention``); or numbers
            added to the scores, which have a gradient if they require one.
        dropout_p: the share of the weights to drop at random; give 0.0 in evaluation.
        is_causal: let query i see the keys 0 to i only.
        scale: factor of the products, by default 1/√E.
        enable_gqa: let several heads of the query share one of key and value (grouped-query attention): the sizes at
            dimension -3 need not be equal, only divide.

    Raises:
        TypeError: for integers, and for a mask that is neither boolean nor floating-point.
        ValueError: for shapes that do not fit, for ``attn_mask`` together with ``is_causal``, and for a ``dropout_p``
            outside [0, 1].

    Source: Vaswani et al. 2017, equation 1. Grouped queries: Ainslie et al. 2023.

    Example:
        >>> from minigrad.nn import functional as F
        >>> x = Tensor([[0.0], [1.0]])
        >>> F.scaled_dot_product_attention(x, x, x, is_causal=True)
        Tensor([[0.       ],
                [0.7310586]])
    """
    name = "scaled_dot_product_attention"
    query, key, value = [floating(name, x, what) for what, x in (("query", query), ("key", key), ("value", value))]
    one_precision(name, query, "query", key=key, value=value)
    check_dropout(name, dropout_p)
    if attn_mask is not None and is_causal:
        raise ValueError(
            f"{name}: give attn_mask or is_causal=True, not both; to combine them use attn_mask=mask & "
            "np.tri(L, S, dtype=bool)"
        )
    _check_matrices(name, query.shape, key.shape, value.shape)
    if enable_gqa:
        return _grouped(name, query, key, value, attn_mask, dropout_p, is_causal, scale)
    lead = _common(name, query.shape, key.shape, value.shape)
    weights_shape = (*lead, query.shape[-2], key.shape[-2])
    mask, bias = read_mask(name, "attn_mask", attn_mask, weights_shape)
    query, key, value = [
        x if x.shape[:-2] == lead else broadcast_to(x, (*lead, *x.shape[-2:])) for x in (query, key, value)
    ]
    kept = keep_at_random(dropout_p, weights_shape)
    refuse_gradient(name, scale=scale)
    return attention(  # type: ignore[no-any-return]
        query,
        key,
        value,
        bias,
        mask=mask,
        causal=bool(is_causal),
        scale=default_scale(query.shape) if scale is None else float(scale),
        kept=kept,
        gain=gain_of(dropout_p),
    )


# --- checks -----------------------------------------------------------------------------------------------------------
def check_dropout(name: str, dropout_p: Any) -> None:
    """Refuse a share outside [0, 1]."""
    refuse_gradient(name, dropout_p=dropout_p)
    if isinstance(dropout_p, bool) or not isinstance(dropout_p, (int, float)) or not 0 <= dropout_p <= 1:
        raise ValueError(f"{name}: dropout is a share between 0 and 1, got {dropout_p!r}")


def _check_matrices(name: str, query: Shape, key: Shape, value: Shape) -> None:
    shown = f"query {query}, key {key}, value {value}"
    if min(len(query), len(key), len(value)) < 2:
        raise ValueError(f"{name}: query, key and value need two dimensions or more, (..., length, size); got {shown}")
    if query[-1] != key[-1]:
        raise ValueError(f"{name}: query and key must have the same last size, to be multiplied; got {shown}")
    if key[-2] != value[-2]:
        raise ValueError(f"{name}: there must be a value for every key, the same size at dimension -2; got {shown}")


def _common(name: str, query: Shape, key: Shape, value: Shape) -> Shape:
    try:
        return np.broadcast_shapes(query[:-2], key[:-2], value[:-2])
    except ValueError:
        raise ValueError(
            f"{name}: the leading sizes must be equal or 1, got query {query}, key {key}, value {value}; if heads of "
            "the query share those of key and value, say enable_gqa=True"
        ) from None


def default_scale(query: Shape) -> float:
    """1/√E, which leaves products of E independent numbers of variance 1 with variance 1."""
    return 1 / math.sqrt(query[-1]) if query[-1] else 1.0


def read_mask(name: str, what: str, mask: Any, shape: Shape) -> tuple[Any, Any]:
    """The constant mask, as an array of ``shape``, and the one that has a gradient; at most one is not None.

    A constant mask of 0 and -inf is as good as a boolean one, which takes less memory and fewer passes.
    """
    if mask is None:
        return None, None
    mask = as_operand(mask)
    if mask.dtype.kind not in "bf":
        raise TypeError(
            f"{name}: {what} must be boolean, or floating-point to be added to the scores, got {mask.dtype}; for "
            "zeros and ones use mask.astype(bool)"
        )
    try:
        fits = np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}: {what} must broadcast to the weights' shape {shape}, got {mask.shape}")
    if isinstance(mask, Tensor) and mask.requires_grad:
        return None, mask
    values = raw(mask)
    hidden = values == -np.inf if values.dtype.kind == "f" else None
    if hidden is not None and np.all(hidden | (values == 0)):
        values = ~hidden
    elif values is raw(mask):
        values = values.copy()  # the caller may write into the mask before backward
    return np.broadcast_to(values, shape), None


def keep_at_random(dropout_p: float, shape: Shape) -> Any:
    """True for what dropout keeps; None for everything."""
    if dropout_p == 0:
        return None
    return default_generator().random(shape, dtype=np.float32) >= dropout_p


def gain_of(dropout_p: float) -> float:
    """What keeps the expectation of what dropout leaves."""
    return 1 / (1 - dropout_p) if dropout_p < 1 else 1.0


def _grouped(
    name: str,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Any,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
) -> Tensor:
    """Heads of the query in groups, beside which the heads of key and value stand once and broadcast."""
    if min(query.ndim, key.ndim, value.ndim) < 3:
        raise ValueError(
            f"{name}: enable_gqa needs heads at dimension -3, got query {query.shape}, key {key.shape}, "
            f"value {value.shape}"
        )
    heads, groups = query.shape[-3], key.shape[-3]
    if not groups or value.shape[-3] != groups or heads % groups:
        raise ValueError(
            f"{name}: the heads of the query must be a multiple of those of key and value, got query {query.shape}, "
            f"key {key.shape}, value {value.shape}"
        )

    def split(x: Any) -> Any:
        """(..., heads, n, m) to (..., groups, heads per group, n, m)."""
        many = x.shape[-3] // groups
        return reshape(x, (*x.shape[:-3], groups, many, *x.shape[-2:]))

    if attn_mask is not None:
        attn_mask = as_operand(attn_mask)
        lead = np.broadcast_shapes(query.shape[:-3], key.shape[:-3], value.shape[:-3])
        if attn_mask.ndim >= 3:
            full = (*lead, heads, query.shape[-2], key.shape[-2])
            read_mask(name, "attn_mask", attn_mask, full)
            attn_mask = split(attn_mask) if attn_mask.shape[-3] == heads else expand_dims(attn_mask, -3)
    out = scaled_dot_product_attention(
        split(query), expand_dims(key, -3), expand_dims(value, -3), attn_mask, dropout_p, is_causal, scale
    )
    return reshape(out, (*out.shape[:-4], heads, *out.shape[-2:]))  # type: ignore[no-any-return]
