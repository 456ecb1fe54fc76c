"""Steps of optimizers: the text of an update rule as one loop, which reads and writes every number once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .layout import FLOAT, plain
from .pool import CannotCompileError, settings
from .symbols import NotElementwiseError
from .texts import loop

Part = tuple[Any, Mapping[str, Any]]  # a text, and its numbers by name
_kernels: dict[Any, Any] = {}  # the texts and the names of their numbers -> a kernel, or None


def update(parts: Sequence[Part], values: list[ndarray], gradients: Sequence[Any], state: Sequence[ndarray]) -> bool:
    """Change parameters and buffers as ``optim.run.Run.update`` would; returns whether it has done so.

    Args:
        parts: each text continues with what the one before returned; the last gives new values and buffers.
        values: the parameters, each in memory of its own.
        gradients: theirs.
        state: buffers, which hold the parameters one behind the other.
    """
    # NumPy changes small parameters one behind the other, in a few calls for all of them.
    if sum([value.size for value in values]) < settings.minimum * len(values) or not plain(*values):
        return False
    if any(type(a) is not ndarray or a.dtype is not FLOAT for a in (*gradients, *state)):
        return False
    texts = tuple([(text, tuple(numbers)) for text, numbers in parts])
    if texts not in _kernels:
        _kernels[texts] = _compiled(texts, len(state))
    kernel = _kernels[texts]
    if kernel is None:
        return False
    numbers = [float(number) for _, named in parts for number in named.values()]
    start = 0
    try:
        for value, gradient in zip(values, gradients, strict=True):
            end = start + value.size
            own = [buffer.reshape(-1)[start:end] for buffer in state]
            settings.launch(kernel, value.reshape(-1), np.ascontiguousarray(gradient).reshape(-1), *own, *numbers)
            start = end
    except CannotCompileError:  # at the first parameter, before anything has changed
        _kernels[texts] = None
        return False
    return True


def _compiled(texts: tuple[tuple[Any, tuple[str, ...]], ...], buffers: int) -> Any:
    """The kernel of texts in turn, or None if they are none of single numbers."""

    def whole(p: Any, g: Any, *rest: Any) -> Any:
        held, numbers = rest[:buffers], iter(rest[buffers:])
        results: Any = (p, g)
        for i, (text, names) in enumerate(texts, 1):
            own = held if i == len(texts) else ()
            results = text(*results, *own, **{name: next(numbers) for name in names})
        return results

    arrays = [np.empty(1, FLOAT)] * (2 + buffers)
    numbers = [1.5] * sum([len(names) for _, names in texts])
    title = "-".join([text.__name__.strip("<>") for text, _ in texts])
    try:
        return loop(title, whole, [*arrays, *numbers], {}, into=(0, *range(2, 2 + buffers))).kernel
    except NotElementwiseError:
        return None
