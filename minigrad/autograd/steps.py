"""Backward, one operation at a time: what arrives, by which rule it is passed on, and what has gathered where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from ..core.backward import seed
from ..core.declare import register
from ..core.graph import Array, Node, Pending, reachable
from ..core.modes import no_grad
from ..core.tensor import Tensor
from . import rule_text


@dataclass(frozen=True)
class Contribution:
    """What one operation adds to the gradient of one of its inputs.

    Attributes:
        parent: the node of the input.
        input: its name in the operation, such as ``"x"``.
        part: the contribution, of the input's shape.
        total: all that has been contributed to that node so far, this part included.
        rule: the rule as Python writes it, such as ``"g * y"``; empty for a rule of several statements.
        latex: the same in LaTeX, ``g`` being the gradient that arrives, ``y`` the result, ``x_1``, ``x_2`` the inputs.
        numbers: the same with numbers put in, where all are single numbers: ``"1 * 3 = 3"``.
    """

    parent: Node
    input: str
    part: Array
    total: Array
    rule: str = ""
    latex: str = ""
    numbers: str = ""


@dataclass(frozen=True)
class BackwardStep:
    """One operation, as backward comes by.

    Attributes:
        number: from 0.
        node: the operation's place in the graph.
        gradient: what has arrived there: the sum over all operations that use its result.
        contributions: what it passes on, in the order of its inputs.
        waiting: how many nodes have a gradient and wait for their turn.
    """

    number: int
    node: Node
    gradient: Any
    contributions: tuple[Contribution, ...]
    waiting: int

    @property
    def name(self) -> str:
        """The name of the operation, as people read it."""
        return self.node.shown

    def __str__(self) -> str:
        lines = [f"{self.number}: {self.name}, where the gradient {_shown(self.gradient)} has arrived"]
        for c in self.contributions:
            passed = c.numbers or ", ".join(filter(None, (c.rule, _shown(c.part))))
            added = "" if np.array_equal(c.total, c.part) else f"; in all {_shown(c.total)}"
            lines.append(f"   to {c.input} ({c.parent.shown}): {passed}{added}")
        return "\n".join(lines)


@register()
def backward_steps(self: Tensor, gradient: Any = None) -> Iterator[BackwardStep]:
    """Walk backward from this Tensor, one operation at a time, and yield what happens there.

    It is the walk of ``backward()`` as a spectacle: nothing is written, no ``.grad`` changes, the graph stays.

    Args:
        self: where to start.
        gradient: what to push back; may be left out for a single element (then 1).

    Raises:
        RuntimeError: if nothing here requires grad, or the graph was already freed.

    Example:
        >>> x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
        >>> for step in (x * y + x).backward_steps():
        ...     print(step)
        0: add, where the gradient 1 has arrived
           to x (multiply): g = 1
           to y (leaf): g = 1
        1: multiply, where the gradient 1 has arrived
           to x (leaf): g * y = 1 * 3 = 3; in all 4
           to y (leaf): g * x = 1 * 2 = 2
    """
    node, g = seed(self, gradient, False, "{}.backward_steps()")
    return _steps(node, g)


def _steps(start: Node, g: Any) -> Iterator[BackwardStep]:
    pending: dict[Node, Any] = {start: g}
    number = 0
    for node in sorted(reachable([start]), key=attrgetter("born"), reverse=True):
        arrived = pending.pop(node, None)
        if arrived is None or node.op is None:
            continue
        if isinstance(arrived, Pending):
            arrived = arrived.whole()
        with no_grad():
            parts = node.op.pull(node, arrived, False, None)
        names = _inputs(node)
        contributions = []
        for parent, part in parts:
            known = pending.get(parent)
            pending[parent] = part if known is None else known + part
            written = _whole(part)
            total = written if known is None else _whole(pending[parent])
            contributions.append(_contribution(node, parent, next(names), arrived, written, total))
        yield BackwardStep(number, node, arrived, tuple(contributions), len(pending))
        number += 1


def _inputs(node: Node) -> Iterator[str]:
    """The names of those inputs that get a gradient."""
    names = getattr(node.op, "inputs", ())
    for i, parent in enumerate(node.parents):
        if parent is not None:
            yield names[i] if len(names) == len(node.parents) else f"input {i}"


def _whole(part: Any) -> Any:
    """An array of what may still be in the making, without finishing that one."""
    return part + 0 if not isinstance(part, Pending) else _finished(part)


def _finished(part: Pending) -> Any:
    whole = part.whole()
    return whole if hasattr(whole, "shape") else next(iter(whole.values()), None)


def _contribution(node: Node, parent: Node, name: str, g: Any, part: Any, total: Any) -> Contribution:
    rules: dict[str, Callable[..., Any]] = getattr(node.op, "rules", {})
    tree = rule_text.expression(rules[name]) if name in rules else None
    if tree is None:
        return Contribution(parent, name, part, total)
    rule, written, filled = rule_text.python(tree), rule_text.latex(tree), ""
    op: Any = node.op
    values = {"g": g, **dict(zip(op.saved_names, node.saved or (), strict=False))}
    if np.size(part) == 1 and all(np.ndim(value) == 0 for value in values.values()):
        known = {key: float(value) for key, value in values.items() if _is_number(value)}
        filled = " = ".join(dict.fromkeys((rule, rule_text.numbers(tree, known), _shown(part))))
    return Contribution(parent, name, part, total, rule, written, filled)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or (hasattr(value, "dtype") and value.dtype.kind in "fiu")


def _shown(value: Any) -> str:
    """A number, or the shape of an array and its norm."""
    if isinstance(value, dict):
        return ", ".join(_shown(part) for part in value.values())
    if np.size(value) == 1:
        return f"{float(np.asarray(value).reshape(())):.4g}"
    return f"of shape {np.shape(value)}, norm {float(np.linalg.norm(np.asarray(value, np.float64).ravel())):.4g}"
