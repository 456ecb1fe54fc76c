"""A Module as a function of its Parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from ..core.tensor import Tensor, to_tensor
from .trees import mapped


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with other values in place of its Parameters and buffers; the Module is not changed.

    Args:
        module: a Module.
        parameter_and_buffer_dicts: name -> value, or several such dicts; what is not named keeps its own value.
        args: the arguments, or the only one if it is no tuple.
        kwargs: the keyword arguments.
        strict: refuse to leave a Parameter or buffer unnamed.

    Raises:
        KeyError: for a name that the Module does not have.
        ValueError: for a value of another shape.

    Example:
        >>> from minigrad import func, nn
        >>> net = nn.Linear(2, 1)
        >>> weights = {"weight": Tensor([[1.0, 2.0]]), "bias": Tensor([0.5])}
        >>> func.functional_call(net, weights, Tensor([10.0, 1.0]))
        Tensor([12.5])
        >>> func.grad(lambda w: func.functional_call(net, w, Tensor([10.0, 1.0])).sum())(weights)
        {'weight': Tensor([[10.,  1.]]), 'bias': Tensor([1.])}
    """
    several = parameter_and_buffer_dicts
    given: dict[str, Any] = {}
    for values in [several] if isinstance(several, Mapping) else several:
        given.update(values)
    own = dict(module.named_parameters(remove_duplicate=False)) | dict(module.named_buffers(remove_duplicate=False))
    if unknown := [name for name in given if name not in own]:
        raise KeyError(f"{type(module).__name__} has no {', '.join(unknown)}; it has {', '.join(own)}")
    covered = {id(own[name]) for name in given}
    if missing := [name for name, tensor in own.items() if strict and id(tensor) not in covered]:
        raise KeyError(f"values for {', '.join(missing)} are missing; pass strict=False to use the Module's own")
    replacements: dict[int, tuple[Tensor, Tensor]] = {}
    for name, value in given.items():
        new = to_tensor(value, copy=False)
        if new.shape != own[name].shape:
            raise ValueError(
                f"{name} of {type(module).__name__} has shape {own[name].shape}, its new value {new.shape}"
            )
        known = replacements.setdefault(id(own[name]), (own[name], new))[1]
        if known is not new and not np.array_equal(known._array, new._array):
            raise ValueError(f"{name} shares its memory with another name, but their new values differ; pass one")
    with ExitStack() as swaps:
        for tensor, new in replacements.values():
            swaps.enter_context(_standing_in(tensor, new))
        out = module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))
    return mapped(lambda t: replacements[id(t)][1] if id(t) in replacements else t, out)


@contextmanager
def _standing_in(tensor: Tensor, other: Tensor) -> Iterator[None]:
    """Within the block ``tensor`` is a handle on what ``other`` is a handle on."""
    kept, lent = (tensor._array, tensor._node), other._array
    tensor._array, tensor._node = other._array, other._node
    try:
        yield
    finally:
        if tensor._array is not lent:  # an in-place operation moved it
            other._array, other._node = tensor._array, tensor._node
        tensor._array, tensor._node = kept
