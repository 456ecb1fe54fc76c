"""Datasets: samples by number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..random import default_generator
from .collate import collate


class Dataset:
    """Base class of datasets: define ``__getitem__`` for one number, and ``__len__``.

    Example:
        >>> class Squares(Dataset):
        ...     def __getitem__(self, index):
        ...         return np.float32(index), np.float32(index**2)
        ...
        ...     def __len__(self):
        ...         return 100
        >>> Squares().batch([2, 3])
        (array([2., 3.], dtype=float32), array([4., 9.], dtype=float32))
    """

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no samples; define __getitem__(self, index) in the class")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no length; define __len__(self) in the class")

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def batch(self, indices: Any) -> Any:
        """The samples with these numbers, joined; a dataset that can fetch many at once overrides this."""
        return collate([self[int(index)] for index in indices])

    def __repr__(self) -> str:
        return _counted(self)


class TensorDataset(Dataset):
    """Arrays or Tensors whose first dimension counts the samples.

    Indexing gives a tuple with one part for each array: of a sample for an integer, of a batch for a slice or an array
    of indices. What goes in as an array comes out as one, and Tensors come out as Tensors. Nothing is copied at first.

    Args:
        tensors: arrays or Tensors of equal length.

    Raises:
        TypeError: for what is neither, and without arguments.
        ValueError: for different lengths.

    Example:
        >>> data = TensorDataset(np.eye(3), np.array([0, 1, 2]))
        >>> data[1]
        (array([0., 1., 0.]), np.int64(1))
        >>> data[[2, 0]]
        (array([[0., 0., 1.],
               [1., 0., 0.]]), array([2, 0]))
    """

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise TypeError("TensorDataset needs at least one array, such as TensorDataset(inputs, labels)")
        for position, tensor in enumerate(tensors):
            if not hasattr(tensor, "__array_function__"):
                raise TypeError(
                    f"argument {position} of TensorDataset is a {type(tensor).__name__}, neither array nor Tensor; "
                    "convert it: np.asarray(values, dtype=np.float32)"
                )
        shapes = [np.shape(tensor) for tensor in tensors]
        if any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(f"the first sizes count the samples and must be equal, got the shapes {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def batch(self, indices: Any) -> Any:
        """The samples with these numbers, by a single indexing of every array."""
        return self[indices]

    def __repr__(self) -> str:
        arrays = ", ".join(f"{tensor.dtype} {np.shape(tensor)}" for tensor in self.tensors)
        return f"{type(self).__name__}({arrays})"


def shown(dataset: Any) -> str:
    """What a repr shows of a dataset; the own one of a list or an array would show what it holds.

    Example:
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


class Subset(Dataset):
    """Some samples of another dataset.

    Args:
        dataset: the other one.
        indices: the numbers there of the samples here.

    Raises:
        IndexError: for a number that the dataset does not have.
        TypeError: for indices that are no integers.

    Example:
        >>> Subset(TensorDataset(np.array([10, 11, 12])), [2, 0])[0]
        (np.int64(12),)
    """

    def __init__(self, dataset: Any, indices: Sequence[int] | np.ndarray) -> None:
        self.dataset = dataset
        self.indices = np.array(indices, dtype=None if len(indices) else np.intp)
        if self.indices.ndim != 1 or self.indices.dtype.kind not in "iu":
            raise TypeError(
                f"indices must be a list of integers, got {self.indices.dtype} of shape {self.indices.shape}; "
                "turn a mask into indices with np.flatnonzero(mask)"
            )
        wrong = self.indices[(self.indices < -len(dataset)) | (self.indices >= len(dataset))]
        if wrong.size:
            raise IndexError(f"the dataset has {len(dataset)} samples, so there is no number {wrong[0]}")

    def __getitem__(self, index: Any) -> Any:
        chosen = self.indices[index]
        return self.dataset[chosen if chosen.ndim else int(chosen)]

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, indices: Any) -> Any:
        """The samples with these numbers, fetched as the other dataset fetches them."""
        if isinstance(self.dataset, Dataset):
            return self.dataset.batch(self.indices[indices])
        return super().batch(indices)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} of the {len(self.dataset)} samples of {shown(self.dataset)})"


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
    order = (default_generator() if generator is None else generator).permutation(count)
    edges = np.cumsum([int(size) for size in sizes])
    return [Subset(dataset, part) for part in np.split(order, edges[:-1])]
