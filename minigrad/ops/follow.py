"""Views follow an update inside a graph: how the Tensors that look at one memory are made anew, and which cannot be.

The update of a view is written back to what it is a view of, and so on up to a Tensor that is a view of nothing alive,
the root. Every view of the root is then made again, by the operation that made it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.arrays import ordered_like
from ..core.hooks import follow
from ..core.tensor import Tensor, raw, wrap
from ..core.views import Steps, View, share, views_on
from ..core.writes import owner_of, refuse_repeated
from .index.basic import assign, pick
from .shape.reshape import reshape


class Family(NamedTuple):
    """What follows an update of one Tensor: the views between it and the root, lowest first, and all of the root."""

    root: Tensor
    way: list[View]
    views: list[View]


def family_of(target: Tensor, what: str) -> Family:
    """The Tensors that have to follow an update of ``target``.

    Raises:
        RuntimeError: if some Tensor on the same memory cannot, or shows an element several times.
    """
    known, living = views_on(target._array)
    made = {id(view.view): view for view in known if _repeatable(view)}
    way = []
    root = target
    refuse_repeated(what, root._array)
    while id(root) in made:
        way.append(made[id(root)])
        root = way[-1].parent
        refuse_repeated(what, root._array)
    if way and root.requires_grad and root.is_leaf:
        raise RuntimeError(
            f"{what} on a view of shape {target.shape} of a leaf that requires grad would lose the values that the "
            "leaf's gradient is for; do it inside `with minigrad.no_grad():` if it shall not be differentiated, else "
            "compute a new Tensor: np.where(mask, value, w), or w.clone() first"
        )
    below = {id(root)}
    views = []
    for tensor in living:
        if id(tensor) in made and id(made[id(tensor)].parent) in below:
            below.add(id(tensor))
            views.append(made[id(tensor)])
    for tensor in living:
        if id(tensor) not in below and _overlap(tensor, root):
            raise _cannot_follow(what, target, tensor)
    return Family(root, way, views)


def _repeatable(view: View) -> bool:
    """Whether the view is still what its operations make of its parent, and recorded if that is."""
    node = view.view._node
    for op, _ in reversed(view.steps):
        if op is None:
            return False
        if node is not None:
            if node.op is not op:
                return False
            (node,) = node.parents
    return node is view.parent._node


def _overlap(a: Tensor, b: Tensor) -> bool:
    """Whether two Tensors have an element in common, as far as can be said."""
    if not isinstance(a._array, np.ndarray):
        return True
    effort: Any = 1000  # of the search for a common element, which may take for ever
    try:
        return np.shares_memory(a._array, b._array, max_work=effort)
    except np.exceptions.TooHardError:
        return True


def moved(family: Family, what: str, new: Tensor, target: Tensor) -> None:
    """Give ``target`` the values ``new``, and let its family follow."""
    for view in family.way:
        new = _written_back(view, new)
    root = family.root
    new = wrap(ordered_like(new._array, root._array), new._node)  # else what was a view might become a copy
    owner = owner_of(new._array)
    made = {id(root): new}
    for view in family.views:
        again = made[id(view.view)] = _repeated(view.steps, made[id(view.parent)])
        if owner_of(again._array) is not owner:
            raise _cannot_follow(what, target, view.view)
    _become(root, new)
    for view in family.views:
        _become(view.view, made[id(view.view)])
        share(owner, *view)


def _repeated(steps: Steps, parent: Tensor) -> Tensor:
    for op, static in steps:
        parent = op(parent, **static)
    return parent


def _become(tensor: Tensor, new: Tensor) -> None:
    old = tensor._node
    tensor._array, tensor._node = new._array, new._node
    follow(tensor, old)


def _written_back(view: View, value: Tensor) -> Tensor:
    """The parent of a view with ``value`` in place of the view."""
    parent = view.parent
    if len(view.steps) == 1 and view.steps[0][0] is pick:
        return assign(parent, value, index=view.steps[0][1]["index"])  # type: ignore[no-any-return]
    positions = np.reshape(np.arange(parent._array.size, like=raw(parent)), parent.shape)
    for op, static in view.steps:
        positions = op.forward(positions, **static)
    flat = assign(reshape(parent, -1), reshape(value, -1), index=np.reshape(positions, -1))
    return reshape(flat, parent.shape)  # type: ignore[no-any-return]


def _cannot_follow(what: str, target: Tensor, other: Tensor) -> RuntimeError:
    return RuntimeError(
        f"{what} inside a graph on a Tensor of shape {target.shape} whose memory another Tensor (of shape "
        f"{other.shape}) shares, which would not follow, since it was detached, made inside no_grad(), or from a view "
        "that is gone; make a copy with .clone(), or compute a new Tensor: np.where(mask, value, t)"
    )
