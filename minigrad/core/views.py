"""Which Tensors look at the same memory, and how each view was made.

An in-place update inside a graph makes a new array. Every Tensor on the old one has to follow it there, or the update
has to be refused; both need to know them.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple
from weakref import ref

from numpy import ndarray

from .graph import Array, tick
from .writes import owner_of

Steps = tuple[tuple[Any, Any], ...]  # operations and their static arguments, in the order of their application
UNKNOWN: Steps = ((None, None),)  # made in a way that cannot be repeated, such as by detach()


class View(NamedTuple):
    """A Tensor that looks at memory of another, and what made it of that."""

    view: Any
    parent: Any
    steps: Steps


class _Memory:
    """The views of the memory of one array, by the time when they were made; those that died go now and then."""

    __slots__ = ("limit", "owner", "views")

    def __init__(self, owner: Array) -> None:
        self.owner = ref(owner)
        self.views: dict[int, tuple[Any, Any, Any]] = {}  # like View, with weak references to the Tensors
        self.limit = 64

    def forget_the_dead(self) -> None:
        needed: set[int] = set()  # a dead view still says what its own views come from
        for time, (view, parent, _) in reversed(list(self.views.items())):
            if view() is None and id(view) not in needed:
                del self.views[time]
            else:
                needed.add(id(parent))
        self.limit = 64 + 2 * len(self.views)


_memories: dict[int, _Memory] = {}  # by the id of the array that owns the memory
_limit = 1024
_lock = threading.Lock()


def share(owner: Array, view: Any, parent: Any, steps: Steps = UNKNOWN) -> None:
    """Record that ``view``, made of ``parent`` by ``steps``, looks at its memory, which the array ``owner`` owns."""
    memory = _memories.get(id(owner))
    if memory is None or memory.owner() is not owner:
        memory = _new_memory(owner)
    views = memory.views
    views[tick()] = (ref(view), ref(parent), steps)
    if len(views) > memory.limit:
        with _lock:
            memory.forget_the_dead()


def share_with(inputs: tuple[Any, ...], view: Any, steps: Steps) -> Any:
    """Record which of the ``inputs`` the Tensor ``view``, made of them by ``steps``, shares memory with; return it."""
    owner = view._array.base
    if type(owner) is not ndarray or owner.base is not None:
        owner = owner_of(view._array)
    for tensor in inputs:
        array = getattr(tensor, "_array", None)
        if array is not None and (array is owner or array.base is owner or owner_of(array) is owner):
            share(owner, view, tensor, steps if len(inputs) == 1 else UNKNOWN)
    return view


def _new_memory(owner: Array) -> _Memory:
    global _limit
    with _lock:
        memory = _memories.get(id(owner))
        if memory is None or memory.owner() is not owner:
            if len(_memories) > _limit:
                for key, known in list(_memories.items()):
                    if known.owner() is None:
                        del _memories[key]
                _limit = 1024 + 2 * len(_memories)
            memory = _memories[id(owner)] = _Memory(owner)
        return memory


def views_on(array: Array) -> tuple[list[View], list[Any]]:
    """The living views of the memory of ``array``, parents before their views; and all living Tensors on it.

    The parent of a view is the next Tensor above that is alive. A view without one on this memory is among the Tensors
    only.
    """
    owner = owner_of(array)
    memory = _memories.get(id(owner))
    if memory is None or memory.owner() is not owner:
        return [], []
    made: dict[int, tuple[Any, Steps]] = {}  # id of the reference to a view -> reference to its parent, steps
    living: dict[int, Any] = {}
    for view, parent, steps in list(memory.views.values()):
        made[id(view)] = parent, steps
        living |= {id(tensor): tensor for tensor in (parent(), view()) if tensor is not None}
    there = {
        key: tensor for key, tensor in living.items() if owner_of(tensor._array) is owner
    }  # others have moved since
    traced = [view for tensor in there.values() if (view := _traced(tensor, made))]
    return [view for view in traced if id(view.parent) in there], list(there.values())


def _traced(tensor: Any, made: dict[int, tuple[Any, Steps]]) -> View | None:
    taken: Steps = ()
    reference = ref(tensor)
    while (known := made.get(id(reference))) is not None:
        reference, steps = known
        taken = steps + taken
        parent = reference()
        if parent is not None:
            return View(tensor, parent, taken)
    return None
