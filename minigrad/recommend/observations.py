"""What is known of users and items: pairs with a value, sorted by user and by item, and nothing for all other pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.tensor import Tensor

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rows:
    """The observations of one side, sorted by its members: those of member u lie from ``starts[u]`` to the next."""

    starts: Numbers
    columns: Numbers  # the member of the other side
    targets: Numbers
    weights: Numbers

    def of(self, member: int) -> slice:
        """Where the observations of a member lie."""
        return slice(int(self.starts[member]), int(self.starts[member + 1]))


@dataclass(frozen=True)
class Observations:
    """Observations by user and by item, each once."""

    shape: tuple[int, int]
    by_user: Rows
    by_item: Rows


def observations(ratings: Any, weights: Any, shape: Any, alpha: float | None) -> Observations:
    """Observations from triples, a sparse matrix, or an array.

    Args:
        ratings: ``(users, items, values)``, a matrix of scipy.sparse, or an array (users, items), in which NaN stands
            for what is unknown or, if it holds no NaN, 0.
        weights: of the observations, in the form of ``ratings``; None for 1. Not with ``alpha``.
        shape: the numbers of users and of items, by default one more than the largest.
        alpha: of the implicit form, where a value is a count and becomes the weight 1 + alpha · value of a target 1.

    Raises:
        TypeError, ValueError: for numbers that are not, pairs given twice, and shapes that do not fit.
    """
    users, items, values, weights, shape = _triples(ratings, weights, shape)
    refuse_bad("ratings", values)
    key = users * shape[1] + items
    if (key[1:] > key[:-1]).all():
        order: Any = slice(None)
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
    users, items, values = users[order], items[order], values[order]
    weights = weights if weights is None else weights[order]
    twice = np.flatnonzero(key[1:] == key[:-1])
    if len(twice) and alpha is None:
        u, i = int(users[twice[0]]), int(items[twice[0]])
        raise ValueError(f"user {u} and item {i} occur twice; give one value for each pair, such as their mean")
    if len(twice):  # counts add up
        first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        values = np.add.reduceat(values, first)
        users, items = users[first], items[first]
    targets, weights = confident(values, weights, alpha)
    narrow = np.int32 if max(shape) < 2**31 else np.int64
    by_user = _rows(users, items.astype(narrow), targets, weights, shape[0])
    order = np.argsort(items, kind="stable")
    by_item = _rows(
        items[order], users[order].astype(narrow), _ordered(targets, order), _ordered(weights, order), shape[1]
    )
    return Observations(shape, by_user, by_item)


def confident(values: Numbers, weights: Numbers | None, alpha: float | None) -> tuple[Numbers, Numbers]:
    """The targets and weights of observed values."""
    if alpha is None:
        ones = np.broadcast_to(np.float64(1), values.shape)  # of no size in memory
        return values, ones if weights is None else weights
    if weights is not None:
        raise ValueError("the implicit form makes weights of the values, 1 + alpha · value; leave weights out")
    if (values < 0).any():
        raise ValueError(
            f"the implicit form counts, and {values[values < 0][0]} is negative; use alpha=None for ratings"
        )
    positive = values > 0
    targets = np.broadcast_to(np.float64(1), values.shape) if positive.all() else positive.astype(np.float64)
    return targets, 1 + alpha * values


def refuse_bad(name: str, values: Numbers) -> None:
    """Refuse values that are not finite."""
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"{name} must be finite, got {values[place]} at {place}")


def numbered(name: str, value: Any, count: int | None) -> Numbers:
    """Members of one side, as integers from 0.

    Raises:
        TypeError: for what is not integers.
        IndexError: for those that do not exist, naming the first.
    """
    array = np.asarray(value._array if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"{name} must be integers from 0, got {array.dtype}; number them first")
    array = array.astype(np.int64)
    wrong = (array < 0) | (array >= count) if count is not None else array < 0
    if wrong.any():
        known = "they count from 0" if count is None else f"there are {count}"
        raise IndexError(f"{name} has {array[wrong][0]} at {int(np.flatnonzero(wrong)[0])}, and {known}")
    return array


def real(name: str, value: Any) -> Numbers:
    """Numbers in double precision."""
    array = np.asarray(value._array if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be numbers, got {array.dtype}")
    return array.astype(np.float64)


def _triples(
    ratings: Any, weights: Any, shape: Any
) -> tuple[Numbers, Numbers, Numbers, Numbers | None, tuple[int, int]]:
    if hasattr(ratings, "tocsr"):
        if weights is not None:
            raise TypeError("weights of a sparse matrix are ambiguous; give triples: (users, items, values)")
        matrix = ratings.tocsr(copy=True)
        matrix.sum_duplicates()
        matrix = matrix.tocoo()
        ratings, shape = (matrix.row, matrix.col, matrix.data), _checked_shape(shape, matrix.shape)
    if isinstance(ratings, tuple):
        if len(ratings) != 3:
            raise ValueError(f"triples are (users, items, values), got a tuple of {len(ratings)}")
        sides = [None, None] if shape is None else list(shape)
        users, items = (
            numbered(name, side, size) for name, side, size in zip(("users", "items"), ratings, sides, strict=False)
        )
        values = real("values", ratings[2])
        kept = None if weights is None else _checked_weights(weights, values.shape)
        if not users.shape == items.shape == values.shape or users.ndim != 1:
            raise ValueError(
                f"users, items and values are lists of one length, got {users.shape}, {items.shape} and {values.shape}"
            )
        if shape is None:
            shape = (int(users.max()) + 1, int(items.max()) + 1) if users.size else (0, 0)
        return users, items, values, kept, _checked_shape(shape)
    dense = real("ratings", ratings)
    if dense.ndim != 2:
        raise ValueError(f"ratings are triples, a sparse matrix or an array (users, items), got shape {dense.shape}")
    unknown = np.isnan(dense)
    known = ~unknown if unknown.any() else dense != 0
    users, items = np.nonzero(known)
    kept = None if weights is None else _checked_weights(weights, dense.shape)[known]
    return users, items, dense[known], kept, _checked_shape(shape, dense.shape)


def _checked_weights(weights: Any, shape: tuple[int, ...]) -> Numbers:
    array = real("weights", weights)
    if array.shape != shape:
        raise ValueError(f"weights have the shape {array.shape}, and what they weigh {shape}")
    refuse_bad("weights", array.ravel())
    if (array < 0).any():
        raise ValueError(f"weights are at least 0, got {array[array < 0][0]}")
    return array


def _checked_shape(shape: Any, found: tuple[int, ...] | None = None) -> tuple[int, int]:
    users, items = (int(size) for size in (shape if shape is not None else found or ()))
    if found is not None and (users, items) != found:
        raise ValueError(f"the shape is {found}, and shape={shape} was given; leave it out")
    if users < 1 or items < 1:
        raise ValueError(f"there must be users and items, got the shape {(users, items)}")
    return users, items


def _rows(members: Numbers, columns: Numbers, targets: Numbers, weights: Numbers, count: int) -> Rows:
    starts = np.concatenate([[0], np.cumsum(np.bincount(members, minlength=count))])
    return Rows(starts, columns, targets, weights)


def _ordered(values: Numbers, order: Numbers) -> Numbers:
    """Values in another order; equal ones that take no memory stay so."""
    return values if values.strides == (0,) else values[order]
