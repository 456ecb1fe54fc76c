"""What a constraint is, and the place of one that only an instance knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arrays import as_array
from ...core.graph import Array
from ...core.tensor import Tensor, wrap


class Constraint:
    """A region of numbers, vectors or matrices.

    To declare one, derive from this class, say in ``event_dim`` how many of the last dimensions make up one event, and
    write ``check``.

    Example:
        >>> from minigrad.distributions.constraints import positive
        >>> positive.check(Tensor([-1.0, 2.0]))
        Tensor([False,  True])
    """

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Any) -> Tensor:
        """For every event in ``value`` whether it lies in the region, as a boolean Tensor."""
        raise NotImplementedError(f"{type(self).__name__} does not say which values it holds; write its check(value)")

    def why(self, event: Any) -> str:
        """What is wrong with an event outside, where its numbers do not tell: part of a sentence, or nothing."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__.lstrip('_')}()"


class OnArrays(Constraint):
    """A region that is checked outside any graph, on the values alone."""

    def check(self, value: Any) -> Tensor:
        """For every event in ``value`` whether it lies in the region."""
        return wrap(np.asarray(self._holds(as_array(value))), None)

    def _holds(self, value: Array) -> Any:
        raise NotImplementedError


# --- what depends on the parameters of a distribution -----------------------------------------------------------------
class Dependent(Constraint):
    """The place of a region that is known only once there is a distribution, with the bounds of a Uniform for example.

    Args:
        is_discrete: whether it is one of integers, if that is known.
        event_dim: of how many dimensions an event is, if that is known.
    """

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        self._is_discrete = is_discrete
        self._event_dim = event_dim

    @property
    def is_discrete(self) -> Any:
        """Whether it is a region of integers."""
        return self._known("is_discrete", self._is_discrete)

    @property
    def event_dim(self) -> Any:
        """How many dimensions make up one event."""
        return self._known("event_dim", self._event_dim)

    def _known(self, name: str, value: Any) -> Any:
        if value is NotImplemented:
            raise NotImplementedError(f"{name} depends on the distribution; ask its instance for .support.{name}")
        return value

    def __call__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> Dependent:
        """The same, knowing more: ``dependent(is_discrete=True, event_dim=1)``."""
        return Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, value: Any) -> Tensor:
        """Refuses: only an instance knows the region."""
        raise ValueError("this constraint depends on the distribution; check against the .support of an instance")


class DependentProperty(property, Dependent):
    """A property of a distribution that is its region, and of its class the place of one: a decorator.

    Example:
        >>> from minigrad.distributions import constraints
        >>> class Below:
        ...     @constraints.dependent_property(is_discrete=False, event_dim=0)
        ...     def support(self):
        ...         return constraints.less_than(2.0)
        >>> constraints.is_dependent(Below.support), Below.support.event_dim, Below().support
        (True, 0, LessThan(upper_bound=2.0))
    """

    def __init__(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        is_discrete: Any = NotImplemented,
        event_dim: Any = NotImplemented,
    ) -> None:
        super().__init__(fn)
        self._is_discrete = is_discrete
        self._event_dim = event_dim

    def __call__(self, fn: Any) -> Any:  # type: ignore[override]
        """The property of ``fn``: the second step of ``@dependent_property(event_dim=1)``."""
        return DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


def is_dependent(constraint: Any) -> bool:
    """Whether a region is known only of an instance.

    Example:
        >>> from minigrad.distributions.constraints import dependent, positive
        >>> is_dependent(dependent), is_dependent(positive)
        (True, False)
    """
    return isinstance(constraint, Dependent)
