"""One run of a model, watched, that leaves no trace in it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .. import random
from ..core.modes import enable_grad, no_grad
from ..core.tensor import Tensor, overwrite
from ..debug.trace import Trace
from ..nn.module.module import Module


class Run(NamedTuple):
    """What a model was given, what it returned, and what happened in between."""

    inputs: dict[str, Tensor]
    outputs: list[Tensor]
    trace: Trace


def run(model: Module, given: Any) -> Run:
    """Run ``model`` once under a trace, in the mode that it is in; buffers and random numbers are put back.

    Args:
        model: the model.
        given: its input; a tuple of several, a dict of keyword arguments.
    """
    if given is None:
        raise TypeError(f"draw_graph needs an input to run {type(model).__name__}: draw_graph(model, x)")
    keywords = dict(given) if isinstance(given, Mapping) else {}
    several = () if keywords else given if isinstance(given, tuple) else (given,)
    inputs: dict[str, Tensor] = {}
    names = _names(model, len(several))
    positional = [_watched(value, name, inputs) for name, value in zip(names, several, strict=True)]
    keywords = {name: _watched(value, name, inputs) for name, value in keywords.items()}
    with _unchanged(model), enable_grad(), Trace(model) as trace:
        returned = model(*positional, **keywords)
    outputs = [tensor for tensor in _tensors(returned) if tensor._node is not None]
    if not outputs:
        raise RuntimeError(
            f"{type(model).__name__} returned no Tensor that was computed from its input or Parameters; "
            f"it returned {type(returned).__name__}"
        )
    return Run(inputs, outputs, trace)


def _names(model: Module, count: int) -> list[str]:
    """What the model's forward calls its inputs."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    known = [p.name for p in inspect.signature(model.forward).parameters.values() if p.kind in kinds]
    return [*known, *(f"input {i}" for i in range(len(known), count))][:count]


def inputs_of(trace: Trace) -> dict[str, Tensor]:
    """What the model was given in the first of its calls."""
    first = next((call for call in trace.calls if call.path == ""), None)
    if first is None:
        return {}
    named = zip(_names(first.module, len(first.inputs)), first.inputs, strict=True)
    return {name: value for name, value in named if isinstance(value, Tensor)}


def _watched(value: Any, name: str, inputs: dict[str, Tensor]) -> Any:
    """An input that requires grad, if it can, so that all that is computed from it is part of the graph."""
    if isinstance(value, np.ndarray):
        value = Tensor(value)
    if not isinstance(value, Tensor):
        return value
    fresh = value.detach()
    if fresh.dtype.kind == "f":
        fresh.requires_grad = True
    inputs[name] = fresh
    return fresh


def _tensors(returned: Any) -> Iterator[Tensor]:
    if isinstance(returned, Tensor):
        yield returned
    elif isinstance(returned, Mapping):
        for value in returned.values():
            yield from _tensors(value)
    elif isinstance(returned, Iterable) and not isinstance(returned, (str, np.ndarray)):
        for value in returned:
            yield from _tensors(value)


@contextmanager
def _unchanged(model: Module) -> Iterator[None]:
    """Buffers, such as running means, and random numbers are as before at the end."""
    state = random.get_rng_state()
    before = [(buffer, buffer._array.copy()) for buffer in model.buffers()]
    try:
        yield
    finally:
        random.set_rng_state(state)
        with no_grad():
            for buffer, values in before:
                if not np.array_equal(buffer._array, values, equal_nan=values.dtype.kind == "f"):
                    overwrite(buffer, values)
