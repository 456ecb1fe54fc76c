"""Datasets: samples by number, or one after the other."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from .collate import as_list, joined

Sample = TypeVar("Sample", covariant=True)


class Dataset(Generic[Sample]):
    """Base class of datasets: define ``__getitem__`` for one number, and ``__len__``.

    There is no ``__len__`` here, so that ``len`` of a dataset without one fails as it does for any object.

    Example:
        >>> class Squares(Dataset):
        ...     def __getitem__(self, index):
        ...         return np.float32(index), np.float32(index**2)
        ...
        ...     def __len__(self):
        ...         return 100
        >>> Squares().batch([2, 3])
        [Tensor([2., 3.]), Tensor([4., 9.])]
    """

    def __getitem__(self, index: Any) -> Sample:
        raise NotImplementedError(f"{type(self).__name__} has no samples; define __getitem__(self, index) in the class")

    def __iter__(self) -> Iterator[Sample]:
        if hasattr(self, "__len__"):
            for index in range(len(self)):
                yield self[index]
            return
        for index in itertools.count():
            try:
                sample = self[index]
            except IndexError:
                return
            yield sample

    def __add__(self, other: Any) -> Dataset[Any]:
        return ConcatDataset([self, other])

    def batch(self, indices: Any) -> Any:
        """The samples with these numbers, joined; a dataset that can fetch many at once overrides this.

        A loader calls it, unless a ``__getitem__`` was overridden in a subclass of the class that defines it.
        """
        indices = as_list(indices)
        return joined([self[index] for index in indices], indices)

    def __repr__(self) -> str:
        return _counted(self)


class IterableDataset(Dataset[Sample]):
    """Base class of datasets that are streams: define ``__iter__``.

    With several workers each iterates over a copy of the dataset; ``get_worker_info()`` in ``__iter__`` says which part
    is due, or every sample comes once from each worker.

    Example:
        >>> from minigrad.data import DataLoader, get_worker_info
        >>> class Lines(IterableDataset):
        ...     def __iter__(self):
        ...         info = get_worker_info()  # None outside of workers
        ...         start, step = (info.id, info.num_workers) if info else (0, 1)
        ...         return iter(range(start, 5, step))
        >>> [batch.tolist() for batch in DataLoader(Lines(), batch_size=2)]
        [[0, 1], [2, 3], [4]]
    """

    def __iter__(self) -> Iterator[Sample]:
        raise NotImplementedError(f"{type(self).__name__} has no samples; define __iter__(self) in the class")

    def __getitem__(self, index: Any) -> Sample:
        raise TypeError(f"{type(self).__name__} is a stream: its samples have no numbers; iterate over it")

    def __add__(self, other: Any) -> Dataset[Any]:
        return ChainDataset([self, other])


class ConcatDataset(Dataset[Any]):
    """Several datasets, one behind the other; ``a + b`` is short for two.

    Args:
        datasets: datasets with numbered samples.

    Raises:
        TypeError: for streams, which ``ChainDataset`` joins.
        ValueError: for none.

    Example:
        >>> ConcatDataset([[10, 11], [12]])[2]
        12
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset needs at least one dataset, such as ConcatDataset([first, second])")
        for position, dataset in enumerate(self.datasets):
            if isinstance(dataset, IterableDataset):
                raise TypeError(f"dataset {position}, {shown(dataset)}, is a stream; join streams with ChainDataset")
        self.cumulative_sizes = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __getitem__(self, index: int) -> Any:
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"the datasets have {len(self)} samples, so there is no number {index}")
        which = bisect.bisect_right(self.cumulative_sizes, number)
        return self.datasets[which][number - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[Any]):
    """Several streams, one after the other; ``a + b`` is short for two.

    Args:
        datasets: ``IterableDataset`` objects; looked at when their turn comes.

    Raises:
        TypeError: while iterating, for a dataset that is no stream.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            yield from self._stream(dataset)

    def __len__(self) -> int:
        return sum(len(self._stream(dataset)) for dataset in self.datasets)

    def _stream(self, dataset: Any) -> Any:
        if not isinstance(dataset, IterableDataset):
            raise TypeError(f"{shown(dataset)} is no IterableDataset; join numbered samples with ConcatDataset")
        return dataset


def shown(dataset: Any) -> str:
    """What a repr shows of a dataset; the own one of a list or an array would show what it holds.

    Example:
        >>> from minigrad.data import TensorDataset
        >>> shown(TensorDataset(np.eye(3))), shown([1.5, 2.5])
        ('TensorDataset(float64 (3, 3))', 'list(2 samples)')
    """
    return repr(dataset) if isinstance(dataset, Dataset) else _counted(dataset)


def _counted(dataset: Any) -> str:
    try:
        samples = f"{len(dataset)} samples"
    except Exception:  # a length that is not defined, or not yet: something must be shown all the same
        samples = ""
    return f"{type(dataset).__name__}({samples})"
