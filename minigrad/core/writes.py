"""In-place writes.

A write is remembered by the memory it touched, not by the Tensor it went through, so views, detached aliases and
constants are guarded alike. ``last_write`` lets a graph younger than every write skip the look-up.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from .graph import Array, tick

last_write = -1
_stamping = threading.RLock()  # else a slower thread could turn last_write back, and a graph would skip the look-up
_written: dict[int, tuple[int, Any]] = {}  # id of the array that owns the memory -> (time, weak reference to it)


def owner_of(array: Array) -> Array:
    """The array that owns the memory of ``array``."""
    base = array.base
    while base is not None and hasattr(base, "base"):
        array, base = base, base.base
    return array


def stamp(array: Array) -> None:
    """Record that the memory of ``array`` was just overwritten."""
    global last_write
    owner = owner_of(array)
    key = id(owner)
    known = _written.get(key)
    reference = known[1] if known is not None else weakref.ref(owner, functools.partial(_forget, key))
    with _stamping:
        last_write = tick()
        _written[key] = (last_write, reference)


def stamping(arrays: Iterable[Array]) -> Callable[[], None]:
    """A function that does for all these arrays, which it keeps alive, what ``stamp`` does for one, at one time."""
    owners = {id(owner): owner for owner in map(owner_of, arrays)}
    held = []  # with the owners: else another array could be found at the address of one that is gone
    for key, owner in owners.items():
        known = _written.get(key)
        reference = known[1] if known is not None else weakref.ref(owner, functools.partial(_forget, key))
        held.append((key, reference, owner))

    def stamp_all() -> None:
        global last_write
        with _stamping:
            last_write = tick()
            for key, reference, _ in held:
                _written[key] = last_write, reference

    return stamp_all


def _forget(key: int, _: Any) -> None:
    _written.pop(key, None)


def repeats(array: Array) -> bool:
    """Whether a view shows some element several times, as broadcasting and sliding windows do."""
    if array.base is None or not array.size or not hasattr(array, "strides"):
        return False
    extent = 0  # in bytes, of the dimensions with smaller steps
    for step, n in sorted(zip(map(abs, array.strides), array.shape, strict=True)):
        if n > 1 and step <= extent:
            return True
        extent += step * (n - 1)
    return False


def refuse_repeated(what: str, array: Array) -> None:
    """Raise if writing into ``array`` would write one element several times."""
    if repeats(array):
        raise RuntimeError(
            f"{what} into shape {array.shape} would write elements several times, since it shows them in several "
            "places, as expand, broadcast_to and unfold do without a copy; make one with .clone() first"
        )


def overwritten(array: Array, since: int) -> bool:
    """Was the memory of ``array``, alive all that time, written to after ``since``?"""
    return _written.get(id(owner_of(array)), (-1,))[0] > since
