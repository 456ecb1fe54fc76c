"""Layers are made with options and called with data: what to tell someone who gave the data to the constructor."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

_LIBRARY = __name__.partition(".")[0]


def take_options(cls: type) -> None:
    """Let the constructor of ``cls`` refuse arrays and Tensors, if the class is one of this library.

    Users may make theirs of whatever they like. ``_takes_arrays`` of a class names the arguments that may be arrays all
    the same, such as the weights of classes.
    """
    if not _of_library(cls):
        return
    if "__init__" in vars(cls):
        cls.__init__ = _checked(vars(cls)["__init__"])  # type: ignore[misc]
    elif cls.__init__ is object.__init__:  # type: ignore[misc]
        cls.__init__ = _checked(_without_options(cls))  # type: ignore[misc]


def _of_library(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == _LIBRARY


def _without_options(cls: Any) -> Callable[..., None]:
    def __init__(self: Any) -> None:  # noqa: N807 - it becomes that method
        super(cls, self).__init__()

    return __init__


def _checked(construct: Callable[..., None]) -> Callable[..., None]:
    parameters = list(inspect.signature(construct).parameters.values())[1:]
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    ordered = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    needed = any(p.default is p.empty for p in parameters)

    @functools.wraps(construct)
    def checked(self: Any, *args: Any, **options: Any) -> None:
        given = [*zip(chain(ordered, repeat("")), args), *options.items()]  # noqa: B905 - names without an end
        given = [(name if name in names else "", value) for name, value in given]
        arrays = [name for name, value in given if _is_data(value)]
        for name in arrays:
            if name not in type(self)._takes_arrays:
                _refuse(type(self), name, "..." if needed else "", len(arrays))
        if given and not parameters:
            raise TypeError(f"{type(self).__name__}() takes no arguments")
        construct(self, *args, **options)

    return checked


def _is_data(value: Any) -> bool:
    """Whether it is an array of any library; a single number, as in ``nn.Dropout(np.array(0.5))``, can be an option."""
    return hasattr(value, "dtype") and not isinstance(value, type) and len(value.shape) > 0


def _refuse(cls: type, name: str, options: str, count: int) -> None:
    made = f"{'nn.' if _of_library(cls) else ''}{cls.__name__}({options})"
    raise TypeError(
        f"{cls.__name__} is made with options and called with data, but got an array or Tensor"
        f"{f' as {name}' if name else ''}; make it, then call it: {made}({', '.join('xyzuvw'[:count])})"
    )
