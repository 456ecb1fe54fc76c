"""Steps of optimizers: the text of an update rule as one loop, which reads and writes every number once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from ..optim.block import for_each, pieces
from ..optim.run import Part
from .layout import FLOAT, plain
from .pool import CannotCompileError, settings
from .symbols import NotElementwiseError
from .texts import loop

_SMALL, _TOGETHER = 1 << 15, 1 << 18  # elements of parameters that share a loop, and how many such a loop has
_kernels: dict[Any, Any] = {}  # the texts and the names of their numbers -> a kernel, or None


class Update:
    """The update of parameters with one history, as ``optim.run`` asks for it.

    Args:
        values: the parameters, each in memory of its own.
        state: buffers, which hold the parameters one behind the other.
    """

    def __init__(self, values: list[ndarray], state: list[ndarray]) -> None:
        self._size, self._buffers = sum([value.size for value in values]), len(state)
        self._shares = list(_shares(values, state)) if plain(*values, *state) else []

    def __call__(self, parts: Sequence[Part], gradients: Sequence[Any]) -> bool:
        """Change parameters and buffers; returns whether it has done so.

        Args:
            parts: each text continues with what the one before returned; the last gives new values and buffers.
            gradients: of the parameters.
        """
        if not self._shares or self._size < settings.minimum:
            return False
        if any([type(gradient) is not ndarray or gradient.dtype is not FLOAT for gradient in gradients]):
            return False
        texts = tuple([(text, tuple(numbers)) for text, numbers in parts])
        if texts not in _kernels:
            _kernels[texts] = _compiled(texts, self._buffers)
        kernel = _kernels[texts]
        if kernel is None:
            return False
        numbers = [float(number) for _, named in parts for number in named.values()]
        try:
            for share in self._shares:
                share.update(kernel, gradients, numbers)
        except CannotCompileError:  # at the first parameter, before anything has changed
            _kernels[texts] = None
            return False
        return True


class _Alone:
    """A large parameter, updated where it lies."""

    def __init__(self, member: int, value: ndarray, state: list[ndarray]) -> None:
        self._member, self._value, self._state = member, value.reshape(-1), state

    def update(self, kernel: Any, gradients: Sequence[Any], numbers: list[float]) -> None:
        gradient = np.ascontiguousarray(gradients[self._member]).reshape(-1)
        settings.launch(kernel, self._value, gradient, *self._state, *numbers)


class _Together:
    """Small neighbours, side by side in ``room`` for the time of a loop: to start one for each would take longer."""

    def __init__(self, members: slice, values: list[ndarray], state: list[ndarray], room: ndarray) -> None:
        self._members, self._values, self._state = members, values, state
        self._gathered, self._gradients = room
        self._pieces = pieces(self._gathered, values)

    def update(self, kernel: Any, gradients: Sequence[Any], numbers: list[float]) -> None:
        np.concatenate(self._values, axis=None, out=self._gathered)
        np.concatenate(gradients[self._members], axis=None, out=self._gradients)
        settings.launch(kernel, self._gathered, self._gradients, *self._state, *numbers)
        for_each(np.copyto, self._values, self._pieces)


def _shares(values: list[ndarray], state: list[ndarray]) -> Iterator[_Alone | _Together]:
    """What is updated by one loop each."""
    room, end = np.empty((2, _TOGETHER), FLOAT), 0  # of which the system gives only what is used
    for members in _neighbours(values):
        own = values[members]
        start, end = end, end + sum([value.size for value in own])
        part = [buffer.reshape(-1)[start:end] for buffer in state]
        if len(own) == 1:
            yield _Alone(members.start, own[0], part)
        else:
            yield _Together(members, own, part, room[:, : end - start])


def _neighbours(values: Sequence[ndarray]) -> Iterator[slice]:
    """Which parameters share a loop."""
    first = room = 0
    for i, value in enumerate(values):
        if i == first or value.size > min(room, _SMALL):
            if i > first:
                yield slice(first, i)
            first, room = i, _TOGETHER if value.size <= _SMALL else 0
        room -= value.size
    yield slice(first, len(values))


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
