"""DataLoader: a dataset in batches."""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import numpy as np

from ..random import as_generator, default_generator, get_state, set_state
from .arguments import THREAD, check_functions, check_numbers, check_samplers, start_method
from .collate import default_collate, default_convert
from .dataset import IterableDataset, shown
from .epoch import Ahead, Epoch, Serial, Tasks
from .fetch import Job
from .position import Position, as_state, from_state
from .sampler import BatchSampler, RandomSampler, SequentialSampler, pieces
from .workers.processes import Processes
from .workers.seeds import epoch_seed
from .workers.station import Order
from .workers.threads import Threads

Batch = TypeVar("Batch", covariant=True)
FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class DataLoader(Generic[Batch]):
    """Goes through a dataset in batches of Tensors; every ``for`` loop over it is one epoch.

    The forms of gradient descent differ in two arguments only: full batch has ``batch_size=len(dataset)``, stochastic
    ``batch_size=1, shuffle=True``, mini-batch a size between, in order, and mini-batch stochastic the same shuffled.

    The order is drawn in the main process, so it is the same for every number of workers. What numbered samples draw
    in a worker is fixed by the epoch's seed and the number of the batch: the same for one worker and for many.

    A run that is interrupted goes on where it was: save ``loader.state_dict()`` after a step, together with the model,
    the optimizer and ``minigrad.get_rng_state()``; load all of them, and the next ``for`` loop hands out the rest of
    the epoch, batch for batch the same. A stream is read again from its start, and its first batches are dropped.

    Args:
        dataset: a ``Dataset``, or anything with ``__getitem__`` and ``__len__``; or an ``IterableDataset``.
        batch_size: samples in a batch; the last batch may have fewer. None hands out single samples.
        shuffle: whether to go through the samples in a new random order every epoch.
        sampler: gives the indices of an epoch, in place of ``shuffle``.
        batch_sampler: gives lists of indices, in place of ``batch_size``, ``shuffle``, ``sampler`` and ``drop_last``.
        num_workers: processes that load ahead; 0 loads in the loop itself.
        collate_fn: joins a list of samples into a batch; by default ``default_collate``, and where the dataset can
            fetch a whole batch at once, its ``batch``. Without batches, turns a sample into what is handed out.
        pin_memory: without effect, as all memory here is the CPU's.
        drop_last: leave out a last batch that is not full.
        timeout: seconds after which a batch that has not come from a worker is an error; 0 waits.
        worker_init_fn: called with the number of the worker in each of them when it starts. What it seeds or draws from
            is left alone afterwards.
        multiprocessing_context: how workers are started: "fork", "spawn", "forkserver", a context of
            ``multiprocessing``, or "thread" for threads that share the dataset. By default "fork" on Linux.
        generator: draws the order, at the start of an epoch; by default ``minigrad.random.default_generator()`` of that
            moment, so that ``manual_seed`` fixes the order.
        prefetch_factor: batches that each worker loads ahead; by default 2.
        persistent_workers: keep the workers from one epoch to the next.
        pin_memory_device: without effect.
        in_order: hand out batches in order, even where a later one is ready before.

    Raises:
        TypeError: for a dataset without a length, a generator that is none, and numbers and functions of another kind.
        ValueError: for a batch size below 1, an empty dataset that shall be shuffled, a ``drop_last`` that leaves
            nothing, and arguments that exclude each other.
        RuntimeError: while iterating, if a worker ends or ``timeout`` is over.

    Example:
        >>> from minigrad.data import TensorDataset
        >>> loader = DataLoader(TensorDataset(np.arange(5), np.arange(5) ** 2), batch_size=2)
        >>> for x, y in loader:
        ...     print(x, y)
        Tensor([0, 1]) Tensor([0, 1])
        Tensor([2, 3]) Tensor([4, 9])
        Tensor([4]) Tensor([16])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: np.random.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        check_numbers(num_workers, timeout, prefetch_factor, persistent_workers)
        check_samplers(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        check_functions(collate_fn=collate_fn, worker_init_fn=worker_init_fn)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = start_method(multiprocessing_context, num_workers)
        self.in_order = in_order
        self.shuffle = bool(shuffle)
        self.generator = None if generator is None else as_generator(generator)
        self.streams = isinstance(dataset, IterableDataset)
        if sampler is None and not self.streams:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None and sampler is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn or (default_collate if self._batched else default_convert)
        self.persistent_workers = persistent_workers
        self._epoch = 0  # the number of the next one
        self._position: Position | None = None  # in the one that goes on
        self._resumed: Position | None = None  # where the next one begins
        self._crew: Processes | Threads | None = None  # workers that are kept
        self._user: Any = None  # who uses them
        self._made = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and hasattr(self, "_made"):
            raise ValueError(f"{name} is fixed when a DataLoader is made; make another one")
        super().__setattr__(name, value)

    @property
    def _batched(self) -> bool:
        return self.batch_size is not None or self.batch_sampler is not None

    def __len__(self) -> int:
        if not self.streams:
            return len(self.batch_sampler if self._batched else self.sampler)  # type: ignore[arg-type]
        if not hasattr(self.dataset, "__len__"):
            raise TypeError(f"nobody knows how long {shown(self.dataset)} is; define __len__ in it to use len(loader)")
        if self.batch_size is None:
            return len(self.dataset)
        return len(self.dataset) // self.batch_size if self.drop_last else -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        generators, resumed = self._generators(), self._resumed
        self._resumed = None
        stood = [get_state(generator) for generator in generators]
        position = Position(self._epoch, stood) if resumed is None else resumed
        for generator, state in zip(generators, position.start, strict=True):
            set_state(state, generator)
        try:
            return self._from(position)
        finally:
            if resumed is not None:  # what is drawn from now on goes on where it was
                for generator, state in zip(generators, stood, strict=True):
                    set_state(state, generator)

    def _from(self, position: Position) -> Epoch:
        """The epoch from a position on; the generators stand where they stood at its start."""
        self._epoch, self._position = position.epoch + 1, position
        if self.num_workers:
            position.seed = epoch_seed(as_generator(self.generator), position.epoch)
        tasks: Tasks = zip(itertools.count(), itertools.repeat(None))
        done = 0
        if self.streams:  # it can only be read from its start
            done, position.batch = position.batch, 0
        else:
            indices = iter(self.sampler) if self.batch_sampler is None else pieces(self.batch_sampler)  # type: ignore[arg-type]
            left = (task for task in enumerate(indices) if not position.is_done(task[0]))
            tasks = itertools.chain(list(itertools.islice(left, 1)), left)  # the order is drawn now
        epoch = self._epoch_of(tasks, position)
        for _ in range(done):
            next(epoch)
        return epoch

    def _epoch_of(self, tasks: Tasks, position: Position) -> Epoch:
        job = Job(self.dataset, self.collate_fn, self._batched, self.batch_size, self.drop_last)
        try:
            length = len(self)
        except TypeError:
            length = None
        arguments = (job, tasks, position, length, functools.partial(self._finish, position))
        if not self.num_workers:
            return Serial(*arguments)
        assert self.prefetch_factor is not None
        order = Order(job, self.num_workers, self.prefetch_factor, self.worker_init_fn)
        user = self._user and self._user()
        keep = self.persistent_workers and (user is None or user.over)
        crew = self._crew if keep else None
        if crew is None or not crew.close.alive:
            threads = self.multiprocessing_context == THREAD
            crew = (
                Threads(order, self.timeout)
                if threads
                else Processes(order, self.multiprocessing_context, self.timeout)
            )
        epoch = Ahead(*arguments, crew=crew, order=order, in_order=self.in_order, keep=keep)
        if keep:
            self._crew, self._user = crew, weakref.ref(epoch)
        return epoch

    def _finish(self, position: Position) -> None:
        if self._position is position:
            self._position = None

    # --- going on in another run --------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands: epoch, batches handed out in it, and generators, as numbers and text.

        The batch handed out last counts as used: save after its step. Not in it is the library's own generator; save
        ``minigrad.get_rng_state()`` beside it.

        Example:
            >>> loader = DataLoader(range(6), 2, shuffle=True)
            >>> epoch = iter(loader)
            >>> seen = next(epoch)
            >>> state = loader.state_dict()
            >>> rest = [batch.tolist() for batch in epoch]
            >>> again = DataLoader(range(6), 2, shuffle=True)
            >>> again.load_state_dict(state)
            >>> [batch.tolist() for batch in again] == rest
            True
        """
        position = self._resumed or self._position or Position(self._epoch)
        return as_state(position, self._own(), self.batch_size, self._samples())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Stand where ``state_dict`` was called: the next ``for`` loop hands out the rest of that epoch.

        Raises:
            TypeError: for what is no state.
            ValueError: for the state of a loader of another dataset, batch size or number of generators.
        """
        position = from_state(state_dict, self._own(), self.batch_size, self._samples(), self.dataset)
        self._epoch, self._position = position.epoch, None
        self._resumed = position if position.start else None

    def _own(self) -> list[np.random.Generator]:
        """The generators that this loader and its samplers were given."""
        inner = getattr(self.batch_sampler, "sampler", None)
        holders = (self, self.sampler, self.batch_sampler, inner)
        found = [getattr(holder, "generator", None) for holder in holders]
        return list({id(each): each for each in found if isinstance(each, np.random.Generator)}.values())

    def _generators(self) -> list[np.random.Generator]:
        return [default_generator(), *self._own()]

    def _samples(self) -> int | None:
        return len(self.dataset) if hasattr(self.dataset, "__len__") else None

    def __repr__(self) -> str:
        defaults: dict[str, Any] = {"shuffle": False, "drop_last": False, "num_workers": 0, "generator": None}
        given = {name: getattr(self, name) for name, default in defaults.items() if getattr(self, name) != default}
        if self.collate_fn not in (default_collate, default_convert):
            given["collate_fn"] = self.collate_fn
        chosen = "".join(f", {name}={value!r}" for name, value in given.items())
        return f"{type(self).__name__}({shown(self.dataset)}, batch_size={self.batch_size}{chosen})"
