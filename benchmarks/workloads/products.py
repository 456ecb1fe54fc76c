"""The floor of a row: its matrix products alone, in NumPy, with nothing between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Builder

Product = tuple[tuple[int, ...], tuple[int, ...], bool, bool]  # shapes of both factors, and which is stored transposed


def linear(rows: int, inputs: int, outputs: int, first: bool = False) -> list[Product]:
    """A linear layer with its weight as (outputs, inputs): forward, weight's gradient, and input's unless first."""
    forward: Product = ((rows, inputs), (inputs, outputs), False, True)
    weight: Product = ((outputs, rows), (rows, inputs), True, False)
    return [forward, weight] + [((rows, outputs), (outputs, inputs), False, False)] * (not first)


def convolution(
    batch: int, size: int, inputs: int, outputs: int, kernel: int = 3, first: bool = False
) -> list[Product]:
    """A convolution as products with gathered windows; ``size`` is the width of what comes out."""
    return linear(batch * size * size, inputs * kernel * kernel, outputs, first)


def attention(sequences: int, length: int, width: int, block: int = 256) -> list[Product]:
    """Causal attention of sequences times heads: each block of queries with the keys that it can see."""
    found: list[Product] = []
    for start in range(0, length, block):
        end = min(start + block, length)
        queries, keys, weights = (
            (sequences, *shape) for shape in ((end - start, width), (end, width), (end - start, end))
        )
        turned = (sequences, width, end)
        scores: Product = (queries, turned, False, True)
        mix: Product = (weights, keys, False, False)
        back: Product = ((sequences, end, end - start), queries, True, False)
        found += [scores, mix, scores, mix, back, back]
    return found


def products(needed: Sequence[Product]) -> Builder:
    """A step that does them all, each into an array of its own."""

    def factor(shape: tuple[int, ...], transposed: bool) -> Any:
        stored = (*shape[:-2], shape[-1], shape[-2]) if transposed else shape
        numbers = np.random.default_rng(math.prod(shape)).standard_normal(stored, dtype=np.float32)
        return np.swapaxes(numbers, -1, -2) if transposed else numbers

    def build() -> Any:
        known: dict[Any, Any] = {}
        for x, y, x_turned, y_turned in needed:
            for key in ((x, x_turned), (y, y_turned)):
                if key not in known:
                    known[key] = factor(*key)
        pairs = [(known[x, x_turned], known[y, y_turned]) for x, y, x_turned, y_turned in needed]

        def step() -> None:
            for x, y in pairs:
                np.matmul(x, y)

        return step

    return build
