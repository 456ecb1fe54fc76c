"""What a workload is: a step that every contestant does in its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..graph import Builder


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Attributes:
        name: to choose it by.
        title: what is computed.
        part: the heading under which it stands.
        build: from sizes to the builders of the contestants' steps, by name.
        sizes: those of the row.
        tiny: others, with which a step takes no time: for tests, and to load libraries before memory is measured.
        seconds: about how long a turn lasts.
        extra: left out unless it is asked for.
        memory: whether its peak of memory is a row, too.
    """

    name: str
    title: str
    part: str
    build: Callable[..., dict[str, Builder]]
    sizes: Mapping[str, Any] = field(default_factory=dict)
    tiny: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.2
    extra: bool = False
    memory: bool = False

    def builders(self, tiny: bool = False) -> dict[str, Builder]:
        """name of a contestant -> a function that makes its step."""
        return self.build(**{**self.sizes, **(self.tiny if tiny else {})})
