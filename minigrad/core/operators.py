"""Python's operators on Tensors: NumPy's functions, looked up without the detour through NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .dispatch import NUMPY

Method = Callable[[Any, Any], Any]

# Type of an operand -> whether Python or the operand itself answers for the operation, as for None and strings
# (t == None is False, t + "a" an error) and for labelled arrays.
FOREIGN: dict[type, bool] = dict.fromkeys((type(None), str, bytes, dict, set), True)


def labelled(kind: type) -> bool:
    """Whether these are arrays with labels, such as pandas and xarray have, which bring the labels to the result.

    They know NumPy's ufuncs, but take no part in the dispatch of its other functions.
    """
    return hasattr(kind, "__array_ufunc__") and not hasattr(kind, "__array_function__")


def _is_foreign(kind: type) -> bool:
    """Look a new type of operands over, and remember what was found."""
    FOREIGN[kind] = labelled(kind)
    return FOREIGN[kind]


def binary(function: Any) -> tuple[Method, Method]:
    """The two methods of a binary operator: ``self op other`` and ``other op self``."""

    def forward(self: Any, other: Any) -> Any:
        try:  # a look-up, where a test of each operand would be felt
            foreign = FOREIGN[type(other)]
        except KeyError:
            foreign = _is_foreign(type(other))
        return NotImplemented if foreign else NUMPY[function](self, other)

    def reflected(self: Any, other: Any) -> Any:
        try:
            foreign = FOREIGN[type(other)]
        except KeyError:
            foreign = _is_foreign(type(other))
        return NotImplemented if foreign else NUMPY[function](other, self)

    return forward, reflected


def updating(function: Any) -> Method:
    """The method of an operator such as ``+=``."""
    return lambda self, other: NUMPY["update"](function, self, other)


def unary(function: Any) -> Callable[[Any], Any]:
    """The method of an operator such as ``-x``."""
    return lambda self: NUMPY[function](self)
