"""The parts of a run, one inside the other: Modules, functions, the backward pass; and equal blocks among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..core.graph import Leaf, Node, Output
from ..debug.trace import Trace
from ..nn.module.module import Module

_LONGEST_UNIT = 4  # parts that may repeat together, such as Linear, BatchNorm, ReLU and Dropout
_MANY = 3  # repetitions that are worth folding
_BLOCK = 4  # operations that make a part a block, of which two are worth folding


@dataclass(eq=False)
class Scope:
    """A part of a run.

    Attributes:
        kind: "run" (all of it), "module", "function", "backward", or "unit" (several parts that repeat together).
        name: the path of a Module, the name of a function.
        call: of the Module, or of the function.
        inside: the scope around it.
        parts: scopes and operations, in the order in which they ran.
        times: how many equal ones it stands for.
        last: the name of the last of these.
    """

    kind: str
    name: str = ""
    call: Any = None
    inside: Scope | None = None
    parts: list[Scope | Node] = field(default_factory=list)
    times: int = 1
    last: str = ""

    def nodes(self) -> Iterator[Node]:
        """All operations in it, in order."""
        for part in self.parts:
            if isinstance(part, Scope):
                yield from part.nodes()
            else:
                yield part

    @property
    def module(self) -> Module:
        """The Module of a scope that is the call of one."""
        module: Module = self.call.module
        return module

    @property
    def level(self) -> int:
        """How many Modules stand around it."""
        return 0 if self.inside is None else self.inside.level + (self.inside.kind == "module")

    def reading(self) -> list[Node]:
        """The operations that read a leaf."""
        return [node for node in self.nodes() if any(isinstance(parent, Leaf) for parent in node.parents)]


def operation_of(node: Node) -> Node:
    """The node whose box stands for ``node``: all outputs of an operation share that of the operation."""
    if isinstance(node, Output) and node.parents[0] is not None:
        return node.parents[0]
    return node


def arrange(operations: Iterable[Node], trace: Trace | None) -> Scope:
    """The operations of a graph as parts of the run that ``trace`` recorded."""
    wanted = set(operations)
    run = Scope("run")
    if trace is not None:
        calls = iter([call for call in trace.calls if call.end > call.start])
        following = next(calls, None)
        stack: list[tuple[Scope, int]] = [(run, len(trace.steps))]
        for i, step in enumerate(trace.steps):
            while stack[-1][1] <= i:
                stack.pop()
            while following is not None and following.start <= i:
                scope = Scope("module", following.path, following, stack[-1][0])
                stack[-1][0].parts.append(scope)
                stack.append((scope, following.end))
                following = next(calls, None)
            if step.node in wanted:
                wanted.discard(step.node)
                _home(stack[-1][0], step).parts.append(step.node)
    run.parts = sorted([*_without_empty(run).parts, *wanted], key=_born)
    return run


def _home(scope: Scope, step: Any) -> Scope:
    """The scope of a step inside that of the Module: its function's or the backward pass's, if there is one."""
    if not step.in_backward and step.function is None:
        return scope
    last = scope.parts[-1] if scope.parts else None
    if step.in_backward:
        if not (isinstance(last, Scope) and last.kind == "backward"):
            last = Scope("backward", inside=scope)
            scope.parts.append(last)
        return last
    if not (isinstance(last, Scope) and last.kind == "function" and last.call is step.function):
        last = Scope("function", step.function.name, step.function, scope)
        scope.parts.append(last)
    return last


def _born(part: Scope | Node) -> int:
    return max(node.born for node in part.nodes()) if isinstance(part, Scope) else part.born


def _without_empty(scope: Scope) -> Scope:
    """The scope without parts in which nothing of the graph happened."""
    scope.parts = [part for part in scope.parts if not isinstance(part, Scope) or _without_empty(part).parts]
    return scope


# --- equal blocks -----------------------------------------------------------------------------------------------------
def fold(scope: Scope) -> dict[Node, Node]:
    """Let one of several equal blocks in a row stand for all of them; returns for each node the one that is drawn."""
    alias: dict[Node, Node] = {}
    parts: list[Scope | Node] = []
    here = 0
    forms: dict[tuple[int, int], Any] = {}
    while here < len(scope.parts):
        width, times, same = _run(scope.parts, here, forms)
        unit = scope.parts[here : here + width]
        if times > 1:
            alias |= same
            after = scope.parts[here + (times - 1) * width : here + times * width]
            if width > 1:
                whole = Scope("unit", inside=scope, parts=unit, times=times)
                for part in unit:
                    if isinstance(part, Scope):
                        part.inside = whole
                unit, whole.name = [whole], f"{_title(unit[0])} … {_title(after[-1])}"
            elif isinstance(unit[0], Scope):
                unit[0].times, unit[0].last = times, _title(after[0])
        parts += unit
        here += width * times
    scope.parts = parts
    for part in parts:
        if isinstance(part, Scope) and part.kind != "function":
            alias |= fold(part)
    return alias


def _title(part: Scope | Node) -> str:
    return part.name if isinstance(part, Scope) else part.shown


def _run(parts: list[Scope | Node], start: int, forms: dict[tuple[int, int], Any]) -> tuple[int, int, dict[Node, Node]]:
    """How wide the unit at ``start`` is, how often it comes, and which nodes are the same in all of them."""
    best: tuple[int, int, dict[Node, Node]] = (1, 1, {})
    for width in range(1, _LONGEST_UNIT + 1):
        unit = parts[start : start + width]
        if len(unit) < width or not any(isinstance(part, Scope) and part.kind == "module" for part in unit):
            continue
        first = _nodes(unit)
        before, times = first, 1
        same: dict[Node, Node] = {}
        while True:
            begin = start + times * width
            other = parts[begin : begin + width]
            if len(other) < width or not _alike(unit, other):
                break
            if _form(parts, start, width, forms) != _form(parts, begin, width, forms):
                break
            nodes = _nodes(other)
            found = _matched(first, before, nodes)
            if found is None:
                break
            same |= found
            before, times = nodes, times + 1
        worth = times >= _MANY or (times > 1 and len(first) >= _BLOCK)
        if worth and times * width > best[0] * best[1]:
            best = (width, times, same)
    return best


def _nodes(parts: list[Scope | Node]) -> list[Node]:
    return [node for part in parts for node in (part.nodes() if isinstance(part, Scope) else (part,))]


def _alike(unit: list[Scope | Node], other: list[Scope | Node]) -> bool:
    """Whether it is worth looking closer: the same kinds of Modules, and not the same Modules once more."""
    for a, b in zip(unit, other, strict=True):
        if isinstance(a, Scope) != isinstance(b, Scope):
            return False
        if isinstance(a, Scope) and isinstance(b, Scope) and a.kind == b.kind == "module":
            again = a.module is b.module and any(True for _ in a.module.parameters())
            if again or type(a.module) is not type(b.module):
                return False
    return True


def _form(parts: list[Scope | Node], start: int, width: int, forms: dict[tuple[int, int], Any]) -> Any:
    """What is the same in equal units: operations, shapes, how they are connected, and the Modules around them."""
    key = (start, width)
    if key not in forms:
        unit = parts[start : start + width]
        number: dict[Node, int] = {node: i for i, node in enumerate(_nodes(unit))}
        leaves: dict[Node, int] = {}

        def reference(parent: Node | None) -> Any:
            if parent is None:
                return None
            if isinstance(parent, Leaf):
                return "leaf", parent.shape, leaves.setdefault(parent, len(leaves))
            return number.get(operation_of(parent), "outside"), getattr(parent, "number", 0)

        wiring = [(node.shown, node.shape, [reference(parent) for parent in node.parents]) for node in number]
        forms[key] = wiring, [_shape(part) for part in unit]
    return forms[key]


def _shape(part: Scope | Node) -> Any:
    if isinstance(part, Node):
        return part.shown
    name = type(part.module).__name__ if part.kind == "module" else part.name
    return part.kind, name, [_shape(inner) for inner in part.parts]


def _matched(first: list[Node], before: list[Node], nodes: list[Node]) -> dict[Node, Node] | None:
    """Which node of the first unit each one is; None if the unit takes anything but what the one before gave it."""
    found: dict[Node, Node] = {}
    previous, own = set(before), set(nodes)
    for model, node in zip(first, nodes, strict=True):
        found[node] = model
        for a, b in zip(model.parents, node.parents, strict=True):
            if a is None or b is None or a is b:
                continue
            if isinstance(b, Leaf):
                found[b] = a
            elif operation_of(b) not in own and operation_of(b) not in previous:
                return None
    return found
