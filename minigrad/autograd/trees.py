"""Nested lists, tuples and dicts of arrays, as arguments and results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..core.arrays import shape_of
from ..core.tensor import Tensor, as_operand


def mapped(function: Callable[[Tensor], Any], tree: Any) -> Any:
    """``tree`` with every Tensor replaced; all else stays."""
    if isinstance(tree, Tensor):
        return function(tree)
    if isinstance(tree, dict):
        return {key: mapped(function, part) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return sequence(tree, [mapped(function, part) for part in tree])
    return tree


def leaves(tree: Any) -> list[Any]:
    """What is in the nested lists, tuples and dicts, None left out."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in leaves(part)]
    return [] if tree is None else [tree]


def rebuilt(tree: Any, new: Iterator[Any]) -> Any:
    """The structure of ``tree`` with other leaves, taken in turn."""
    if isinstance(tree, dict):
        return {key: rebuilt(part, new) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return sequence(tree, [rebuilt(part, new) for part in tree])
    return None if tree is None else next(new)


def sequence(like: Any, parts: list[Any]) -> Any:
    """A list or tuple of the same type."""
    return type(like)(*parts) if hasattr(like, "_fields") else type(like)(parts)  # a NamedTuple takes them one by one


def matched(path: str, given: Any, expected: Any) -> list[Any]:
    """The leaves of ``given``, in the order of ``expected``, whose structure and shapes it must have."""
    if expected is None and given is None:
        return []
    if isinstance(expected, dict):
        if not isinstance(given, dict) or set(given) != set(expected):
            raise ValueError(f"{path} must be a dict with the keys {list(expected)}, got {_kind(given)}")
        return [leaf for key in expected for leaf in matched(f"{path}[{key!r}]", given[key], expected[key])]
    if isinstance(expected, (list, tuple)):
        if not isinstance(given, (list, tuple)) or len(given) != len(expected):
            raise ValueError(f"{path} must have {len(expected)} entries as a list or tuple, got {_kind(given)}")
        pairs = zip(given, expected, strict=True)
        return [leaf for i, pair in enumerate(pairs) for leaf in matched(f"{path}[{i}]", *pair)]
    if given is None or isinstance(given, dict):
        raise ValueError(f"{path} must be an array of shape {shape_of(expected)}, got {_kind(given)}")
    given = as_operand(given)
    if given.shape != shape_of(expected):
        raise ValueError(f"{path} must have shape {shape_of(expected)}, got {given.shape}")
    return [given]


def _kind(given: Any) -> str:
    if isinstance(given, dict):
        return f"a dict with {list(given)}"
    return f"{len(given)} entries" if isinstance(given, (list, tuple)) else type(given).__name__
