"""Backward, one operation at a time, as a page with a slider that needs nothing but a browser."""

from __future__ import annotations

import os
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.steps import BackwardStep, Contribution, backward_steps
from ..core.graph import Leaf, Node, reachable
from ..core.tensor import Tensor
from .drawing import Choices, Drawing
from .labels import brief_value, small
from .layout import Layout
from .mathml import mathml
from .names import Names
from .page import Frame, page
from .render import INSTALL, render
from .scene import Box, Scene
from .scope import arrange, operation_of
from .values import Values

_MOST = 300  # operations that one can still look at
_HEIGHT = 680  # pixels of the frame in a notebook


class BackwardAnimation:
    """A page that walks through a backward pass; shows itself in a notebook.

    Attributes:
        html: the page.
        steps: what it shows.
    """

    def __init__(self, html: str, steps: list[BackwardStep]) -> None:
        self.html, self.steps = html, steps

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whose folder is made if it does not exist; returns its path."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"the animation is a page for browsers, save('steps.html'); got {path.name!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        style = "width:100%;border:1px solid #cbd5e1;border-radius:8px"
        return f'<iframe srcdoc="{escape(self.html)}" style="{style}" height="{_HEIGHT}"></iframe>'

    def __repr__(self) -> str:
        return f"<BackwardAnimation: {len(self.steps)} steps; .save('steps.html') writes the page>"


def animate_backward(tensor: Tensor, names: Any = None, *, gradient: Any = None) -> BackwardAnimation:
    """Backward from ``tensor``, step by step, over a picture of its graph: a page that works offline.

    Each step shows the operation, the gradient that has arrived there, its rule as a formula and in numbers, what it
    passes on to each input, and how these contributions add up. Where a node still waits for other contributions, the
    page says so: that is why the order is topological. No ``.grad`` changes, and the graph stays.

    Args:
        tensor: where to start.
        names: where names come from, as in ``draw_graph``.
        gradient: what to push back; may be left out for a single element (then 1).

    Raises:
        RuntimeError: if the Tensor has no graph, it was freed, or nothing is installed that draws it.
        ValueError: for a graph that is too large to look at.

    Example:
        >>> a = Tensor(1.0, requires_grad=True)
        >>> b = a + a
        >>> c = b + b
        >>> animation = animate_backward(c, {"a": a, "b": b, "c": c})
        >>> [step.name for step in animation.steps]
        ['add', 'add']
    """
    steps = list(backward_steps(tensor, gradient))
    if len(steps) > _MOST:
        raise ValueError(
            f"the graph has {len(steps):,} operations, and a page shows up to {_MOST}: start from a part of it, such "
            "as the loss of one sample, or walk through tensor.backward_steps()"
        )
    known = Names(names)
    node: Any = tensor._node
    scene, boxes = _picture(tensor, known)
    seed = steps[0].gradient if steps else np.ones_like(tensor._array)
    keys = {node: box.key for node, box in boxes.items()}
    frames = _Story(steps, keys, known, seed).frames(node)
    for box in boxes.values():  # room for the longest that will stand there
        texts = [frame.gradients.get(box.key, "") for frame in frames]
        box.lines.append(small(f"grad {max(texts, key=len)}"))
    drawn = render(scene.dot(), "svg", scene)
    if drawn is None:
        raise RuntimeError(INSTALL)
    svg = drawn.decode()
    return BackwardAnimation(page(svg[svg.index("<svg") :], frames), steps)


def _picture(tensor: Tensor, names: Names) -> tuple[Scene, dict[Node, Box]]:
    """The graph with all its values, and the box of every node."""
    nodes = sorted(reachable([tensor._node]), key=lambda node: node.born)  # type: ignore[list-item]
    operations = {operation_of(node) for node in nodes if not isinstance(node, Leaf)}
    layout = Layout(nodes, arrange(operations, None), {}, 1)
    tensors = [tensor, *(tensor for _, tensor in names.of_node.values())]
    values = Values(nodes, None, tensors, compute=True)
    values.gradients = False  # those of an earlier pass would only confuse
    drawing = Drawing([tensor], layout, set(layout.inputs), {}, names, values, Choices(values="all"), "TB")
    scene = drawing.draw()
    return scene, {what: box for what, box in drawing.boxes.items() if isinstance(what, Node)}


class _Story:
    """Tells the steps, one frame of the page for each."""

    def __init__(self, steps: list[BackwardStep], keys: dict[Node, str], names: Names, seed: Any) -> None:
        self.steps, self.keys, self.names, self.seed = steps, keys, names, seed
        self.expected = Counter(operation_of(c.parent) for step in steps for c in step.contributions)
        self.titles = self._titles()

    def _titles(self) -> dict[Node, str]:
        """What each node is called: its name, or its operation, numbered where there are several."""
        found = {node: self.names.of_node[node][0] if node in self.names.of_node else "" for node in self.keys}
        unnamed = Counter(node.shown for node, name in found.items() if not name)
        count: Counter[str] = Counter()
        for node in sorted(found, key=lambda node: node.born):
            if not found[node]:
                count[node.shown] += 1
                found[node] = node.shown + (f" {count[node.shown]}" if unnamed[node.shown] > 1 else "")
        return found

    def _title(self, node: Node) -> str:
        return f"<b>{escape(self.titles.get(operation_of(node), node.shown))}</b>"

    def frames(self, start: Node) -> list[Frame]:
        """The state before the first step, and after each."""
        start = operation_of(start)
        gradients = {self.keys[start]: _value(self.seed)}
        arrived: Counter[Node] = Counter()
        partial: dict[Node, list[Any]] = {}
        done: list[str] = []
        text = (
            f"<h2>Start</h2><p>The gradient of {self._title(start)} by itself is <b>{_value(self.seed)}</b>. From here "
            "it goes back along the arrows, one operation at a time.</p>"
        )
        frames = [Frame(text, dict(gradients), self.keys[start], [], [], [])]
        for step in self.steps:
            node = operation_of(step.node)
            parts = [self._arrival(step, node, partial.get(node, []))]
            for c in step.contributions:
                parent = operation_of(c.parent)
                arrived[parent] += 1
                partial.setdefault(parent, []).append(c.total)
                gradients[self.keys[parent]] = _value(c.total)
                parts.append(self._contribution(c, parent, arrived[parent]))
            done = [*done, self.keys[node]]
            waiting = [self.keys[n] for n, count in arrived.items() if count < self.expected[n]]
            targets = list(dict.fromkeys(self.keys[operation_of(c.parent)] for c in step.contributions))
            frames.append(Frame("".join(parts), dict(gradients), self.keys[node], targets, waiting, done))
        return frames

    def _arrival(self, step: BackwardStep, node: Node, sums: list[Any]) -> str:
        """What the operation is, and what has arrived."""
        named = self.titles.get(node, node.shown)
        what = "" if named.split(" ")[0] == step.name else f" = {escape(step.name)}"
        lines = [
            f"<h2>Step {step.number + 1} of {len(self.steps)}: {escape(named)}{what}</h2>",
            f"<p>Arrived: <math><mi>g</mi></math> = <b>{_value(step.gradient)}</b></p>",
        ]
        if len(sums) > 1:
            lines.append(
                f"<p class=order>{self._title(node)} was used {len(sums)} times: all {len(sums)} contributions are "
                f"here, so it may pass on their sum, once.{_too_early(sums)}</p>"
            )
        return "".join(lines)

    def _contribution(self, c: Contribution, parent: Node, count: int) -> str:
        """One contribution, and the sum of which it is a part."""
        formula = f"<div class=rule>{mathml(c.rule, c.latex)}</div>" if c.rule else ""
        passed = _numbers(c) if c.numbers else _value(c.part)
        total = self.expected[parent]
        added = "" if count == 1 and total == 1 else f" Sum so far: <b>{_value(c.total)}</b>, {count} of {total}."
        wait = ""
        if count < total:
            more = "one of its uses has" if total - count == 1 else f"{total - count} of its uses have"
            wait = f"<p class=wait>{self._title(parent)} has to wait: {more} yet to send a gradient.</p>"
        role = escape({"x": "x₁", "y": "x₂"}.get(c.input, c.input))
        return (
            f"<div class=part><p>To {self._title(parent)}, its input {role}:</p>{formula}"
            f"<p>Contribution: {escape(passed)}.{added}</p>{wait}</div>"
        )


def _too_early(sums: list[Any]) -> str:
    """What would have come of passing on a running sum each time that something arrived."""
    if any(np.size(part) != 1 for part in sums):
        return " Passed on earlier, a part of it would be missing, or be counted twice."
    running = [float(np.asarray(part).reshape(())) for part in sums]
    wrong = " + ".join(f"{part:.4g}" if part >= 0 else f"({part:.4g})" for part in running)
    return (
        f" Had it passed on its sum at each arrival, {wrong} = {sum(running):.4g} would have gone on "
        f"instead of {running[-1]:.4g}: that is why the order is topological."
    )


def _numbers(c: Contribution) -> str:
    """The rule with numbers put in, and what it gives, without the rule itself."""
    _, *rest = c.numbers.split(" = ")
    bare = [part[1:-1] if part.startswith("(") and part.find(")") == len(part) - 1 else part for part in rest]
    return " = ".join(dict.fromkeys(bare)).replace(" * ", " · ")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(map(_value, value.values()))
    return brief_value(value)
