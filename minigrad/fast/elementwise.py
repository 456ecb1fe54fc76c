"""Elementwise functions and rules in one compiled loop each, made when the first large arrays come."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy import ndarray

from ..core.modes import grad_enabled
from .layout import FLOAT, dense_like, flat
from .pool import settings
from .symbols import NotElementwiseError
from .texts import Loop, loop

_WORK = 1 << 17  # additions for which NumPy takes as long as a loop, with its start
_EXACT = 1 << 53  # whole numbers below are floats, too
_VARIANTS = 8  # loops for other constants than before; a program that needs more has constants that vary


class Elementwise:
    """A function that runs as a compiled loop for large float32 arrays of one shape, and as it is for all else.

    Args:
        title: what it is.
        plain: the function.
        constants: the places of arguments whose value may decide what is computed; keyword arguments always may.
        give_up: called when it turns out to be no function of single numbers.
    """

    def __init__(
        self, title: str, plain: Callable[..., Any], constants: Collection[int], give_up: Callable[[], None]
    ) -> None:
        self._title, self._plain, self._constants, self._give_up = title, plain, constants, give_up
        self._loops: dict[Any, Loop | None] = {}
        self._pays_from = 0.0  # elements; nobody knows before there is a loop

    def least(self) -> float:
        """Elements from which on it may pay to ask."""
        return self._pays_from if settings.minimum else 0

    def __call__(self, *values: Any, **options: Any) -> Any:
        """The result, or NotImplemented."""
        arrays: list[ndarray] = []
        numbers: list[float] = []
        kinds: list[Any] = []
        arguments: list[Any] = []
        largest = max([value for value in values if type(value) is ndarray], key=_size, default=None)
        if largest is None or largest.dtype is not FLOAT:
            return NotImplemented
        shape = largest.shape
        for place, value in enumerate((*values, *options.values())):
            kind, varies = type(value), place < len(values) and place not in self._constants
            if kind is ndarray:
                if value.shape == shape and (value.dtype is FLOAT or value.dtype.kind == "b"):
                    kinds.append(value.dtype.kind)
                    arrays.append(value)
                    arguments.append(value)
                    continue
                if value.ndim or value.dtype is not FLOAT:
                    return NotImplemented
                value, kind = float(value), float
            elif kind is np.float32 or (kind is int and varies and abs(value) < _EXACT):
                value, kind = float(value), float
            if kind is float and varies:
                kinds.append(float)
                numbers.append(value)
            elif kind in _CONSTANT:
                kinds.append((kind, value))
            else:
                return NotImplemented
            arguments.append(value)
        key = (grad_enabled.get(), *kinds, *options)
        try:
            found = self._loops[key]
        except KeyError:
            found = self._make(key, arguments, options)
        if found is None or largest.size * found.work < settings.least(_WORK):
            return NotImplemented
        arrays = dense_like(arrays)
        if not arrays:
            return NotImplemented
        results = [np.empty_like(arrays[0], dtype=FLOAT) for _ in range(found.results)]
        settings.launch(found.kernel, *map(flat, arrays), *numbers, *map(flat, results))
        if found.places is None:
            return results[0]
        return tuple([None if place is None else results[place] for place in found.places])

    def _make(self, key: Any, arguments: list[Any], options: dict[str, Any]) -> Loop | None:
        made: Loop | None = None
        if len(self._loops) < _VARIANTS:
            count = len(arguments) - len(options)
            values, named = arguments[:count], dict(zip(options, arguments[count:], strict=True))
            try:
                made = loop(self._title, self._plain, values, named, self._constants)
            except NotElementwiseError:
                if not self._loops:  # no constant would change that
                    self._give_up()
            self._loops[key] = made
            self._pays_from = min([_WORK / known.work for known in self._loops.values() if known], default=0.0)
        return made


_size = operator.attrgetter("size")
_CONSTANT = {int, bool, float, str, type(None)}
