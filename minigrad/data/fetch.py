"""What a loader fetches from a dataset: samples by number, and whole batches where the dataset can give them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from .collate import as_list, default_collate, default_convert, joined
from .dataset import Dataset, IterableDataset
from .tensors import rows


def fetched(dataset: Any, indices: Any) -> Any:
    """One batch of Tensors with the samples of these numbers: in one piece where the dataset can do that."""
    if isinstance(dataset, np.ndarray | Tensor):
        return default_convert(rows(dataset, indices))
    if isinstance(dataset, Dataset) and _decides(dataset, "batch", "__getitems__", "__getitem__"):
        return default_convert(dataset.batch(indices))
    return joined(samples_of(dataset, indices), indices)


def samples_of(dataset: Any, indices: Any) -> list[Any]:
    """The samples with these numbers, through the dataset's ``__getitems__`` if it has one that is up to date."""
    numbers = as_list(indices)
    if not _decides(dataset, "__getitems__", "__getitem__"):
        return [dataset[number] for number in numbers]
    samples = dataset.__getitems__(numbers)
    if len(samples) != len(numbers):
        raise ValueError(
            f"{type(dataset).__name__}.__getitems__ gave {len(samples)} samples for {len(numbers)} indices"
        )
    return samples  # type: ignore[no-any-return]


def _decides(dataset: Any, name: str, *others: str) -> bool:
    """Whether a method says what the samples are: no subclass of the class that has it overrides the others alone."""
    for kind in type(dataset).__mro__:
        if kind is Dataset:
            return False
        if name in vars(kind):
            return True
        if any(other in vars(kind) for other in others):
            return False
    return False


class Numbered:
    """Fetches the batches of a dataset whose samples have numbers."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def __call__(self, indices: Any) -> Any:
        """The batch, or with ``batched=False`` the sample, of what the sampler gave."""
        job = self.job
        if not job.batched:
            return job.collate_fn(job.dataset[indices])
        if job.collate_fn is default_collate:
            return fetched(job.dataset, indices)
        return job.collate_fn(samples_of(job.dataset, indices))


class Stream:
    """Fetches the batches of a dataset that is a stream, from its start."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.samples: Iterator[Any] | None = None
        self.count = 0

    def __call__(self, indices: Any = None) -> Any:
        """The next batch or sample; raises StopIteration at the end."""
        job = self.job
        if self.samples is None:
            self.samples = iter(job.dataset)
        if job.batch_size is None:
            return job.collate_fn(next(self.samples))
        samples = list(itertools.islice(self.samples, job.batch_size))
        if not samples or (job.drop_last and len(samples) < job.batch_size):
            raise StopIteration
        self.count += len(samples)
        if job.collate_fn is default_collate:
            return joined(samples, range(self.count - len(samples), self.count))
        return job.collate_fn(samples)


@dataclass(frozen=True)
class Job:
    """What is to be fetched, wherever that is done."""

    dataset: Any
    collate_fn: Callable[[Any], Any]
    batched: bool
    batch_size: int | None
    drop_last: bool

    def fetcher(self) -> Numbered | Stream:
        """A function from what the sampler gave to what the loader hands out."""
        return Stream(self) if isinstance(self.dataset, IterableDataset) else Numbered(self)
