"""How good lists of recommendations, and neighbourhoods of embeddings, are."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .arrays import Numbers, numbers, refuse_empty
from .arrays import labels as as_labels


def recall_at_k(ranked: Any, relevant: Sequence[Any], k: int) -> float:
    """The share of the relevant items that are among the first k, as a mean over the users who have any.

    Args:
        ranked: (users, at least k) items, best first, as ``WALS.recommend`` gives them; -1 stands for none.
        relevant: for every user the items that would have been right, without order.
        k: how far down the list.

    Example:
        >>> recall_at_k([[3, 1, 2], [5, 4, 6]], [{1, 9}, {5}], k=2)
        0.75
    """
    hits, counts = _hits(ranked, relevant, k)
    return float((hits.sum(1) / counts).mean())


def ndcg_at_k(ranked: Any, relevant: Sequence[Any], k: int) -> float:
    """The normalised discounted cumulative gain of the first k, as a mean over the users with a relevant item.

    An item at rank r counts 1 / log2(1 + r) times its gain, and the sum is divided by that of the best possible list.

    Args:
        ranked: as for ``recall_at_k``.
        relevant: for every user the right items, each of gain 1; or a dict with the gain of every item.
        k: how far down the list.

    Source:
        Järvelin & Kekäläinen 2002.

    Example:
        >>> round(ndcg_at_k([[3, 1, 2]], [{1}], k=3), 4)  # 1 / log2(3)
        0.6309
    """
    gains = [dict(each) if isinstance(each, Mapping) else dict.fromkeys(_items(each), 1.0) for each in relevant]
    lists = _lists(ranked, relevant, k)
    discounts = 1 / np.log2(np.arange(2, k + 2))
    values = []
    for row, gain in zip(lists.tolist(), gains, strict=True):
        best = np.sort(np.array([*gain.values()], np.float64))[::-1][:k]
        if best.sum() > 0:
            found = np.array([gain.get(item, 0.0) for item in row])
            values.append((found @ discounts) / (best @ discounts[: len(best)]))
    return _mean(values)


def mean_reciprocal_rank(ranked: Any, relevant: Sequence[Any], k: int | None = None) -> float:
    """The mean of 1 / the rank of the first relevant item, 0 where none is listed; arguments as for ``recall_at_k``.

    Example:
        >>> mean_reciprocal_rank([[3, 1, 2], [5, 4, 6]], [{1}, {9}])
        0.25
    """
    length = np.shape(ranked)[-1] if k is None and np.ndim(ranked) == 2 else k
    hits, _ = _hits(ranked, relevant, length)
    first = hits.argmax(1)
    return float(np.where(hits.any(1), 1 / (first + 1), 0.0).mean())


def neighbor_purity(points: Any, labels: Any, k: int = 1, *, metric: str = "euclidean") -> float:
    """The share of every point's k nearest neighbours that bear its own label, as a mean over the points.

    It shows folding: groups that have nothing in common, say languages, whose embeddings came to lie among each other,
    so that neighbours of one group are members of another.

    Args:
        points: (N, D).
        labels: (N,), integers from 0.
        k: the number of neighbours, from 1 to N - 1; of equally near ones those that come first count.
        metric: ``"euclidean"``, ``"cosine"``, or ``"dot"`` for the largest product, as in retrieval.

    Example:
        >>> neighbor_purity([[0.0], [0.1], [5.0], [5.1]], [0, 0, 1, 1])
        1.0
    """
    places, groups = numbers("points", points), as_labels("labels", labels)
    if places.ndim != 2 or groups.shape != places.shape[:1]:
        raise ValueError(f"points have the shape {places.shape} and labels {groups.shape}; they are (N, D) and (N,)")
    refuse_empty(places)
    if not 1 <= operator.index(k) < len(places):
        raise ValueError(f"k must be from 1 to {len(places) - 1}, one less than the points, got {k}")
    if metric not in _CLOSENESS:
        raise ValueError(f"metric must be one of {[*_CLOSENESS]}, got {metric!r}")
    places = places.astype(np.float64)
    if not np.isfinite(places).all():
        raise ValueError("points hold an infinity, which is near to nothing")
    same, step = 0, max(1, 4_000_000 // len(places))  # rows at a time, so that memory stays small
    for start in range(0, len(places), step):
        rows = np.arange(start, min(start + step, len(places)))
        closeness = _CLOSENESS[metric](places[rows], places)
        closeness[rows - start, rows] = -np.inf
        nearest = np.argsort(-closeness, axis=1, kind="stable")[:, :k]
        same += int((groups[nearest] == groups[rows, None]).sum())
    return same / (len(places) * k)


def _euclidean(x: Numbers, y: Numbers) -> Numbers:
    center = y.mean(0)  # products of small numbers lose less
    x, y = x - center, y - center
    negated: Numbers = 2 * x @ y.T - np.square(y).sum(1) - np.square(x).sum(1)[:, None]
    return negated


def _cosine(x: Numbers, y: Numbers) -> Numbers:
    product: Numbers = _unit(x) @ _unit(y).T
    return product


def _unit(x: Numbers) -> Numbers:
    lengths = np.sqrt(np.square(x).sum(1, keepdims=True))
    unit: Numbers = x / np.where(lengths > 0, lengths, 1)
    return unit


_CLOSENESS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "euclidean": _euclidean,
    "cosine": _cosine,
    "dot": lambda x, y: x @ y.T,
}


def _items(relevant: Any) -> list[int]:
    return [int(item) for item in (np.asarray(relevant) if not isinstance(relevant, (set, frozenset)) else relevant)]


def _lists(ranked: Any, relevant: Sequence[Any], k: Any) -> Numbers:
    given = numbers("ranked", ranked)
    if given.ndim != 2 or given.dtype.kind not in "iu":
        raise ValueError(f"ranked must be (users, items) of item numbers, got {given.dtype} of shape {given.shape}")
    if len(relevant) != len(given):
        raise ValueError(f"there are lists of {len(given)} users and relevant items of {len(relevant)}")
    if not isinstance(k, (int, np.integer)) or not 1 <= k <= given.shape[1]:
        raise ValueError(f"k must be from 1 to {given.shape[1]}, the length of the lists, got {k}")
    return given[:, :k]


def _hits(ranked: Any, relevant: Sequence[Any], k: Any) -> tuple[Numbers, Numbers]:
    """For the users with relevant items: which of their first k are among them, and how many there are."""
    lists = _lists(ranked, relevant, k)
    sets = [set(_items([*each] if isinstance(each, Mapping) else each)) for each in relevant]
    rows = [([item in each for item in row], len(each)) for row, each in zip(lists.tolist(), sets, strict=True) if each]
    if not rows:
        raise ValueError("no user has a relevant item")
    hits, counts = zip(*rows, strict=True)
    return np.array(hits), np.array(counts)


def _mean(values: list[Any]) -> float:
    if not values:
        raise ValueError("no user has a relevant item")
    return float(np.mean(values))
