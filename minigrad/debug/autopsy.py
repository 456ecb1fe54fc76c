"""autopsy: anomaly mode with a history, that is, where the values grew before the first one that is not finite."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.anomaly import Detector
from ..core.graph import Array, Leaf, Node, anomaly
from ..core.tensor import raw
from ..nn.module.module import Module

LONGEST = 8  # lines of a history


@dataclass(frozen=True)
class _Seen:
    """What is remembered of a value: where it was computed, and the largest of its numbers."""

    site: str
    path: str
    largest: float


class _Examiner:
    """Remembers the size of every value, so that a failure can be followed back."""

    def __init__(self, model: Module | None) -> None:
        self._running: list[str] = []
        self._names = {} if model is None else {id(p): name for name, p in model.named_parameters()}
        self.seen: weakref.WeakKeyDictionary[Node, _Seen] = weakref.WeakKeyDictionary()

    def enter(self, path: str) -> Any:
        return lambda module, inputs: self._running.append(path)

    def leave(self, module: Module, inputs: Any, output: Any) -> None:
        self._running.pop()

    @property
    def path(self) -> str:
        return self._running[-1] if self._running else ""

    def history(self, node: Node | None) -> str:
        """The way to a node along the largest values, from the beginning."""
        lines: list[str] = []
        while node is not None:
            known = self.seen.get(node)
            if isinstance(node, Leaf):
                tensor = node.tensor()
                largest = "" if tensor is None else f": up to {_largest(tensor._array):.3g}"
                lines.append(f"{self._names.get(id(tensor), 'a leaf')} {node.shape}{largest}")
                break
            if known is not None:
                inside = f" in {known.path}" if known.path else ""
                lines.append(f"{node.name}{inside} {node.shape}, {known.site}: up to {known.largest:.3g}")
            node = max((p for p in node.parents if p is not None), key=self._size, default=None)
        if len(lines) > LONGEST:
            lines[LONGEST - 2 : -1] = [f"… {len(lines) - LONGEST + 1} more …"]
        return "\n".join(f"    {line}" for line in reversed(lines))

    def _size(self, node: Node) -> float:
        known = self.seen.get(node)
        if known is not None:
            return known.largest
        tensor = node.tensor() if isinstance(node, Leaf) else None
        return 0.0 if tensor is None else _largest(tensor._array)


class _Watch:
    """Looks at one node, as anomaly mode does, and adds the history to what it says."""

    def __init__(self, examiner: _Examiner, site: str) -> None:
        self._examiner, self._site, self._path = examiner, site, examiner.path
        self._detector = Detector(site)

    def value(self, node: Node, inputs: list[Any], out: Array) -> None:
        try:
            self._detector.value(node, inputs, out)
        except FloatingPointError as error:
            parents = [parent for parent in node.parents if parent is not None]
            largest = max(parents, key=self._examiner._size, default=None)
            raise FloatingPointError(f"{error}\n{self._told('values', largest)}") from None
        self._examiner.seen[node] = _Seen(self._site, self._path, _largest(out))

    def gradient(self, node: Node, parent: Node, part: Any, g: Any) -> None:
        try:
            self._detector.gradient(node, parent, part, g)
        except FloatingPointError as error:
            told = self._told("values", node)
            arrived = f"\n  the gradient that arrived: up to {_largest(raw(g)):.3g}" if hasattr(g, "shape") else ""
            raise FloatingPointError(f"{error}{arrived}\n{told}") from None

    def _told(self, what: str, node: Node | None) -> str:
        inside = f" (in {self._path})" if self._path else ""
        return f"  how the {what} got there{inside}:\n{self._examiner.history(node)}"


def _largest(values: Array) -> float:
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return float(np.abs(finite).max()) if finite.size else 0.0


@contextmanager
def autopsy(model: Module | None = None) -> Iterator[None]:
    """Stop at the first value or derivative that is not finite, and tell what, where, why, the cure, and its history.

    It is ``detect_anomaly`` that also remembers the size of every value, so that the message ends with the way on
    which the numbers grew. Forward must run inside the block.

    Args:
        model: the model, so that layers and Parameters are told by their names.

    Raises:
        FloatingPointError: at the first anomaly.

    Example:
        >>> w = Tensor([300.0], requires_grad=True)
        >>> with autopsy(), np.errstate(all="ignore"):
        ...     (w * w / 100).exp().sum().backward()
        Traceback (most recent call last):
        FloatingPointError: exp produced a non-finite value at ...
          how the values got there:
            a leaf (1,): up to 300
            multiply (1,), ...: up to 9e+04
            divide (1,), ...: up to 900
    """
    examiner = _Examiner(model)
    with ExitStack() as stack:
        for path, module in () if model is None else model.named_modules():
            stack.enter_context(module.register_forward_pre_hook(examiner.enter(path), prepend=True))
            stack.enter_context(module.register_forward_hook(examiner.leave, always_call=True))
        token = anomaly.set(lambda site: _Watch(examiner, site))
        stack.callback(anomaly.reset, token)
        yield
