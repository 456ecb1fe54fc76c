"""Different transforms for different pieces of a Tensor."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from ...ops.join import concatenate, split, stack, unbind
from .. import constraints
from ..utils import lazy_property, sum_rightmost
from .base import Transform

__all__ = ["CatTransform", "StackTransform"]


class _JoinedTransform(Transform):
    """Several transforms along a dimension."""

    def __init__(self, tseq: Sequence[Transform], dim: int, cache_size: int) -> None:
        super().__init__(cache_size)
        if wrong := [t for t in tseq if not isinstance(t, Transform)]:
            raise TypeError(f"{type(self).__name__} is made of Transforms, got {wrong[0]!r}")
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    def _pieces(self, x: Any) -> Sequence[Any]:
        raise NotImplementedError

    def _check(self, x: Any, length: int) -> None:
        if not -x.ndim <= self.dim < x.ndim or x.shape[self.dim] != length:
            raise ValueError(
                f"{type(self).__name__} transforms {length} numbers along dimension {self.dim}, got shape {x.shape}"
            )

    @property
    def bijective(self) -> Any:
        """Whether all of them map one to one."""
        return all(t.bijective for t in self.transforms)


class CatTransform(_JoinedTransform):
    """One transform for each of several stretches along a dimension, as ``minigrad.cat`` joins them.

    Args:
        tseq: the transforms.
        dim: the dimension.
        lengths: how long the stretches are, by default 1.
        cache_size: 0 or 1.

    Example:
        >>> from minigrad.distributions import CatTransform, ExpTransform, identity_transform
        >>> CatTransform([ExpTransform(), identity_transform], lengths=[1, 2])(Tensor([0.0, 0.0, 0.0]))
        Tensor([1., 0., 0.])
    """

    def __init__(
        self, tseq: Sequence[Transform], dim: int = 0, lengths: Sequence[int] | None = None, cache_size: int = 0
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise ValueError(f"CatTransform needs one length for each transform, got {self.lengths}")

    @lazy_property
    def event_dim(self) -> Any:
        """The most dimensions that any of them looks at."""
        return max(t.event_dim for t in self.transforms)

    @lazy_property
    def length(self) -> Any:
        """How long all stretches are together."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of the cache."""
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _equals(self, other: Any) -> bool:
        same = self.dim == other.dim and self.lengths == other.lengths
        return bool(same and self.transforms == other.transforms)

    def _pieces(self, x: Any) -> Sequence[Any]:
        self._check(x, self.length)
        return split(x, self.lengths, self.dim)

    def _call(self, x: Any) -> Any:
        return concatenate([t(piece) for t, piece in zip(self.transforms, self._pieces(x), strict=True)], self.dim)

    def _inverse(self, y: Any) -> Any:
        return concatenate([t.inv(piece) for t, piece in zip(self.transforms, self._pieces(y), strict=True)], self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """What each of them says, side by side, or added up if the dimension is one of the event."""
        terms = []
        for t, before, after in zip(self.transforms, self._pieces(x), self._pieces(y), strict=True):
            term = t.log_abs_det_jacobian(before, after)
            terms.append(sum_rightmost(term, self.event_dim - t.event_dim))
        dim = (self.dim - x.ndim if self.dim >= 0 else self.dim) + self.event_dim
        return concatenate(terms, dim) if dim < 0 else functools.reduce(operator.add, terms)

    @constraints.dependent_property
    def domain(self) -> Any:
        """Where it is defined."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """What it maps to."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_JoinedTransform):
    """One transform for each place along a dimension, as ``minigrad.stack`` lays them side by side.

    Args:
        tseq: the transforms.
        dim: the dimension.
        cache_size: 0 or 1.
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with another size of the cache."""
        return self if self._cache_size == cache_size else StackTransform(self.transforms, self.dim, cache_size)

    def _equals(self, other: Any) -> bool:
        return bool(self.dim == other.dim and self.transforms == other.transforms)

    def _pieces(self, x: Any) -> Sequence[Any]:
        self._check(x, len(self.transforms))
        return unbind(x, self.dim)

    def _call(self, x: Any) -> Any:
        return stack([t(piece) for t, piece in zip(self.transforms, self._pieces(x), strict=True)], self.dim)

    def _inverse(self, y: Any) -> Any:
        return stack([t.inv(piece) for t, piece in zip(self.transforms, self._pieces(y), strict=True)], self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """What each of them says, side by side."""
        pieces = zip(self.transforms, self._pieces(x), self._pieces(y), strict=True)
        return stack([t.log_abs_det_jacobian(before, after) for t, before, after in pieces], self.dim)

    @constraints.dependent_property
    def domain(self) -> Any:
        """Where it is defined."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """What it maps to."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)
