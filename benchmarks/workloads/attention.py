"""Causal attention alone, forward and backward, of short and of long sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..by_hand import layers
from ..graph import Builder, Problem, graph
from . import products
from .workload import Workload


def data(batch: int, length: int, heads: int, width: int) -> list[np.ndarray]:
    """Query, key, value, and a gradient of what comes out."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((batch, heads, length, width), dtype=np.float32) for _ in range(4)]


def problem(library: Any, **sizes: int) -> Problem:
    *arrays, g = data(**sizes)
    leaves, g = [library.tensor(a).requires_grad_() for a in arrays], library.tensor(g)
    attention = library.nn.functional.scaled_dot_product_attention
    return Problem(lambda: (attention(*leaves, is_causal=True) * g).sum(), leaves=leaves)


def by_hand(**sizes: int) -> Callable[[], Any]:
    query, key, value, g = data(**sizes)

    def step() -> Any:
        out, back = layers.attention(query, key, value)
        np.vdot(out, g)
        return back(g)[0]

    return step


def build(batch: int, length: int, heads: int, width: int) -> dict[str, Builder]:
    sizes = {"batch": batch, "length": length, "heads": heads, "width": width}
    return {
        **graph(lambda library: problem(library, **sizes)),
        "NumPy by hand": lambda: by_hand(**sizes),
        "products alone": products.products(products.attention(batch * heads, length, width)),
    }


WORKLOADS = [
    Workload(
        f"attention_{length}",
        f"causal attention, T = {length:,}, {batch} × 4 heads of 64",
        "training steps",
        build,
        {"batch": batch, "length": length, "heads": 4, "width": 64},
        {"batch": 2, "length": 5, "heads": 2, "width": 4},
        seconds=0.3,
        memory=length > 1000,
    )
    for length, batch in ((256, 8), (2048, 1))
]
