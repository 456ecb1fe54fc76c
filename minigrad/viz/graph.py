"""The recorded compute graph as a picture: what was computed from what, in which shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..core.caller import warn
from ..core.graph import Leaf, Node, Output, reachable
from ..core.tensor import Tensor
from ..debug.trace import Trace
from ..nn.module.module import Module
from .drawing import Choices, Drawing
from .layout import Layout, Unit, deepest
from .names import Names
from .picture import GraphPicture
from .running import inputs_of, run
from .scope import Scope, arrange, operation_of
from .scope import fold as folded
from .values import MEASURES, Values

_READABLE = 2_000  # boxes, and already that is much
_DIRECTIONS = ("TB", "LR", "BT", "RL")


def draw_graph(
    tensor: Tensor | Sequence[Tensor] | Module,
    inputs_or_names: Any = None,
    *,
    names: Any = None,
    trace: Trace | None = None,
    direction: str = "TB",
    depth: int | None = None,
    fold: bool = True,
    functions: bool = True,
    shapes: bool = True,
    values: bool | str = True,
    constants: bool = True,
    color_by: str | None = None,
    saved: bool = False,
    steps: int | None = None,
    max_nodes: int | None = 250,
) -> GraphPicture:
    """Draw the graph that recorded how a Tensor was computed, or what a model does; arrows point the way data flowed.

    ``draw_graph(loss)`` draws what was recorded. ``draw_graph(model, x)`` runs the model once, in the mode that it is
    in, and draws that with its Modules as frames; nothing in the model changes. ``draw_graph(loss, trace=trace)`` draws
    what ran inside ``with debug.Trace(model) as trace:``, loss and frames together, also after ``backward()``.

    Blue boxes are leaves that require grad, orange ones inputs of the model, rounded boxes operations, violet ones
    closed Modules, green the Tensors asked for. Dashed boxes are arrays outside the graph. Red: infinite or NaN.
    A number outside the graph stands in the box of its operation, as in ``y=2``; where nothing remembers it any more,
    the box says ``y=constant``.

    Args:
        tensor: the Tensor, or several that shall share one picture, or a Module.
        inputs_or_names: for a Module its input, a tuple of several, or a dict of keyword arguments; else ``names``.
        names: where names come from: a Module, a dict such as ``{"x": x, "model": model}`` or ``locals()``, or pairs
            such as ``model.named_parameters()``. What is neither a Tensor nor a Module is passed over.
        trace: a ``debug.Trace`` of the run: Modules, functions, and all values and gradients that it saw.
        direction: "TB" draws from top to bottom, "LR" from left to right, "BT" and "RL" the other way round.
        depth: how many levels of Modules are opened; those further in are one box each. None opens as many as
            ``max_nodes`` allows.
        fold: draw one of several equal blocks in a row, with "×12".
        functions: draw a call such as ``F.cross_entropy`` as one box, not as the operations that it is made of.
        shapes: show the shapes of results, and the shapes and dtypes of leaves.
        values: show the value, and the gradient where there is one, of Tensors of one element that are asked for or
            named. "all" shows those of every operation, as far as a trace, a Tensor or the graph still knows them, or
            they can be computed again from what is known.
        constants: show what does not require grad.
        color_by: "grad" (root mean square of the gradient; needs a ``trace`` with a backward pass inside),
            "activation" (standard deviation of the values), "saturation" (share of the values of a tanh, sigmoid or
            ReLU where its slope is almost 0) or "time" (since the operation before; needs a trace, which
            ``draw_graph(model, x)`` makes itself; being watched is included). Comes with a legend.
        saved: show which arrays are kept for the backward pass, and their bytes.
        steps: draw only so many operations back from the Tensor.
        max_nodes: draw at most so many leaves, operations and closed Modules, those nearest to the Tensor; None draws
            all. A picture that leaves something out says how much.

    Returns:
        A picture that shows itself in a notebook; ``.save("graph.svg")`` writes it to a file.

    Raises:
        RuntimeError: if a Tensor has no graph.

    Example:
        >>> x = Tensor(3.0, requires_grad=True)
        >>> picture = draw_graph(x * x, names={"x": x})
        >>> picture.source.count("x0 -> x1")
        2
        >>> from minigrad import nn
        >>> print(draw_graph(nn.Linear(2, 3), Tensor([[1.0, 2.0]]), direction="LR").mermaid().splitlines()[0])
        flowchart LR
    """
    _check(direction, values, color_by, depth=depth, steps=steps, max_nodes=max_nodes)
    given: dict[str, Tensor] = {}
    if isinstance(tensor, Module):
        found = run(tensor, inputs_or_names)
        outputs, trace, given = found.outputs, found.trace, found.inputs
    else:
        outputs = _outputs(tensor)
        names = inputs_or_names if names is None else names
        given = {} if trace is None else inputs_of(trace)
    known = Names(names)
    for name, value in given.items():
        known.add(name, value)
    model = tensor if isinstance(tensor, Module) else None if trace is None else trace.model
    if model is not None:
        known.add_parts(model)
    ends = [output._node for output in outputs if output._node is not None]
    everything = sorted(reachable(ends), key=lambda node: node.born)
    operations = {operation_of(node) for node in everything if not isinstance(node, Leaf)}
    scopes = arrange(operations, trace)
    alias = folded(scopes) if fold and trace is not None else {}
    wanted = depth
    layout, depth = _fitting(everything, scopes, alias, wanted, functions, max_nodes)
    kept = layout.nearest(ends, steps, max_nodes)
    if len(kept) > _READABLE:
        less = "draw_graph(model, x, depth=1) closes Modules" if trace is None else f"depth=1 instead of depth={depth}"
        warn(f"a picture of {len(kept):,} boxes takes minutes to lay out, and nobody can read it: {less}")
    tensors = [*(tensor for _, tensor in known.of_node.values()), *outputs]
    drawing = Drawing(
        outputs,
        layout,
        kept,
        _branches(everything),
        known,
        Values(everything, trace, tensors, values == "all"),
        Choices(shapes, values, constants, color_by, saved),
        direction,
    )
    drawing.inputs = {value._node for value in given.values()} | {id(value._array) for value in given.values()}
    if len(layout) > len(kept):
        _note_cut(drawing, layout, kept, steps, max_nodes, trace is not None and depth > 1)
    elif wanted is None and trace is not None and depth < (whole := deepest(scopes)):
        drawing.note([f"opened to depth={depth} of {whole}", f"max_nodes={max_nodes} boxes"])
    if isinstance(tensor, Module):
        _note_unreached(drawing, tensor, everything)
    scene = drawing.draw()
    _require_measured(color_by, drawing)
    return GraphPicture(scene.dot(), scene)


def _check(direction: str, values: Any, color_by: Any, **limits: int | None) -> None:
    if direction not in _DIRECTIONS:
        raise ValueError(f"direction is one of {', '.join(_DIRECTIONS)}, got {direction!r}")
    if values not in (True, False, "all"):
        raise ValueError(f"values is True, False or 'all', got {values!r}")
    if color_by is not None and color_by not in MEASURES:
        raise ValueError(f"color_by is one of {', '.join(MEASURES)}, or None for no colours, got {color_by!r}")
    for option, limit in limits.items():
        if limit is not None and limit < 1:
            raise ValueError(f"{option} must be at least 1, or None for no limit, got {limit}")


def _outputs(tensor: Any) -> list[Tensor]:
    """The Tensors to draw, checked."""
    outputs = list(tensor) if isinstance(tensor, (list, tuple)) else [tensor]
    if not outputs:
        raise ValueError("draw_graph got an empty list; give it one Tensor or several")
    for i, output in enumerate(outputs):
        which = f"Tensor {i} of {len(outputs)}" if len(outputs) > 1 else "the Tensor"
        if not isinstance(output, Tensor):
            raise TypeError(
                f"draw_graph draws a Tensor or a list of Tensors; {which} is of type {type(output).__name__}"
            )
        if output._node is None:
            raise RuntimeError(
                f"{which}, of shape {output.shape}, has no graph: nothing that it was computed from requires grad, or "
                "it was computed inside no_grad(); create the inputs with requires_grad=True"
            )
    return outputs


def _branches(nodes: Iterable[Node]) -> dict[Node, list[Output]]:
    """Those outputs, of operations of several, that are in use, in order."""
    found: dict[Node, list[Output]] = {}
    for node in nodes:
        if isinstance(node, Output):
            found.setdefault(operation_of(node), []).append(node)
    return {node: sorted(outputs, key=lambda output: output.number) for node, outputs in found.items()}


def _fitting(
    nodes: list[Node],
    scopes: Scope,
    alias: dict[Node, Node],
    depth: int | None,
    functions: bool,
    most: int | None,
) -> tuple[Layout, int]:
    """The boxes, with Modules opened to ``depth``, or as deep as the limit allows."""
    whole = deepest(scopes)
    for level in range(whole, 0, -1) if depth is None else [depth]:
        layout = Layout(nodes, scopes, alias, level, functions)
        if most is None or len(layout) <= most:
            break
    return layout, level


def _note_cut(
    drawing: Drawing, layout: Layout, kept: set[Unit], steps: int | None, most: int | None, deeper: bool
) -> None:
    """Say what is not drawn, and what would draw all of it."""
    left = len(layout) - len(kept)
    limit = f"max_nodes={most}" if len(kept) == most else f"steps={steps}"
    advice = ["depth=1 draws less of each Module"] if deeper else []
    drawing.note([f"{left:,} of {len(layout):,} nodes are not drawn", f"limit: {limit}", *advice])


def _note_unreached(drawing: Drawing, model: Module, nodes: list[Node]) -> None:
    """Say which Parameters no path leads to: they would never be trained."""
    reached = set(nodes)
    lost = [name for name, p in model.named_parameters() if p._node is not None and p._node not in reached]
    if lost:
        shown = lost if len(lost) <= 5 else [*lost[:4], f"and {len(lost) - 4} more"]
        drawing.note(["the output does not depend on", *shown], "unreached", "missing")


def _require_measured(color_by: str | None, drawing: Drawing) -> None:
    if color_by is None or drawing.measured:
        return
    needed = {
        "grad": "no gradient is known: with minigrad.debug.Trace(model) as trace: loss = ...; loss.backward(), "
        "then draw_graph(loss, trace=trace, color_by='grad')",
        "time": "no time was taken: draw_graph(model, x, color_by='time'), or draw_graph(loss, trace=trace, ...)",
        "saturation": "no tanh, sigmoid, ReLU or other activation that saturates is in the graph, or the graph has "
        "forgotten their values: give the trace of the run, trace=trace",
        "activation": "the graph has forgotten all values: give the trace of the run, trace=trace",
    }
    raise ValueError(f"color_by={color_by!r} has nothing to show: {needed[color_by]}")
