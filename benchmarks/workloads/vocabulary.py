"""An embedding, and cross-entropy over a large vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..by_hand import layers
from ..by_hand.optimizers import SGD
from ..graph import Builder, classification, initial
from .products import linear, products
from .workload import Workload


def data(words: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and what follows each."""
    rng = np.random.default_rng(0)
    return rng.integers(0, words, tokens), rng.integers(0, words, tokens)


def network(library: Any, words: int, width: int) -> Any:
    """The Module."""
    return library.nn.Sequential(library.nn.Embedding(words, width), library.nn.Linear(width, words))


def by_hand(words: int, width: int, tokens: int) -> Callable[[], float]:
    x, y = data(words, tokens)
    sgd = SGD(
        [initial("0.weight", (words, width)), initial("1.weight", (words, width)), initial("1.bias", (words,))], lr=0.1
    )
    table, weight, bias = sgd.views

    def step() -> float:
        h, back_table = layers.embedding(table, x)
        scores, back_linear = layers.linear(h, weight, bias)
        loss, g = layers.cross_entropy(scores, y)
        g, g_weight, g_bias = back_linear(g)
        sgd.step([back_table(g), g_weight, g_bias])
        return loss

    return step


def build(words: int, width: int, tokens: int) -> dict[str, Builder]:
    return {
        **classification(lambda library: network(library, words, width), "SGD", lambda: data(words, tokens), lr=0.1),
        "NumPy by hand": lambda: by_hand(words, width, tokens),
        "products alone": products(linear(tokens, width, words)),
    }


WORKLOADS = [
    Workload(
        "vocabulary",
        "embedding + cross-entropy, 32k words × 128, SGD",
        "training steps",
        build,
        {"words": 32_000, "width": 128, "tokens": 256},
        {"words": 50, "width": 4, "tokens": 6},
        seconds=0.4,
        memory=True,
    )
]
