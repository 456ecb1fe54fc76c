"""A GPT of characters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..by_hand import layers
from ..by_hand.optimizers import Adam
from ..graph import Builder, classification, initial
from .products import attention, linear, products
from .workload import Workload

VOCABULARY = 65


def data(batch: int, context: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and what follows each."""
    rng = np.random.default_rng(0)
    return rng.integers(0, VOCABULARY, (batch, context)), rng.integers(0, VOCABULARY, batch * context)


def network(library: Any, depth: int, width: int, heads: int, context: int) -> Any:
    """The Module."""
    nn, F = library.nn, library.nn.functional  # noqa: N806

    class Block(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            B, T, C = x.shape  # noqa: N806
            q, k, v = (z.view(B, T, heads, C // heads).transpose(1, 2) for z in self.qkv(self.ln_1(x)).chunk(3, -1))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
            x = x + self.out(y)
            return x + self.down(F.gelu(self.up(self.ln_2(x))))

    class GPT(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(context, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(depth)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, VOCABULARY)

        def forward(self, tokens: Any) -> Any:
            x = self.words(tokens) + self.places(library.arange(tokens.shape[1]))
            return self.head(self.norm(self.blocks(x))).reshape(-1, VOCABULARY)

    return GPT()


def shapes(depth: int, width: int, context: int) -> dict[str, tuple[int, ...]]:
    """The Parameters by name."""
    found: dict[str, tuple[int, ...]] = {"words.weight": (VOCABULARY, width), "places.weight": (context, width)}
    linears = {"qkv": (3 * width, width), "out": (width, width), "up": (4 * width, width), "down": (width, 4 * width)}
    for i in range(depth):
        for name, shape in {"ln_1": (width,), "ln_2": (width,), **linears}.items():
            found |= {f"blocks.{i}.{name}.weight": shape, f"blocks.{i}.{name}.bias": shape[:1]}
    return found | {
        **{"norm.weight": (width,), "norm.bias": (width,)},
        **{"head.weight": (VOCABULARY, width), "head.bias": (VOCABULARY,)},
    }


def by_hand(batch: int, depth: int, width: int, heads: int, context: int) -> Callable[[], float]:
    """Rows of width C throughout; the parts of attention are views of one array."""
    tokens, y = data(batch, context)
    named = shapes(depth, width, context)
    adam = Adam([initial(*item) for item in named.items()], decay=0.01)
    p = dict(zip(named, adam.views, strict=True))
    split = (batch, context, 3, heads, width // heads)

    def pair(name: str) -> tuple[np.ndarray, np.ndarray]:
        return p[f"{name}.weight"], p[f"{name}.bias"]

    def block(x: np.ndarray, name: str) -> tuple[np.ndarray, Callable[..., np.ndarray]]:
        normal, back_norm_1 = layers.layer_norm(x, *pair(f"{name}.ln_1"))
        together, back_qkv = layers.linear(normal, *pair(f"{name}.qkv"))
        q, k, v = together.reshape(split).transpose(2, 0, 3, 1, 4)
        mixed, back_attention = layers.attention(q, k, v)
        out, back_out = layers.linear(mixed.swapaxes(1, 2).reshape(x.shape), *pair(f"{name}.out"))
        x = x + out
        normal, back_norm_2 = layers.layer_norm(x, *pair(f"{name}.ln_2"))
        up, back_up = layers.linear(normal, *pair(f"{name}.up"))
        bent, back_gelu = layers.gelu(up)
        down, back_down = layers.linear(bent, *pair(f"{name}.down"))

        def back(g: np.ndarray, found: dict[str, np.ndarray]) -> np.ndarray:
            def through(layer: str, function: Callable[..., Any], g: np.ndarray) -> np.ndarray:
                g, found[f"{name}.{layer}.weight"], found[f"{name}.{layer}.bias"] = function(g)
                return g

            inner = through("up", back_up, back_gelu(through("down", back_down, g)))
            g = g + through("ln_2", back_norm_2, inner)
            inner = through("out", back_out, g).reshape(batch, context, heads, -1).swapaxes(1, 2)
            parts = np.empty(split, np.float32)
            for i, part in enumerate(back_attention(inner)):
                parts[:, :, i] = part.swapaxes(1, 2)
            inner = through("qkv", back_qkv, parts.reshape(len(g), -1))
            return g + through("ln_1", back_norm_1, inner)

        return x + down, back

    def step() -> float:
        x, back_words = layers.embedding(p["words.weight"], tokens)
        x = (x + p["places.weight"]).reshape(-1, width)
        backs = []
        for i in range(depth):
            x, back = block(x, f"blocks.{i}")
            backs.append(back)
        x, back_norm = layers.layer_norm(x, *pair("norm"))
        scores, back_head = layers.linear(x, *pair("head"))
        loss, g = layers.cross_entropy(scores, y)
        found: dict[str, np.ndarray] = {}
        g, found["head.weight"], found["head.bias"] = back_head(g)
        g, found["norm.weight"], found["norm.bias"] = back_norm(g)
        for back in reversed(backs):
            g = back(g, found)
        found["words.weight"], found["places.weight"] = back_words(g), g.reshape(batch, context, width).sum(0)
        adam.step([found[name] for name in named])
        return loss

    return step


def build(batch: int, depth: int, width: int, heads: int, context: int) -> dict[str, Builder]:
    rows = batch * context
    block = [
        *(*linear(rows, width, 3 * width), *linear(rows, width, width)),
        *attention(batch * heads, context, width // heads),
        *(*linear(rows, width, 4 * width), *linear(rows, 4 * width, width)),
    ]
    sizes = {"depth": depth, "width": width, "heads": heads, "context": context}
    return {
        **classification(lambda library: network(library, **sizes), "AdamW", lambda: data(batch, context)),
        "NumPy by hand": lambda: by_hand(batch, **sizes),
        "products alone": products(block * depth + linear(rows, width, VOCABULARY)),
    }


WORKLOADS = [
    Workload(
        "gpt",
        "GPT 4 layers × 128, context 64, batch 16, AdamW",
        "training steps",
        build,
        {"batch": 16, "depth": 4, "width": 128, "heads": 4, "context": 64},
        {"batch": 2, "depth": 1, "width": 8, "heads": 2, "context": 5},
        seconds=0.3,
        memory=True,
    )
]
