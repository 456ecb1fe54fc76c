"""The mistakes: what each is, and how it is planted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np

from ...autograd import gradients
from ...core import backward, hooks, primitive, refusals
from ...core.graph import Node, Pending, reachable
from ...core.modes import Mode, grad_enabled
from ...core.primitive import REGISTRY
from ...core.tensor import wrap
from ...fast import disabled
from ...nn.functional.normalization import batch
from ...ops.index import basic


@dataclass(frozen=True)
class Bug:
    """A classic mistake.

    Attributes:
        name: what ``broken`` is called with.
        what: the mistake.
        example: the shortest program that goes wrong, with the right and the wrong result.
        plant: makes a block in which it is there.
    """

    name: str
    what: str
    example: str
    plant: Callable[[], AbstractContextManager[None]] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name}: {self.what}\n  {self.example}"


@contextmanager
def _replaced(*places: tuple[Any, str], by: Any) -> Iterator[None]:
    """Names of modules that mean something else inside the block."""
    before = [(module, name, getattr(module, name)) for module, name in places]
    for module, name in places:
        setattr(module, name, by)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _rules(name: str, **wrong: Callable[..., Any]) -> Callable[[], AbstractContextManager[None]]:
    """Other rules for some inputs of a primitive."""

    @contextmanager
    def plant() -> Iterator[None]:
        op = REGISTRY[name]
        right = dict(op.rules)
        with disabled():  # kernels stand for the right ones
            op.rule(**{**right, **wrong})
            try:
                yield
            finally:
                op.rule(**right)

    return plant


# --- mistakes of the walk ---------------------------------------------------------------------------------------------
def _walk(order: Callable[[dict[Node, Any]], list[Node]], add: Callable[[Any, Any], Any], once: bool) -> Any:
    """The backward loop with another order, another sum, or each parent only once."""

    def walk(
        seeds: dict[Node, Any],
        *,
        differentiable: bool = False,
        retain_graph: bool = False,
        only: Iterable[Node] | None = None,
    ) -> dict[Node, Any]:
        found: dict[Node, Any] = {} if only is None else dict.fromkeys(only)
        pending = dict(seeds)
        with Mode(grad_enabled, differentiable):
            for node in order(seeds):
                g = pending.pop(node, None)
                if g is None:
                    continue
                g = g.whole() if isinstance(g, Pending) else g
                for hook in tuple((node.hooks or {}).values()):
                    g = hook(g)
                if node.op is None or node in found:
                    found[node] = g if found.get(node) is None else add(found[node], g)
                if node.op is None:
                    continue
                seen: set[Node] = set()
                for parent, part in node.op.pull(node, g, differentiable, None):
                    if once and parent in seen:
                        continue
                    seen.add(parent)
                    pending[parent] = add(pending[parent], part) if parent in pending else part
                if not retain_graph:
                    node.saved = None
        return found if only is not None else {n: g for n, g in found.items() if n.op is None}

    return lambda: _replaced((backward, "walk"), (gradients, "walk"), by=walk)


def _by_birth(seeds: dict[Node, Any]) -> list[Node]:
    return sorted(reachable(seeds), key=attrgetter("born"), reverse=True)


def _depth_first(seeds: dict[Node, Any]) -> list[Node]:
    """Each node when it is first met, going down: others may still have to add to its gradient."""
    order, stack = [], list(seeds)
    seen = set()
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack += [parent for parent in node.parents if parent is not None]
    return order


def _sum(known: Any, part: Any) -> Any:
    return known + part


# --- mistakes elsewhere -----------------------------------------------------------------------------------------------
def _shared(grad: Any, shared: bool = False) -> Any:
    return grad if not isinstance(grad, np.ndarray) else wrap(grad, None)


@contextmanager
def _biased() -> Iterator[None]:
    """The running variance of batch norm without the correction by n / (n - 1)."""
    right = batch._by_its_own_statistics

    def wrong(input: Any, mean: Any, var: Any, weight: Any, bias: Any, momentum: float, eps: float) -> Any:
        before = None if var is None else var._array.copy()
        out = right(input, mean, var, weight, bias, momentum, eps)
        if before is not None:
            count = input._array.size // input.shape[1]
            var._array[...] = before * (1 - momentum) + (var._array - before * (1 - momentum)) * (count - 1) / count
        return out

    with _replaced((batch, "_by_its_own_statistics"), by=wrong):
        yield


def _overwrite_at(out: Any, index: Any, values: Any) -> None:
    """Of several gradients of one element the last is kept."""
    out[index] = values


def _as_of_a_sum(g: Any, x_shape: Any, axis: Any, keepdims: bool) -> Any:
    return REGISTRY["sum"].rules["x"](g, x_shape, axis, keepdims)


BUGS: dict[str, Bug] = {
    bug.name: bug
    for bug in (
        Bug("accumulate", "`=` where `+=` belongs: a second use of a value replaces the gradient of the first",
            "b = 2 * x + 3 * x has the derivative 5, not 2", _walk(_by_birth, lambda known, part: part, False)),
        Bug("duplicates", "parents are kept in a set, so that the second input of x * x is lost",
            "x * x at 3 has the derivative 6, not 3", _walk(_by_birth, _sum, True)),
        Bug("order", "depth first instead of topological order: a node passes on before all gradients have arrived",
            "b = a + a; c = b + b * b at a = 1 has the derivative 10", _walk(_depth_first, _sum, False)),
        Bug("unbroadcast", "the gradient of a value that was broadcast keeps the larger shape",
            "the gradient of a bias of shape (3,) has shape (3,), not (8, 3)",
            lambda: _replaced((primitive, "unbroadcast"), by=lambda part, shape: part)),
        Bug("aliasing", "gradients share their memory, so that changing one changes another",
            "after (x + y).backward(), x.grad.zero_() must leave y.grad alone",
            lambda: _replaced((backward, "own"), (gradients, "own"), (hooks, "own"), by=_shared)),
        Bug("overwritten", "nobody notices that a value was overwritten before backward used it",
            "y = x * w; w += 1; y.backward() must refuse, or use the old w",
            lambda: _replaced((refusals, "overwritten"), by=lambda value, since: False)),
        Bug("index", "an element that is picked twice gets the gradient of one of them",
            "x[[0, 0, 1]].sum() has the gradient [2, 1], not [1, 1]",
            lambda: _replaced((basic, "_add_at"), by=_overwrite_at)),
        Bug("mean", "the gradient of a mean is not divided by the number of elements",
            "x.mean() of 4 elements has the gradient 0.25, not 1",
            _rules("mean", x=_as_of_a_sum)),
        Bug("mask", "ReLU passes every gradient on, whatever the sign of its input was",
            "relu(-1) has the derivative 0, not 1", _rules("relu", x=lambda g: g)),
        Bug("softmax", "softmax is treated as if its outputs did not depend on each other's inputs",
            "rows of the gradient of softmax sum to 0", _rules("softmax", x=lambda g, out: g * out * (1 - out))),
        Bug("transpose", "the gradient of a matrix product takes the matrix for its transpose",
            "for square matrices every shape fits, and every number is wrong",
            _rules("matmul", x=lambda g, y: np.matmul(g, y) if y.ndim == 2 and y.shape[0] == y.shape[1]
                   else np.matmul(g, np.swapaxes(y, -1, -2)))),
        Bug("sigmoid", "the slope of sigmoid is computed from its input instead of its output",
            "sigmoid(2) has the derivative 0.105, not -2", _rules("sigmoid", x=lambda g, x: g * x * (1 - x))),
        Bug("batch-norm", "the running variance of batch norm divides by n instead of n - 1",
            "after one batch of 2 with variance 1 it is 1.1, not 1.0", _biased),
    )
}  # fmt: skip
