"""Solutions to the exercises of 10_transformers.ipynb: each block replaces the cell of that name."""

# ruff: noqa: F821 (the names that these blocks use are defined in the notebook)


# %% exercise-1
# Weights set to 0 after the softmax would no longer sum to 1, and what was left out would still have taken its share.
def causal_attention(query, key, value):
    """softmax(query keyᵀ / √d, without the future) value, for Tensors (..., T, d)."""
    length = query.shape[-2]
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5  # (..., T, T)
    future = np.triu(np.ones((length, length), bool), 1)
    return F.softmax(scores.masked_fill(future, -np.inf), dim=-1) @ value


# %% exercise-2
# Each head is a slice of the width. Heads stand before positions, where they count as one more batch dimension.
def multi_head(x, layer):
    """The output (B, T, W) of ``layer`` for x as query, key and value, with layer.num_heads heads."""
    batch, length, width = x.shape
    parts = F.linear(x, layer.in_proj_weight, layer.in_proj_bias).chunk(3, dim=-1)
    q, k, v = (part.reshape(batch, length, layer.num_heads, -1).transpose(1, 2) for part in parts)
    joined = attention(q, k, v).transpose(1, 2).reshape(batch, length, width)
    return layer.out_proj(joined)


# %% exercise-3
# Each pair of columns is a hand of a clock; the last turns ten thousand times more slowly than the first.
def sinusoids(length, d):
    """The array (length, d) of the first transformer's positions, for even d."""
    angle = np.arange(length)[:, None] / 10000 ** (np.arange(0, d, 2) / d)  # (length, d / 2)
    return np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(length, d)


# %% exercise-4
# A character stays if those before it, in the order of probability, have not reached the share yet.
def top_p(probabilities, share):
    """The array of probabilities (n,) cut to the likeliest that together reach ``share``."""
    order = np.argsort(-probabilities)
    before = np.cumsum(probabilities[order]) - probabilities[order]
    kept = np.zeros_like(probabilities)
    kept[order[before < share]] = probabilities[order[before < share]]
    return kept / kept.sum()
