"""From a function of arrays to one compiled loop over all of their elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .compiler import from_source
from .symbols import NotElementwiseError, Program, Symbol

_MODULE = '''"""One loop for {title}, written from the text that NumPy runs."""
import numpy as np
from numba import prange
from minigrad.fast.mathematics import *


def kernel({parameters}):
{before}    for i in prange({size}):
{lines}
'''

_LONG = re.compile(r"(exp|log|tanh)\w*\(")  # polynomials


class Loop(NamedTuple):
    """A compiled loop: ``kernel(*arrays, *numbers, *results)``, where all arrays are flat and of one size.

    Without results of its own it writes into the arrays.

    Attributes:
        kernel: the loop.
        places: which result stands where in the tuple that the function returns, if it is one.
        results: how many there are.
        work: what one element costs, in additions.
    """

    kernel: Any
    places: tuple[int | None, ...] | None
    results: int
    work: int


def loop(
    title: str,
    function: Callable[..., Any],
    arguments: Sequence[Any],
    options: Mapping[str, Any],
    constants: Collection[int] = (),
    into: Sequence[int] = (),
) -> Loop:
    """Compile a function of arrays, which is run once on symbols.

    Args:
        title: what the kernel computes; part of the name of its file.
        function: a function of arrays, numbers and constants.
        arguments: its positional arguments: arrays like those to come, a float where any number may come, constants.
        options: its keyword arguments: arrays and constants.
        constants: the places of arguments that are constants even if they are floats.
        into: the places of arrays that take the results, in their order; by default these have arrays of their own.

    Raises:
        NotElementwiseError: if it is no function of single numbers.
    """
    program = Program()
    arrays: list[str] = []
    numbers: list[str] = []

    def symbol(value: Any, constant: bool) -> Any:
        if type(value) is np.ndarray:
            arrays.append(f"a{len(arrays)}")
            return Symbol(program, f"{arrays[-1]}[i]", value.dtype)
        if type(value) is float and not constant:
            numbers.append(f"n{len(numbers)}")
            return Symbol(program, numbers[-1], np.float64)
        return value

    symbols = [symbol(value, place in constants) for place, value in enumerate(arguments)]
    named = {name: symbol(value, True) for name, value in options.items()}
    returned = _run(function, symbols, named)
    if any(isinstance(s, Symbol) and s.written for s in (*symbols, *named.values())):
        raise NotElementwiseError("it writes into what it was given")
    several = type(returned) is tuple
    parts = returned if several else (returned,)
    given = [part for part in parts if part is not None]
    results = given if into else list({id(part): part for part in given}.values())  # one array may come twice
    lines = _lines(program, results)
    kernel = from_source(title, _source(title, arrays, numbers, lines, [result.name for result in results], into))
    numbered = {id(result): number for number, result in enumerate(results)}
    places = tuple([None if part is None else numbered[id(part)] for part in parts]) if several else None
    return Loop(kernel, places, len(results), sum([4 if _LONG.match(text) else 1 for _, text in lines]))


def _run(function: Callable[..., Any], symbols: Sequence[Any], named: Mapping[str, Any]) -> Any:
    try:
        return function(*symbols, **named)
    except NotElementwiseError:
        raise
    except Exception as error:  # whatever a function does that was not written for single numbers
        raise NotElementwiseError(f"{type(error).__name__}: {error}") from error


def _lines(program: Program, results: Sequence[Any]) -> list[tuple[str, str]]:
    if not all(isinstance(result, Symbol) and result.dtype == np.float32 for result in results):
        raise NotElementwiseError("a result is no float32 number")
    lines = program.leading_to([result.name for result in results])
    if not any("[i]" in text for _, text in lines):
        raise NotElementwiseError("nothing is computed")
    return lines


def _source(
    title: str,
    arrays: list[str],
    numbers: list[str],
    lines: list[tuple[str, str]],
    results: list[str],
    into: Sequence[int],
) -> str:
    own = [] if into else [f"r{i}" for i in range(len(results))]
    outputs = [arrays[place] for place in into] if into else own
    of_elements, before, inside = {f"{array}[i]" for array in arrays}, [], []
    for name, text in lines:  # what is the same for all elements stands in front of the loop
        if of_elements.isdisjoint(re.findall(r"\w+(?:\[i\])?", text)):
            before.append(f"    {name} = {text}\n")
        else:
            of_elements.add(name)
            inside.append(f"        {name} = {text}")
    inside += [f"        {output}[i] = {name}" for output, name in zip(outputs, results, strict=True)]
    return _MODULE.format(
        title=title,
        parameters=", ".join([*arrays, *numbers, *own]),
        before="".join(before),
        size=f"{outputs[0]}.size",
        lines="\n".join(inside),
    )
