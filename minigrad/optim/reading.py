"""Reading a text: the formula of an update rule runs once, on unknowns, and every call of NumPy's is noted."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

Text = Callable[..., Any]  # of arrays and, by keyword, numbers: see FlatOptimizer.rule
Named = tuple[Text, tuple[str, ...]]  # a text and the names of its numbers


class Call(NamedTuple):
    """A call of NumPy's on values, each of which is known by its place among all."""

    function: Callable[..., Any]
    inputs: tuple[int, ...]
    result: int


class Reading:
    """Values, and the calls that make some of others.

    Args:
        dtype: of the arrays that texts are of.

    Attributes:
        examples: for every value one of its dtype: an array without elements, or a single number.
        constants: place -> number, of those in the text itself.
        calls: in the order in which the text makes them.
    """

    def __init__(self, dtype: Any) -> None:
        self._array, self._number = np.ones(0, dtype), np.ones((), dtype)
        self.examples: list[Any] = []
        self.constants: dict[int, float] = {}
        self.calls: list[Call] = []

    def is_array(self, place: int) -> bool:
        """Whether a value is an array, not a number."""
        return bool(self.examples[place].ndim)

    def array(self) -> Unknown:
        """A new array."""
        return self._unknown(self._array)

    def number(self) -> Unknown:
        """A new number."""
        return self._unknown(self._number)

    def _unknown(self, example: Any) -> Unknown:
        self.examples.append(example)
        return Unknown(self, len(self.examples) - 1)

    def noted(self, function: Callable[..., Any], inputs: Sequence[Any]) -> Unknown:
        """The result of a function, as a new value."""
        places = tuple(
            [operand.place if isinstance(operand, Unknown) else self._constant(operand) for operand in inputs]
        )
        with np.errstate(all="ignore"):
            example = function(*[self.examples[place] for place in places])
        result = self._unknown(example) if example.ndim else self.number()
        self.calls.append(Call(function, places, result.place))
        return result

    def _constant(self, operand: Any) -> int:
        if not isinstance(operand, (bool, int, float, np.bool_, np.number)):
            _refuse(f"met {type(operand).__name__} from outside; rule returns what it needs, as numbers with names")
        constant = self.number().place
        self.constants[constant] = float(operand)
        return constant


class Unknown(NDArrayOperatorsMixin):
    """An array or a number in a text that is read: what is done with it is noted, and nothing is computed."""

    def __init__(self, reading: Reading, place: int) -> None:
        self._reading, self.place = reading, place

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            _refuse("was written into; write m = m + g, not m += g, and leave out= away")
        if method != "__call__" or options or ufunc.signature or ufunc.nout > 1:
            _refuse(f"went through np.{ufunc.__name__} in a way that is none of a single number with a single result")
        return self._reading.noted(ufunc, inputs)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        if function not in _FUNCTIONS or options:
            _refuse(
                f"went through {function.__name__}; write it with ufuncs, np.where(c, x, y) and np.clip(x, low, high)"
            )
        return self._reading.noted(_FUNCTIONS[function], arguments)

    def __pow__(self, exponent: Any) -> Any:
        return np.square(self) if exponent == 2 else super().__pow__(exponent)  # as arrays do

    def __bool__(self) -> bool:
        _refuse("was asked whether it is true; use np.where, or let rule choose between two texts")

    def __float__(self) -> float:
        _refuse("was made a number of Python's; use NumPy's functions, or compute it in rule")

    def __getitem__(self, index: Any) -> Any:
        _refuse("was indexed")

    def __setitem__(self, index: Any, value: Any) -> None:
        _refuse("was indexed")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # somebody looks for a protocol
            raise AttributeError(name)
        _refuse(f"was asked for .{name}")


def _refuse(what: str) -> NoReturn:
    raise TypeError(f"an update rule is a formula of single numbers, such as p - rate * g; one of them {what}")


def selected(condition: Any, this: Any, other: Any, out: Any = None) -> Any:
    """``np.where`` that can write into memory at hand, though not over what it reads."""
    if out is None:
        return np.where(condition, this, other)
    if type(out) is not np.ndarray or out.itemsize > 8 or not this.dtype == other.dtype == out.dtype:
        np.copyto(out, np.where(condition, this, other))
        return out
    # by bits: where the condition changes often, NumPy's branch for every number takes six times as long
    condition = condition if condition.dtype == bool else condition != 0
    whole = np.dtype(f"i{out.itemsize}")
    mask = np.negative(condition.view(np.int8), dtype=whole)  # all bits of those that are chosen
    this, other, bits = this.view(whole), other.view(whole), out.view(whole)
    np.bitwise_and(np.bitwise_xor(this, other, out=bits), mask, out=bits)
    np.bitwise_xor(other, bits, out=bits)
    return out


_FUNCTIONS: dict[Any, Callable[..., Any]] = {np.where: selected, np.clip: np.clip}  # those that are no ufuncs


def read(texts: Sequence[Named], arrays: int, dtype: Any) -> tuple[Reading, list[int], list[int]]:
    """Read texts, each of which continues with what the one before returned.

    Args:
        texts: the last is the algorithm; those before it turn parameters and gradients into others.
        arrays: how many there are: the parameters, the gradients, and the buffers.
        dtype: theirs.

    Returns:
        The reading, whose first values are these arrays; where the named numbers are; and where the new parameters and
        buffers are, no two in one place, and none in that of another array.

    Raises:
        TypeError: for what is no formula of single numbers, or returns too much or too little.
    """
    reading = Reading(dtype)
    p, g, *buffers = [reading.array() for _ in range(arrays)]
    given: list[int] = []
    results: Any = (p, g)
    for i, (text, names) in enumerate(texts, 1):
        _check(text)
        numbers = {name: reading.number() for name in names}
        given += [number.place for number in numbers.values()]
        results = text(*results, *(buffers if i == len(texts) else []), **numbers)
    results = results if isinstance(results, tuple) else (results,)
    if len(results) != arrays - 1 or not all(isinstance(x, Unknown) and reading.is_array(x.place) for x in results):
        found = ", ".join("an array" if isinstance(x, Unknown) else type(x).__name__ for x in results)
        raise TypeError(
            f"{texts[-1][0].__qualname__} returns ({found}), and should return new arrays for the parameters and "
            f"{arrays - 2} buffers, in the order of its arguments, as in: return p - rate * m, m"
        )
    outputs: list[int] = []
    for own, result in zip([0, *range(2, arrays)], results, strict=True):
        copied = result.place != own and (result.place < arrays or result.place in outputs)
        outputs.append(reading.noted(np.positive, [result]).place if copied else result.place)
    return reading, given, outputs


def _check(text: Any) -> None:
    """Refuse a text that could mean something else in the next step, when it is not read again."""
    name = getattr(text, "__qualname__", repr(text))
    if not isinstance(text, types.FunctionType):
        raise TypeError(f"the text of an update rule must be a plain function, got {name}; write it with def or lambda")
    outside = [cell.cell_contents for cell in text.__closure__ or ()]
    if ".rule.<locals>." in name or not all(isinstance(value, types.FunctionType) for value in outside):
        raise TypeError(
            f"{name} is read once, and then used in every step; define it outside of rule, with what changes as named "
            "numbers: return update, {'rate': group['lr']}"
        )
