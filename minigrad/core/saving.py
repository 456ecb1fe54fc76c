"""What an application saves for backward: of all that its rules could name, what they do name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .graph import Fork, Node
from .refusals import refuse_overwritten
from .tensor import wrap
from .writes import overwritten

if TYPE_CHECKING:
    from .primitive import Primitive, Rule

Pick = Callable[[Any], tuple[Any, ...]]  # some positions of a sequence, as a tuple


class Saving:
    """Worked out once for a primitive: which values are saved, and where each rule finds what it names.

    Args:
        op: the primitive, whose inputs, outputs, residuals and static arguments can be named.
        rules: its rules, in the order of its inputs, or its joint rule.

    Attributes:
        names: what is saved, in this order.
        rules: each rule with what picks its arguments, after ``g``, from the saved values.
        selects: whether the joint rule names ``needed``, which is not saved: which inputs want their gradient.
        simple: whether all that can be named are the inputs and the one output.
        picks: what picks the values to save, by the inputs that need a gradient: one bit for each.

    Raises:
        TypeError: if a rule names something else.
    """

    def __init__(self, op: Primitive, rules: Sequence[Rule]) -> None:
        asks = [tuple(inspect.signature(rule).parameters)[1:] for rule in rules]
        self._joint = op.joint_rule is not None  # one rule serves all inputs
        self.selects = self._joint and "needed" in asks[0]
        self._asks = [tuple(name for name in ask if name != "needed" or not self.selects) for ask in asks]
        self._rebuilds = {
            name: tuple(inspect.signature(rebuild).parameters) for name, rebuild in op.residuals.items() if rebuild
        }
        asked = self._with_parts(self._asks)
        shapes = ("shapes",) if op.variadic else tuple(f"{name}_shape" for name in op.inputs)
        self._available = (*op.inputs, *op.outputs, *op.residuals, *op.static, *shapes)
        if unknown := asked - set(self._available):
            known = (*self._available, "needed") if self._joint else self._available
            raise TypeError(f"a rule of {op.name} names {sorted(unknown)}; it can name {known}")
        self.names = tuple(name for name in self._available if name in asked)
        self.rules = [
            (rule, _picker([self.names.index(name) for name in ask]))
            for rule, ask in zip(rules, self._asks, strict=True)
        ]
        self._op = op
        self._wants_shapes = bool(asked & set(shapes))
        self.simple = not (op.residuals or op.static or op.variadic or len(op.outputs) > 1 or self._wants_shapes)
        self.picks: dict[int, Pick] = {}

    def _with_parts(self, asks: Sequence[tuple[str, ...]]) -> set[str]:
        """All that is asked for, and what residuals among it are rebuilt from."""
        asked = {name for ask in asks for name in ask}
        return asked | {part for name in asked & set(self._rebuilds) for part in self._rebuilds[name]}

    def pick_for(self, live: int) -> Pick:
        """What picks the values to save, with None for those that only rules of inputs without gradient name."""
        if not self.rules:
            raise TypeError(f"{self._op.name} has no derivative yet; declare it with {self._op.name}.rule(...)")
        named = self._with_parts([ask for i, ask in enumerate(self._asks) if self._joint or live >> i & 1])
        places = [self._available.index(name) if name in named else -1 for name in self.names]  # None comes last
        return self.picks.setdefault(live, _picker(places))

    def everything(
        self, values: list[Any], outputs: tuple[Any, ...], residuals: Sequence[Any], static: dict[str, Any]
    ) -> tuple[Any, ...]:
        """All that can be named, and None, for what is to be picked from it."""
        op = self._op
        shapes: Any = [getattr(value, "shape", ()) for value in values] if self._wants_shapes else ()
        if op.variadic:
            values, shapes = [], [shapes]
        return (*values, *outputs, *residuals, *{**op.static, **static}.values(), *shapes, None)

    def intact(self, node: Node, saved: tuple[Any, ...]) -> tuple[Any, ...]:
        """Saved values, with residuals rebuilt that were overwritten: they may lie in the memory of the output.

        Raises:
            RuntimeError: if another value was overwritten.
        """
        op = self._op
        found = dict(zip(self.names, saved, strict=True))
        given = {name: value for name, value in found.items() if name not in self._rebuilds}
        refuse_overwritten(op.shown, given, op.outputs, node.born)
        self._rebuild(found, lambda value: hasattr(value, "dtype") and overwritten(value, node.born))
        return tuple(found.values())

    def lifted(self, node: Node, saved: tuple[Any, ...]) -> tuple[Any, ...]:
        """Saved values as Tensors in the graph that they came from, so that rules can be differentiated."""
        op = self._op
        found: dict[str, Any] = {}
        for name, value in zip(self.names, saved, strict=True):
            if name in op.inputs and hasattr(value, "dtype"):
                found[name] = wrap(value, node.parents[op.inputs.index(name)])
            elif name in op.outputs:
                whole = node.output(op.outputs.index(name), value) if isinstance(node, Fork) else node
                found[name] = wrap(value, whole)
            else:
                found[name] = value
        self._rebuild(found, lambda value: value is not None)
        return tuple(found.values())

    def _rebuild(self, found: dict[str, Any], concerned: Callable[[Any], bool]) -> None:
        """Put new ones in the place of the residuals concerned."""
        for name, parts in self._rebuilds.items():
            if concerned(found.get(name)):
                rebuild: Any = self._op.residuals[name]
                found[name] = rebuild(*[found[part] for part in parts])


def _picker(positions: list[int]) -> Pick:
    if len(positions) == 1:
        (only,) = positions
        return lambda values: (values[only],)
    return itemgetter(*positions) if positions else lambda values: ()
