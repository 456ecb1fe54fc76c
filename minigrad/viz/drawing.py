"""Boxes and arrows for a graph: what stands in each of them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..core.graph import Leaf, Node, Output
from ..core.tensor import Tensor
from ..nn import functional
from .colours import Scale, quantity
from .labels import arguments, bold, brief_value, bytes_in_words, number, plain, small
from .layout import Layout, Unit, born
from .names import Names
from .scene import Arrow, Box, Cluster, Scene
from .scope import Scope, operation_of
from .values import Values, combined

_INTERCHANGEABLE = {"add", "multiply", "maximum", "minimum"}  # nobody needs to be told which input is which
_REST = "rest"  # the key of the note that stands for what is not drawn


@dataclass
class Choices:
    """What a picture shows, as ``draw_graph`` was asked for."""

    shapes: bool = True
    values: bool | str = True
    constants: bool = True
    color_by: str | None = None
    saved: bool = False


class _Input(NamedTuple):
    """What an operation was given: a parent inside the graph, or a value outside it if that is still known."""

    name: str
    parent: Node | None
    value: Any


class Drawing:
    """Fills a scene; boxes are numbered as they come, so that equal graphs give equal pictures."""

    def __init__(
        self,
        outputs: list[Tensor],
        layout: Layout,
        kept: set[Unit],
        branches: dict[Node, list[Output]],
        names: Names,
        values: Values,
        choices: Choices,
        direction: str,
    ) -> None:
        self.outputs: dict[Any, Tensor] = {output._node: output for output in outputs}
        self.layout, self.kept, self.branches = layout, kept, branches
        self.names, self.values, self.choices = names, values, choices
        self.inputs: set[Any] = set()  # leaves, and ids of arrays, that the model was given
        self.scene = Scene(direction)
        self.boxes: dict[Any, Box] = {}  # by unit, or by id of an array (which its node keeps alive)
        self._clusters: dict[Scope, Cluster] = {}
        self._measures: dict[Unit, float | None] = {}
        self._scale: Scale | None = None
        self._counted: dict[int, int] = {}  # id of a saved array -> its bytes

    # --- all of it ----------------------------------------------------------------------------------------------------
    def note(self, lines: list[str], key: str = _REST, kind: str = "rest") -> None:
        """A box with remarks."""
        self.scene.boxes.append(Box(key, [lines[0], *map(small, lines[1:])], kind))

    def draw(self) -> Scene:
        """Draw every unit that was kept: leaves when something first needs them, so that inputs stand in order."""
        if self.choices.color_by:
            self._measure(self.choices.color_by)
        for unit in sorted(self.kept, key=born):
            if isinstance(unit, Scope):
                self._part(unit)
            elif not isinstance(unit, Leaf):
                self._operation(unit)
            elif unit in self.outputs:
                self._leaf(unit)
        if self.choices.saved:
            total = bytes_in_words(sum(self._counted.values()))
            self.note([f"kept for backward: {total}", "each array counted once"], "saved", "constant")
        return self.scene

    @property
    def measured(self) -> bool:
        """Whether anything was found that colours can show."""
        return self._scale is not None

    def _measure(self, what: str) -> None:
        for unit in self.kept:
            nodes = list(unit.nodes()) if isinstance(unit, Scope) else [unit]
            measures = [[self.values.measure(each, what) for each in self.layout.repeats(node)] for node in nodes]
            self._measures[unit] = combined(what, measures)
        known = [value for value in self._measures.values() if value is not None]
        if known:
            self._scale = Scale(what, known)
            scale = self._scale
            legend = Box("legend", scale.words(), "legend", table=scale.legend(), stripes=scale.stripes())
            self.scene.boxes.append(legend)

    def _add(self, what: Any, lines: list[str], kind: str, inside: Cluster | None, broken: bool = False) -> Box:
        measure = self._measures.get(what) if isinstance(what, (Node, Scope)) else None
        if measure is not None and self.choices.color_by:
            lines = [*lines, small(f"{self.choices.color_by}: {quantity(self.choices.color_by, measure)}")]
        colour = None
        if self._scale is not None and kind in ("operation", "output", "module", "leaf", "input"):
            colour = self._scale.colour(measure) or "#ffffff"
        box = self.boxes[what] = Box(f"x{len(self.boxes)}", lines, kind, inside, colour, broken)
        self.scene.boxes.append(box)
        return box

    def _cluster(self, unit: Unit) -> Cluster | None:
        return self._frame(self.layout.frame(unit))

    def _frame(self, scope: Scope | None) -> Cluster | None:
        if scope is None or scope.kind == "run":
            return None
        if scope in self.layout.bare:
            return self._frame(scope.inside)
        if scope not in self._clusters:
            self._clusters[scope] = Cluster(self._title(scope), self._frame(scope.inside))
        return self._clusters[scope]

    # --- operations ---------------------------------------------------------------------------------------------------
    def _operation(self, node: Node) -> None:
        words = arguments(node)
        arrows: list[tuple[Any, str, str]] = []  # a box or what has one, the name of the input, the kind of arrow
        for given in self._given(node):
            source = None if given.parent is None else self.layout.unit(given.parent)
            if given.parent is not None:
                known = source is not None and source in self.kept
                arrows.append((source if known else _REST, given.name, "node" if known else "rest"))
            elif self.choices.constants and getattr(given.value, "ndim", 0) > 0:
                arrows.append((self._array(given.value, self._cluster(node)), given.name, "constant"))
            elif self.choices.constants:
                text = "constant" if given.value is None else number(given.value)
                words.append(f"{given.name}={text}" if given.name else text)
        arrows += [(self._array(value, None), name, "constant") for name, value in self._static(node)]
        branches = self.branches.get(node, [])
        if branches:
            lines = [bold(node.shown), *map(small, words)]
            for branch in branches:
                lines += self._result(branch, small(node.op.outputs[branch.number]), [])  # type: ignore[union-attr]
        else:
            lines = self._result(node, bold(node.shown), words)
        lines += self._saved(node)
        kind = "output" if not self.outputs.keys().isdisjoint([node, *branches]) else "operation"
        sources = [self._source(source) for source, *_ in arrows]
        box = self._add(node, lines, kind, self._cluster(node), self.values.broken(node))
        labelled = len(arrows) > 1 and node.name not in _INTERCHANGEABLE
        for start, (_, name, how) in zip(sources, arrows, strict=True):
            self._arrow(start, box, name if labelled else "", how)

    def _source(self, source: Any) -> Box | str:
        if isinstance(source, (str, Box)):
            return source
        return self._leaf(source) if isinstance(source, Leaf) else self.boxes[source]

    def _arrow(self, source: Box | str, target: Box, name: str, kind: str) -> None:
        if isinstance(source, Box) and source.broken and target.broken:
            kind = "broken"
        self.scene.arrows.append(Arrow(source if isinstance(source, str) else source.key, target.key, name, kind))

    def _given(self, node: Node) -> list[_Input]:
        op: Any = node.op
        names = op.inputs or ("",) * len(node.parents)  # those of concatenate and stack have no names
        step = self.values.steps.get(node)
        if step is not None and len(step.inputs) == len(node.parents) == len(names):
            found = zip(names, node.parents, step.inputs, strict=True)
            return [_Input(*given) for given in found if given[1] is not None or given[2] is not None]
        saved = dict(zip(op.saved_names, node.saved, strict=True)) if node.saved is not None else {}
        inputs = [_Input(name, parent, saved.get(name)) for name, parent in zip(names, node.parents, strict=False)]
        # An optional input without a parent was most likely left out, such as the bias of a linear layer.
        optional = {name for name, default in op.defaults.items() if default is not inspect.Parameter.empty}
        return [given for given in inputs if given.name not in optional or given.parent is not None]

    def _static(self, node: Node) -> list[tuple[str, Any]]:
        """Static arguments that are arrays with a name: the labels of a loss, the indices into an embedding."""
        if not self.choices.constants:
            return []
        found = [(name, self.names.array(value)) for name, value in node.static.items()]
        return [(name, array) for name, array in found if array is not None]

    def _result(self, node: Node, what: str, words: list[str]) -> list[str]:
        """The lines on what an operation computed, or on one of its outputs."""
        name, value, grad = self._about(node)
        lines = [(f"{bold(name)} = " if name else "") + what, *map(small, words)]
        lines += [small(str(node.shape))] if self.choices.shapes else []
        lines += [value] if value else []
        return [*lines, *([small(f"grad {grad}")] if grad else [])]

    def _saved(self, node: Node) -> list[str]:
        """What is kept for the derivative, and how much that is."""
        op: Any = node.op
        if not self.choices.saved:
            return []
        if node.saved is None:
            return [small("saved values are freed")]
        arrays = [
            (name, value)
            for name, value in zip(op.saved_names, node.saved, strict=False)
            if getattr(value, "ndim", 0) > 0 and hasattr(value, "nbytes")
        ]
        for _, value in arrays:
            self._counted[id(value if value.base is None else value.base)] = value.nbytes
        return [small(f"saves {name} {value.shape} {bytes_in_words(value.nbytes)}") for name, value in arrays]

    # --- parts of the run ---------------------------------------------------------------------------------------------
    def _part(self, scope: Scope) -> None:
        nodes = list(scope.nodes())
        repeated = [each for node in nodes for each in self.layout.repeats(node)]
        sources = []
        for source in self.layout.inputs[scope]:
            known = source in self.kept
            sources.append((self._source(source) if known else _REST, "node" if known else "rest"))
        for node in nodes:
            for given in self._given(node):
                if self.choices.constants and given.parent is None and id(given.value) in self.names.of_array:
                    if id(given.value) in self.inputs or scope.kind == "function":
                        sources.append((self._array(given.value, None), "constant"))
            sources += [(self._array(value, None), "constant") for _, value in self._static(node)]
        lines = self._title(scope) if scope.kind != "function" else self._function(scope, nodes)
        if scope.kind != "function" and self.choices.shapes:
            lines[1:1] = [small(_shapes(scope.call.output if scope.call is not None else None) or str(nodes[-1].shape))]
        if self.choices.saved:
            kept = self._counted.copy()
            for node in repeated:
                self._saved(node)
            if added := sum(self._counted.values()) - sum(kept.values()):
                lines.append(small(f"saves {bytes_in_words(added)}"))
        ends = {node for node in (*nodes, *(branch for node in nodes for branch in self.branches.get(node, [])))}
        kind = "output" if not self.outputs.keys().isdisjoint(ends) else "module"
        if kind == "module" and scope.kind == "function":
            kind = "operation"
        broken = any(self.values.broken(node) for node in repeated)
        box = self._add(scope, lines, kind, self._cluster(scope), broken)
        for one, how in dict.fromkeys(
            (source if isinstance(source, str) else source.key, how) for source, how in sources
        ):
            box_of = next((b for b in self.boxes.values() if b.key == one), one)
            self._arrow(box_of, box, "", how)

    def _title(self, scope: Scope) -> list[str]:
        times = f" ×{scope.times}" if scope.times > 1 else ""
        if scope.kind != "module":
            name = {"backward": "backward pass (create_graph=True)"}.get(scope.kind, scope.name)
            return [bold(name) + times]
        kind = type(scope.module).__name__
        name = f"{scope.name} … {scope.last}" if scope.times > 1 else scope.name
        first = f"{bold(name)} {plain(kind)}" if name else bold(kind)
        count = sum(p._array.size for p in scope.module.parameters()) * scope.times
        return [first + times, *([small(f"{count:,} parameters")] if count else [])]

    def _function(self, scope: Scope, nodes: list[Node]) -> list[str]:
        """The lines on a call of a function: of its operations' arguments those that it has itself, and labels."""
        function = getattr(functional, scope.name, None) or getattr(Tensor, scope.name)
        own = {"labels", *inspect.signature(function).parameters}
        words = [word for node in nodes for word in arguments(node) if word.split("=")[0] in own or word[0] == "["]
        return self._result(nodes[-1], bold(scope.name), list(dict.fromkeys(words)))

    # --- leaves and constants -----------------------------------------------------------------------------------------
    def _leaf(self, node: Node) -> Box:
        if node in self.boxes:
            return self.boxes[node]
        name, value, grad = self._about(node)
        lines = [bold(name or "leaf") + (f" = {value}" if value else "")]
        lines += [small(f"{node.shape} {node.dtype}")] if self.choices.shapes else []
        lines += [small(f"grad {grad}")] if grad else []
        kind = "output" if node in self.outputs else "input" if node in self.inputs else "leaf"
        return self._add(node, lines, kind, self._cluster(node), self.values.broken(node))

    def _array(self, array: Any, inside: Cluster | None) -> Box:
        if id(array) in self.boxes:
            return self.boxes[id(array)]
        name, _ = self.names.of_array.get(id(array), ("", None))
        lines = [bold(name) if name else plain("constant")]
        lines += [small(f"{array.shape} {array.dtype}")] if self.choices.shapes else []
        given = id(array) in self.inputs
        broken = array.dtype.kind == "f" and not np.isfinite(array).all()
        return self._add(id(array), lines, "input" if given else "constant", None if given else inside, broken)

    def _about(self, node: Node) -> tuple[str, str, str]:
        """Name, value and gradient of a node, as far as they are known and wanted."""
        name, tensor = self.names.of_node.get(node, ("", self.outputs.get(node)))
        if self.choices.values == "all":
            value, grad = self.values.of(operation_of(node) if tensor is None else node), self.values.gradient(node)
            return name, "" if value is None else plain(brief_value(value)), "" if grad is None else brief_value(grad)
        if not self.choices.values or tensor is None or tensor._array.size != 1:
            return name, "", ""
        return name, number(tensor._array), "" if tensor._grad is None else number(tensor._grad._array)


def _shapes(output: Any) -> str:
    """The shapes of what a Module returned."""
    if isinstance(output, Tensor):
        return str(output.shape)
    if isinstance(output, (tuple, list)):
        return ", ".join(filter(None, map(_shapes, output)))
    return ""
