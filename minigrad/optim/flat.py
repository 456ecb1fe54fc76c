"""Flat buffers: the state of many parameters in a few long arrays, so that a step is a handful of NumPy calls."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core import writes
from ..core.arrays import HALF
from ..core.graph import Array
from ..core.tensor import Tensor
from .block import Gradients, Room
from .run import Part, Run

Rule = Callable[[dict[str, Any]], list[Part]]


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

    def update(self, gradients: Gradients, rule: Rule, numbers: dict[str, Any], buffers: dict[str, float]) -> None:
        """One step of every parameter that has a gradient.

        Args:
            gradients: what ``gradients()`` returned.
            rule: from the numbers of a parameter, which it brings up to date, the parts of a ``Run.update``.
            numbers: what the numbers are before the first update.
            buffers: what the buffers are filled with before it.
        """
        for run in self._runs(gradients, numbers, buffers):
            if buffers:
                run.numbers["step"] += 1
            run.update(rule(run.numbers), gradients)
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
        chosen = self._histories(active)
        self._refuse_strange_state(chosen)
        room, runs = Room(state[0] if state else self._like()), []
        for members in chosen:
            numbers = dict(self.numbers[members.start] or {"step": 0})
            if state:
                self.numbers[members] = [numbers] * (members.stop - members.start)
            values = [parameter._array for parameter in self.parameters[members]]
            start, end = self._spans[members.start][0], self._spans[members.stop - 1][1]
            runs.append(Run(numbers, members, values, [buffer[start:end] for buffer in state], room))
        return runs

    def _refuse_strange_state(self, runs: list[slice]) -> None:
        if not self.others:
            return
        for member in (member for run in runs for member in range(run.start, run.stop)):
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

    def _histories(self, active: list[bool]) -> list[slice]:
        """Neighbours with a gradient and one history."""
        runs: list[slice] = []
        for member, chosen in enumerate(active):
            if not chosen:
                continue
            if runs and runs[-1].stop == member and self.numbers[runs[-1].start] == self.numbers[member]:
                runs[-1] = slice(runs[-1].start, member + 1)
            else:
                runs.append(slice(member, member + 1))
        return runs
