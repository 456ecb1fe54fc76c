"""Flat buffers: the state of many parameters in a few long arrays, so that a step is a handful of NumPy calls.

Neighbours are packed into blocks that fit in the processor's cache. Within a block every pass of the update rule runs
over values that the pass before has just brought in. Parameters keep their own memory, so that whoever else holds it
stays up to date; a large one is cut into blocks along its first dimension and needs no gathering.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core import writes
from ..core.arrays import HALF
from ..core.graph import Array
from ..core.tensor import Tensor

BLOCK = (
    131072  # elements; measured: with half of it SGD with momentum takes a seventh more, by its calls, and Adam as long
)

Direction = Callable[..., Array]
Rule = Callable[[dict[str, Any]], tuple[float, Direction]]
Gradients = list[Any]  # the array of every parameter's gradient, or None


class Block(NamedTuple):
    """Neighbouring parameters, or some rows of one, that are updated by the same calls."""

    members: slice  # which parameters
    rows: Any  # which part of a single one: an index; None for parameters that are gathered
    values: list[Array]  # their own memory
    changes: list[Array]  # what will be subtracted from each, or takes its place: views of ``change``
    state: list[Array]  # the part of every buffer that belongs to this block
    room: Array  # for the gradients, where they have to be copied
    old: Array  # for the values, likewise
    change: Array

    def update(
        self, gradients: Gradients, rate: float, direction: Direction, decay: tuple[float, float], sign: int, read: bool
    ) -> None:
        """Subtract ``rate`` times the direction that the rule finds from the gradients.

        Args:
            gradients: of all parameters.
            rate: the learning rate.
            direction: the rule.
            decay: the share of the values that is added to the gradients, and the share of them that is kept.
            sign: -1 to maximize.
            read: whether the rule wants the values, too.
        """
        coupled, kept = decay
        if self.rows is None:
            gradient = np.concatenate(gradients[self.members], axis=None, out=self.room)
            wanted = coupled or kept != 1 or read
            values = np.concatenate(self.values, axis=None, out=self.old) if wanted else self.old
        else:
            gradient, (values,) = gradients[self.members.start][self.rows], self.values
        if sign < 0:
            gradient = np.negative(gradient, out=self.room)
        if coupled:
            gradient = np.add(gradient, np.multiply(values, coupled, out=self.change), out=self.room)
        step = direction(gradient, values, *self.state) if read else direction(gradient, *self.state)
        if self.rows is not None:
            change = np.multiply(step, rate, out=step if step.base is None else self.change)  # a new array is still hot
            if kept != 1:
                np.multiply(values, kept, out=values)
            np.subtract(values, change, out=values)
            return
        np.multiply(step, rate, out=self.change)
        if kept == 1:
            _for_each(np.subtract, self.values, self.changes, self.values)
        else:
            np.multiply(values, kept, out=values)
            np.subtract(values, self.change, out=self.change)
            _for_each(np.copyto, self.values, self.changes)


def _for_each(function: Any, *arguments: Iterable[Any]) -> None:
    """Call a function of NumPy's for many small arrays, in a loop that Python does not run itself."""
    deque(map(function, *arguments), 0)


class Run(NamedTuple):
    """Blocks of parameters with one history, and the numbers that are kept for each of them."""

    numbers: dict[str, Any]
    blocks: list[Block]


class Flat:
    """Parameters of one dtype, the numbers that are kept for each, and buffers with room for all of them.

    Args:
        parameters: leaves of one dtype.
        positions: where each stands in its parameter group.
    """

    def __init__(self, parameters: Sequence[Tensor], positions: Sequence[int]) -> None:
        self.parameters = list(parameters)
        self.positions = list(positions)
        self.numbers: list[dict[str, Any] | None] = [None] * len(self.parameters)  # None before the first update
        self.others: dict[int, dict[str, Any]] = {}  # what users keep beside them, by member
        self.buffers: dict[str, Array] = {}
        ends = np.cumsum([parameter._array.size for parameter in self.parameters]).tolist()
        self._spans = list(zip([0, *ends], ends, strict=False))
        self._forget()

    def _forget(self) -> None:
        self._plan: list[Run] | None = None
        self._plan_for: Any = None
        self._plan_arrays: list[Array] = []  # kept, so that no other array can be taken for one that is gone
        self._stamp: Callable[[], None] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the plan: a copy of its views would no longer be views of the copied buffers."""
        return {**vars(self), "_plan": None, "_plan_for": None, "_plan_arrays": [], "_stamp": None}

    # --- state, parameter by parameter --------------------------------------------------------------------------------
    def view(self, name: str, member: int) -> Array:
        """The part of a buffer that belongs to one parameter, in its shape."""
        start, end = self._spans[member]
        return self._buffer(name)[start:end].reshape(self.parameters[member].shape)

    def restore(self, member: int, numbers: dict[str, Any] | None, values: Mapping[str, Any]) -> None:
        """Set the state of one parameter; buffers without a value start anew."""
        self.numbers[member] = numbers
        for name in {*self.buffers, *values}:
            self.view(name, member)[...] = values.get(name, 0)
        self._forget()

    def renumber(self, member: int, numbers: Mapping[str, Any]) -> None:
        """Set some numbers of one parameter, and leave the rest of its state."""
        self.numbers[member] = {**(self.numbers[member] or {}), **numbers}
        self._forget()

    def keep(self, member: int, name: str, value: Any) -> None:
        """Keep what users add to the state of one parameter."""
        self.others.setdefault(member, {})[name] = value
        self._forget()

    def member_of(self, parameter: Tensor) -> int:
        """Which of the parameters one is."""
        return next(i for i, own in enumerate(self.parameters) if own is parameter)

    def _buffer(self, name: str, start: float = 0) -> Array:
        if name not in self.buffers:
            array = self.parameters[0]._array
            dtype = np.float32 if array.dtype == HALF else array.dtype  # squares of half precision would be 0
            self.buffers[name] = np.full_like(array, start, shape=self._spans[-1][1], dtype=dtype)
            self._forget()
        return self.buffers[name]

    # --- a step -------------------------------------------------------------------------------------------------------
    def gradients(self) -> Gradients:
        """The gradient of every parameter, or None for those that shall be passed over."""
        try:  # of their shape and dtype, as assignment sees to
            return [parameter._grad._array for parameter in self.parameters]  # type: ignore[union-attr]
        except AttributeError:  # of None
            gradients = [parameter._grad for parameter in self.parameters]
            return [None if gradient is None else gradient._array for gradient in gradients]

    def update(
        self,
        gradients: Gradients,
        rule: Rule,
        decay: tuple[float, float],
        sign: int,
        read: bool,
        numbers: dict[str, Any],
        buffers: dict[str, float],
    ) -> None:
        """One step of every parameter that has a gradient.

        Args:
            gradients: what ``gradients()`` returned.
            rule: from the numbers of a parameter, which it brings up to date, the rate and the direction.
            decay: as for a Block.
            sign: -1 to maximize.
            read: whether the rule wants the values, too.
            numbers: what the numbers are before the first update.
            buffers: what the buffers are filled with before it.
        """
        for run in self._runs(gradients, numbers, buffers):
            if buffers:
                run.numbers["step"] += 1
            rate, direction = rule(run.numbers)
            for block in run.blocks:
                block.update(gradients, rate, direction, decay, sign, read)
        if self._stamp is not None:
            self._stamp()  # tell the engine that the parameters were overwritten

    # --- the plan -----------------------------------------------------------------------------------------------------
    def _runs(self, gradients: Gradients, numbers: dict[str, Any], buffers: dict[str, float]) -> list[Run]:
        """All parameters with a gradient in runs of one history.

        A history stays common while the same parameters have gradients; when that changes, the plan is made anew.
        """
        active = [gradient is not None for gradient in gradients]
        arrays = [parameter._array for parameter in self.parameters]
        key = (active, list(buffers))
        if self._plan is None or self._plan_for != key or not all(map(operator.is_, arrays, self._plan_arrays)):
            self._require_one_dtype()
            state = [self._buffer(name, start) for name, start in buffers.items()]
            self._begin(active, numbers, buffers)
            self._plan, self._plan_for, self._plan_arrays = self._planned(active, state), key, arrays
            updated = [array for array, chosen in zip(arrays, active, strict=True) if chosen]
            self._stamp = writes.stamping(updated) if updated else None
        return self._plan

    def _begin(self, active: list[bool], numbers: dict[str, Any], buffers: dict[str, float]) -> None:
        """The state before the first update, for those that have it now."""
        for member, chosen in enumerate(active):
            if chosen and self.numbers[member] is None and buffers:
                self.numbers[member] = numbers
                for name, start in buffers.items():
                    self.view(name, member)[...] = start

    def _planned(self, active: list[bool], state: list[Array]) -> list[Run]:
        chosen = self._neighbours(active)
        cuts = [self._cuts(run) for run in chosen]
        room = max((end - start for run in cuts for start, end in run), default=0)
        like = state[0] if state else self._like()
        scratch = [np.empty_like(like, shape=room) for _ in range(3)]
        runs = []
        self._refuse_strange_state(chosen)
        for members, parts in zip(chosen, cuts, strict=True):
            numbers = dict(self.numbers[members[0]] or {"step": 0})
            if state:
                for member in members:
                    self.numbers[member] = numbers
            runs.append(Run(numbers, [self._block(members, *part, state, scratch) for part in parts]))
        return runs

    def _refuse_strange_state(self, runs: list[list[int]]) -> None:
        if not self.others:
            return
        for member in (member for run in runs for member in run):
            for name in self.others.get(member, {}).keys() & self.buffers.keys():
                shapes = f"{self.others[member][name].shape}, its parameter {self.parameters[member].shape}"
                raise ValueError(f"state[p][{name!r}] was set to a Tensor of shape {shapes}; assign one of that shape")

    def _like(self) -> Array:
        array = self.parameters[0]._array
        return np.empty_like(array, shape=0, dtype=np.float32 if array.dtype == HALF else array.dtype)

    def _require_one_dtype(self) -> None:
        dtypes = {parameter._array.dtype for parameter in self.parameters}
        if len(dtypes) > 1:
            names = " and ".join(sorted(map(str, dtypes)))
            raise RuntimeError(
                f"parameters of one dtype are {names} since the optimizer was made; convert them all, or make the "
                "optimizer after model.half(), model.to(dtype) or the like"
            )

    def _neighbours(self, active: list[bool]) -> list[list[int]]:
        """Neighbours with a gradient and one history, together no more than a block."""
        runs: list[list[int]] = []
        for member, (_, end) in enumerate(self._spans):
            if not active[member]:
                continue
            last = runs[-1] if runs else [-2]
            fits = last[-1] == member - 1 and end - self._spans[last[0]][0] <= BLOCK
            if fits and self.numbers[last[0]] == self.numbers[member]:
                last.append(member)
            else:
                runs.append([member])
        return runs

    def _cuts(self, run: list[int]) -> list[tuple[int, int]]:
        """The span of the run as it is or, for a single large parameter that need not be gathered, cut in rows."""
        start, end = self._spans[run[0]][0], self._spans[run[-1]][1]
        shape = self.parameters[run[0]].shape
        if end - start <= BLOCK or not shape or self.parameters[run[0]].dtype == HALF:
            return [(start, end)]
        row = (end - start) // shape[0]
        step = max(BLOCK // row, 1) * row
        return [(i, min(i + step, end)) for i in range(start, end, step)]

    def _block(self, members: list[int], start: int, end: int, buffers: list[Array], scratch: list[Array]) -> Block:
        state = [buffer[start:end] for buffer in buffers]
        room, old, change = (array[: end - start] for array in scratch)
        place = slice(members[0], members[-1] + 1)
        data = self.parameters[members[0]]._array
        if len(members) == 1 and data.ndim and data.dtype == change.dtype:
            first = self._spans[members[0]][0]
            row = max(data.size // data.shape[0], 1) if data.shape[0] else 1
            rows = slice((start - first) // row, (end - first) // row)
            values = data[rows]  # all arrays of the block have its shape
            state, (room, old, change) = [[a.reshape(values.shape) for a in s] for s in (state, (room, old, change))]
            return Block(place, rows, [values], [change], state, room, old, change)
        arrays, changes = [self.parameters[member]._array for member in members], []
        for member, array in zip(members, arrays, strict=True):
            a, b = (edge - self._spans[members[0]][0] for edge in self._spans[member])
            changes.append(change[a:b].reshape(array.shape))
        return Block(place, None, arrays, changes, state, room, old, change)
