"""The expression of micrograd's README: twenty-odd operations on single numbers, the price of an operation alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..contestants import load
from ..graph import Builder, Problem, graph
from .workload import Workload

A, B = -4.0, 2.0


def expression(a: Any, b: Any, relu: Callable[[Any], Any]) -> Any:
    """From two numbers to one."""
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + relu(b + a))
    d = d + (3 * d + relu(b - a))
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


class Fresh(Problem):
    """The numbers are wrapped anew in each step, as in micrograd's README."""

    def __init__(self, library: Any) -> None:
        super().__init__(self.forward)
        self.tensor = library.Tensor if library.__name__ == "minigrad" else library.tensor  # as each README has it

    def forward(self) -> Any:
        a, b = (self.tensor(value, requires_grad=True) for value in (A, B))
        self.leaves = [a, b]
        return expression(a, b, lambda x: x.relu())


def with_micrograd() -> Callable[[], Any]:
    value = load("micrograd.engine").Value

    def step() -> float:
        a, b = value(A), value(B)
        expression(a, b, lambda x: x.relu()).backward()
        return a.grad

    return step


def with_mygrad() -> Callable[[], Any]:
    mygrad = load("mygrad")

    def step() -> Any:
        a, b = mygrad.tensor(A), mygrad.tensor(B)
        expression(a, b, lambda x: mygrad.maximum(x, 0)).backward()
        return a.grad

    return step


def with_autograd() -> Callable[[], Any]:
    np_ = load("autograd.numpy")
    gradient = load("autograd").grad(lambda a, b: expression(a, b, lambda x: np_.maximum(x, 0)), (0, 1))
    return lambda: gradient(A, B)[0]


def with_jax() -> Callable[[], Any]:
    jax = load("jax")
    gradient = jax.jit(jax.grad(lambda a, b: expression(a, b, jax.nn.relu), (0, 1)))
    return lambda: float(gradient(A, B)[0])


def build() -> dict[str, Builder]:
    return {
        **graph(Fresh, compiled=False),  # it has no use for leaves that are made inside
        "JAX": with_jax,
        "autograd": with_autograd,
        "MyGrad": with_mygrad,
        "micrograd": with_micrograd,
    }


WORKLOADS = [Workload("scalar", "micrograd's scalar expression, forward + backward", "training steps", build)]
