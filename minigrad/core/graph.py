"""The graph, the clock and the one loop that walks the graph backwards.

A ``Node`` records one application of one primitive. An operation can only use values that already exist, so the order
of creation is a topological order: backward collects what is reachable, sorts it by birth, and walks. No recursion.

The engine never looks inside the values it moves. It adds them and hands them to ``op.pull``; they are raw arrays in
ordinary backward, and Tensors when the gradient itself must be differentiable.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from itertools import count
from operator import attrgetter
from typing import Any, Protocol

from numpy import ndarray

from .caller import caller
from .modes import grad_enabled

Array = Any  # an ndarray, or any array type that takes part in NumPy's dispatch

tick = count().__next__  # the one clock: births of nodes and in-place writes are ordered by it
anomaly: ContextVar[Callable[[str], Detector] | None] = ContextVar("anomaly", default=None)  # site -> what watches it


class Operation(Protocol):
    """What the engine asks of a primitive: its names, and the gradients of the parents of one of its nodes."""

    name: str
    shown: str

    def pull(self, node: Node, g: Any, differentiable: bool, needed: set[Node] | None) -> list[tuple[Node, Any]]:
        """The gradient of every parent of ``node`` (of those in ``needed``, if given), from the gradient ``g``."""


class Detector(Protocol):
    """What looks at every value and gradient of one node in anomaly mode, and raises at what is not finite."""

    def value(self, node: Node, inputs: list[Any], out: Array) -> None:
        """Look at the value that the node's operation computed from ``inputs``."""

    def gradient(self, node: Node, parent: Node, part: Any, g: Any) -> None:
        """Look at ``part``, the gradient of ``parent`` that came of the node's gradient ``g``."""


class Node:
    """One application of ``op``: where it came from, and what its derivative will ask for."""

    __slots__ = ("__weakref__", "born", "detector", "dtype", "hooks", "op", "parents", "saved", "shape", "static")

    def __init__(
        self, op: Any, parents: list[Node | None], saved: tuple[Any, ...], static: dict[str, Any], out: Array
    ) -> None:
        self.op: Operation | None = op
        self.parents = parents
        self.saved: tuple[Any, ...] | None = saved  # None once backward has consumed it
        self.static = static
        self.shape: tuple[int, ...] = out.shape
        self.dtype: Any = out.dtype
        self.born = tick()
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        watch = anomaly.get()
        self.detector = None if watch is None else watch(caller())

    @property
    def name(self) -> str:
        """The name of the operation; ``"leaf"`` for the end of the graph."""
        return self.op.name if self.op is not None else "leaf"

    @property
    def shown(self) -> str:
        """The name of the public function that the operation stands for."""
        return self.op.shown if self.op is not None else "leaf"


class Leaf(Node):
    """The end of the graph: stands for a Tensor whose gradient was asked for."""

    __slots__ = ("after", "tensor")

    def __init__(self, tensor: Any, data: Array) -> None:
        super().__init__(None, [], (), {}, data)
        self.tensor: weakref.ref[Any] = weakref.ref(tensor)  # not kept alive: no reference cycles in the graph
        self.after: dict[int, Callable[[Any], None]] = {}  # hooks for when the gradient was added


class Fork(Node):
    """One application of an operation of several outputs."""

    __slots__ = ("_outputs",)

    def __init__(
        self, op: Any, parents: list[Node | None], saved: tuple[Any, ...], static: dict[str, Any], out: Array
    ) -> None:
        super().__init__(op, parents, saved, static, out)
        self._outputs: dict[int, weakref.ref[Output]] = {}  # weak: an output refers to its node

    def output(self, number: int, out: Array) -> Output:
        """The node of one output: the same as long as anyone holds it, so that hooks and ``grad`` find it."""
        known = self._outputs.get(number)
        node = None if known is None else known()
        if node is None:
            node = Output(self, number, out)
            self._outputs[number] = weakref.ref(node)
        return node


class Output(Node):
    """One of several outputs of a node, its only parent; the gradients of all of them meet there."""

    __slots__ = ("number",)

    def __init__(self, whole: Node, number: int, out: Array) -> None:
        self.op = _CHOICE
        self.parents = [whole]
        self.saved = ()
        self.static = {}
        self.shape = out.shape
        self.dtype = out.dtype
        self.born = tick()
        self.hooks = None
        self.detector = None  # the whole is watched
        self.number = number

    @property
    def name(self) -> str:
        """The name of the operation."""
        (whole,) = self.parents
        return whole.name if whole is not None else ""

    @property
    def shown(self) -> str:
        """The name of the public function that the operation stands for."""
        (whole,) = self.parents
        return whole.shown if whole is not None else ""


class _Choice:
    """The operation of every ``Output``."""

    name = shown = "output"

    def pull(self, node: Any, g: Any, differentiable: bool, needed: set[Node] | None) -> list[tuple[Node, Any]]:
        (whole,) = node.parents
        return [(whole, Gradients({node.number: g}))] if needed is None or whole in needed else []


_CHOICE = _Choice()


class Pending:
    """A gradient in the making: others can be added to it, and ``whole`` is what an operation's rules receive."""

    __slots__ = ()

    def whole(self) -> Any:
        """The sum of all that was added."""
        raise NotImplementedError(f"{type(self).__name__} cannot be made whole; define whole(self) in the class")


class Gradients(Pending):
    """The gradients of the outputs of one node, by their numbers."""

    __slots__ = ("_parts",)

    def __init__(self, parts: dict[int, Any]) -> None:
        self._parts = parts

    def __add__(self, other: Gradients) -> Gradients:
        for number, g in other._parts.items():
            known = self._parts.get(number)
            self._parts[number] = g if known is None else known + g
        return self

    def whole(self) -> dict[int, Any]:
        """The gradient of every output that has one."""
        return self._parts


def walk(
    seeds: dict[Node, Any],
    *,
    differentiable: bool = False,
    retain_graph: bool = False,
    only: Iterable[Node] | None = None,
) -> dict[Node, Any]:
    """Push ``seeds`` (node -> gradient) down the graph; returns the gradient of every leaf that it reaches.

    With ``only``, the gradients of those nodes are returned instead (None where the walk does not come by), and nothing
    is computed that they do not need.
    """
    order = sorted(_operations(seeds), key=attrgetter("born"))
    found: dict[Node, Any] = {}
    needed = None
    if only is not None:
        found = dict.fromkeys(only)
        needed = _leading_to(found, order)
    pending = dict(seeds)  # in the end these are leaves
    sums: set[Node] = set()  # whose gradient is an array of our own, so that others are added to it in place
    token = grad_enabled.set(differentiable)
    try:
        for node in reversed(order):
            grad = pending.pop(node, None)
            if grad is None or (needed is not None and node not in needed):
                continue
            if node.hooks or isinstance(grad, Pending):
                grad = _complete(node, grad)
            if needed is not None and node in found:
                found[node] = grad
                if needed.isdisjoint(node.parents):
                    continue
            for parent, part in node.op.pull(node, grad, differentiable, needed):  # type: ignore[union-attr]
                known = pending.get(parent)
                if known is None:
                    pending[parent] = part  # which others may hold too
                elif parent in sums and type(part) is ndarray:
                    known += part
                else:
                    pending[parent] = known = known + part
                    if type(known) is ndarray:
                        sums.add(parent)
            if not retain_graph:
                node.saved = None
            grad = known = part = None  # else the next operation would run with them in memory
        for leaf in tuple(pending):
            grad = pending.pop(leaf)
            if needed is None or leaf in needed:
                found[leaf] = _complete(leaf, grad) if leaf.hooks or isinstance(grad, Pending) else grad
    finally:
        grad_enabled.reset(token)
    return found


def _complete(node: Node, grad: Any) -> Any:
    """The gradient of a node as its rules, or the leaf, receive it: whole, and after its hooks."""
    if isinstance(grad, Pending):
        grad = grad.whole()
    for hook in tuple(node.hooks.values()) if node.hooks else ():
        grad = hook(grad)
    return grad


def _leading_to(goals: Iterable[Node], order: list[Node]) -> set[Node]:
    """``goals``, and those of the nodes, oldest first, that were computed from them."""
    needed = set(goals)
    for node in order:
        if not needed.isdisjoint(node.parents):
            needed.add(node)
    return needed


def _operations(roots: Iterable[Node]) -> set[Node]:
    """The nodes that ``roots`` were computed from, themselves included, but for leaves."""
    stack = [root for root in roots if root.op is not None]
    seen = set(stack)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent.op is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return seen


def reachable(roots: Iterable[Node]) -> set[Node]:
    """All nodes that ``roots`` were computed from, themselves included."""
    stack = list(roots)
    seen = set(stack)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return seen
