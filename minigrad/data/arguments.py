"""Which arguments of a DataLoader go together; errors say what to write instead."""

from __future__ import annotations

import math
import multiprocessing
import sys
from multiprocessing.context import BaseContext
from typing import Any

from .dataset import IterableDataset, shown

THREAD = "thread"


def check_numbers(num_workers: Any, timeout: Any, prefetch_factor: Any, persistent_workers: Any) -> None:
    """Check what concerns the workers."""
    _integer("num_workers", num_workers, 0, "0 loads in the loop itself")
    if not isinstance(timeout, int | float) or not 0 <= timeout < math.inf:
        raise ValueError(f"timeout is a number of seconds, 0 to wait as long as it takes, got {timeout!r}")
    if prefetch_factor is not None:
        if not num_workers:
            raise ValueError("prefetch_factor is how many batches each worker loads ahead, so it needs num_workers > 0")
        _integer("prefetch_factor", prefetch_factor, 1, "the number of batches that each worker loads ahead")
    if persistent_workers and not num_workers:
        raise ValueError("persistent_workers=True keeps workers, so it needs num_workers > 0")


def check_samplers(
    dataset: Any, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: Any
) -> None:
    """Check what says which samples come when."""
    if isinstance(dataset, IterableDataset):
        for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
            if value is not None:
                raise ValueError(
                    f"{shown(dataset)} is a stream, which says itself what comes when, so {name}={value!r} has no "
                    "meaning; leave it out"
                )
    elif not hasattr(dataset, "__getitem__"):
        raise TypeError(
            f"a dataset needs __len__ and __getitem__, and {type(dataset).__name__} lacks one of them; a stream is "
            "made by a subclass of IterableDataset"
        )
    elif sampler is None and batch_sampler is None and not hasattr(dataset, "__len__"):
        raise TypeError(
            f"a dataset needs __len__ and __getitem__, and {type(dataset).__name__} lacks one of them; define __len__ "
            "in it, or give a sampler"
        )
    if isinstance(shuffle, str):  # "no" would shuffle
        raise TypeError(f"shuffle is True or False, got {shuffle!r}")
    for name, value in (("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None and not (hasattr(value, "__iter__") or hasattr(value, "__getitem__")):
            raise TypeError(
                f"a {name} gives indices in a loop, and {value!r} cannot be looped over; give a list of them"
            )
    if sampler is not None and shuffle:
        raise ValueError("a sampler says in which order samples come, so shuffle=True has no meaning; leave it out")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            "a batch_sampler says what is in each batch, so batch_size, shuffle, sampler and drop_last have no "
            "meaning; leave them out"
        )
    if batch_size is None:
        if drop_last:
            raise ValueError("batch_size=None makes no batches, so there is none that drop_last could leave out")
        return
    _integer("batch_size", batch_size, 1, "or None for single samples")
    if drop_last and sampler is None and hasattr(dataset, "__len__") and 0 < len(dataset) < batch_size:
        raise ValueError(
            f"drop_last leaves nothing of {len(dataset)} samples in batches of {batch_size}; "
            "use a smaller batch_size, or drop_last=False"
        )


def check_functions(**functions: Any) -> None:
    """Check what is called, before an epoch fails in the middle."""
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise TypeError(f"{name} is called, and must be a function, got {function!r}")


def start_method(wanted: Any, num_workers: int) -> Any:
    """How workers are started: a context of ``multiprocessing``, or "thread"; None without workers."""
    if wanted is None:
        if not num_workers:
            return None
        chosen = multiprocessing.get_start_method(allow_none=True)
        return multiprocessing.get_context(chosen or ("fork" if sys.platform == "linux" else None))
    if not num_workers:
        raise ValueError("multiprocessing_context says how workers are started, so it needs num_workers > 0")
    if wanted == THREAD or isinstance(wanted, BaseContext):
        return wanted
    methods = [*multiprocessing.get_all_start_methods(), THREAD]
    if not isinstance(wanted, str):
        raise TypeError(f"multiprocessing_context is a context of multiprocessing or one of {methods}, got {wanted!r}")
    if wanted not in methods:
        raise ValueError(f"multiprocessing_context is one of {methods} here, got {wanted!r}")
    return multiprocessing.get_context(wanted)


def _integer(name: str, number: Any, least: int, meaning: str) -> None:
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{name} must be an integer, got {number!r}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}; {meaning}")
