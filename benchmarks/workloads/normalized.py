"""A perceptron with a norm behind each layer: BatchNorm and LayerNorm in turns.

Gradient descent trains it: a bias in front of a norm has no gradient but rounding errors, which Adam would blow up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..by_hand import layers
from ..by_hand.optimizers import SGD
from ..graph import Builder, classification, initial
from .products import linear, products
from .workload import Workload


def data(width: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, width), dtype=np.float32), rng.integers(0, 10, batch)


def network(library: Any, depth: int, width: int) -> Any:
    """The Module."""
    nn = library.nn
    modules: list[Any] = []
    for i in range(depth):
        modules += [nn.Linear(width, width), (nn.LayerNorm if i % 2 else nn.BatchNorm1d)(width), nn.ReLU()]
    return nn.Sequential(*modules, nn.Linear(width, 10))


def by_hand(depth: int, width: int, batch: int) -> Callable[[], float]:
    """Without the running averages of BatchNorm, which nobody reads in training."""
    x, y = data(width, batch)
    square, row = (width, width), (width,)
    shapes: list[tuple[str, tuple[int, ...]]] = []
    for i in range(depth):
        shapes += [(f"{3 * i}.weight", square), (f"{3 * i}.bias", row)]
        shapes += [(f"{3 * i + 1}.weight", row), (f"{3 * i + 1}.bias", row)]
    shapes += [(f"{3 * depth}.weight", (10, width)), (f"{3 * depth}.bias", (10,))]
    sgd = SGD([initial(*named) for named in shapes], lr=1e-2, momentum=0.9)
    views = sgd.views

    def step() -> float:
        h, backs = x, []
        for i in range(depth):
            w, b, scale, shift = views[4 * i : 4 * i + 4]
            inputs = h
            h, back_linear = layers.linear(h, w, b)
            h, back_norm = (layers.layer_norm if i % 2 else layers.batch_norm)(h, scale, shift)
            h, back_relu = layers.relu(h)
            backs.append((inputs, back_linear, back_norm, back_relu))
        scores, back_last = layers.linear(h, *views[-2:])
        loss, g = layers.cross_entropy(scores, y)
        g, *gradients = back_last(g)
        for i, (inputs, back_linear, back_norm, back_relu) in reversed(list(enumerate(backs))):
            g, *of_norm = back_norm(back_relu(g))
            g, *of_linear = back_linear(g) if i else (None, *layers.linear_weights(g, inputs))
            gradients[:0] = [*of_linear, *of_norm]
        sgd.step(gradients)
        return loss

    return step


def build(depth: int, width: int, batch: int) -> dict[str, Builder]:
    needed = linear(batch, width, width, first=True) + linear(batch, width, width) * (depth - 1)
    model = classification(
        lambda library: network(library, depth, width), "SGD", lambda: data(width, batch), lr=1e-2, momentum=0.9
    )
    return {
        **model,
        "NumPy by hand": lambda: by_hand(depth, width, batch),
        "products alone": products(needed + linear(batch, width, 10)),
    }


WORKLOADS = [
    Workload(
        "norms",
        "8 × (256, BatchNorm or LayerNorm, ReLU), batch 256, SGD",
        "training steps",
        build,
        {"depth": 8, "width": 256, "batch": 256},
        {"depth": 2, "width": 6, "batch": 5},
    )
]
