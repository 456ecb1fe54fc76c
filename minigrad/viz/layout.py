"""Which boxes a graph becomes: operations, or whole parts of the run; what hangs on what; and what is left out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..core.graph import Leaf, Node
from .scope import Scope, operation_of

Unit = Node | Scope  # what gets one box: a leaf, an operation, or a part of the run that stays closed


class Layout:
    """The boxes of a graph.

    Args:
        nodes: the graph, oldest first.
        run: its operations as parts of a run.
        alias: for operations and leaves of folded blocks, those that are drawn in their place.
        depth: how many levels of Modules are opened.
        functions: whether a call of a function is one box.
    """

    def __init__(
        self, nodes: Iterable[Node], run: Scope, alias: dict[Node, Node], depth: float, functions: bool = True
    ) -> None:
        self._alias, self._depth, self._functions = alias, depth, functions
        self._unit: dict[Node, Unit] = {}
        self._frame: dict[Unit, Scope | None] = {}
        self.order: list[Unit] = []
        self.bare: set[Scope] = set()  # open, but without a frame of their own
        self._readers: dict[Leaf, set[Node]] = {}
        for node in (nodes := list(nodes)):
            for parent in node.parents:
                if isinstance(parent, Leaf):
                    self._readers.setdefault(parent, set()).add(node)
        self._open(run, run)
        self._repeats: dict[Node, list[Node]] = {}
        for node in alias:
            self._repeats.setdefault(self._drawn(node), []).append(node)
        self.inputs: dict[Unit, list[Unit]] = {unit: [] for unit in self.order}
        readers: dict[Leaf, list[Unit]] = {}
        for node in nodes:
            if isinstance(node, Leaf) or node not in self._unit:
                continue
            reader = self._unit[node]
            for parent in node.parents:
                if isinstance(parent, Leaf):
                    readers.setdefault(self._drawn(parent), []).append(reader)  # type: ignore[arg-type]
        self.hidden = {leaf for leaf, by in readers.items() if _belongs(leaf, by)}
        for node in nodes:
            if isinstance(node, Leaf):
                if self._drawn(node) is node and node not in self.hidden:
                    self._place(node, readers.get(node, []))
            elif node in self._unit:
                self.inputs[self._unit[node]] += [
                    source
                    for parent in node.parents
                    if parent is not None and (source := self.unit(parent)) is not None
                ]
        for unit, sources in self.inputs.items():
            self.inputs[unit] = [source for source in dict.fromkeys(sources) if source is not unit]

    def _open(self, scope: Scope, frame: Scope) -> None:
        for part in scope.parts:
            if isinstance(part, Scope) and self._is_open(part):
                # A function is a frame only where it was asked for, and a frame around one frame says nothing.
                bare = (part.kind == "function" and not self._functions) or _only_scope(part)
                if bare:
                    self.bare.add(part)
                self._open(part, frame if bare else part)
                continue
            self.order.append(part)
            self._frame[part] = frame
            for node in part.nodes() if isinstance(part, Scope) else (part,):
                self._unit[node] = part

    def _is_open(self, part: Scope) -> bool:
        if part.kind == "module":
            return part.level < self._depth and (len(part.parts) > 1 or _only_scope(part) or self._owns_leaf(part))
        # A function that reads Parameters in several places, such as attention with its projections, is a network.
        return part.kind != "function" or not self._functions or len(part.reading()) > 1

    def _owns_leaf(self, part: Scope) -> bool:
        """Whether a Parameter of the Module is read here and nowhere else."""
        nodes = set(part.nodes())
        leaves = {leaf for node in nodes for leaf in node.parents if isinstance(leaf, Leaf)}
        return any(self._readers[leaf] <= nodes and _owns(part, leaf.tensor()) for leaf in leaves)

    def repeats(self, node: Node) -> list[Node]:
        """The operation, and those of folded blocks that it stands for."""
        return [node, *self._repeats.get(node, ())]

    def _drawn(self, node: Node) -> Node:
        while node in self._alias:
            node = self._alias[node]
        return node

    def unit(self, node: Node) -> Unit | None:
        """The box in which a node is, or that stands for it; None for a Parameter inside a closed Module."""
        node = self._drawn(operation_of(node))
        if isinstance(node, Leaf):
            return None if node in self.hidden else node
        return self._unit.get(node)

    def _place(self, leaf: Leaf, readers: list[Unit]) -> None:
        frames = [self._around(reader) for reader in readers]
        common = [scope for scope in (frames[0] if frames else []) if all(scope in others for others in frames)]
        tensor = leaf.tensor()
        self._frame[leaf] = next((scope for scope in common if _owns(scope, tensor)), None)
        self.inputs[leaf] = []

    def _around(self, unit: Unit) -> list[Scope]:
        """The frames around a box, from the innermost outwards."""
        frames, scope = [], self._frame[unit]
        while scope is not None:
            frames.append(scope)
            scope = scope.inside
        return frames

    def frame(self, unit: Unit) -> Scope | None:
        """The innermost open part of the run around a box."""
        return self._frame.get(unit)

    def __len__(self) -> int:
        return len(self.inputs)

    def nearest(self, ends: Iterable[Node], steps: int | None, most: int | None) -> set[Unit]:
        """The boxes nearest to ``ends``, step by step back, each operation together with its leaves."""
        furthest, limit = (math.inf if number is None else number for number in (steps, most))
        kept: set[Unit] = set()
        level = {unit for node in ends if (unit := self.unit(node)) is not None}
        done = 0
        while level and done < furthest and len(kept) < limit:
            following: set[Unit] = set()
            for unit in sorted(level, key=lambda unit: -born(unit)):
                sources = self.inputs.get(unit, [])
                for candidate in (unit, *(source for source in sources if isinstance(source, Leaf))):
                    if len(kept) < limit:
                        kept.add(candidate)
                following.update(sources)
            level = following - kept
            done += 1
        return kept


def _belongs(leaf: Leaf, readers: list[Unit]) -> bool:
    """Whether a leaf is a Parameter of the one closed Module that reads it."""
    tensor = leaf.tensor()
    modules = {reader.module for reader in readers if isinstance(reader, Scope) and _owns(reader, tensor)}
    return len(modules) == 1 and all(isinstance(reader, Scope) and _owns(reader, tensor) for reader in readers)


def _owns(scope: Scope, tensor: Any) -> bool:
    """Whether a scope is the call of a Module that has this Parameter."""
    if scope.kind == "unit":
        return any(isinstance(part, Scope) and _owns(part, tensor) for part in scope.parts)
    return scope.kind == "module" and any(parameter is tensor for parameter in scope.module.parameters())


def _only_scope(part: Scope) -> bool:
    """Whether all that a Module did was to call one other, or several equal ones that are drawn as one."""
    (first, *others) = part.parts
    return part.kind == "module" and not others and isinstance(first, Scope) and first.kind in ("module", "unit")


def born(unit: Unit) -> int:
    """When a box was complete: a topological order, since the parts of a run are stretches of time."""
    return unit.born if isinstance(unit, Node) else max(node.born for node in unit.nodes())


def deepest(run: Scope) -> int:
    """How many levels of Modules there are, at least 1."""
    inner = [deepest(part) if isinstance(part, Scope) else 0 for part in run.parts]
    own = run.level + 1 if run.kind == "module" else 0
    return max([1, own, *inner])
