"""Trace: everything that was recorded while it was on, operation by operation, with values and gradients."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from ..core.graph import Array, Node, anomaly
from ..core.tensor import raw
from ..nn.module.module import Module
from .frames import Frames, FunctionCall


@dataclass(eq=False)
class Step:
    """One application of one operation.

    Attributes:
        node: its place in the graph, which the trace keeps alive.
        site: ``file:line`` of the user's call.
        path: of the innermost Module that was running; empty for the model itself, None for none.
        inputs: what it was given, arrays and numbers.
        out: what it computed; the first of several outputs.
        function: the call of a public function that it is part of, such as ``F.cross_entropy``; None for its own.
        in_backward: whether a backward pass recorded it, for derivatives of derivatives.
        seconds: since the operation before, or since a Module began: about what it took, being watched included.
        gradient: of ``out``, once a backward pass has come by.
    """

    node: Node
    site: str
    path: str | None
    inputs: list[Any]
    out: Array
    function: FunctionCall | None = None
    in_backward: bool = False
    seconds: float = 0.0
    gradient: Any = None

    @property
    def name(self) -> str:
        """The name of the operation."""
        return self.node.name


@dataclass(eq=False)
class Call:
    """One call of a Module.

    Attributes:
        path: its name in the model; empty for the model itself.
        module: the Module.
        inputs: its positional arguments.
        output: what it returned.
        training: the mode that it was in.
        start: how many operations had been recorded when it began.
        end: how many had when it ended.
    """

    path: str
    module: Module
    inputs: tuple[Any, ...]
    training: bool
    start: int
    output: Any = None
    end: int = 0


@dataclass(eq=False)
class _Watch:
    """Looks at one node for a trace, and for the one that was on before."""

    trace: Trace
    site: str
    other: Any
    step: Step | None = None

    def value(self, node: Node, inputs: list[Any], out: Array) -> None:
        if self.step is None:
            self.step = self.trace.record(node, self.site, inputs, out)
        if self.other is not None:
            self.other.value(node, inputs, out)

    def gradient(self, node: Node, parent: Node, part: Any, g: Any) -> None:
        if self.step is not None and self.step.gradient is None:
            first = g[0] if type(g) is tuple else g
            self.step.gradient = None if first is None else raw(first)
        if self.other is not None:
            self.other.gradient(node, parent, part, g)


@dataclass(eq=False)
class Trace:
    """Records operations, and calls of the Modules of a model, inside a ``with`` block.

    It keeps every value alive: for one batch, not for a training run. Operations that nothing requires a gradient of
    are no part of a graph, and are not seen.

    Example:
        >>> x = Tensor([1.0, 4.0], requires_grad=True)
        >>> with Trace() as trace:
        ...     x.sqrt().sum().backward()
        >>> [(step.name, step.gradient.tolist()) for step in trace.steps]
        [('sqrt', [1.0, 1.0]), ('sum', 1.0)]
    """

    model: Module | None = None
    steps: list[Step] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _running: list[Call] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _frames: Frames = field(default_factory=Frames)
    _clock: float = 0.0

    @property
    def path(self) -> str | None:
        """The innermost Module that is running."""
        return self._running[-1].path if self._running else None

    def record(self, node: Node, site: str, inputs: list[Any], out: Array) -> Step:
        """Add an operation that has just been computed."""
        seconds = time.perf_counter() - self._clock
        step = Step(node, site, self.path, inputs, out, *self._frames.look(), seconds)
        self.steps.append(step)
        self._clock = time.perf_counter()
        return step

    def __enter__(self) -> Self:
        outer = anomaly.get()
        token = anomaly.set(lambda site: _Watch(self, site, None if outer is None else outer(site)))
        self._stack.callback(anomaly.reset, token)
        for path, module in _modules(self.model):
            self._stack.enter_context(module.register_forward_pre_hook(self._begin(path), prepend=True))
            self._stack.enter_context(module.register_forward_hook(self._end, always_call=True))
        self._clock = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.forget()
        self._stack.close()

    def _begin(self, path: str) -> Any:
        def begin(module: Module, inputs: tuple[Any, ...]) -> None:
            self._running.append(Call(path, module, inputs, module.training, len(self.steps)))
            self.calls.append(self._running[-1])
            self._clock = time.perf_counter()

        return begin

    def _end(self, module: Module, inputs: tuple[Any, ...], output: Any) -> None:
        call = self._running.pop()
        call.output, call.end = output, len(self.steps)
        self._clock = time.perf_counter()


def _modules(model: Module | None) -> Iterable[tuple[str, Module]]:
    return () if model is None else list(model.named_modules())
