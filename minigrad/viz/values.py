"""What is known of the values in a graph, and the measures that colours show."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core.graph import Array, Leaf, Node
from ..core.tensor import Tensor
from ..debug.monitor.statistics import flat_share, moments, sampled
from ..debug.trace import Step, Trace

MEASURES = {
    "grad": "gradient (root mean square)",
    "activation": "values (standard deviation)",
    "saturation": "saturated (share)",
    "time": "time",
}


class Values:
    """The value and the gradient of every node, as far as somebody still has them.

    Args:
        nodes: the graph, oldest first.
        trace: what ran; without it, the graph's own memory has to do.
        tensors: Tensors that the user holds.
        compute: whether to compute what can be computed again from values that are known.
    """

    def __init__(
        self, nodes: Iterable[Node], trace: Trace | None, tensors: Iterable[Tensor | None], compute: bool
    ) -> None:
        self.gradients = True  # whether to speak of them
        self.steps: dict[Node, Step] = {} if trace is None else {step.node: step for step in trace.steps}
        self.tensors = {tensor._node: tensor for tensor in tensors if tensor is not None and tensor._node is not None}
        self._known: dict[Node, Array] = {}
        nodes = list(nodes)
        for node in nodes:
            if isinstance(node, Leaf) and (tensor := node.tensor()) is not None:
                self.tensors.setdefault(node, tensor)
            elif node in self.steps:
                self._known[node] = self.steps[node].out
        self._known |= {node: tensor._array for node, tensor in self.tensors.items() if node is not None}
        for node in nodes:
            self._remember(node)
        if compute or any(map(_is_broken, self._known.values())):  # then it matters where the break began
            for node in nodes:
                self._compute(node)

    def _remember(self, node: Node) -> None:
        """What the node keeps for its derivative: its own value, and those of its inputs."""
        op: Any = node.op
        if node.saved is None or not getattr(op, "saved_names", ()):
            return
        saved = dict(zip(op.saved_names, node.saved, strict=False))
        if len(op.outputs) == 1 and saved.get(op.outputs[0]) is not None:
            self._known.setdefault(node, saved[op.outputs[0]])
        for name, parent in zip(op.inputs, node.parents, strict=False):
            if parent is not None and saved.get(name) is not None:
                self._known.setdefault(parent, saved[name])

    def _compute(self, node: Node) -> None:
        op: Any = node.op
        if node in self._known or op is None or not hasattr(op, "forward") or len(op.outputs) > 1:
            return
        saved = dict(zip(op.saved_names, node.saved or (), strict=False))
        names = op.inputs or [""] * len(node.parents)
        inputs = [
            saved.get(name) if parent is None else self._known.get(parent)
            for name, parent in zip(names, node.parents, strict=False)
        ]
        if any(value is None for value in inputs):
            return
        with np.errstate(all="ignore"):
            out = op.forward(*inputs, **node.static)
        self._known[node] = np.asarray(out[0] if op.residuals else out)

    def of(self, node: Node) -> Array | None:
        """The value, if it is known."""
        return self._known.get(node)

    def gradient(self, node: Node) -> Array | None:
        """The gradient, if it is known."""
        if not self.gradients:
            return None
        tensor = self.tensors.get(node)
        if tensor is not None and tensor._grad is not None:
            return tensor._grad._array
        step = self.steps.get(node)
        return None if step is None else step.gradient

    def broken(self, node: Node) -> bool:
        """Whether its value or its gradient holds infinities or NaN."""
        return any(value is not None and _is_broken(value) for value in (self.of(node), self.gradient(node)))

    def measure(self, node: Node, what: str) -> float | None:
        """What ``color_by`` shows, for one operation."""
        if what == "time":
            step = self.steps.get(node)
            return None if step is None else step.seconds
        value = self.gradient(node) if what == "grad" else self.of(node)
        if value is None or not np.size(value) or value.dtype.kind != "f":
            return None
        if what == "saturation":
            return flat_share(node.name, sampled(value)) if value.ndim else None
        mean, spread = moments(np.asarray(value))
        found = math.hypot(mean, spread) if what == "grad" else spread
        return found if math.isfinite(found) else None


def _is_broken(value: Array) -> bool:
    return bool(getattr(value, "dtype", np.dtype(int)).kind == "f" and not np.isfinite(value).all())


def combined(what: str, values: list[list[float | None]]) -> float | None:
    """One measure for a part of several operations, each of which may come several times, in equal blocks.

    It is their time in all, the most saturated of them, or else the mean over the blocks of what the result has.
    """
    rules: dict[str, Callable[[list[float]], float]] = {"time": sum, "saturation": max}
    wanted = values if what in rules else values[-1:]
    known = [value for several in wanted for value in several if value is not None]
    return rules.get(what, statistics.fmean)(known) if known else None
