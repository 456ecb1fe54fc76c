"""The derivative of a primitive, as its source has it: the statement that declares it, and the functions it names."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import textwrap
from typing import Any

from minigrad.core.primitive import Primitive


def source_of(value: Any) -> str:
    """The rule's source, or '' for what is no primitive: its derivative follows from what it calls."""
    if not isinstance(value, Primitive):
        return ""
    rules = [*value.rules.values(), *([value.joint_rule] if value.joint_rule else [])]
    modules = dict.fromkeys([value.__module__, *(rule.__module__ for rule in rules)])  # a helper may have declared it
    statement = next((found[value.name] for found in map(_statements, modules) if value.name in found), "")
    named = {rule.__name__: rule for rule in rules if rule.__name__ in statement}  # functions that the statement names
    return "\n\n\n".join([*(inspect.getsource(rule).rstrip() for rule in named.values()), statement])


@functools.cache
def _statements(module: str) -> dict[str, str]:
    """Name of a primitive -> the statement in which its rule stands."""
    home = importlib.import_module(module)
    source = inspect.getsource(home)
    found: dict[str, str] = {}
    for statement in ast.parse(source).body:
        call = getattr(statement, "value", None)
        if not isinstance(call, ast.Call):
            continue
        if isinstance(statement, ast.Assign) and not isinstance(call.func, ast.Call):  # not register(...)(...)
            owner = getattr(home, getattr(statement.targets[0], "id", ""), None)  # tanh = ufunc(np.tanh, ..., x=...)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in ("rule", "joint"):
            owner = getattr(home, getattr(call.func.value, "id", ""), None)  # softmax.rule(x=lambda ...)
        else:
            continue
        if isinstance(owner, Primitive):
            found[owner.name] = textwrap.dedent(ast.get_source_segment(source, statement) or "")
    return found
