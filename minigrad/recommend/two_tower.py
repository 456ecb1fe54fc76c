"""Retrieval with two towers: queries and items become vectors, and what belongs together lies together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.modes import no_grad
from ..core.tensor import Tensor, raw
from ..nn.functional.loss.cross_entropy import cross_entropy
from ..nn.functional.normalization.layer import normalize
from ..nn.module.module import Module
from .observations import Numbers
from .ranking import best


class TwoTower(Module):
    """A network for queries and one for items, trained so that a query's own item scores highest in the batch.

    The items of the other queries are the negatives: B² pairs for the price of 2B vectors. A popular item is a negative
    more often than others; ``log_probabilities`` takes that out.

    Shapes:
        result: (queries, items), the products of their vectors divided by the temperature.

    Args:
        query_net: turns a batch of queries into vectors (B, D).
        item_net: turns a batch of items into vectors (B, D).
        temperature: divides the scores; small ones sharpen.
        normalize: bring vectors to length 1, so that scores are cosines.

    Raises:
        ValueError: for a temperature that is not positive, and for what is no network.

    Source:
        Yi et al. 2019 (in-batch negatives, and the correction for popular items).

    Example:
        >>> import minigrad as mg
        >>> from minigrad import nn
        >>> model = TwoTower(nn.Embedding(5, 3), nn.Sequential(nn.Linear(4, 3)), temperature=0.1)
        >>> model([0, 1], mg.randn(7, 4)).shape
        (2, 7)
        >>> model.loss([0, 1, 2], mg.randn(3, 4)).shape
        ()
    """

    def __init__(
        self, query_net: Module, item_net: Module, temperature: float = 0.05, *, normalize: bool = True
    ) -> None:
        super().__init__()
        if not (isinstance(temperature, (int, float)) and math.isfinite(temperature) and temperature > 0):
            raise ValueError(f"temperature must be a positive number, got {temperature!r}")
        for name, net in (("query_net", query_net), ("item_net", item_net)):
            if not callable(net):
                raise ValueError(f"{name} must be a Module, or a function that gives vectors, got {net!r}")
        self.query_net, self.item_net = query_net, item_net
        self.temperature, self.normalize = float(temperature), normalize

    def forward(self, queries: Any, items: Any) -> Tensor:
        """The score of every query with every item."""
        first, second = self.query_vectors(queries), self.item_vectors(items)
        if first.shape[1] != second.shape[1]:
            raise ValueError(f"queries become vectors of {first.shape[1]} numbers and items of {second.shape[1]}")
        scores: Tensor = (first @ second.T) / self.temperature
        return scores

    def query_vectors(self, queries: Any) -> Tensor:
        """The vectors of queries, (B, D)."""
        return self._vectors("query_net", self.query_net(queries))

    def item_vectors(self, items: Any) -> Tensor:
        """The vectors of items, (B, D), which ``retrieve`` takes."""
        return self._vectors("item_net", self.item_net(items))

    def loss(
        self, queries: Any, items: Any, *, item_ids: Any = None, log_probabilities: Any = None, symmetric: bool = False
    ) -> Tensor:
        """The mean cross-entropy of finding item n for query n among the items of the batch.

        Args:
            queries: B of them.
            items: B of them, in the same order.
            item_ids: (B,) which item each is, so that an item that occurs twice is not a negative of itself.
            log_probabilities: (B,) how likely each item is to be in a batch, as logarithms.
            symmetric: the mean with that of finding the query for an item.

        Raises:
            ValueError: for batches of different or no size.
        """
        scores = self(queries, items)
        count = scores.shape[0]
        if scores.shape[1] != count or not count:
            raise ValueError(f"there are {count} queries and {scores.shape[1]} items; give every query its item")
        if log_probabilities is not None:
            scores = scores - np.asarray(_listed("log_probabilities", log_probabilities, count), scores.dtype)
        if item_ids is not None:
            ids = _listed("item_ids", item_ids, count)
            same = (ids[:, None] == ids) & ~np.eye(count, dtype=bool)
            scores = scores.masked_fill(same, -math.inf)
        target = np.arange(count)
        loss = cross_entropy(scores, target)
        return (loss + cross_entropy(scores.T, target)) / 2 if symmetric else loss

    def retrieve(self, queries: Any, item_vectors: Any, k: int = 10) -> tuple[Numbers, Numbers]:
        """The numbers of the k items that score highest for each query, best first, and their scores.

        Args:
            queries: B of them.
            item_vectors: (items, D) of all items, from ``item_vectors``.
            k: how many.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        with no_grad():
            vectors = raw(self.query_vectors(queries))
        found, scores = best(np.asarray(vectors), np.asarray(raw(item_vectors)), k, None)
        return found, scores / self.temperature

    def _vectors(self, name: str, vectors: Tensor) -> Tensor:
        if vectors.ndim != 2:
            raise ValueError(f"{name} must give vectors (B, D), got the shape {vectors.shape}")
        return normalize(vectors, dim=-1) if self.normalize else vectors

    def extra_repr(self) -> str:
        """The temperature, and whether vectors have length 1."""
        return f"temperature={self.temperature}, normalize={self.normalize}"


def _listed(name: str, value: Any, count: int) -> Numbers:
    array = np.asarray(raw(value))
    if array.shape != (count,):
        raise ValueError(f"{name} has the shape {array.shape}, and there are {count} items")
    return array
