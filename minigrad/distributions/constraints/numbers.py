"""Regions of single numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.graph import Array
from ...core.tensor import raw
from .base import OnArrays


def whole(value: Array) -> Any:
    """Which of the numbers are integers."""
    return np.equal(np.mod(value, 1), 0) if value.dtype.kind == "f" else np.ones_like(value, dtype=bool)


class Bounded(OnArrays):
    """A region between bounds, numbers or Tensors that broadcast with what is checked."""

    def __repr__(self) -> str:
        bounds = ", ".join(f"{name}={_brief(bound)}" for name, bound in vars(self).items())
        return f"{type(self).__name__.lstrip('_')}({bounds})"


class Real(OnArrays):
    """Every number, infinities too, but not NaN."""

    def _holds(self, value: Array) -> Any:
        return np.logical_not(np.isnan(value))


class Boolean(OnArrays):
    """0 and 1."""

    is_discrete = True

    def _holds(self, value: Array) -> Any:
        return np.logical_or(np.equal(value, 0), np.equal(value, 1))


class GreaterThan(Bounded):
    """Numbers above a bound."""

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def _holds(self, value: Array) -> Any:
        return np.less(raw(self.lower_bound), value)


class GreaterThanEq(Bounded):
    """Numbers from a bound on."""

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def _holds(self, value: Array) -> Any:
        return np.less_equal(raw(self.lower_bound), value)


class LessThan(Bounded):
    """Numbers below a bound."""

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def _holds(self, value: Array) -> Any:
        return np.less(value, raw(self.upper_bound))


class IntegerGreaterThan(Bounded):
    """Integers from a bound on."""

    is_discrete = True

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def _holds(self, value: Array) -> Any:
        return np.logical_and(whole(value), np.less_equal(raw(self.lower_bound), value))


class Interval(Bounded):
    """Numbers from one bound to another, both included."""

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def _holds(self, value: Array) -> Any:
        return np.logical_and(np.less_equal(raw(self.lower_bound), value), np.less_equal(value, raw(self.upper_bound)))


class HalfOpenInterval(Interval):
    """Numbers from one bound, included, to another, which is not."""

    def _holds(self, value: Array) -> Any:
        return np.logical_and(np.less_equal(raw(self.lower_bound), value), np.less(value, raw(self.upper_bound)))


class IntegerInterval(Interval):
    """Integers from one bound to another, both included."""

    is_discrete = True

    def _holds(self, value: Array) -> Any:
        return np.logical_and(whole(value), super()._holds(value))


def _brief(bound: Any) -> str:
    """A bound, or the shape of many."""
    values = raw(bound)
    many = hasattr(values, "shape") and values.size > 4
    return f"<{values.size} numbers of shape {values.shape}>" if many else str(bound)
