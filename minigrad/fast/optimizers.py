"""Steps of optimizers: the text of an update rule as one loop, which reads and writes every number once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .layout import FLOAT, plain
from .pool import CannotCompileError, settings
from .symbols import NotElementwiseError
from .texts import loop

Part = tuple[Any, Mapping[str, Any]]  # a text, and its numbers by name
_SMALL, _TOGETHER = 1 << 15, 1 << 18  # elements of parameters that share a loop, and how many such a loop has
_kernels: dict[Any, Any] = {}  # the texts and the names of their numbers -> a kernel, or None


def update(parts: Sequence[Part], values: list[ndarray], gradients: Sequence[Any], state: Sequence[ndarray]) -> bool:
    """Change parameters and buffers as ``optim.run.Run.update`` would; returns whether it has done so.

    Args:
        parts: each text continues with what the one before returned; the last gives new values and buffers.
        values: the parameters, each in memory of its own.
        gradients: theirs.
        state: buffers, which hold the parameters one behind the other.
    """
    if sum([value.size for value in values]) < settings.minimum or not plain(*values):
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
        for members in _neighbours(values):
            own, whole, flow = values[members], *map(_whole, (values[members], gradients[members]))
            end = start + whole.size
            settings.launch(kernel, whole, flow, *[buffer.reshape(-1)[start:end] for buffer in state], *numbers)
            if len(own) > 1:
                _take_apart(whole, own)
            start = end
    except CannotCompileError:  # at the first parameter, before anything has changed
        _kernels[texts] = None
        return False
    return True


def _neighbours(values: Sequence[ndarray]) -> Iterator[slice]:
    """Which parameters share a loop: small ones, because to start it takes as long as thousands of numbers."""
    first = room = 0
    for i, value in enumerate(values):
        if i == first or value.size > min(room, _SMALL):
            if i > first:
                yield slice(first, i)
            first, room = i, _TOGETHER if value.size <= _SMALL else 0
        room -= value.size
    yield slice(first, len(values))


def _whole(arrays: Sequence[ndarray]) -> ndarray:
    """The elements of arrays in C order, one behind the other; of one that lies so, its own memory."""
    return np.concatenate(arrays, axis=None) if len(arrays) > 1 else np.ascontiguousarray(arrays[0]).reshape(-1)


def _take_apart(whole: ndarray, arrays: Sequence[ndarray]) -> None:
    start = 0
    for array in arrays:
        array[...] = whole[start : start + array.size].reshape(array.shape)
        start += array.size


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
