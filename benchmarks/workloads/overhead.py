"""What the graph costs: four operations on arrays of one to a million numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..contestants import load
from ..graph import Builder, Problem, graph
from .workload import Workload


def arrays(size: int) -> list[np.ndarray]:
    """x, w and b."""
    return [np.random.default_rng(i).standard_normal(size).astype(np.float32) for i in range(3)]


def expression(np_: Any, x: Any, w: Any, b: Any) -> Any:
    """tanh(x w + b) x, summed."""
    return (np_.tanh(x * w + b) * x).sum()


def by_hand(size: int) -> Callable[[], Any]:
    """The value and its three gradients."""
    x, w, b = arrays(size)

    def step() -> Any:
        h = np.tanh(x * w + b)
        loss = (h * x).sum()
        g = np.broadcast_to(np.ones_like(loss), x.shape)
        gx = g * h
        gb = g * x * (1 - h * h)
        return gx + gb * w, gb * x, gb, loss

    return lambda: step()[0]


def problem(library: Any, size: int) -> Problem:
    leaves = [library.tensor(a).requires_grad_() for a in arrays(size)]
    return Problem(lambda: expression(library, *leaves), leaves=leaves)


def twice(library: Any, size: int) -> Callable[[], Any]:
    """Backward leaves a graph behind, for second derivatives."""
    x, w, b = leaves = [library.tensor(a).requires_grad_() for a in arrays(size)]
    return lambda: library.autograd.grad(expression(library, x, w, b), leaves, create_graph=True)[0]


def unrecorded(library: Any, size: int) -> Callable[[], Any]:
    """Forward only."""
    leaves = [library.tensor(a).requires_grad_() for a in arrays(size)]

    def step() -> Any:
        with library.no_grad():
            return expression(library, *leaves)

    return step


def with_jax(size: int) -> Callable[[], Any]:
    jax = load("jax")
    gradient = jax.jit(jax.grad(lambda x, w, b: expression(jax.numpy, x, w, b), (0, 1, 2)))
    leaves = [jax.numpy.asarray(a) for a in arrays(size)]
    return lambda: jax.block_until_ready(gradient(*leaves))[0]


def with_autograd(size: int) -> Callable[[], Any]:
    np_ = load("autograd.numpy")
    gradient = load("autograd").grad(lambda x, w, b: np_.sum(np_.tanh(x * w + b) * x), (0, 1, 2))
    leaves = arrays(size)
    return lambda: gradient(*leaves)[0]


def with_mygrad(size: int) -> Callable[[], Any]:
    mygrad = load("mygrad")
    leaves = [mygrad.tensor(a) for a in arrays(size)]

    def step() -> Any:
        expression(mygrad, *leaves).backward()
        return leaves[0].grad

    return step


def build(size: int) -> dict[str, Builder]:
    return {
        **graph(lambda library: problem(library, size), compiled=False),  # which removes what is measured
        "NumPy by hand": lambda: by_hand(size),
        "JAX": lambda: with_jax(size),
        "autograd": lambda: with_autograd(size),
        "MyGrad": lambda: with_mygrad(size),
    }


def of_both(make: Callable[[Any, int], Callable[[], Any]]) -> Callable[..., dict[str, Builder]]:
    """A builder of what only minigrad and PyTorch do."""
    return lambda size: {
        "PyTorch": lambda: make(load("torch"), size),
        "minigrad": lambda: make(load("minigrad"), size),
        "minigrad fast": lambda: make(load("minigrad"), size),
    }


SIZES = {"1": 1, "8": 8, "1k": 1 << 10, "64k": 1 << 16, "1M": 1 << 20}
PART = "price of an operation"
WORKLOADS = [
    Workload(
        f"{kind}_{name}",
        f"tanh(x w + b) x, {name} element{'s' * (size > 1)}, {title}",
        PART,
        make,
        {"size": size},
        {"size": min(size, 64)},
        0.1,
    )
    for kind, title, make, sizes in (
        ("overhead", "forward + backward", build, SIZES),
        ("unrecorded", "forward under no_grad", of_both(unrecorded), {"8": 8, "64k": 1 << 16}),
        ("twice", "with create_graph", of_both(twice), {"8": 8, "64k": 1 << 16}),
    )
    for name, size in sizes.items()
]
