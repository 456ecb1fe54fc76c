"""Programs: the text of an update rule as a list of NumPy's calls that write into memory which is at hand.

NumPy makes a new array for every operation of a formula. In a step, which is nothing but formulas of long arrays, that
takes half as much time again. So a text is read once, and its values are given arrays as a compiler gives them
registers: new buffers the memory of the old, and what lies between as few arrays as will do, which stay in the cache.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from .reading import Call, Named, read, selected


class Step(NamedTuple):
    """A call on registers: ``function(*inputs, out=out)``."""

    function: Callable[..., Any]
    inputs: tuple[int, ...]
    out: int


class Program(NamedTuple):
    """Steps on registers: parameters, gradients and buffers, then numbers, then arrays for what lies between.

    Attributes:
        arrays: how many registers are parameters, gradients and buffers.
        constants: numbers of the texts themselves, which follow those that texts are given.
        arithmetic: functions that make numbers of numbers, and the places of these.
        scratch: the dtypes of what lies between.
        steps: in their order.
        apart: the index of a step which alone reads or writes the parameters, so that each can have it for itself; None
            if there are several.
    """

    arrays: int
    constants: list[float]
    arithmetic: list[tuple[Callable[..., Any], tuple[int, ...]]]
    scratch: list[Any]
    steps: list[Step]
    apart: int | None

    def numbers(self, given: Iterable[Any]) -> list[float]:
        """All numbers of an update, from those that the texts are given."""
        found = [*map(float, given), *self.constants]
        for function, places in self.arithmetic:
            found.append(function(*[found[place] for place in places]))
        return found


@functools.lru_cache(256)
def program_of(texts: tuple[Named, ...], arrays: int, dtype: Any) -> Program:
    """The program of texts, each of which continues with what the one before returned.

    Args:
        texts: each with the names of its numbers; ``read`` says more.
        arrays: how many parameters, gradients and buffers are.
        dtype: theirs.
    """
    reading, given, outputs = read(texts, arrays, dtype)
    calls = _ordered(reading.calls, outputs)
    of_arrays = [call for call in calls if reading.is_array(call.result)]
    of_numbers = [call for call in calls if not reading.is_array(call.result)]
    numbers = [*given, *reading.constants, *[call.result for call in of_numbers]]
    apart = _apart(of_arrays, outputs[0])
    registers = _Registers(reading.examples, arrays, numbers, outputs)
    steps = registers.steps(of_arrays)
    arithmetic = [(_of_numbers(call.function), tuple(map(numbers.index, call.inputs))) for call in of_numbers]
    return Program(arrays, [*reading.constants.values()], arithmetic, registers.scratch, steps, apart)


def _ordered(calls: list[Call], outputs: list[int]) -> list[Call]:
    """The calls that outputs need, for each operand those that are more first: then fewer results wait for others."""
    makers = {call.result: call for call in calls}
    needed: dict[int, Call] = {}
    size: dict[int, int] = {}
    for call in calls:
        size[call.result] = 1 + sum([size.get(value, 0) for value in call.inputs])

    def add(value: int) -> None:
        if value in makers and value not in needed:
            for operand in sorted(makers[value].inputs, key=lambda operand: -size.get(operand, 0)):
                add(operand)
            needed[value] = makers[value]

    for value in sorted(outputs):  # in the order of the text
        add(value)
    return list(needed.values())


def _apart(calls: list[Call], new: int) -> int | None:
    """Put the call that makes the new parameters last, if only it reads the old ones and nothing reads the new."""
    touching = [call for call in calls if 0 in call.inputs or new in (call.result, *call.inputs)]
    if len(touching) != 1 or touching[0].result != new or not isinstance(touching[0].function, np.ufunc):
        return None
    if touching[0].function in (np.maximum, np.minimum):  # which want ``out`` by its name
        return None
    calls.remove(touching[0])
    calls.append(touching[0])
    return len(calls) - 1


def _of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a function does to Python's numbers: where Python has an operator, that takes a tenth of the time."""
    operators: dict[Any, Callable[..., Any]] = {
        np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv
    }  # fmt: skip
    return operators.get(function) or (lambda *numbers: float(function(*numbers)))


_BESIDE = {selected, np.sign}  # the one must not write over what it reads; the other takes eight times as long then


class _Registers:
    """Which register each value is kept in, from the call that makes it to the last that reads it.

    Args:
        examples: of all values, for their dtypes; the first are parameters, gradients and buffers.
        arrays: how many these are.
        numbers: the values that come next among the registers.
        outputs: the values of the new parameters and buffers.
    """

    def __init__(self, examples: list[Any], arrays: int, numbers: list[int], outputs: list[int]) -> None:
        self._examples, self._kept = examples, [0, *range(2, arrays)]
        self._of = {value: register for register, value in enumerate([*range(arrays), *numbers])}
        self._first = len(self._of)  # of what lies between
        self._own = dict(zip(outputs, self._kept, strict=True))  # new values -> where they belong
        self._free: list[int] = []  # registers whose values nobody reads any more, the latest last
        self.scratch: list[Any] = []

    def steps(self, calls: list[Call]) -> list[Step]:
        """The calls on registers, and copies of the results that could not be written where they belong."""
        last = {value: i for i, call in enumerate(calls) for value in call.inputs}
        last.update(dict.fromkeys(self._own, len(calls)))
        self._free = [register for register in self._kept if register not in last]
        steps = []
        for i, call in enumerate(calls):
            inputs = tuple([self._of[value] for value in call.inputs])
            over = [self._of[value] for value in dict.fromkeys(call.inputs) if last[value] == i]
            over = [register for register in over if register in self._kept or register >= self._first]
            before, after = ([], over) if call.function in _BESIDE else (over, [])
            self._free += before
            self._of[call.result] = out = self._out(call.result, over)
            self._free += after
            steps.append(Step(call.function, inputs, out))
        misplaced = [(self._of[value], own) for value, own in self._own.items() if self._of[value] != own]
        return steps + [Step(copied, (register,), own) for register, own in misplaced]

    def _out(self, value: int, over: list[int]) -> int:
        """Where a result is written: where it belongs, else over what it was made of, else into scratch.

        Nothing else is written into parameters and buffers: after an interruption they shall hold what is theirs.
        """
        dtype, own = self._examples[value].dtype, self._own.get(value)

        def fits(register: int) -> bool:
            if register >= self._first:
                return bool(self.scratch[register - self._first] == dtype)
            return dtype == self._examples[0].dtype and (register in over if own is None else register == own)

        fitting = [register for register in self._free if fits(register)]
        if not fitting:
            self.scratch.append(dtype)
            return self._first + len(self.scratch) - 1
        chosen: int = own if own in fitting else fitting[-1]
        self._free.remove(chosen)
        return chosen


def copied(x: Any, out: Any) -> Any:
    """A copy of ``x``, in the memory of ``out``."""
    np.copyto(out, x)
    return out
