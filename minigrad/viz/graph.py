"""The recorded compute graph as a picture: what was computed from what, in which shapes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import graphviz
import numpy as np

from ..core.graph import Leaf, Node, Output, reachable
from ..core.tensor import Tensor
from .labels import GREY, arguments, bold, label, number, plain, small
from .picture import GraphPicture

_DIRECTIONS = ("TB", "LR", "BT", "RL")
_INTERCHANGEABLE = {"add", "multiply", "maximum", "minimum"}  # nobody needs to be told which input is which
_REST = "rest"  # the key of the note that stands for what is not drawn
_BOXES = {
    "leaf": {"shape": "box", "style": "filled", "fillcolor": "#dbeafe", "color": "#2563eb"},
    "operation": {"shape": "box", "style": "rounded,filled", "fillcolor": "#f8fafc", "color": GREY},
    "output": {"shape": "box", "style": "rounded,filled", "fillcolor": "#dcfce7", "color": "#15803d", "penwidth": "2"},
    "constant": {"shape": "box", "style": "dashed", "color": "#94a3b8", "fontcolor": "#475569"},
    "rest": {"shape": "box", "style": "filled,dashed", "fillcolor": "#fef3c7", "color": "#b45309"},
}
_ARROWS = {"node": {}, "constant": {"style": "dashed"}, "rest": {"style": "dashed", "color": "#b45309"}}


def draw_graph(
    tensor: Tensor | Sequence[Tensor],
    names: Any = None,
    *,
    direction: str = "TB",
    shapes: bool = True,
    values: bool = True,
    constants: bool = True,
    depth: int | None = None,
    max_nodes: int | None = 250,
) -> GraphPicture:
    """Draw the graph that recorded how a Tensor was computed; arrows point the way the data flowed.

    Blue boxes are leaves that require grad, rounded boxes operations, green boxes the Tensors asked for. Dashed boxes
    are arrays outside the graph. A number outside the graph stands in the box of its operation, as in ``y=2``; where
    no derivative needs it, and after a backward pass, the graph has forgotten it and the box says ``y=constant``.

    Args:
        tensor: the Tensor, or several that shall share one picture.
        names: where names come from: a Module, a dict such as ``{"x": x, "model": model}`` or ``locals()``, or pairs
            such as ``model.named_parameters()``. What is neither a Tensor nor a Module is passed over.
        direction: "TB" draws from top to bottom, "LR" from left to right, "BT" and "RL" the other way round.
        shapes: show the shapes of results, and the shapes and dtypes of leaves.
        values: show the value, and the gradient where there is one, of Tensors of one element that are asked for or
            named.
        constants: show what does not require grad.
        depth: draw only so many operations back from the Tensor.
        max_nodes: draw at most so many leaves and operations, those nearest to the Tensor; None draws all. A picture
            that leaves something out says how much.

    Returns:
        A picture that shows itself in a notebook; ``.save("graph.svg")`` writes it to a file.

    Raises:
        RuntimeError: if a Tensor has no graph.

    Example:
        >>> x = Tensor(3.0, requires_grad=True)
        >>> picture = draw_graph(x * x, names={"x": x})
        >>> picture.source.count("x0 -> x1")
        2
    """
    outputs = _outputs(tensor)
    if direction not in _DIRECTIONS:
        raise ValueError(f"direction is one of {', '.join(_DIRECTIONS)}, got {direction!r}")
    for option, limit in (("depth", depth), ("max_nodes", max_nodes)):
        if limit is not None and limit < 1:
            raise ValueError(f"{option} must be at least 1, or None for no limit, got {limit}")
    ends = [output._node for output in outputs if output._node is not None]
    kept = _nearest(map(_operation_of, ends), depth, max_nodes)
    everything = reachable(ends)
    drawing = _Drawing(
        outputs,
        kept,
        _branches(everything),
        _Names(names),
        direction,
        shapes=shapes,
        values=values,
        constants=constants,
    )
    left_out = len({_operation_of(node) for node in everything}) - len(kept)
    if left_out:
        drawing.note(left_out, f"max_nodes={max_nodes}" if len(kept) == max_nodes else f"depth={depth}")
    drawing.draw()
    return GraphPicture(drawing.dot.source)


def _outputs(tensor: Any) -> list[Tensor]:
    """The Tensors to draw, checked."""
    outputs = list(tensor) if isinstance(tensor, (list, tuple)) else [tensor]
    if not outputs:
        raise ValueError("draw_graph got an empty list; give it one Tensor or several")
    for i, output in enumerate(outputs):
        which = f"Tensor {i} of {len(outputs)}" if len(outputs) > 1 else "the Tensor"
        if not isinstance(output, Tensor):
            raise TypeError(f"draw_graph draws a Tensor or a list of Tensors; {which} is of type {_type(output)}")
        if output._node is None:
            raise RuntimeError(
                f"{which}, of shape {output.shape}, has no graph: nothing that it was computed from requires grad, or "
                "it was computed inside no_grad(); create the inputs with requires_grad=True"
            )
    return outputs


def _type(value: Any) -> str:
    return type(value).__name__


def _operation_of(node: Node) -> Node:
    """The node whose box stands for ``node``: all outputs of an operation share that of the operation."""
    if isinstance(node, Output) and node.parents[0] is not None:
        return node.parents[0]
    return node


def _branches(nodes: Iterable[Node]) -> dict[Node, list[Output]]:
    """Those outputs, of operations of several, that are in use, in order."""
    found: dict[Node, list[Output]] = {}
    for node in nodes:
        if isinstance(node, Output):
            found.setdefault(_operation_of(node), []).append(node)
    return {node: sorted(outputs, key=lambda output: output.number) for node, outputs in found.items()}


def _nearest(ends: Iterable[Node], depth: int | None, max_nodes: int | None) -> set[Node]:
    """The nodes nearest to ``ends``, step by step back, each operation together with its leaves."""
    furthest, most = (math.inf if limit is None else limit for limit in (depth, max_nodes))
    kept: set[Node] = set()
    level = set(ends)
    steps = 0
    while level and steps < furthest and len(kept) < most:
        following: set[Node] = set()
        for node in sorted(level, key=lambda node: -node.born):
            parents = [_operation_of(parent) for parent in node.parents if parent is not None]
            for candidate in (node, *(parent for parent in parents if isinstance(parent, Leaf))):
                if len(kept) < most:
                    kept.add(candidate)
            following.update(parents)
        level = following - kept
        steps += 1
    return kept


# --- names ------------------------------------------------------------------------------------------------------------
class _Names:
    """Finds what a node, or an array outside the graph, is called; of several names the first counts."""

    def __init__(self, source: Any) -> None:
        self.of_node: dict[Node, tuple[str, Tensor]] = {}
        self.of_array: dict[int, tuple[str, Tensor]] = {}  # by id of the array, which the Tensor keeps alive
        # The locals() of a notebook hold results under names such as _ and _12 too: any other name is better.
        for name, tensor in sorted(_named(source), key=lambda pair: pair[0].startswith("_")):
            if name.strip():
                self.of_array.setdefault(id(tensor._array), (name, tensor))
                if tensor._node is not None:
                    self.of_node.setdefault(tensor._node, (name, tensor))


def _named(source: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every Tensor in a Module, a dict or pairs, with its name."""
    if source is None:
        return
    if hasattr(source, "named_parameters"):
        pairs: Any = source.named_parameters()
    elif isinstance(source, Mapping):
        pairs = source.items()
    elif isinstance(source, Iterable) and not isinstance(source, (str, Tensor, np.ndarray)):
        pairs = source
    else:
        raise TypeError(
            f"names comes from a Module, a dict or pairs of name and Tensor, got {_type(source)}; "
            "for example names={'x': x, 'model': model}"
        )
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise TypeError(f"names needs pairs of name and Tensor, got {_type(pair)}; a dict has them: {{'x': x}}")
        name, value = pair
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        elif hasattr(value, "named_parameters") and not isinstance(value, type):
            yield from _named(value, f"{prefix}{name}.")


# --- boxes and arrows -------------------------------------------------------------------------------------------------
class _Input(NamedTuple):
    """What an operation was given: a parent inside the graph, or a value outside it if that is still known."""

    name: str
    parent: Node | None
    value: Any


def _inputs(node: Node) -> list[_Input]:
    op: Any = node.op
    names = op.inputs or ("",) * len(node.parents)  # those of concatenate and stack have no names
    saved = dict(zip(op.saved_names, node.saved, strict=True)) if node.saved is not None else {}
    parents = [parent and _operation_of(parent) for parent in node.parents]
    inputs = [_Input(name, parent, saved.get(name)) for name, parent in zip(names, parents, strict=False)]
    # An optional input without a parent was most likely left out, such as the bias of a linear layer.
    required = len(names) - len(getattr(op.forward, "__defaults__", None) or ())
    return [given for i, given in enumerate(inputs) if i < required or given.parent is not None]


class _Drawing:
    """Writes boxes and arrows; boxes are numbered as they come, so that equal graphs give equal sources."""

    def __init__(
        self,
        outputs: list[Tensor],
        kept: set[Node],
        branches: dict[Node, list[Output]],
        names: _Names,
        direction: str,
        *,
        shapes: bool,
        values: bool,
        constants: bool,
    ) -> None:
        self.outputs = {output._node: output for output in outputs}
        self.kept, self.branches = kept, branches
        self.names = names
        self.shapes, self.values, self.constants = shapes, values, constants
        self.keys: dict[Node | int, str] = {}  # node, or id of an array (which its node keeps alive) -> key of its box
        font = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "11"}
        self.dot = graphviz.Digraph(
            "compute_graph",
            graph_attr={"rankdir": direction, "bgcolor": "white", "pad": "0.2", "nodesep": "0.3", "ranksep": "0.35"},
            node_attr={**font, "height": "0.3", "margin": "0.1,0.04"},
            edge_attr={**font, "fontsize": "9", "fontcolor": GREY, "color": GREY, "arrowsize": "0.7"},
        )

    def note(self, left_out: int, limit: str) -> None:
        """Say what is not drawn."""
        lines = [f"{left_out:,} of {left_out + len(self.kept):,} nodes are not drawn", small(f"limit: {limit}")]
        self.dot.node(_REST, label(lines), **_BOXES["rest"])

    def draw(self) -> None:
        """Draw every node that was kept: leaves when something first needs them, so that inputs stand in order."""
        for node in sorted(self.kept, key=lambda node: node.born):
            if not isinstance(node, Leaf):
                self._operation(node)
            elif node in self.outputs:
                self._leaf(node)

    def _operation(self, node: Node) -> None:
        words = arguments(node)
        arrows = []
        for name, parent, value in _inputs(node):
            if parent is not None and parent not in self.kept:
                arrows.append((_REST, name, "rest"))
            elif parent is not None:
                arrows.append((self._leaf(parent) if isinstance(parent, Leaf) else self.keys[parent], name, "node"))
            elif self.constants and getattr(value, "ndim", 0) > 0:
                arrows.append((self._array(value), name, "constant"))
            elif self.constants:
                text = "constant" if value is None else number(value)
                words.append(f"{name}={text}" if name else text)
        branches = self.branches.get(node, [])
        if branches:
            lines = [bold(node.shown), *map(small, words)]
            for branch in branches:
                lines += self._result(branch, small(node.op.outputs[branch.number]), [])  # type: ignore[union-attr]
        else:
            lines = self._result(node, bold(node.shown), words)
        key = self._box(node, lines, "output" if not self.outputs.keys().isdisjoint([node, *branches]) else "operation")
        labelled = len(arrows) > 1 and node.name not in _INTERCHANGEABLE
        for source, name, kind in arrows:
            self.dot.edge(source, key, label=f"  {name}" if labelled and name else None, **_ARROWS[kind])

    def _result(self, node: Node, what: str, words: list[str]) -> list[str]:
        """The lines on what an operation computed, or on one of its outputs."""
        name, value, grad = self._about(node)
        lines = [(f"{bold(name)} = " if name else "") + what, *map(small, words)]
        lines += [small(str(node.shape))] if self.shapes else []
        lines += [value] if value else []
        return [*lines, *([small(f"grad {grad}")] if grad else [])]

    def _leaf(self, node: Node) -> str:
        if node in self.keys:
            return self.keys[node]
        name, value, grad = self._about(node)
        lines = [bold(name or "leaf") + (f" = {value}" if value else "")]
        lines += [small(f"{node.shape} {node.dtype}")] if self.shapes else []
        lines += [small(f"grad {grad}")] if grad else []
        return self._box(node, lines, "output" if node in self.outputs else "leaf")

    def _array(self, array: Any) -> str:
        if id(array) in self.keys:
            return self.keys[id(array)]
        name, _ = self.names.of_array.get(id(array), ("", None))
        lines = [bold(name) if name else plain("constant")]
        lines += [small(f"{array.shape} {array.dtype}")] if self.shapes else []
        return self._box(id(array), lines, "constant")

    def _about(self, node: Node) -> tuple[str, str, str]:
        """Name, value and gradient of a node, as far as they are known and wanted."""
        name, tensor = self.names.of_node.get(node, ("", self.outputs.get(node)))
        if not self.values or tensor is None or tensor._array.size != 1:
            return name, "", ""
        return name, number(tensor._array), "" if tensor._grad is None else number(tensor._grad._array)

    def _box(self, what: Node | int, lines: list[str], kind: str) -> str:
        key = self.keys[what] = f"x{len(self.keys)}"
        self.dot.node(key, label(lines), **_BOXES[kind])
        return key
