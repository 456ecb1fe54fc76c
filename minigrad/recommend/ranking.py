"""The best items of rows of scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .observations import Numbers

_SCORES = 4_000_000  # that are looked at at a time


def best(
    queries: Numbers, items: Numbers, k: int, excluded: Callable[[int], Numbers] | None
) -> tuple[Numbers, Numbers]:
    """The k items whose product with each query is largest, best first, and their scores.

    Of equal ones, those with smaller numbers come first. Where fewer are left, -1 and -inf fill the row.
    """
    k = min(k, len(items))
    chosen, scores = np.full((len(queries), k), -1), np.full((len(queries), k), -np.inf)
    step = max(1, _SCORES // len(items))
    for start in range(0, len(queries), step):
        block = queries[start : start + step] @ items.T
        if excluded is not None:
            for row in range(len(block)):
                block[row, excluded(start + row)] = -np.inf
        border = np.partition(block, -k, axis=1)[:, -k]
        for row, values in enumerate(block):
            above, at = np.flatnonzero(values > border[row]), np.flatnonzero(values == border[row])
            candidates = np.concatenate([above, at[: k - len(above)]])
            candidates = candidates[np.lexsort((candidates, -values[candidates]))]
            candidates = candidates[values[candidates] > -np.inf]
            chosen[start + row, : len(candidates)] = candidates
            scores[start + row, : len(candidates)] = values[candidates]
    return chosen, scores
