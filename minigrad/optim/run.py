"""A run: parameters with one history, which an update rule changes together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.graph import Array
from .block import Gradients, Room, blocks_of
from .program import Program, program_of
from .reading import Text

Part = tuple[Text, Mapping[str, Any]]  # a text, and its numbers by name

# Here minigrad.fast takes over, where it is enabled. Of parameters, each in memory of its own, and of buffers that hold
# the same parameters one behind the other, it makes a function that gets the parts of every update (each text continues
# with what the one before returned, and its numbers are what float() takes) and the gradients. That overwrites both and
# returns True; or False, as for other dtypes, layouts and devices, and NumPy does it.
Update = Callable[[Sequence[Part], list[Array]], bool]
compiled: Callable[[list[Array], list[Array]], Update] | None = None


class Run:
    """Parameters with one history, one behind the other in the buffers.

    Args:
        numbers: what is kept for each of them.
        members: which they are.
        values: their own memory.
        state: their part of every buffer.
        room: for what lies between.
    """

    def __init__(
        self, numbers: dict[str, Any], members: slice, values: list[Array], state: list[Array], room: Room
    ) -> None:
        self.numbers, self._members, self._values, self._state = numbers, members, values, state
        self._like = room.like
        self._blocks = list(blocks_of(members.start, values, state, room))
        self._compiled: Update | None = None
        self._program: Program | None = None
        self._numbers: list[Array] = []

    def update(self, parts: Sequence[Part], gradients: Gradients) -> None:
        """Let texts change the values and the buffers.

        Args:
            parts: all but the last turn values and gradients into others, which the next is given; the last is the
                algorithm, and gives the new values and buffers.
            gradients: of all parameters, also those that are not in this run.
        """
        texts = tuple([(text, tuple(numbers)) for text, numbers in parts])
        program = program_of(texts, len(self._state) + 2, self._like.dtype)  # refuses what no update rule may be
        if compiled is not None:
            if self._compiled is None:
                self._compiled = compiled(self._values, self._state)
            if self._compiled(parts, gradients[self._members]):
                return
        numbers = program.numbers([number for _, numbers in parts for number in numbers.values()])
        if program is not self._program:
            self._program = program
            self._numbers = [np.empty_like(self._like, shape=()) for _ in numbers]
            for block in self._blocks:
                block.bind(program, self._numbers)
        for array, number in zip(self._numbers, numbers, strict=True):
            array[...] = number
        for block in self._blocks:
            block.update(gradients)
