"""DataLoader: a dataset in batches."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..random import default_generator
from .collate import collate
from .dataset import Dataset, shown


class DataLoader:
    """Goes through a dataset in batches; every ``for`` loop over it is one epoch.

    Args:
        dataset: a ``Dataset``, or anything with ``__getitem__`` and ``__len__``.
        batch_size: samples in a batch; the last batch may have fewer.
        shuffle: whether to go through the samples in a new random order every epoch.
        drop_last: leave out a last batch that is not full.
        generator: draws the order, at the start of an epoch; by default ``minigrad.random.default_generator()`` of that
            moment, so that ``manual_seed`` fixes the order.
        collate_fn: joins a list of samples into a batch; by default ``dataset.batch``, or ``collate`` if there is none.

    Raises:
        TypeError: for a dataset without a length, and a generator that is not NumPy's.
        ValueError: for a batch size below 1, an empty dataset that shall be shuffled, and a ``drop_last`` that leaves
            nothing.

    Example:
        >>> from minigrad.data import TensorDataset
        >>> loader = DataLoader(TensorDataset(np.arange(5), np.arange(5) ** 2), batch_size=2)
        >>> for x, y in loader:
        ...     print(x, y)
        [0 1] [0 1]
        [2 3] [4 9]
        [4] [16]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        generator: np.random.Generator | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise TypeError(f"a dataset needs __len__ and __getitem__, and {type(dataset).__name__} lacks one of them")
        if operator.index(batch_size) < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if generator is not None and not isinstance(generator, np.random.Generator):
            raise TypeError(
                f"generator must be a numpy.random.Generator, got {type(generator).__name__}; "
                "make one with np.random.default_rng(seed)"
            )
        if shuffle and not len(dataset):
            raise ValueError("an empty dataset cannot be shuffled; were all samples filtered out?")
        if drop_last and 0 < len(dataset) < batch_size:
            raise ValueError(
                f"drop_last leaves nothing of {len(dataset)} samples in batches of {batch_size}; "
                "use a smaller batch_size, or drop_last=False"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.generator = generator
        self.collate_fn = collate_fn

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        order = np.arange(len(self.dataset))
        if self.shuffle:
            order = (default_generator() if self.generator is None else self.generator).permutation(order)
        return (self._fetch(order[i * self.batch_size : (i + 1) * self.batch_size]) for i in range(len(self)))

    def __repr__(self) -> str:
        options = {"shuffle": False, "drop_last": False, "generator": None, "collate_fn": None}
        given = {name: getattr(self, name) for name, default in options.items() if getattr(self, name) is not default}
        chosen = "".join(f", {name}={value!r}" for name, value in given.items())
        return f"{type(self).__name__}({shown(self.dataset)}, batch_size={self.batch_size}{chosen})"

    def _fetch(self, indices: np.ndarray) -> Any:
        if self.collate_fn is None and isinstance(self.dataset, Dataset):
            return self.dataset.batch(indices)
        samples = [self.dataset[int(index)] for index in indices]
        return collate(samples) if self.collate_fn is None else self.collate_fn(samples)
