"""Signatures as a reader wants them: without ``Any``, with links to the library's own types."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .rooms import entries

_EMPTY = inspect.Parameter.empty
_NOTHING = ("", "Any", "None", "Iterator[Any]")


def shown(value: Callable[..., Any], *, bound: bool = False) -> str:
    """``(input, dim=None) -> Tensor``, or ``()`` where Python itself knows no signature.

    Args:
        value: what is called.
        bound: whether the first parameter is the object that a method belongs to.
    """
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):  # some of NumPy's own
        return "()"
    parameters = list(signature.parameters.values())[1 if bound else 0 :]
    parts: list[str] = []
    for place, parameter in enumerate(parameters):
        before = parameters[place - 1].kind if place else None
        if before is parameter.POSITIONAL_ONLY and parameter.kind is not before:
            parts.append("/")
        if parameter.kind is parameter.KEYWORD_ONLY and before not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            parts.append("*")
        parts.append(_parameter(parameter))
    if parameters and parameters[-1].kind is inspect.Parameter.POSITIONAL_ONLY:
        parts.append("/")
    returned = "" if isinstance(value, type) else _annotation(signature.return_annotation)
    return f"({', '.join(parts)})" + (f" -> {returned}" if returned else "")


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    annotation = _annotation(parameter.annotation)
    text = f"{stars}{parameter.name}" + (f": {annotation}" if annotation else "")
    if parameter.default is _EMPTY:
        return text
    return f"{text} = {default(parameter.default)}" if annotation else f"{text}={default(parameter.default)}"


def default(value: Any) -> str:
    """How a default is written; ``...`` for an object that has no short name."""
    if isinstance(value, np.dtype):
        return value.name
    text = getattr(value, "__name__", None) or repr(value)
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return "..."
    return text if len(text) <= 40 else "..."


def _annotation(annotation: Any) -> str:
    if annotation is _EMPTY:
        return ""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = text.replace("typing.", "").replace("collections.abc.", "")
    if text in _NOTHING:
        return ""
    return re.sub(r"(?<![\w.'\"])[A-Z]\w+", lambda m: _types().get(m[0], m[0]), text)


@functools.cache
def _types() -> dict[str, str]:
    """Public classes by their bare name, where only one has it."""
    found: dict[str, set[str]] = {}
    for entry in entries().values():
        if entry.kind == "class":
            found.setdefault(entry.name.rpartition(".")[2], set()).add(entry.same_as)
    return {name: min(homes) for name, homes in found.items() if len(homes) == 1}
