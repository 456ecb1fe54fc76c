"""In-place writes, and the Tensors that share memory.

A write is remembered by the memory it touched, not by the Tensor it went through, so views, detached aliases and
constants are guarded alike. ``last_write`` lets a graph younger than every write skip the look-up.
"""

from __future__ import annotations

import functools
import threading
import weakref
from typing import Any

from .graph import Array, tick

last_write = -1
_stamping = threading.Lock()  # else a slower thread could turn last_write back, and a graph would skip the look-up
_written: dict[int, tuple[int, Any]] = {}  # id of the array that owns the memory -> (time, weak reference to it)


def _owner(array: Array) -> Array:
    while array.base is not None and hasattr(array.base, "base"):
        array = array.base
    return array


def stamp(array: Array) -> None:
    """Record that the memory of ``array`` was just overwritten."""
    global last_write
    owner = _owner(array)
    key = id(owner)
    known = _written.get(key)
    reference = known[1] if known is not None else weakref.ref(owner, lambda _: _written.pop(key, None))
    with _stamping:
        last_write = tick()
        _written[key] = (last_write, reference)


def same_owner(a: Array, b: Array) -> bool:
    """Whether two arrays live in the memory of one."""
    return _owner(a) is _owner(b)


_sharers: dict[int, tuple[Any, dict[int, Any]]] = {}  # id of an owner -> (reference to it, those of its Tensors by id)


def share(array: Array, *tensors: Any) -> None:
    """Record that ``tensors`` have views of the memory of ``array``."""
    owner = _owner(array)
    key = id(owner)
    known = _sharers.get(key)
    if known is None:  # setdefault: another thread may share the same memory at this moment
        known = _sharers.setdefault(key, (weakref.ref(owner, lambda _: _sharers.pop(key, None)), {}))
    references = known[1]
    for tensor in tensors:
        place = id(tensor)
        if place not in references:
            references[place] = weakref.ref(tensor, functools.partial(_forget, references, place))


def _forget(references: dict[int, Any], place: int, _: Any) -> None:
    references.pop(place, None)


def others_on(array: Array, tensor: Any) -> list[Any]:
    """The living Tensors, other than ``tensor``, that are known to share the memory of ``array``."""
    _, references = _sharers.get(id(_owner(array)), (None, {}))
    living = [reference() for reference in list(references.values())]
    return [other for other in living if other is not None and other is not tensor]


def overwritten(array: Array, since: int) -> bool:
    """Was the memory of ``array``, alive all that time, written to after ``since``?"""
    return _written.get(id(_owner(array)), (-1,))[0] > since
