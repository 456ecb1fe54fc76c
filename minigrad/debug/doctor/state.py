"""Everything that an examination may change, kept so that it can be put back."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ... import random
from ...core.modes import no_grad
from ...core.tensor import Tensor, overwrite
from ...nn.module.module import Module

CONTAINERS = (list, dict, set, deque)
FEW = 100  # a longer list holds data
LIBRARIES = frozenset({"minigrad", "numpy", "sklearn", "scipy", "matplotlib", "builtins"})  # not the user's functions


@contextmanager
def quietly() -> Iterator[None]:
    """No warnings of the examination itself."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def restored(model: Module, others: Iterable[Any] = (), functions: Iterable[Any] = ()) -> Iterator[None]:
    """Put everything with a state back as it was at the end of the block, whatever happens in it.

    Args:
        model: its Parameters, their gradients and ``requires_grad``, its buffers and modes.
        others: what has ``state_dict`` and ``load_state_dict``, Tensors, NumPy's generators, lists, dicts and sets.
        functions: the user's; what their variables, and the attributes of their ``self``, were bound to is again.
    """
    undo = [_model(model), _seeds(), *bindings(*functions), *filter(None, map(_other, _different(others, model)))]
    try:
        yield
    finally:
        for each in undo:
            with suppress(Exception):  # what cannot be put back must not keep the others from it
                each()


def used_by(*functions: Any) -> list[Any]:
    """The objects with a state that functions, and those they call, refer to: in closures, as globals, as ``self``."""
    found: list[Any] = [function for function in functions if _has_state(function)]
    for function in _called(functions):
        if (owner := getattr(function, "__self__", None)) is not None:
            found += [owner, *getattr(owner, "__dict__", {}).values()]
        found += [*_variables(function).values(), *_defaults(function)]
    for thing in [*found]:
        if isinstance(thing, (list, tuple, dict)) and len(thing) <= FEW:  # several optimizers in a list
            found += thing.values() if isinstance(thing, dict) else thing
    return [thing for thing in found if _has_state(thing)]


def bindings(*functions: Any) -> Iterator[Callable[[], None]]:
    """How to bind variables, and attributes of ``self``, to what they are bound to now."""
    for function in _called(functions):
        owner = getattr(function, "__self__", None)
        if hasattr(owner, "__dict__") and not isinstance(owner, (type, ModuleType)):
            yield partial(_fill, vars(owner), dict(vars(owner)))
        plain = getattr(function, "__func__", function)
        for cell in getattr(plain, "__closure__", None) or ():
            with suppress(ValueError):  # an empty cell: a variable that has no value yet
                yield partial(setattr, cell, "cell_contents", cell.cell_contents)
        known = getattr(plain, "__globals__", {})
        used = {
            name: known[name] for name in getattr(getattr(plain, "__code__", None), "co_names", ()) if name in known
        }
        yield partial(known.update, used)


def _called(functions: Iterable[Any]) -> list[Any]:
    """The functions, and the user's own functions that they refer to."""
    found: dict[int, Any] = {}
    waiting = [getattr(function, "func", function) for function in functions]  # functools.partial
    while waiting:
        function = waiting.pop(0)
        plain = getattr(function, "__func__", function)
        if (
            id(plain) in found
            or not isinstance(plain, FunctionType)
            or (plain.__module__ or "").split(".")[0] in LIBRARIES
        ):
            continue
        found[id(plain)] = function
        owner = getattr(function, "__self__", None)
        waiting += [thing for thing in _variables(function).values() if isinstance(thing, (FunctionType, MethodType))]
        if owner is not None and not isinstance(owner, Module):  # the methods that it calls
            methods = (getattr(owner, name, None) for name in plain.__code__.co_names)
            waiting += [thing for thing in methods if isinstance(thing, MethodType)]
    return list(found.values())


def _variables(function: Any) -> dict[str, Any]:
    try:
        names = inspect.getclosurevars(getattr(function, "__func__", function))
    except (TypeError, ValueError):
        return {}
    return {**names.globals, **names.nonlocals}


def _fill(container: Any, kept: Any) -> None:
    """Give a list, dict, set or deque back what was in it."""
    container.clear()
    container.extend(kept) if hasattr(container, "extend") else container.update(kept)


def _defaults(function: Any) -> list[Any]:
    return [
        *(getattr(function, "__defaults__", None) or ()),
        *(getattr(function, "__kwdefaults__", None) or {}).values(),
    ]


def _has_state(thing: Any) -> bool:
    if isinstance(thing, type):
        return False
    stateful = hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict")
    return stateful or isinstance(thing, (Tensor, np.random.Generator, np.random.RandomState, *CONTAINERS))


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
        values = None if gradient is None else gradient._array.copy()

        def undo() -> None:
            if thing.is_leaf:
                with no_grad():
                    overwrite(thing, array)
                    if gradient is not None:
                        overwrite(gradient, values)
                thing.grad = gradient

        return undo
    if isinstance(thing, np.random.Generator):
        state = copy.deepcopy(thing.bit_generator.state)
        return lambda: setattr(thing.bit_generator, "state", state)
    if isinstance(thing, np.random.RandomState):
        return partial(thing.set_state, thing.get_state())
    if isinstance(thing, CONTAINERS):
        return partial(_fill, thing, copy.copy(thing))
    try:
        state = copy.deepcopy(thing.state_dict())
    except Exception:  # something of the user's whose state cannot be had is left as it is
        return None
    options = copy.deepcopy([{k: v for k, v in g.items() if k != "params"} for g in getattr(thing, "param_groups", [])])

    def load() -> None:
        thing.load_state_dict(state)
        for group, kept in zip(getattr(thing, "param_groups", []), options, strict=False):
            group.update(kept)

    return load
