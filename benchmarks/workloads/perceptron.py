"""Multi-layer perceptrons with ReLU and Adam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..by_hand import layers
from ..by_hand.optimizers import Adam
from ..contestants import load
from ..graph import Builder, classification, initial
from .products import linear, products
from .workload import Workload

Sizes = Sequence[int]


def data(sizes: Sizes, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, sizes[0]), dtype=np.float32), rng.integers(0, sizes[-1], batch)


def network(library: Any, sizes: Sizes) -> Any:
    """The Module."""
    modules: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        modules += [library.nn.Linear(inputs, outputs), library.nn.ReLU()]
    return library.nn.Sequential(*modules[:-1])


def parameters(sizes: Sizes) -> list[np.ndarray]:
    """Weights and biases in turns, the same as the Module's."""
    shapes = [
        (f"{2 * i}.{name}", shape)
        for i, (inputs, outputs) in enumerate(pairwise(sizes))
        for name, shape in (("weight", (outputs, inputs)), ("bias", (outputs,)))
    ]
    return [initial(*named) for named in shapes]


def by_hand(sizes: Sizes, batch: int) -> Callable[[], float]:
    x, y = data(sizes, batch)
    adam = Adam(parameters(sizes))
    pairs = list(zip(adam.views[::2], adam.views[1::2], strict=True))

    def step() -> float:
        hidden, masks = [x], []
        for weight, bias in pairs:
            z = hidden[-1] @ weight.T
            z += bias
            masks.append(z > 0)
            hidden.append(np.maximum(z, 0, out=z) if len(masks) < len(pairs) else z)
        loss, g = layers.cross_entropy(hidden[-1], y)
        gradients: list[np.ndarray] = []
        for i in reversed(range(len(pairs))):
            gradients[:0] = layers.linear_weights(g, hidden[i])
            if i:
                g = g @ pairs[i][0]
                g *= masks[i - 1]
        adam.step(gradients)
        return loss

    return step


def scores(np_: Any, weights: Sequence[Any], x: Any) -> Any:
    """The network as a function, for libraries that follow NumPy."""
    h = x
    for i in range(0, len(weights), 2):
        h = np_.matmul(h, weights[i].T) + weights[i + 1]
        h = np_.maximum(h, 0) if i + 2 < len(weights) else h
    return h


def with_jax(sizes: Sizes, batch: int) -> Callable[[], float]:
    """The whole step is one compiled function that may overwrite its arguments."""
    jax = load("jax")
    np_ = jax.numpy
    x, y = map(np_.asarray, data(sizes, batch))

    def loss_of(weights: Any) -> Any:
        z = scores(np_, weights, x)
        return (jax.nn.logsumexp(z, 1) - z[np_.arange(len(y)), y]).mean()

    def train(weights: Any, mean: Any, square: Any, time: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(weights)
        mean = [0.9 * m + 0.1 * g for m, g in zip(mean, gradients, strict=True)]
        square = [0.999 * s + 0.001 * g * g for s, g in zip(square, gradients, strict=True)]
        rate, correction = 1e-3 / (1 - 0.9**time), (1 - 0.999**time) ** -0.5
        moved = [
            w - rate * m / (np_.sqrt(s) * correction + 1e-8) for w, m, s in zip(weights, mean, square, strict=True)
        ]
        return loss, (moved, mean, square, time + 1)

    compiled = jax.jit(train, donate_argnums=(0, 1, 2))
    start = [np_.asarray(w) for w in parameters(sizes)]
    state = (start, [np_.zeros_like(w) for w in start], [np_.zeros_like(w) for w in start], np_.float32(1))

    def step() -> float:
        nonlocal state
        loss, state = compiled(*state)
        jax.block_until_ready(state)
        return float(loss)

    return step


def with_autograd(sizes: Sizes, batch: int) -> Callable[[], float]:
    """Its gradients, and Adam by hand."""
    np_, logsumexp = load("autograd.numpy"), load("autograd.scipy.special").logsumexp
    x, y = data(sizes, batch)
    adam, rows = Adam(parameters(sizes)), np.arange(batch)

    def loss_of(weights: Any) -> Any:
        z = scores(np_, weights, x)
        return np_.mean(logsumexp(z, axis=1) - z[rows, y])

    value_and_grad = load("autograd").value_and_grad(loss_of)

    def step() -> float:
        loss, gradients = value_and_grad(adam.views)
        adam.step(gradients)
        return float(loss)

    return step


def with_mygrad(sizes: Sizes, batch: int) -> Callable[[], float]:
    """Its gradients, and Adam by hand."""
    mygrad, cross_entropy = load("mygrad"), load("mygrad.nnet.losses").softmax_crossentropy
    x, y = data(sizes, batch)
    adam = Adam(parameters(sizes))

    def step() -> float:
        weights = [mygrad.tensor(w, copy=False) for w in adam.views]
        loss = cross_entropy(scores(mygrad, weights, x), y)
        loss.backward()
        adam.step([w.grad for w in weights])
        return float(loss)

    return step


def build(sizes: Sizes, batch: int) -> dict[str, Builder]:
    needed = [
        product
        for i, (inputs, outputs) in enumerate(pairwise(sizes))
        for product in linear(batch, inputs, outputs, first=i == 0)
    ]
    return {
        **classification(lambda library: network(library, sizes), "Adam", lambda: data(sizes, batch)),
        "NumPy by hand": lambda: by_hand(sizes, batch),
        "products alone": products(needed),
        "JAX": lambda: with_jax(sizes, batch),
        "autograd": lambda: with_autograd(sizes, batch),
        "MyGrad": lambda: with_mygrad(sizes, batch),
    }


TINY = {"sizes": (5, 8, 3), "batch": 4}
WORKLOADS = [
    Workload(
        "mlp_small",
        "MLP 64-128-128-10, batch 32, Adam",
        "training steps",
        build,
        {"sizes": (64, 128, 128, 10), "batch": 32},
        TINY,
    ),
    Workload(
        "mlp_big",
        "MLP 784-1024-1024-10, batch 256, Adam",
        "training steps",
        build,
        {"sizes": (784, 1024, 1024, 10), "batch": 256},
        TINY,
        memory=True,
    ),
]
