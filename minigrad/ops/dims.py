"""How dimensions are named: PyTorch's ``dim``/``keepdim`` or NumPy's ``axis``/``keepdims``, from either end."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])
_ALIASES = {"axis": "dim", "keepdims": "keepdim"}


def axis_aliases(function: F) -> F:
    """Let NumPy's ``axis`` and ``keepdims`` stand for PyTorch's ``dim`` and ``keepdim``."""
    name = function.__name__.rstrip("_")

    @functools.wraps(function)
    def accepting(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for alias, meant in _ALIASES.items():
                if alias in kwargs:
                    if meant in kwargs:
                        raise TypeError(f"{name}: {alias} and {meant} are two names of one argument; give one of them")
                    kwargs[meant] = kwargs.pop(alias)
        return function(*args, **kwargs)

    function.__qualname__ = name  # the name in Python's own messages about arguments
    signature = inspect.signature(function)
    extra = [
        inspect.Parameter(alias, inspect.Parameter.KEYWORD_ONLY, default=None)
        for alias, meant in _ALIASES.items()
        if meant in signature.parameters
    ]
    accepting.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *extra])  # type: ignore[attr-defined]
    return accepting  # type: ignore[return-value]


def by_name(function: str, star: str, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """What was given for ``*star``, one by one, as one sequence, or by PyTorch's name: ``permute(x, dims=(1, 0))``."""
    unknown = [name for name in named if name != star]
    if unknown or given:
        wrong = f"does not take {', '.join(unknown)}" if unknown else f"got {star} twice"
        raise TypeError(f"{function} {wrong}; {star} is given one by one, as one sequence, or as {star}=(...)")
    return (named[star],)


def one_dim(name: str, dim: Any, shape: tuple[int, ...]) -> int:
    """The dimension ``dim``, an integer counted from either end, counted from the front."""
    try:
        dim = int(operator.index(dim))
    except TypeError:
        raise TypeError(f"{name}: a dimension is an integer such as 0 or -1, got {dim!r}") from None
    rank = len(shape)
    if not -rank <= dim < rank:
        known = f"it has dimensions {-rank} to {rank - 1}" if rank else "a single number has none"
        raise IndexError(f"{name}: dimension {dim} does not exist in a Tensor of shape {shape}; {known}")
    return int(dim % rank)


def only_dim(name: str, dim: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Like ``some_dims`` for an operation along one dimension: its number in a tuple, empty for a single number."""
    if not shape and dim in (0, -1):
        return ()
    return (one_dim(name, dim, shape),)


def row_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape, that of a single number as that of a row of one: PyTorch's view of it where it is indexed along 0."""
    return shape or (1,)


def some_dims(name: str, dim: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The dimensions ``dim``: None for all, an integer or several, counted from the front.

    As in PyTorch a single number may be reduced over its dimension 0 or -1, which it does not have.
    """
    if dim is None:
        return None
    several = dim if isinstance(dim, (tuple, list)) else (dim,)
    if not shape and all(d in (0, -1) for d in several):
        return ()
    dims = tuple(one_dim(name, d, shape) for d in several)
    if len(set(dims)) < len(dims):
        raise ValueError(f"{name}: a dimension of shape {shape} is named twice in {dim}")
    return dims


def sizes_of(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one, ``f(t, 2, 3)``, or as one sequence, ``f(t, (2, 3))``."""
    first = sizes[0] if len(sizes) == 1 else sizes
    if isinstance(first, np.ndarray):
        first = first.tolist()
    try:
        return tuple(map(operator.index, first)) if isinstance(first, (tuple, list)) else (operator.index(first),)
    except TypeError:
        raise TypeError(f"sizes are integers, got {first!r}") from None
