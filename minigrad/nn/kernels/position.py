"""Rotary positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.declare import primitive


# --- rotations --------------------------------------------------------------------------------------------------------
@primitive()
def rotate_pairs(x: Any, *, cosine: Any, sine: Any, interleaved: bool) -> Any:
    """Pairs (a, b) along the last dimension turned to (a cos - b sin, a sin + b cos).

    Shapes:
        x: (..., D).
        cosine, sine: broadcast to (..., D/2).
        interleaved: whether channels 2i and 2i + 1 are a pair, or i and i + D/2.
        result: (..., D).
    """
    out = np.empty_like(x)
    half = x.shape[-1] // 2
    pair = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(half), slice(half, None))
    a, b = [x[..., part] for part in pair]
    for part, left, right in ((out[..., pair[0]], cosine, -sine), (out[..., pair[1]], sine, cosine)):
        np.multiply(a, left, out=part)
        part += b * right
    return out


rotate_pairs.rule(
    x=lambda g, cosine, sine, interleaved: rotate_pairs(g, cosine=cosine, sine=-sine, interleaved=interleaved)
)
