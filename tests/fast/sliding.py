"""Convolutions to try: how windows slide over which pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.fast.against_plain import BATCH_LAST, CHANNELS_LAST

Case = tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]  # shapes of input and weight, and how windows slide


def case(
    shape: tuple[int, ...],
    weight: tuple[int, ...],
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Case:
    """A single number concerns all dimensions and, of a padding, both ends."""
    rank = len(shape) - 2
    strides, dilations = ((n,) * rank if isinstance(n, int) else n for n in (stride, dilation))
    paddings = ((padding, padding),) * rank if isinstance(padding, int) else padding
    return shape, weight, {"stride": strides, "padding": paddings, "dilation": dilations, "groups": groups}


def windows(shape: tuple[int, ...], weight: tuple[int, ...], how: dict[str, Any]) -> tuple[int, ...]:
    sizes = zip(shape[2:], weight[2:], how["stride"], how["padding"], how["dilation"], strict=True)
    return tuple((n + sum(p) - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)


def at_random(seed: int) -> tuple[Case, Any]:
    """A case, and an order of memory."""
    rng = np.random.default_rng(seed)

    def some(low: int, high: int) -> tuple[int, ...]:
        return tuple(int(n) for n in rng.integers(low, high, rank, endpoint=True))

    rank = int(rng.integers(1, 3))
    groups, inner, outer, batch = (int(rng.choice(n)) for n in ([1, 1, 2, 5], [1, 2, 8, 17], [1, 2, 5], [1, 2, 7, 16]))
    kernel, stride, dilation = some(1, 4), some(1, 3), some(1, 3)
    padding = tuple(zip(some(-1, 4), some(-1, 4), strict=True))
    spans = [d * (k - 1) + 1 - sum(p) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    size = tuple(max(n, 1) + more for n, more in zip(spans, some(0, 8), strict=True))
    orders = [None, BATCH_LAST, CHANNELS_LAST, (3, 2, 1, 0)]
    weight = (groups * outer, inner, *kernel)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return ((batch, groups * inner, *size), weight, how), orders[rng.integers(4)]
