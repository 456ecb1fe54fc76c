"""Reading an elementwise function as text: it is run once on symbols, which write down what happens to one number.

A rule runs on arrays and on Tensors. Here is its third reading: a ``Symbol`` takes part in NumPy's dispatch as any
array type does, and every function that meets it adds a line to a program for one element. Constants, closures,
branches on options, other primitives: all of Python has been gone through when the program is complete, and what is
left is arithmetic. What is no function of single numbers, a sum say, or a shape, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class NotElementwiseError(TypeError):
    """The function is none of single numbers, or uses one that is not known here."""


# NumPy's name -> the text for one element; {0} and {1} are numbers, {c} a condition. The functions are in mathematics.
NUMBERS: dict[str, str] = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "divide": "{0} / {1}", "negative": "-{0}",
    "positive": "{0}", "square": "{0} * {0}", "reciprocal": "f32(1) / {0}", "absolute": "np.abs({0})",
    "fabs": "np.abs({0})", "sqrt": "np.sqrt({0})", "floor": "np.floor({0})", "ceil": "np.ceil({0})",
    "trunc": "np.trunc({0})", "exp": "exp({0})", "expm1": "expm1({0})", "log": "log({0})", "log1p": "log1p({0})",
    "tanh": "tanh({0})", "sign": "sign({0})", "maximum": "maximum({0}, {1})", "minimum": "minimum({0}, {1})",
}  # fmt: skip
COMPARISONS: dict[str, str] = {
    "less": "{0} < {1}", "less_equal": "{0} <= {1}", "greater": "{0} > {1}", "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}", "isnan": "{0} != {0}", "isinf": "np.abs({0}) == INFINITY",
    "isfinite": "np.abs({0}) < INFINITY",
}  # fmt: skip
CONDITIONS: dict[str, str] = {
    "logical_and": "{0} & {1}", "logical_or": "{0} | {1}", "logical_not": "not {0}", "logical_xor": "{0} != {1}",
    "bitwise_and": "{0} & {1}", "bitwise_or": "{0} | {1}", "invert": "not {0}", "bitwise_xor": "{0} != {1}",
}  # fmt: skip
# Of numbers that Python would have computed with in double precision, before they meet an array.
ARITHMETIC: dict[str, str] = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "divide": "{0} / {1}", "negative": "-{0}",
}  # fmt: skip
_WIDE = (np.float64, np.longdouble)  # a number of these types would make the result double precision


class Program:
    """The lines for one element, each computed from those before it; equal lines are written once."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}  # text -> the name of its value
        self.uses: dict[str, tuple[str, ...]] = {}  # name -> the names that its text uses

    def add(self, template: str, names: Sequence[str]) -> str:
        """The name of the value of ``template``, filled with ``names``."""
        text = template.format(*names)
        if text not in self.lines:
            name = f"v{len(self.lines)}"
            self.lines[text] = name
            self.uses[name] = tuple(names)
        return self.lines[text]

    def leading_to(self, results: Sequence[str]) -> list[tuple[str, str]]:
        """The lines that ``results`` need, as pairs of name and text, in order."""
        needed = set(results)
        for name in reversed(self.lines.values()):
            if name in needed:
                needed.update(self.uses[name])
        return [(name, text) for text, name in self.lines.items() if name in needed]


SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """One number of an array, or one truth value: what is computed from it becomes lines of a program.

    Written into, by ``+=`` or ``out=``, it stands for the new value from then on. One of dtype float64 is a number
    beside the arrays, the same for all elements, and as weak as Python's: it takes the precision of what it meets.
    """

    __slots__ = ("_program", "dtype", "name", "written")
    __hash__ = object.__hash__

    def __init__(self, program: Program, name: str, dtype: Any = np.float32) -> None:
        self._program, self.name = program, name
        self.dtype: Any = np.dtype(dtype)
        self.written = False

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        if method != "__call__" or options:
            raise NotElementwiseError(f"{ufunc.__name__}.{method} is no function of single numbers")
        name = ufunc.__name__
        if not any(isinstance(x, Symbol) and x.dtype is not DOUBLE for x in inputs):
            if name not in ARITHMETIC:
                raise NotElementwiseError(f"{name} of single numbers beside the arrays")
            result = self._new(ARITHMETIC[name], [self._plain(x) for x in inputs], DOUBLE)
        elif name in NUMBERS:
            result = self._new(NUMBERS[name], [self._number(x) for x in inputs])
        elif name in COMPARISONS:
            result = self._new(COMPARISONS[name], [self._number(x) for x in inputs], bool)
        elif name in CONDITIONS:
            result = self._new(CONDITIONS[name], [self._condition(x) for x in inputs], bool)
        else:
            raise NotElementwiseError(f"{name} is not known to minigrad.fast")
        return result if out is None else out[0].become(result)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        answer = _FUNCTIONS.get(function)
        if answer is None:
            raise NotElementwiseError(f"{function.__name__} is no function of single numbers")
        return answer(self, *args, **options)

    def become(self, value: Symbol) -> Symbol:
        """Stand for another value from now on: what writing into an array does."""
        if value.dtype != self.dtype:
            raise NotElementwiseError(f"{value.dtype} written into {self.dtype}")
        self.name, self.written = value.name, True
        return self

    def copy(self) -> Symbol:
        """The same value, to be written into."""
        return Symbol(self._program, self.name, self.dtype)

    def _new(self, template: str, names: Sequence[str], dtype: Any = np.float32) -> Symbol:
        return Symbol(self._program, self._program.add(template, names), dtype)

    def _number(self, x: Any) -> str:
        """The name of a number: a symbol, a truth value as 0 or 1, or a constant."""
        if isinstance(x, Symbol):
            if x.dtype is SINGLE:
                return x.name
            return self._program.add("f32({0})" if x.dtype is DOUBLE else "one_if({0})", [x.name])
        if not isinstance(x, (int, float, np.float32, np.bool)) or isinstance(x, _WIDE):
            raise NotElementwiseError(f"{type(x).__name__} beside float32 is no constant")
        return literal(float(x))

    def _plain(self, x: Any) -> str:
        """The name of a number in double precision."""
        if isinstance(x, Symbol):
            return x.name
        if type(x) not in (int, float, bool):
            raise NotElementwiseError(f"{type(x).__name__} beside a number")
        return f"({float(x)!r})" if math.isfinite(x) else f'float("{x}")'

    def _condition(self, x: Any) -> str:
        if isinstance(x, Symbol):
            return x.name if x.dtype.kind == "b" else self._program.add("{0} != f32(0)", [x.name])
        if isinstance(x, (bool, np.bool)):
            return str(bool(x))
        raise NotElementwiseError(f"{type(x).__name__} is no condition")

    def __bool__(self) -> bool:
        raise NotElementwiseError("which way to go depends on a value")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # whether it is a Tensor, for example
            raise AttributeError(name)
        raise NotElementwiseError(f"one number has no {name}")  # no AttributeError: a default would be taken for it


def literal(number: float) -> str:
    """A float32 constant as text."""
    with np.errstate(over="ignore"):  # it is infinite among float32 numbers
        number = float(np.float32(number))
    if math.isfinite(number):
        return f"f32({number!r})"
    return "NAN" if math.isnan(number) else "INFINITY" if number > 0 else "-INFINITY"


# --- functions of NumPy that are no ufuncs ----------------------------------------------------------------------------
def _where(symbol: Symbol, condition: Any, x: Any, y: Any) -> Symbol:
    names = [symbol._condition(condition), symbol._number(x), symbol._number(y)]
    return symbol._new("{1} if {0} else {2}", names)


def _clip(symbol: Symbol, x: Any, low: Any = None, high: Any = None, **options: Any) -> Any:
    if options:
        raise NotElementwiseError("clip with options")
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _full(value: float) -> Callable[..., Symbol]:
    def full(symbol: Symbol, like: Any, dtype: Any = None) -> Symbol:
        truth = np.dtype(np.float32 if dtype is None else dtype).kind == "b"
        return symbol._new(str(bool(value)), [], bool) if truth else symbol._new(literal(value), [])

    return full


def _copyto(symbol: Symbol, target: Any, source: Any, where: Any = True) -> None:
    source = source if isinstance(source, Symbol) else symbol._new(symbol._number(source), [])
    target.become(source if where is True else np.where(where, source, target))


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where, np.clip: _clip, np.zeros_like: _full(0), np.ones_like: _full(1), np.empty_like: _full(0),
    np.copyto: _copyto,
}  # fmt: skip
