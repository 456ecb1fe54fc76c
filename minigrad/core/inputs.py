"""What a caller of a primitive may write: inputs by position, or by name, which is PyTorch's."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

import numpy as np

from .dispatch import full_name, refuse

if TYPE_CHECKING:
    from .primitive import Primitive

_NAMES = {"x": "input", "y": "other"}  # of inputs, in rules -> in public


def signature(inputs: tuple[str, ...], parameters: Mapping[str, Parameter]) -> Signature:
    """The inputs under PyTorch's names, then the static arguments.

    Args:
        inputs: their names in rules.
        parameters: those of the forward; none for a ufunc.
    """
    kind = Parameter.POSITIONAL_OR_KEYWORD
    defaults = [parameters[name].default if name in parameters else Parameter.empty for name in inputs]
    shown = [
        Parameter(_NAMES.get(name, name), kind, default=default) for name, default in zip(inputs, defaults, strict=True)
    ]
    return Signature(shown + [p for name, p in parameters.items() if name not in inputs])


def completed(op: Primitive, args: tuple[Any, ...], static: dict[str, Any]) -> tuple[Any, ...]:
    """All inputs: those given by name are taken out of ``static``, those left out have their defaults."""
    if op.variadic:
        return args
    inputs = list(args)
    for name in op.inputs[len(args) :]:
        given = next((key for key in (_NAMES.get(name, name), name) if key in static), None)
        value = op.defaults.get(name, Parameter.empty) if given is None else static.pop(given)
        if value is not Parameter.empty:
            inputs.append(value)
    if static and isinstance(op.plain, np.ufunc):
        refuse(full_name(op.plain), static)
    if len(inputs) != len(op.inputs):
        names = ", ".join(_NAMES.get(name, name) for name in op.inputs)
        raise TypeError(f"{op.shown} takes the inputs ({names}), got {len(args)}")
    return tuple(inputs)
