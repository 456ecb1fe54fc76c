"""The random numbers of workers: fixed by the loader's generator, and for each batch the same in whichever worker.

A worker that fetches numbered samples is seeded anew for every batch, from the epoch's seed and the number of the
batch. So what it draws depends neither on how many workers there are nor on which batches this one had before, and an
epoch that is resumed in the middle goes on with the numbers that it would have had.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from ...random import default_generator, get_state, manual_seed


def epoch_seed(generator: np.random.Generator, epoch: int) -> int:
    """A seed for an epoch's workers. Nothing is drawn from the generator itself, lest workers change other numbers."""
    drawn = int(copy.deepcopy(generator).integers(2**63))
    return mixed(drawn, epoch) >> 1  # room for the number of a worker


def mixed(*numbers: int) -> int:
    """One seed of 64 bits from several numbers, as different as can be for different ones."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


class Seeds:
    """Seeds what samples draw from: the library's own generator and, in a process, the global ones of Python and NumPy.

    Those that ``worker_init_fn`` has touched are left to it.
    """

    def __init__(self, whole_process: bool) -> None:
        self.seeders: list[Callable[[int], Any]] = [manual_seed]
        self.states: list[Callable[[], Any]] = [_own_state]
        if whole_process:
            self.seeders += [random.seed, _seed_numpy]
            self.states += [random.getstate, _numpy_state]

    def seed(self, number: int) -> None:
        """Seed them all."""
        for seeder in self.seeders:
            seeder(number)

    def run(self, function: Callable[[], Any]) -> None:
        """Call the function, and from now on leave alone what it drew from or seeded."""
        before = [state() for state in self.states]
        function()
        kept = [index for index, state in enumerate(self.states) if state() == before[index]]
        self.seeders = [self.seeders[index] for index in kept]
        self.states = [self.states[index] for index in kept]


def _seed_numpy(number: int) -> None:
    np.random.seed(number % 2**32)  # noqa: NPY002 - datasets written for PyTorch draw from it


def _numpy_state() -> Any:
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    return repr(state), state["state"]["key"].tobytes()


def _own_state() -> Any:
    return id(default_generator()), get_state()
