"""Samplers: in which order the samples of a dataset come, and in which batches."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..core.arrays import as_array
from ..random import as_generator
from .collate import as_list

Index = TypeVar("Index", covariant=True)


class Sampler(Generic[Index]):
    """Base class of samplers: define ``__iter__``, which gives indices, and ``__len__`` if it is known how many.

    A loader asks for the indices once for every epoch.

    Example:
        >>> class Backwards(Sampler):
        ...     def __init__(self, data_source):
        ...         self.data_source = data_source
        ...
        ...     def __iter__(self):
        ...         return iter(range(len(self.data_source) - 1, -1, -1))
        >>> from minigrad.data import DataLoader
        >>> [batch.tolist() for batch in DataLoader("abc", 2, sampler=Backwards("abc"), collate_fn=np.array)]
        [['c', 'b'], ['a']]
    """

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError(f"{type(self).__name__} has no order; define __iter__(self) in the class")


class DrawnSampler(Sampler[int]):
    """Base class of samplers that know the order of a whole epoch at its start: define ``draw``."""

    def draw(self) -> range | np.ndarray:
        """The indices of one epoch."""
        raise NotImplementedError(f"{type(self).__name__} has no order; define draw(self) in the class")

    def __iter__(self) -> Iterator[int]:
        return iter(as_list(self.draw()))


class SequentialSampler(DrawnSampler):
    """All samples, in order.

    Example:
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]
    """

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def draw(self) -> range:
        """The indices of one epoch."""
        return range(len(self.data_source))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(DrawnSampler):
    """All samples in a new random order every epoch, or as many as wanted, drawn one by one.

    Args:
        data_source: the dataset, of which only the length matters.
        replacement: draw every index anew, so that some come often and some never.
        num_samples: how many; by default as many as there are. Without replacement more than that go through the
            dataset again, in another order.
        generator: by default ``minigrad.random.default_generator()`` of the moment when an epoch starts.

    Raises:
        TypeError: for a ``replacement`` that is not a bool, and a generator that is none.
        ValueError: for less than one sample.

    Example:
        >>> sorted(RandomSampler("abc"))
        [0, 1, 2]
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: np.random.Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement is True or False, got {replacement!r}")
        if num_samples is not None:
            _positive("num_samples", num_samples)
        elif not len(data_source):
            raise ValueError("an empty dataset cannot be shuffled; were all samples filtered out?")
        self.data_source = data_source
        self.replacement = replacement
        self.generator = _checked(generator)
        self._num_samples = num_samples

    @property
    def num_samples(self) -> int:
        """How many samples an epoch has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def draw(self) -> np.ndarray:
        """The indices of one epoch."""
        generator, count, wanted = as_generator(self.generator), len(self.data_source), self.num_samples
        if not count:
            raise ValueError("an empty dataset has no samples to draw; were all filtered out?")
        if self.replacement:
            return generator.integers(count, size=wanted)
        rounds = [generator.permutation(count) for _ in range(-(-wanted // count))]
        return rounds[0][:wanted] if len(rounds) == 1 else np.concatenate(rounds)[:wanted]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(DrawnSampler):
    """The given indices in a new random order every epoch.

    Args:
        indices: which samples.
        generator: by default ``minigrad.random.default_generator()`` of the moment when an epoch starts.

    Example:
        >>> sorted(SubsetRandomSampler([5, 3, 9]))
        [3, 5, 9]
    """

    def __init__(self, indices: Sequence[int], generator: np.random.Generator | None = None) -> None:
        if not hasattr(indices, "__len__"):
            raise TypeError(f"indices are a list of numbers of samples, got {indices!r}; of all: range(len(dataset))")
        self.indices = indices
        self.generator = _checked(generator)

    def draw(self) -> np.ndarray:
        """The indices of one epoch."""
        order = as_generator(self.generator).permutation(len(self.indices))
        return np.asarray(self.indices)[order] if len(order) else order

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(DrawnSampler):
    """Samples in proportion to weights, such as one over the size of its class for each sample.

    Args:
        weights: one for each sample, at least 0; they need not add up to 1.
        num_samples: how many are drawn in an epoch.
        replacement: whether a sample may come more than once.
        generator: by default ``minigrad.random.default_generator()`` of the moment when an epoch starts.

    Raises:
        TypeError: for a ``replacement`` that is not a bool.
        ValueError: for weights that are negative, not finite or all 0, and without replacement for more samples than
            have a weight.

    Example:
        >>> set(WeightedRandomSampler([0.0, 0.2, 0.8, 0.0], 100)) <= {1, 2}
        True
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: np.random.Generator | None = None,
    ) -> None:
        _positive("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement is True or False, got {replacement!r}")
        self.weights = np.array(as_array(weights, np.float64))
        if self.weights.ndim != 1:
            raise ValueError(f"weights are a list of numbers, one for each sample, got the shape {self.weights.shape}")
        wrong = np.flatnonzero(~((self.weights >= 0) & np.isfinite(self.weights)))
        if wrong.size:
            raise ValueError(
                f"weights must be finite and at least 0, got {self.weights[wrong[0]]} for sample {wrong[0]}"
            )
        possible = np.count_nonzero(self.weights)
        if not possible:
            raise ValueError("all weights are 0, so no sample can be drawn")
        if not replacement and num_samples > possible:
            raise ValueError(
                f"{num_samples} different samples cannot be drawn where {possible} have a weight above 0; "
                "use fewer, or replacement=True"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = _checked(generator)

    def draw(self) -> np.ndarray:
        """The indices of one epoch."""
        generator = as_generator(self.generator)
        possible = np.flatnonzero(self.weights)
        if self.replacement:
            edges = np.cumsum(self.weights[possible] / self.weights.max())
            drawn = np.searchsorted(edges, generator.random(self.num_samples) * edges[-1], side="right")
            return np.asarray(possible[np.minimum(drawn, len(possible) - 1)])
        with np.errstate(divide="ignore"):  # of a wait of exactly 0
            waits = np.log(generator.standard_exponential(len(possible))) - np.log(self.weights[possible])
        drawn = np.argsort(waits, kind="stable")[: self.num_samples]
        return np.asarray(possible[drawn])

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists, one for each batch.

    Args:
        sampler: anything that gives indices.
        batch_size: how many are in a list; the last one may have fewer.
        drop_last: leave out a last list that is not full.

    Raises:
        TypeError: for a batch size that is no integer, and a ``drop_last`` that is not a bool.
        ValueError: for a batch size below 1.

    Example:
        >>> list(BatchSampler(SequentialSampler(range(5)), 2, False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        _positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise TypeError(f"drop_last is True or False, got {drop_last!r}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        return (as_list(indices) for indices in self.pieces())

    def pieces(self) -> Iterator[Any]:
        """The same in pieces of whatever the sampler draws, a range or an array; an epoch's order is drawn at once."""
        kind = type(self.sampler)
        if isinstance(self.sampler, DrawnSampler) and kind.__iter__ is DrawnSampler.__iter__:
            order = self.sampler.draw()
            stop = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
            return (order[i : i + self.batch_size] for i in range(0, stop, self.batch_size))
        return self._collected(iter(self.sampler))

    def _collected(self, indices: Iterator[Any]) -> Iterator[Any]:
        while piece := list(itertools.islice(indices, self.batch_size)):
            if len(piece) == self.batch_size or not self.drop_last:
                yield piece

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return full + (rest > 0 and not self.drop_last)


def pieces(batch_sampler: Any) -> Iterator[Any]:
    """The indices of each batch in turn, as cheaply as the sampler can give them; random orders are drawn at once."""
    if isinstance(batch_sampler, BatchSampler) and type(batch_sampler).__iter__ is BatchSampler.__iter__:
        return batch_sampler.pieces()
    return iter(batch_sampler)


def _positive(name: str, number: Any) -> None:
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{name} must be an integer, got {number!r}")
    if operator.index(number) < 1:
        raise ValueError(f"{name} must be at least 1, got {number}")


def _checked(generator: Any) -> np.random.Generator | None:
    return None if generator is None else as_generator(generator)
