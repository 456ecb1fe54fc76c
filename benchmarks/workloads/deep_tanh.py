"""The 10 x 500 tanh network of the initialisation experiment: forward and backward, nothing is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..contestants import load
from ..graph import Builder, Problem, graph
from .products import Product, products
from .workload import Workload


def data(depth: int, width: int, batch: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Inputs and weights."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, width), dtype=np.float32)
    return x, [(rng.standard_normal((width, width)) / width**0.5).astype(np.float32) for _ in range(depth)]


def total(np_: Any, x: Any, weights: Any) -> Any:
    """The sum of the last layer."""
    h = x
    for w in weights:
        h = np_.tanh(np_.matmul(h, w))
    return h.sum()


def problem(library: Any, **sizes: int) -> Problem:
    x, weights = data(**sizes)
    leaves = [library.tensor(w).requires_grad_() for w in weights]
    return Problem(lambda x: total(library, x, leaves), [library.tensor(x)], leaves)


def by_hand(**sizes: int) -> Callable[[], Any]:
    x, weights = data(**sizes)

    def step() -> Any:
        hidden = [x]
        for w in weights:
            z = hidden[-1] @ w
            hidden.append(np.tanh(z, out=z))
        g, gradients = np.ones_like(hidden[-1]), []
        for i in reversed(range(len(weights))):
            slope = hidden[i + 1] * hidden[i + 1]
            np.subtract(1, slope, out=slope)
            slope *= g
            gradients.append(hidden[i].T @ slope)
            if i:
                g = slope @ weights[i].T
        return gradients[-1]

    return step


def with_jax(**sizes: int) -> Callable[[], Any]:
    jax = load("jax")
    x, weights = data(**sizes)
    x, weights = jax.numpy.asarray(x), [jax.numpy.asarray(w) for w in weights]
    gradient = jax.jit(jax.grad(lambda weights: total(jax.numpy, x, weights)))
    return lambda: jax.block_until_ready(gradient(weights))[0]


def with_autograd(**sizes: int) -> Callable[[], Any]:
    np_ = load("autograd.numpy")
    x, weights = data(**sizes)
    gradient = load("autograd").grad(lambda weights: total(np_, x, weights))
    return lambda: gradient(weights)[0]


def with_mygrad(**sizes: int) -> Callable[[], Any]:
    mygrad = load("mygrad")
    x, weights = data(**sizes)
    leaves = [mygrad.tensor(w) for w in weights]

    def step() -> Any:
        total(mygrad, x, leaves).backward()
        return leaves[0].grad

    return step


def build(depth: int, width: int, batch: int) -> dict[str, Builder]:
    sizes = {"depth": depth, "width": width, "batch": batch}
    rows, square = (batch, width), (width, width)
    forward: Product = (rows, square, False, False)
    to_weights: Product = ((width, batch), rows, True, False)
    to_inputs: Product = (rows, square, False, True)
    return {
        **graph(lambda library: problem(library, **sizes)),
        "NumPy by hand": lambda: by_hand(**sizes),
        "products alone": products([forward, to_weights] * depth + [to_inputs] * (depth - 1)),
        "JAX": lambda: with_jax(**sizes),
        "autograd": lambda: with_autograd(**sizes),
        "MyGrad": lambda: with_mygrad(**sizes),
    }


WORKLOADS = [
    Workload(
        "tanh",
        "10 × 500 tanh, batch 1000, forward + backward",
        "training steps",
        build,
        {"depth": 10, "width": 500, "batch": 1000},
        {"depth": 2, "width": 6, "batch": 5},
    )
]
