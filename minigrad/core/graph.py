"""The graph, the clock and the one loop that walks the graph backwards.

A ``Node`` records one application of one primitive. An operation can only use values that already exist, so the order
of creation is a topological order: backward collects what is reachable, sorts it by birth, and walks. No recursion.

The engine never looks inside the values it moves. It adds them and hands them to ``op.pull``; they are raw arrays in
ordinary backward, and Tensors when the gradient itself must be differentiable.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import weakref
from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Array = Any  # an ndarray, or any array type that takes part in NumPy's dispatch

tick = count().__next__  # the one clock: births of nodes and in-place writes are ordered by it
grad_enabled: ContextVar[bool] = ContextVar("grad_enabled", default=True)
anomaly: ContextVar[Callable[[str], Detector] | None] = ContextVar("anomaly", default=None)  # site -> what watches it

_PACKAGE = str(Path(__file__).parent.parent) + os.sep


class Operation(Protocol):
    """What the engine asks of a primitive: its name, and the gradients of the parents of one of its nodes."""

    name: str

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


class Leaf(Node):
    """The end of the graph: stands for a Tensor whose gradient was asked for."""

    __slots__ = ("after", "receive")

    def __init__(self, receive: Callable[[Any, bool], None], data: Array) -> None:
        super().__init__(None, [], (), {}, data)
        self.after: dict[int, Callable[[Any], None]] = {}  # hooks for when the gradient was added
        self.receive = receive  # called with the finished gradient, and whether someone else holds that array too


def backward(
    seeds: dict[Node, Any],
    *,
    differentiable: bool = False,
    retain_graph: bool = False,
    only: Iterable[Node] | None = None,
) -> dict[Node, Any]:
    """Push ``seeds`` (node -> gradient) down the graph.

    Leaves receive their gradients when the walk is complete, so a failure on the way leaves every ``.grad`` as it was.
    With ``only``, no leaf receives anything: the gradients of those nodes are returned, and nothing else is computed.
    """
    order = sorted(reachable(seeds), key=attrgetter("born"))
    found: dict[Node, Any] = {}
    needed = None
    if only is not None:
        found = dict.fromkeys(only)
        needed = set(found)
        for node in order:  # oldest first: a node is needed if what it came from is
            if not needed.isdisjoint(node.parents):
                needed.add(node)
    pending = dict(seeds)
    finished: list[tuple[Any, Any]] = []
    token = grad_enabled.set(differentiable)
    try:
        for node in reversed(order):
            grad = pending.pop(node, None)
            if grad is None or (needed is not None and node not in needed):
                continue
            if isinstance(grad, Partial):
                grad = grad.whole()
            if node.hooks:
                for hook in tuple(node.hooks.values()):
                    grad = hook(grad)
            if node in found:
                found[node] = grad
            if node.op is None:
                finished.append((node, grad))
                continue
            for parent, part in node.op.pull(node, grad, differentiable, needed):
                known = pending.get(parent)
                pending[parent] = part if known is None else known + part
            if not retain_graph:
                node.saved = None
    finally:
        grad_enabled.reset(token)
    if only is None:
        handed = {id(grad) for grad in seeds.values()}
        for leaf, grad in finished:
            leaf.receive(grad, id(grad) in handed)
            handed.add(id(grad))
    return found


class Partial:
    """A gradient that is 0 but for some elements, to be added to others before it is used.

    The gradients of many pieces of one array then cost one array, instead of one each: the time steps of a sequence in
    a loop, or queries, keys and values that were computed together.

    Args:
        values: the elements.
        index: where they belong.
        join: makes one new array of all pairs of index and values.
    """

    __slots__ = ("_join", "_others", "_pieces")
    __array_ufunc__ = None  # so that an array on the left of + leaves the addition to __radd__

    def __init__(self, values: Array, index: Any, join: Callable[[list[tuple[Any, Array]]], Array]) -> None:
        self._pieces = [(index, values)]
        self._others: list[Array] = []  # gradients of the whole, which belong to someone else
        self._join = join

    def __add__(self, other: Any) -> Partial:
        if isinstance(other, Partial):
            self._pieces += other._pieces
            self._others += other._others
        else:
            self._others.append(other)
        return self

    __radd__ = __add__

    def whole(self) -> Array:
        """The gradient as one array."""
        total = self._join(self._pieces)
        for other in self._others:
            total += other
        return total


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


# --- in-place writes --------------------------------------------------------------------------------------------------
# A write is remembered by the memory it touched, not by the Tensor it went through, so views, detached aliases and
# constants are guarded alike. ``last_write`` lets a graph younger than every write skip the look-up.
last_write = -1
_written: dict[int, tuple[int, Any]] = {}  # id of the array that owns the memory -> (time, weak reference to it)


def _owner(array: Array) -> Array:
    while array.base is not None and hasattr(array.base, "base"):
        array = array.base
    return array


def stamp(array: Array) -> None:
    """Record that the memory of ``array`` was just overwritten."""
    global last_write
    owner = _owner(array)
    key = id(owner)
    known = _written.get(key)
    reference = known[1] if known is not None else weakref.ref(owner, lambda _: _written.pop(key, None))
    last_write = tick()
    _written[key] = (last_write, reference)


def same_owner(a: Array, b: Array) -> bool:
    """Whether two arrays live in the memory of one."""
    return _owner(a) is _owner(b)


_sharers: dict[int, tuple[Any, dict[int, Any]]] = {}  # id of an owner -> (reference to it, those of its Tensors by id)


def share(array: Array, *tensors: Any) -> None:
    """Record that ``tensors`` have views of the memory of ``array``."""
    owner = _owner(array)
    key = id(owner)
    if key not in _sharers:
        _sharers[key] = (weakref.ref(owner, lambda _: _sharers.pop(key, None)), {})
    references = _sharers[key][1]
    for tensor in tensors:
        place = id(tensor)
        if place not in references:
            references[place] = weakref.ref(tensor, functools.partial(_forget, references, place))


def _forget(references: dict[int, Any], place: int, _: Any) -> None:
    references.pop(place, None)


def others_on(array: Array, tensor: Any) -> list[Any]:
    """The living Tensors, other than ``tensor``, that are known to share the memory of ``array``."""
    _, references = _sharers.get(id(_owner(array)), (None, {}))
    living = [reference() for reference in list(references.values())]
    return [other for other in living if other is not None and other is not tensor]


def overwritten(array: Array, since: int) -> bool:
    """Was the memory of ``array``, alive all that time, written to after ``since``?"""
    return _written.get(id(_owner(array)), (-1,))[0] > since


# --- modes ------------------------------------------------------------------------------------------------------------
class Mode:
    """Sets a mode within a ``with`` block, or within every call of the function that it decorates."""

    def __init__(self, flag: ContextVar[Any], value: Any) -> None:
        self._flag, self._value = flag, value
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> None:
        self._tokens.append(self._flag.set(self._value))

    def __exit__(self, *_: object) -> None:
        self._flag.reset(self._tokens.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return ``function`` with the mode set while it runs."""
        if inspect.isgeneratorfunction(function):
            return self._steps(function)

        @functools.wraps(function)
        def within(*args: P.args, **kwargs: P.kwargs) -> R:
            with Mode(self._flag, self._value):
                return function(*args, **kwargs)

        return within

    def _steps(self, function: Callable[P, Any]) -> Callable[P, Any]:
        """A generator function whose body has the mode set at every step, and its caller in between has not."""

        @functools.wraps(function)
        def within(*args: P.args, **kwargs: P.kwargs) -> Any:
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with Mode(self._flag, self._value):
                        item = step()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield item
                    step = functools.partial(generator.send, sent)
                except GeneratorExit:
                    generator.close()
                    raise
                except BaseException as error:
                    step = functools.partial(generator.throw, error)

        return within


def caller() -> str:
    """``file:line`` of the nearest frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
