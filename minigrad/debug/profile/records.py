"""What a profile counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Cost:
    """What one operation cost in one Module, or several of them together.

    Attributes:
        operation: its name; empty where several are added up.
        module: the path of the Module that called it; empty for none and for the model itself.
        calls: how often forward ran.
        forward: seconds in forward.
        backward: seconds in its rules.
        kept: bytes of its results and of what it saved for backward, each array once.
    """

    operation: str
    module: str
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    kept: int = 0

    @property
    def seconds(self) -> float:
        """Forward and backward together."""
        return self.forward + self.backward


def added(costs: Iterable[Cost], operation: str, module: str) -> Cost:
    """Several costs as one."""
    total = Cost(operation, module)
    for cost in costs:
        total.calls += cost.calls
        total.forward += cost.forward
        total.backward += cost.backward
        total.kept += cost.kept
    return total


def grouped(costs: Iterable[Cost], by: str) -> list[Cost]:
    """Costs of equal operation or Module added up, the most expensive first."""
    groups: dict[str, list[Cost]] = {}
    for cost in costs:
        groups.setdefault(getattr(cost, by), []).append(cost)
    found = [added(g, k if by == "operation" else "", k if by == "module" else "") for k, g in groups.items()]
    return sorted(found, key=lambda cost: -cost.seconds)
