"""Profile: times every operation, forward and backward, and says what is left over."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ...core.graph import Array, Node, anomaly
from ...core.primitive import REGISTRY, Primitive
from ...core.writes import owner_of
from ...nn.module.module import Module
from ...optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from . import flame
from .records import Cost, grouped


@dataclass(eq=False)
class Profile:
    """What ``profile`` measured; printed, it is a table.

    Attributes:
        costs: one for each operation in each Module.
        optimizer: seconds inside the ``step()`` of optimizers.
        seconds: of the whole block.
    """

    costs: list[Cost] = field(default_factory=list)
    optimizer: float = 0.0
    seconds: float = 0.0

    @property
    def operations(self) -> list[Cost]:
        """The costs of each operation, the most expensive first."""
        return grouped(self.costs, "operation")

    @property
    def modules(self) -> list[Cost]:
        """The costs of each Module without those inside it, the most expensive first."""
        return grouped(self.costs, "module")

    @property
    def rest(self) -> float:
        """Seconds outside of operations and optimizers: Python, the graph, data, and what the profile itself costs."""
        return max(self.seconds - self.optimizer - sum(cost.seconds for cost in self.costs), 0.0)

    def __str__(self) -> str:
        lines = [f"{self.seconds * 1e3:.4g} ms in all"]
        for title, costs, name in (("operation", self.operations, "operation"), ("module", self.modules, "module")):
            rows = [(title, "calls", "forward", "backward", "share", "kept")]
            rows += [
                (getattr(c, name) or "(outside)", str(c.calls), _ms(c.forward), _ms(c.backward),
                 f"{c.seconds / max(self.seconds, 1e-12):.1%}", _size(c.kept))
                for c in costs
            ]  # fmt: skip
            if name == "operation":
                for label, seconds in (("(optimizer)", self.optimizer), ("(everything else)", self.rest)):
                    rows.append((label, "", _ms(seconds), "", f"{seconds / max(self.seconds, 1e-12):.1%}", ""))
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines.append("")
            lines += ["  ".join([r[0].ljust(widths[0]), *map(str.rjust, r[1:], widths[1:])]).rstrip() for r in rows]
        return "\n".join(lines)

    __repr__ = __str__

    def plot(self, axes: Any = None) -> Any:
        """Draw where the time went: Modules inside Modules, operations at the bottom, as wide as their time.

        Args:
            axes: of matplotlib, to draw into; new ones if None.

        Returns:
            The axes: ``profiled.plot().figure.savefig("profile.png")``.
        """
        return flame.draw(self.costs, self.optimizer, self.rest, self.seconds, axes)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms"


def _size(number: int) -> str:
    return f"{number / 2**20:.2f} MiB" if number >= 2**17 else f"{number / 2**10:.1f} KiB"


@contextmanager
def profile(model: Module | None = None) -> Iterator[Profile]:
    """Measure the time of every operation, forward and backward, and the memory it keeps, inside a block.

    What an operation calls inside counts as its own. Run a step or two before: first calls are slower.

    Args:
        model: the model, so that costs are told by Module too.

    Example:
        >>> from minigrad import nn, randn
        >>> model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
        >>> with profile(model) as profiled:
        ...     model(randn(32, 8)).pow(2).mean().backward()
        >>> sorted(cost.operation for cost in profiled.operations)
        ['linear', 'mean', 'relu', 'square']
        >>> sorted(cost.module for cost in profiled.modules)
        ['', '0', '1', '2']
    """
    profiled = Profile()
    with ExitStack() as stack:
        clock = _Clock(profiled)
        for path, module in () if model is None else model.named_modules():
            stack.enter_context(module.register_forward_pre_hook(clock.enter(path), prepend=True))
            stack.enter_context(module.register_forward_hook(clock.leave, always_call=True))
        stack.enter_context(register_optimizer_step_pre_hook(clock.step_begins))
        stack.enter_context(register_optimizer_step_post_hook(clock.step_ends))
        outer = anomaly.get()
        token = anomaly.set(lambda site: _Watch(clock, None if outer is None else outer(site)))
        stack.callback(anomaly.reset, token)
        for op in list(REGISTRY.values()):
            stack.callback(_timed(op, clock))
        start = time.perf_counter()
        try:
            yield profiled
        finally:
            profiled.seconds = time.perf_counter() - start
            profiled.costs = list(clock.costs.values())


def _timed(op: Primitive, clock: _Clock) -> Callable[[], None]:
    """Put the clock around what a primitive computes; returns how to take it away."""
    running = op.running()
    for of, function in running.items():
        op.run(of, clock.around(function, op.shown, backward=of != "forward"))

    def undo() -> None:
        for of, function in running.items():
            op.run(of, function)

    return undo


class _Clock:
    """Adds up seconds by operation and Module."""

    def __init__(self, profiled: Profile) -> None:
        self.costs: dict[tuple[str, str], Cost] = {}
        self._profiled = profiled
        self._running: list[str] = []
        self._inside = False  # an operation is running: those that it calls are part of it
        self._backward: list[tuple[str, float]] = []  # of rules whose Module is not known yet
        self._known: set[int] = set()  # arrays that were counted, by the one that owns the memory
        self._began = 0.0

    @property
    def path(self) -> str:
        return self._running[-1] if self._running else ""

    def cost(self, operation: str, path: str) -> Cost:
        return self.costs.setdefault((operation, path), Cost(operation, path))

    def around(self, function: Callable[..., Any], name: str, backward: bool) -> Callable[..., Any]:
        """The function, timed."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._inside = True
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds = time.perf_counter() - start
                self._inside = False
                if backward:
                    self._backward.append((name, seconds))
                else:
                    cost = self.cost(name, self.path)
                    cost.calls += 1
                    cost.forward += seconds

        return timed

    def keeps(self, node: Node, path: str, out: Array) -> None:
        """Count what a node keeps in memory, each array once."""
        for value in (out, *(node.saved or ())):
            if hasattr(value, "dtype") and hasattr(value, "nbytes"):
                owner = owner_of(value)
                if id(owner) not in self._known:
                    self._known.add(id(owner))
                    self.cost(node.shown, path).kept += int(owner.nbytes)

    def came_by(self, path: str) -> None:
        """Give the rules that have just run to the Module that recorded their node."""
        for name, seconds in self._backward:
            self.cost(name, path).backward += seconds
        self._backward.clear()

    def enter(self, path: str) -> Callable[..., None]:
        """A hook for the beginning of a Module's forward."""
        return lambda module, inputs: self._running.append(path)

    def leave(self, module: Module, inputs: Any, output: Any) -> None:
        """A hook for its end."""
        self._running.pop()

    def step_begins(self, *_: Any) -> None:
        """A hook for the beginning of an optimizer's step."""
        self._began = time.perf_counter()

    def step_ends(self, *_: Any) -> None:
        """A hook for its end."""
        self._profiled.optimizer += time.perf_counter() - self._began


class _Watch:
    """Remembers in which Module a node was recorded."""

    __slots__ = ("_clock", "_other", "_path")

    def __init__(self, clock: _Clock, other: Any) -> None:
        self._clock, self._other, self._path = clock, other, clock.path

    def value(self, node: Node, inputs: list[Any], out: Array) -> None:
        self._clock.keeps(node, self._path, out)
        if self._other is not None:
            self._other.value(node, inputs, out)

    def gradient(self, node: Node, parent: Node, part: Any, g: Any) -> None:
        self._clock.came_by(self._path)
        if self._other is not None:
            self._other.gradient(node, parent, part, g)
