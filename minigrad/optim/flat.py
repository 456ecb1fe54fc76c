"""Flat buffers: the state of many parameters in a few long arrays, so that a step is a handful of NumPy calls.

Neighbours are packed into blocks that fit in the processor's cache. Within a block every pass of the update rule runs
over values that the pass before has just brought in. Parameters keep their own memory, so that whoever else holds it
stays up to date; a large one is cut into blocks along its first dimension and needs no gathering.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core import writes
from ..core.graph import Array
from ..core.tensor import Tensor

BLOCK = 65536  # elements; measured: half of it pays for more calls, twice as many fall out of the cache


class Piece(NamedTuple):
    """A parameter, or some rows of one, within a block."""

    member: int  # which parameter
    rows: Any  # which part of it: an index
    values: Array  # that part: a view of the parameter's own memory
    gradient: Array  # where its gradient goes, if that has to be copied
    change: Array  # where the update rule leaves what is to be subtracted


class Block(NamedTuple):
    """Pieces that are updated by the same calls, because they are neighbours in every flat buffer."""

    pieces: list[Piece]
    state: list[Array]  # the part of every buffer that belongs to this block
    gradient: Array  # room for the gradients of all pieces
    change: Array


class Flat:
    """Parameters of one dtype, how often each was updated, and buffers with room for all of them.

    Args:
        parameters: leaves of one dtype.
        positions: where each stands in its parameter group.
    """

    def __init__(self, parameters: Sequence[Tensor], positions: Sequence[int]) -> None:
        self.parameters = list(parameters)
        self.positions = list(positions)
        self.steps = [0] * len(self.parameters)
        self.buffers: dict[str, Array] = {}
        ends = np.cumsum([parameter._array.size for parameter in self.parameters]).tolist()
        self._spans = list(zip([0, *ends], ends, strict=False))
        self._forget()

    def _forget(self) -> None:
        self._plan: list[Block] | None = None
        self._plan_for: Any = None
        self._plan_arrays: list[Array] = []  # kept, so that no other array can be taken for one that is gone

    def __getstate__(self) -> dict[str, Any]:
        """Without the plan: a copy of its views would no longer be views of the copied buffers."""
        return {**vars(self), "_plan": None, "_plan_for": None, "_plan_arrays": []}

    # --- state, parameter by parameter --------------------------------------------------------------------------------
    def view(self, name: str, member: int) -> Array:
        """The part of a buffer that belongs to one parameter, in its shape."""
        start, end = self._spans[member]
        return self._buffer(name)[start:end].reshape(self.parameters[member].shape)

    def restore(self, member: int, step: int, values: dict[str, Array]) -> None:
        """Set the state of one parameter; buffers without a value start anew."""
        self.steps[member] = step
        for name in {*self.buffers, *values}:
            self.view(name, member)[...] = values.get(name, 0)
        self._forget()

    def _buffer(self, name: str) -> Array:
        if name not in self.buffers:
            self.buffers[name] = np.zeros_like(self.parameters[0]._array, shape=self._spans[-1][1])
            self._forget()
        return self.buffers[name]

    # --- a step -------------------------------------------------------------------------------------------------------
    def gradients(self) -> list[Array | None]:
        """The gradient of every parameter, or None for those that shall be passed over."""
        gradients = [parameter._grad for parameter in self.parameters]  # of its shape and dtype, as assignment sees to
        return [None if gradient is None else gradient._array for gradient in gradients]

    def blocks(self, names: tuple[str, ...], gradients: list[Array | None]) -> list[Block]:
        """The blocks that cover all parameters with a gradient, each with its part of the buffers ``names``.

        All parameters of a block were updated equally often. That stays so while the same ones have gradients; when
        that changes, the plan is made anew.
        """
        buffers = [self._buffer(name) for name in names]
        active = [gradient is not None for gradient in gradients]
        arrays = [parameter._array for parameter in self.parameters]
        same = len(arrays) == len(self._plan_arrays) and all(map(operator.is_, arrays, self._plan_arrays))
        if self._plan is None or self._plan_for != (names, active) or not same:
            self._plan, self._plan_for, self._plan_arrays = self._planned(buffers, active), (names, active), arrays
        return self._plan

    def advance(self, gradients: list[Array | None]) -> None:
        """Count one more update of every parameter that has a gradient."""
        self.steps = [step + (g is not None) for step, g in zip(self.steps, gradients, strict=True)]

    def stamp(self, gradients: list[Array | None]) -> None:
        """Tell the engine that the parameters with a gradient were overwritten."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            if gradient is not None:
                writes.stamp(parameter._array)

    # --- the plan -----------------------------------------------------------------------------------------------------
    def _planned(self, buffers: list[Array], active: list[bool]) -> list[Block]:
        self._require_one_dtype()
        cuts = [cut for run in self._runs(active) for cut in self._cuts(run)]
        room = max((end - start for _, start, end in cuts), default=0)
        scratch = [np.empty_like(self.parameters[0]._array, shape=room) for _ in range(2)]
        return [self._block(members, start, end, buffers, scratch) for members, start, end in cuts]

    def _require_one_dtype(self) -> None:
        dtypes = sorted({str(parameter.dtype) for parameter in self.parameters})
        if len(dtypes) > 1:
            raise RuntimeError(
                f"parameters of one dtype are {' and '.join(dtypes)} since the optimizer was made; convert them all, "
                "or make the optimizer after model.half(), model.to(dtype) or the like"
            )

    def _runs(self, active: list[bool]) -> list[list[int]]:
        """Neighbours with a gradient and equally many updates, together no more than a block."""
        runs: list[list[int]] = []
        for member, (_, end) in enumerate(self._spans):
            if not active[member]:
                continue
            last = runs[-1] if runs else [-2]
            fits = last[-1] == member - 1 and end - self._spans[last[0]][0] <= BLOCK
            if fits and self.steps[last[0]] == self.steps[member]:
                last.append(member)
            else:
                runs.append([member])
        return runs

    def _cuts(self, run: list[int]) -> list[tuple[list[int], int, int]]:
        """The run as it is or, for a single large parameter, cut between rows: (members, start, end)."""
        start, end = self._spans[run[0]][0], self._spans[run[-1]][1]
        shape = self.parameters[run[0]].shape
        if end - start <= BLOCK or not shape:
            return [(run, start, end)]
        row = (end - start) // shape[0]
        step = max(BLOCK // row, 1) * row
        return [(run, i, min(i + step, end)) for i in range(start, end, step)]

    def _block(self, members: list[int], start: int, end: int, buffers: list[Array], scratch: list[Array]) -> Block:
        state = [buffer[start:end] for buffer in buffers]
        room = [array[: end - start] for array in scratch]
        if len(members) == 1:  # then all arrays of the block have the shape of its only piece
            (member,) = members
            data, first = self.parameters[member]._array, self._spans[member][0]
            row = max(data.size // data.shape[0], 1) if data.ndim and data.shape[0] else 1
            rows = slice((start - first) // row, (end - first) // row) if data.ndim else ...
            values = data[rows]
            state, room = [[a.reshape(values.shape) for a in arrays] for arrays in (state, room)]
            return Block([Piece(member, rows, values, *room)], state, *room)
        pieces = []
        for member in members:
            data = self.parameters[member]._array
            a, b = (edge - start for edge in self._spans[member])
            pieces.append(Piece(member, ..., data, *[array[a:b].reshape(data.shape) for array in room]))
        return Block(pieces, state, *room)
