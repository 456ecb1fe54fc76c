"""Everything that an examination may change, kept so that it can be put back."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ... import random
from ...core.modes import no_grad
from ...core.tensor import Tensor, overwrite
from ...nn.module.module import Module


@contextmanager
def quietly() -> Iterator[None]:
    """No warnings of the examination itself."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def restored(model: Module, others: Iterable[Any] = ()) -> Iterator[None]:
    """Put everything with a state back as it was at the end of the block, whatever happens in it.

    Args:
        model: its Parameters, their gradients and ``requires_grad``, its buffers and modes.
        others: what has ``state_dict`` and ``load_state_dict``, Tensors, and NumPy's generators.
    """
    undo = [_model(model), _seeds(), *filter(None, map(_other, _different(others, model)))]
    try:
        yield
    finally:
        for each in undo:
            each()


def used_by(*functions: Any) -> list[Any]:
    """The objects with a state that functions refer to: in their closures, as globals, and as ``self``."""
    found: list[Any] = []
    for function in functions:
        function = getattr(function, "func", function)  # functools.partial
        if (owner := getattr(function, "__self__", None)) is not None:
            found += [owner, *vars(owner).values()] if hasattr(owner, "__dict__") else [owner]
        try:
            names = inspect.getclosurevars(getattr(function, "__func__", function))
        except (TypeError, ValueError):
            continue
        found += [*names.nonlocals.values(), *names.globals.values(), *_defaults(function)]
    return [thing for thing in found if _has_state(thing)]


def _defaults(function: Any) -> list[Any]:
    return [
        *(getattr(function, "__defaults__", None) or ()),
        *(getattr(function, "__kwdefaults__", None) or {}).values(),
    ]


def _has_state(thing: Any) -> bool:
    if isinstance(thing, type):
        return False
    stateful = hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict")
    return stateful or isinstance(thing, (Tensor, np.random.Generator, np.random.RandomState))


def _different(things: Iterable[Any], model: Module) -> list[Any]:
    """Each once, and nothing that the model holds itself."""
    seen = {id(part) for part in (*model.modules(), *model.parameters(), *model.buffers())}
    different = []
    for thing in things:
        if id(thing) not in seen:
            seen.add(id(thing))
            different.append(thing)
    return different


def _model(model: Module) -> Callable[[], None]:
    """How to put a model back."""
    tensors = {id(t): t for t in (*model.parameters(), *model.buffers())}
    arrays = {key: t._array.copy() for key, t in tensors.items()}
    gradients = {key: (t.grad, None if t.grad is None else t.grad._array.copy()) for key, t in tensors.items()}
    wanted = {key: t.requires_grad for key, t in tensors.items() if t.is_leaf}
    modes = [(module, module.training) for module in model.modules()]

    def undo() -> None:
        with no_grad():
            for key, tensor in tensors.items():
                overwrite(tensor, arrays[key])
                gradient, values = gradients[key]
                if gradient is not None:
                    overwrite(gradient, values)
                tensor.grad = gradient
                if key in wanted:
                    tensor.requires_grad = wanted[key]
        for module, mode in modes:
            module.training = mode

    return undo


def _seeds() -> Callable[[], None]:
    """How to put minigrad's and NumPy's generators back."""
    ours, theirs = random.get_rng_state(), np.random.get_state()  # noqa: NPY002 - users draw from it

    def undo() -> None:
        random.set_rng_state(ours)
        np.random.set_state(theirs)  # noqa: NPY002

    return undo


def _other(thing: Any) -> Callable[[], None] | None:
    """How to put back what a training step uses beside the model."""
    if isinstance(thing, Module):
        return _model(thing)
    if isinstance(thing, Tensor):
        array, gradient = thing._array.copy(), thing.grad if thing.is_leaf else None

        def undo() -> None:
            if thing.is_leaf:
                with no_grad():
                    overwrite(thing, array)
                thing.grad = gradient

        return undo
    if isinstance(thing, np.random.Generator):
        state = copy.deepcopy(thing.bit_generator.state)
        return lambda: setattr(thing.bit_generator, "state", state)
    if isinstance(thing, np.random.RandomState):
        return partial(thing.set_state, thing.get_state())
    state = copy.deepcopy(thing.state_dict())
    options = copy.deepcopy([{k: v for k, v in g.items() if k != "params"} for g in getattr(thing, "param_groups", [])])

    def load() -> None:
        thing.load_state_dict(state)
        for group, kept in zip(getattr(thing, "param_groups", []), options, strict=False):
            group.update(kept)

    return load
