"""NumPy's dispatch: which function answers when NumPy is called with a Tensor."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import numpy as np

K = TypeVar("K")
V = TypeVar("V")


def refuse_second(what: str, name: Any, known: Any, new: Any) -> None:
    """Raise if ``new`` would replace ``known``; a cell of a notebook, ``__main__``, may be run again."""
    if known is not new and not all(getattr(entry, "__module__", "") == "__main__" for entry in (known, new)):
        raise ValueError(
            f"{what} {name!r} exists already, declared in {getattr(known, '__module__', None)}; choose another name"
        )


class Table(dict[K, V]):
    """A table that refuses a second entry under a key, so that nothing is replaced without a word.

    Args:
        what: what the entries are, for the error.
    """

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def __setitem__(self, key: K, value: V) -> None:
        refuse_second(self._what, getattr(key, "__name__", key), self.get(key, value), value)
        super().__setitem__(key, value)

    def update(self, entries: Mapping[K, V]) -> None:  # type: ignore[override]
        """Add all ``entries``."""
        for key, value in entries.items():
            self[key] = value


# NumPy function (or the name of a protocol such as "getitem") -> what answers for it. ``ops/`` fills the table through
# ``register`` and ``constant`` of ``primitive.py``; what is not in it is refused.
NUMPY: Table[Any, Callable[..., Any]] = Table("an answer for NumPy's function")


def dispatch(function: Any, args: Any, kwargs: Any) -> Any:
    """Answer the call ``function(*args, **kwargs)`` of a NumPy function that is not a ufunc."""
    answer = NUMPY.get(function)
    kwargs = {name: value for name, value in kwargs.items() if value is not None or name not in ("out", "dtype")}
    if answer is None or "out" in kwargs:
        refuse(full_name(function), kwargs, known=answer is not None)
    if len(args) > 2 and _place_of_out(function) < len(args):
        if (out := args[_place_of_out(function)]) is not None:
            refuse(full_name(function), {"out": out})
        args, kwargs = _spoken_out(function, args, kwargs)
    try:
        return answer(*args, **kwargs)
    except TypeError:
        signature = inspect.signature(answer)
        if _fits(signature, args, kwargs):
            raise
    args, kwargs = _spoken_out(function, args, kwargs)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{full_name(function)} of a Tensor: {error}; it takes {signature}") from None
    return answer(*args, **kwargs)


@functools.cache
def _place_of_out(function: Any) -> int:
    """Which argument of a NumPy function is ``out``, if it can be given by position."""
    try:
        parameters = inspect.signature(function).parameters
        kind = parameters["out"].kind
        return list(parameters).index("out") if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD else sys.maxsize
    except (KeyError, ValueError):  # there is none, or some functions of older versions show no signature
        return sys.maxsize


def _fits(signature: inspect.Signature, args: Any, kwargs: Any) -> bool:
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _spoken_out(function: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments without those that say what NumPy does anyway, such as ``casting="same_kind"``.

    Libraries that call NumPy for their users pass such on, by position too: ``np.cumsum(x, None, None, None)``.
    """
    try:
        parameters = inspect.signature(function).parameters
        given = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # some functions of older versions show no signature
        return args, kwargs
    first: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in given.items():
        default = parameters[name].default
        if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            first += value
        elif default is inspect.Parameter.empty:
            first.append(value)
        elif value is not default and not (isinstance(value, (str, int)) and value == default):
            named[name] = value
    return tuple(first), named


def full_name(function: Any) -> str:
    """The name that a user calls a NumPy function by, such as ``np.linalg.solve``.

    Example:
        >>> full_name(np.linalg.solve), full_name(np.exp)
        ('np.linalg.solve', 'np.exp')
    """
    name: str = function.__name__
    module = getattr(function, "__module__", None) or ("numpy" if getattr(np, name, None) is function else "")
    package, _, rest = module.partition(".")
    return ".".join(filter(None, ["np" if package == "numpy" else package, rest, name]))


def refuse(name: str, kwargs: dict[str, Any], known: bool = True) -> NoReturn:
    """Say why a NumPy call on a Tensor is not carried out, and what to do instead.

    Args:
        name: of the NumPy function, as users call it.
        kwargs: its keyword arguments.
        known: whether the function has a derivative rule, so that only the keywords are in the way.
    """
    if kwargs.get("out") is not None:
        raise TypeError(
            f"{name}(..., out=...) would write behind autograd's back; use the value that it returns, "
            "and a = a + t instead of a += t for an array a"
        )
    if name.rpartition(".")[2].startswith("save"):
        raise TypeError(
            f"{name} writes arrays; give it t.detach().numpy(), for a state {{k: v.numpy() for k, v in ...}}"
        )
    if kwargs and known:
        raise TypeError(f"{name} of a Tensor does not take {', '.join(kwargs)}; call it without")
    raise TypeError(
        f"{name} has no derivative rule in minigrad; use t.detach().numpy() if no gradient shall flow, else write it "
        "with functions that have one: dir(minigrad) lists them"
    )
