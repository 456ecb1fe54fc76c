"""Datasets made of others: parts of one, and several side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..random import as_generator
from .dataset import Dataset, shown
from .fetch import fetched, samples_of


class Subset(Dataset[Any]):
    """Some samples of another dataset.

    Args:
        dataset: the other one.
        indices: the numbers there of the samples here.

    Raises:
        IndexError: for a number that the dataset does not have.
        TypeError: for indices that are no integers.

    Example:
        >>> from minigrad.data import TensorDataset
        >>> Subset(TensorDataset(np.array([10, 11, 12])), [2, 0])[0]
        (np.int64(12),)
    """

    def __init__(self, dataset: Any, indices: Sequence[int] | np.ndarray) -> None:
        if not hasattr(indices, "__len__"):
            raise TypeError(f"indices must be a list of integers, got {indices!r}; of the first n: range(n)")
        self.dataset = dataset
        self.indices = np.array(indices, dtype=None if len(indices) else np.intp)
        if self.indices.ndim != 1 or self.indices.dtype.kind not in "iu":
            raise TypeError(
                f"indices must be a list of integers, got {self.indices.dtype} of shape {self.indices.shape}; "
                "turn a mask into indices with np.flatnonzero(mask)"
            )
        if hasattr(dataset, "__len__"):
            wrong = self.indices[(self.indices < -len(dataset)) | (self.indices >= len(dataset))]
            if wrong.size:
                raise IndexError(f"the dataset has {len(dataset)} samples, so there is no number {wrong[0]}")

    def __getitem__(self, index: Any) -> Any:
        chosen = self.indices[index]
        return self.dataset[chosen if chosen.ndim else int(chosen)]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """The samples with these numbers, as the other dataset fetches them."""
        return samples_of(self.dataset, self.indices[np.asarray(indices, np.intp)])

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, indices: Any) -> Any:
        """The samples with these numbers, joined as the other dataset joins them."""
        return fetched(self.dataset, self.indices[np.asarray(indices, np.intp)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} of the {len(self.dataset)} samples of {shown(self.dataset)})"


class StackDataset(Dataset[Any]):
    """Several datasets side by side: a sample is a tuple of theirs, or a dict if they were given by name.

    Args:
        args: datasets of equal length; or
        kwargs: the same under names.

    Raises:
        TypeError: for none, and for both kinds at once.
        ValueError: for different lengths.

    Example:
        >>> StackDataset(image=np.zeros((2, 3)), caption=["a", "b"])[1]
        {'image': array([0., 0., 0.]), 'caption': 'b'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise TypeError("StackDataset takes datasets either by position, for tuples, or by name, for dicts")
        parts = dict(enumerate(args)) if args else kwargs
        lengths = {name: len(dataset) for name, dataset in parts.items()}
        if len({*lengths.values()}) > 1:
            raise ValueError(f"the datasets side by side must have equal lengths, got {lengths}")
        self.datasets = args or kwargs

    def __getitem__(self, index: Any) -> Any:
        return self._each(lambda dataset: dataset[index])

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """The samples with these numbers, as each dataset fetches its own."""
        parts = self._each(lambda dataset: samples_of(dataset, indices))
        if isinstance(parts, tuple):
            return list(zip(*parts, strict=True))
        return [dict(zip(parts, values, strict=True)) for values in zip(*parts.values(), strict=True)]

    def __len__(self) -> int:
        return len(next(iter(self.datasets.values())) if isinstance(self.datasets, dict) else self.datasets[0])

    def batch(self, indices: Any) -> Any:
        """The samples with these numbers, each dataset's part joined on its own."""
        return self._each(lambda dataset: fetched(dataset, indices))

    def _each(self, function: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: function(dataset) for name, dataset in self.datasets.items()}
        return tuple(function(dataset) for dataset in self.datasets)


def random_split(dataset: Any, lengths: Sequence[float], generator: np.random.Generator | None = None) -> list[Subset]:
    """Deal the samples out at random.

    Args:
        dataset: what to split.
        lengths: sizes that add up to its length; or shares that add up to 1, rounded down, where the samples left over
            go to the first parts, one each.
        generator: by default ``minigrad.random.default_generator()``.

    Raises:
        ValueError: for sizes or shares that do not add up, or are negative.

    Example:
        >>> from minigrad.data import TensorDataset
        >>> train, test = random_split(TensorDataset(np.arange(10)), [0.8, 0.2])
        >>> len(train), len(test)
        (8, 2)
    """
    count = len(dataset)
    sizes = list(lengths)
    if math.isclose(sum(sizes), 1):
        sizes = [math.floor(count * share) for share in lengths]
        for part in range(count - int(sum(sizes))):
            sizes[part % len(sizes)] += 1
    if sum(sizes) != count or any(size < 0 or size != int(size) for size in sizes):
        raise ValueError(f"the lengths must be sizes that add up to {count}, or shares that add up to 1, got {lengths}")
    order = as_generator(generator).permutation(count)
    edges = np.cumsum([int(size) for size in sizes])
    return [Subset(dataset, part) for part in np.split(order, edges[:-1])]
