"""Regions of events that are made of others: several dimensions, stretches, or components at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arrays import as_array
from ...core.graph import Array
from ...core.tensor import Tensor, wrap
from .base import Constraint


def _as_constraint(name: str, constraint: Any) -> Constraint:
    if not isinstance(constraint, Constraint):
        raise TypeError(f"{name} is made of constraints, such as constraints.real, got {constraint!r}")
    return constraint


class Independent(Constraint):
    """Events of more dimensions: one is valid if all of its parts are valid for ``base_constraint``.

    Args:
        base_constraint: what holds for each part.
        reinterpreted_batch_ndims: how many more dimensions make up an event.

    Example:
        >>> from minigrad.distributions.constraints import independent, positive
        >>> independent(positive, 1).check(Tensor([[1.0, 2.0], [1.0, -2.0]]))
        Tensor([ True, False])
    """

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = _as_constraint("independent", base_constraint)
        if type(reinterpreted_batch_ndims) is not int or reinterpreted_batch_ndims < 0:
            raise ValueError(f"independent takes a number of dimensions, at least 0, got {reinterpreted_batch_ndims!r}")
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> Any:
        """Whether it is a region of integers."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """How many dimensions make up one event."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Any) -> Tensor:
        """For every event in ``value`` whether all of its parts are valid."""
        valid = as_array(self.base_constraint.check(value))
        kept = valid.ndim - self.reinterpreted_batch_ndims
        if kept < 0:
            raise ValueError(f"an event has {self.event_dim} dimensions, got a value of shape {as_array(value).shape}")
        return wrap(np.asarray(np.all(valid, axis=tuple(range(kept, valid.ndim)))), None)

    def __repr__(self) -> str:
        return f"Independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """Valid for every component of a mixture.

    Args:
        base_constraint: the support of the components, whose last batch dimension counts them.
    """

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = _as_constraint("MixtureSameFamilyConstraint", base_constraint)

    @property
    def is_discrete(self) -> Any:
        """Whether it is a region of integers."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """How many dimensions make up one event."""
        return self.base_constraint.event_dim

    def check(self, value: Any) -> Tensor:
        """For every event in ``value`` whether it is valid for all components."""
        array = as_array(value)
        if array.ndim < self.event_dim:
            raise ValueError(f"an event has {self.event_dim} dimensions, got a value of shape {array.shape}")
        beside = np.expand_dims(array, -1 - self.event_dim)
        return wrap(np.asarray(np.all(as_array(self.base_constraint.check(wrap(beside, None))), axis=-1)), None)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


class _Joined(Constraint):
    """One region for each of several pieces along a dimension."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq = [_as_constraint(type(self).__name__.lower(), c) for c in cseq]
        self.dim = dim

    @property
    def is_discrete(self) -> Any:
        """Whether any of the regions is one of integers."""
        return any(c.is_discrete for c in self.cseq)

    def _axis(self, value: Array, length: int) -> int:
        if not -value.ndim <= self.dim < value.ndim or value.shape[self.dim] != length:
            raise ValueError(f"{self!r} needs {length} numbers along dimension {self.dim}, got shape {value.shape}")
        return int(self.dim % value.ndim)


class Cat(_Joined):
    """One region for each of several stretches along a dimension, as ``minigrad.cat`` joins them.

    Args:
        cseq: the regions.
        dim: the dimension.
        lengths: how long the stretches are, by default 1.

    Example:
        >>> from minigrad.distributions.constraints import cat, positive, real
        >>> cat([positive, real], dim=0, lengths=[1, 2]).check(Tensor([-1.0, -1.0, 2.0]))
        Tensor([False,  True,  True])
    """

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise ValueError(f"cat needs one length for each constraint, got {self.lengths} for {len(self.cseq)}")

    @property
    def event_dim(self) -> Any:
        """How many dimensions make up one event."""
        return max(c.event_dim for c in self.cseq)

    def check(self, value: Any) -> Tensor:
        """For every event of every stretch whether it is valid."""
        array = as_array(value)
        axis = self._axis(array, sum(self.lengths))
        pieces = np.split(array, np.cumsum(self.lengths)[:-1], axis)
        checked = [as_array(c.check(wrap(piece, None))) for c, piece in zip(self.cseq, pieces, strict=True)]
        return wrap(np.concatenate(checked, self.dim), None)

    def __repr__(self) -> str:
        return f"Cat({self.cseq}, dim={self.dim}, lengths={self.lengths})"


class Stack(_Joined):
    """One region for each place along a dimension, as ``minigrad.stack`` lays them side by side.

    Args:
        cseq: the regions.
        dim: the dimension.
    """

    @property
    def event_dim(self) -> Any:
        """How many dimensions make up one event."""
        dim = max(c.event_dim for c in self.cseq)
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value: Any) -> Tensor:
        """For every event at every place whether it is valid."""
        array = as_array(value)
        axis = self._axis(array, len(self.cseq))
        places = [wrap(np.take(array, i, axis), None) for i in range(len(self.cseq))]
        return wrap(np.stack([as_array(c.check(p)) for c, p in zip(self.cseq, places, strict=True)], self.dim), None)

    def __repr__(self) -> str:
        return f"Stack({self.cseq}, dim={self.dim})"
