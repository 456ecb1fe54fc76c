"""Blocks: numbers that are updated by the same calls, few enough to stay in the processor's cache between them.

Parameters keep their own memory, so that whoever else holds it stays up to date. Large ones are updated where they lie,
some rows at a time; small ones are gathered with their neighbours.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..core.graph import Array
from .program import Program, Step

BLOCK = 131072  # elements at most, unless a single row has more

Gradients = list[Any]  # the array of every parameter's gradient, or None


class Room:
    """Memory for what lies between, which blocks use in turn.

    Args:
        like: an array of their kind and dtype.
    """

    def __init__(self, like: Array) -> None:
        self.like, self._size = like, 0
        self._arrays: dict[Any, Array] = {}

    def reserve(self, size: int) -> None:
        """Let arrays have so many elements, before the first is asked for."""
        self._size = max(self._size, size)

    def array(self, name: Any, size: int, dtype: Any = None) -> Array:
        """The first elements of the array of that name."""
        if name not in self._arrays:
            self._arrays[name] = np.empty_like(self.like, shape=self._size, dtype=dtype)
        return self._arrays[name][:size]

    def scratch(self, program: Program, size: int) -> list[Array]:
        """The arrays of a program for what lies between."""
        return [self.array((i, dtype), size, dtype) for i, dtype in enumerate(program.scratch)]


class Rows:
    """Some rows of one parameter, or all.

    Args:
        member: which parameter.
        rows: an index.
        values: its memory, indexed so.
        state: the part of every buffer that belongs to it.
        room: for what lies between.
    """

    def __init__(self, member: int, rows: slice, values: Array, state: list[Array], room: Room) -> None:
        self._member, self._rows, self._room = member, rows, room
        self._arrays = [values, None, *[part.reshape(values.shape) for part in state]]
        self._registers: list[Any] = []
        self._steps: list[Step] = []
        room.reserve(values.size)

    def bind(self, program: Program, numbers: list[Array]) -> None:
        """Prepare a program; ``numbers`` are arrays of a single number, which is set before every update."""
        values = self._arrays[0]
        scratch = [array.reshape(values.shape) for array in self._room.scratch(program, values.size)]
        self._registers = [*self._arrays, *numbers, *scratch]
        self._steps = program.steps

    def update(self, gradients: Gradients) -> None:
        """Run the program on this block; the gradients are of all parameters."""
        registers = self._registers
        registers[1] = gradients[self._member][self._rows]
        for function, inputs, out in self._steps:
            function(*[registers[register] for register in inputs], out=registers[out])
        registers[1] = None  # the gradient: else it would be in memory until there is another


class Gathered:
    """Neighbouring parameters, side by side.

    Args:
        members: which.
        values: their memory.
        state: the part of every buffer that belongs to them.
        room: for what lies between, and for values and gradients.
    """

    def __init__(self, members: slice, values: list[Array], state: list[Array], room: Room) -> None:
        self._members, self._values, self._state, self._room = members, values, state, room
        self._size = sum([value.size for value in values])
        self._gradients = room.like
        self._calls: list[Callable[[], Any]] = []
        room.reserve(self._size)

    def bind(self, program: Program, numbers: list[Array]) -> None:
        """Prepare a program; ``numbers`` are arrays of a single number, which is set before every update."""
        size, room = self._size, self._room
        gathered, self._gradients = room.array("values", size), room.array("gradients", size)
        registers = [gathered, self._gradients, *self._state, *numbers, *room.scratch(program, size)]
        calls: list[Callable[[], Any]] = []
        for i, (function, inputs, out) in enumerate(program.steps):
            if i == program.apart:
                parts = [pieces(registers[register], self._values) if register else self._values for register in inputs]
                calls.append(functools.partial(for_each, function, *parts, self._values))
            else:
                arguments = [registers[register] for register in inputs]
                calls.append(functools.partial(function, *arguments, out=registers[out]))
        if program.apart is None:
            gather = functools.partial(np.concatenate, self._values, axis=None, out=gathered)
            calls = [
                gather,
                *calls,
                functools.partial(for_each, np.copyto, self._values, pieces(gathered, self._values)),
            ]
        self._calls = calls

    def update(self, gradients: Gradients) -> None:
        """Run the program on this block; the gradients are of all parameters."""
        np.concatenate(gradients[self._members], axis=None, out=self._gradients)
        for call in self._calls:
            call()


def blocks_of(first: int, values: list[Array], state: list[Array], room: Room) -> Iterator[Rows | Gathered]:
    """The blocks of parameters that lie one behind the other in the buffers.

    Args:
        first: which parameter they begin with.
        values: their memory.
        state: their part of every buffer.
        room: for what lies between.
    """
    end = 0
    for members in _neighbours(values):
        chosen = values[members]
        start, end = end, end + sum([value.size for value in chosen])
        (value, *others), member = chosen, first + members.start
        if others or not value.ndim or value.dtype != room.like.dtype:
            part = [buffer[start:end] for buffer in state]
            yield Gathered(slice(member, first + members.stop), chosen, part, room)
            continue
        length = value.shape[0]
        row = value.size // max(length, 1)
        several = max(BLOCK // max(row, 1), 1)
        for i in range(0, length, several):
            rows = slice(i, min(i + several, length))
            part = [buffer[start + rows.start * row : start + rows.stop * row] for buffer in state]
            yield Rows(member, rows, value[rows], part, room)


def _neighbours(values: list[Array]) -> list[slice]:
    """Which are updated together: as many as fit into a block."""
    found: list[slice] = []
    left = -1  # of the last block
    for i, value in enumerate(values):
        if value.size > left:
            found.append(slice(i, i))
            left = BLOCK
        found[-1] = slice(found[-1].start, i + 1)
        left -= value.size
    return found


def pieces(array: Array, values: list[Array]) -> Iterable[Array]:
    """The part of each parameter in an array, in its shape; a single number is part of all."""
    if not array.shape:
        return itertools.repeat(array)
    ends = itertools.accumulate([value.size for value in values])
    return [array[end - value.size : end].reshape(value.shape) for end, value in zip(ends, values, strict=True)]


def for_each(function: Any, *arguments: Iterable[Any]) -> None:
    """Call a function of NumPy's for many small arrays, in a loop that Python does not run itself."""
    deque(map(function, *arguments), 0)
