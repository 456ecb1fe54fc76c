"""Reading a state into Tensors: everything is checked first, and all that does not fit is named at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...core.arrays import as_array
from ...core.graph import Array
from ...core.tensor import Tensor, overwrite
from ...core.views import share
from ...core.writes import owner_of
from .convert import replace


class IncompatibleKeys(NamedTuple):
    """The keys that did not match in ``load_state_dict(strict=False)``."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Stateful:
    """What the state of a Module is read and written by."""

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """All Parameters and persistent buffers by name, detached but on the same memory; names as in PyTorch.

        Later training changes these Tensors too: keep ``copy.deepcopy(model.state_dict())`` to come back to a state.

        Args:
            prefix: put before every name as it is, with its dot: ``"encoder."``.
            keep_vars: give the Parameters and buffers themselves, not detached.
        """
        own = _own(self).items()
        return {prefix + name: tensor if keep_vars else tensor.detach() for name, tensor in own}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Overwrite Parameters and buffers with the values of ``state_dict``.

        Everything is checked first: after an error nothing has changed.

        Args:
            state_dict: name -> Tensor, array, or nested list.
            strict: refuse missing and unexpected names; otherwise they are left alone and returned.
            assign: take over the dtype and the memory of the new values, instead of writing them into the old.

        Raises:
            RuntimeError: naming every key that is missing, unexpected, or does not fit, all at once.
        """
        if not isinstance(state_dict, Mapping):
            kind = type(state_dict).__name__
            raise TypeError(f"load_state_dict takes a dict, got {kind}; pass model.state_dict()")
        return load_into(_own(self), state_dict, kind=type(self).__name__, strict=strict, assign=assign)


def _own(module: Any) -> dict[str, Tensor]:
    """The Tensors that make up the state; shared ones under all their names, as in PyTorch."""
    state: dict[str, Tensor] = {}
    for path, inner in module.named_modules(remove_duplicate=False):
        persistence = vars(inner).get("_persistence", {})
        parameters = inner.named_parameters(recurse=False, remove_duplicate=False)
        buffers = inner.named_buffers(recurse=False, remove_duplicate=False)
        for name, tensor in [*parameters, *(pair for pair in buffers if persistence[pair[0]])]:
            key = f"{path}.{name}" if path else name
            if key in state:
                raise ValueError(f"two parts of {type(module).__name__} are both called {key!r}; rename an attribute")
            state[key] = tensor
    return state


def load_into(
    own: dict[str, Tensor], state: Mapping[str, Any], *, kind: str, strict: bool, assign: bool
) -> IncompatibleKeys:
    """Give the Tensors ``own`` the values of ``state``; after an error nothing has changed.

    Args:
        own: name -> Tensor; one that is shared stands under all its names.
        state: name -> Tensor, array, or nested list.
        kind: what the owner is called in messages.
        strict: refuse missing and unexpected names.
        assign: take over dtype and memory of the new values instead of writing into the old.

    Raises:
        RuntimeError: naming every key that is missing, unexpected, or does not fit.
    """
    missing = [name for name in own if name not in state]
    unexpected = [name for name in state if name not in own]
    news, problems = _fitting_values(own, state, assign)
    if strict:
        problems = [
            *[f"missing: {missing}"] * bool(missing),
            *[f"unexpected: {unexpected}"] * bool(unexpected),
            *problems,
        ]
    if problems:
        cure = "; with strict=False, missing and unexpected keys are passed over" if strict else ""
        hint = _hint(own, state, missing, unexpected) if strict else ""
        lines = [f"this state does not fit {kind}{cure}", *problems, *[hint] * bool(hint)]
        raise RuntimeError("\n  ".join(lines))
    if assign:
        _take_over(own, state, news)
    else:
        _write(own, news)
    return IncompatibleKeys(missing, unexpected)


def _fitting_values(
    own: dict[str, Tensor], state: Mapping[str, Any], assign: bool
) -> tuple[dict[int, tuple[str, Array]], list[str]]:
    """The name and the new value of every Tensor, by its identity, and what is wrong."""
    news: dict[int, tuple[str, Array]] = {}
    problems = []
    for name, tensor in own.items():
        if name in state:
            try:
                new = _fitting(tensor, state[name], assign)
                known, value = news.setdefault(id(tensor), (name, new))
                if value is not new and not np.array_equal(value, new, equal_nan=True):
                    raise ValueError(f"shares its memory with {known}, but their new values differ")
            except (TypeError, ValueError) as error:
                problems.append(f"{name}: {error}")
    return news, problems


def _fitting(tensor: Tensor, value: Any, assign: bool) -> Array:
    """``value`` as an array that can stand in place of that of ``tensor``."""
    array = as_array(value)
    if array.shape != tensor.shape:
        raise ValueError(f"shape {array.shape} in the state, {tensor.shape} here")
    fits = array.dtype.kind == tensor.dtype.kind if assign else np.can_cast(array.dtype, tensor.dtype, "same_kind")
    if not fits:
        raise TypeError(f"{array.dtype} in the state cannot become {tensor.dtype}")
    return array


def _write(own: dict[str, Tensor], news: dict[int, tuple[str, Array]]) -> None:
    memory = [tensor._array for tensor in own.values()]
    values = {  # those that lie in what is about to be overwritten are copied first
        key: array.copy() if any(np.may_share_memory(array, part) for part in memory) else array
        for key, (_, array) in news.items()
    }
    for tensor in own.values():
        if id(tensor) in values:
            overwrite(tensor, values[id(tensor)])


def _take_over(own: dict[str, Tensor], state: Mapping[str, Any], news: dict[int, tuple[str, Array]]) -> None:
    for tensor in own.values():
        if id(tensor) in news:
            name, array = news[id(tensor)]
            replace(tensor, array)
            if isinstance(state[name], Tensor):  # two handles on one memory from now on
                share(owner_of(array), tensor, state[name])


# --- what probably happened -------------------------------------------------------------------------------------------
def _hint(own: dict[str, Tensor], state: Mapping[str, Any], missing: list[str], unexpected: list[str]) -> str:
    """The likely reason why names differ, with the line that mends it; empty if none is known."""
    for name in unexpected:
        if isinstance(state[name], Mapping):
            return f"{name!r} is a dict itself: pass that of the model, such as state[{name!r}]"
    if not all(isinstance(name, str) for name in state):
        return "the names in a state of a Module are strings; is this part of the state of an optimizer?"
    for name in unexpected:
        prefix = name.removesuffix(next((mine for mine in missing if name.endswith(f".{mine}")), name))
        inner = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        if not prefix or set(inner) != set(own):
            continue
        stripped = f"{{name.removeprefix({prefix!r}): value for name, value in state.items()"
        if len(inner) == len(state):
            return f"all names begin with {prefix!r} there: pass {stripped}}}"
        if not _fitting_values(own, inner, assign=False)[1]:  # a part of a larger model, and not of another one
            return f"the names here stand behind {prefix!r} there: pass {stripped} if name.startswith({prefix!r})}}"
    return ""
