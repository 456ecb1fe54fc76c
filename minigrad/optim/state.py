"""What ``optimizer.state`` shows of flat buffers: for every parameter a dict of numbers, and of views as Tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from ..core.arrays import as_array
from ..core.graph import Array
from ..core.tensor import Tensor, wrap
from .flat import Flat


class ParameterState(MutableMapping[str, Any]):
    """The state of one parameter: Tensors that are views of the buffers, numbers, and what users add.

    What is assigned is copied into the buffers. Once the optimizer has forgotten it, it keeps a copy of its own.

    Args:
        flat: where the buffers are.
        member: which of its parameters it is.
        hidden: numbers that PyTorch does not show.
    """

    def __init__(self, flat: Flat, member: int, hidden: frozenset[str]) -> None:
        self._flat, self._member, self._hidden = flat, member, hidden
        self._kept: dict[str, Any] | None = None

    def forget(self) -> None:
        """Leave the buffers, which start anew."""
        self._kept = {name: item.clone() if isinstance(item, Tensor) else item for name, item in self.items()}
        self._flat.others.pop(self._member, None)
        self._flat.restore(self._member, None, {})

    def _parts(self) -> tuple[Mapping[str, Any], Mapping[str, Array], dict[str, Any]]:
        """Numbers, buffers, and what users keep beside them, which comes first where both have a name."""
        if self._kept is not None:
            return {}, {}, self._kept
        others = self._flat.others.get(self._member, {})
        numbers = self._flat.numbers[self._member]
        if numbers is None:
            return {}, {}, others
        return {name: n for name, n in numbers.items() if name not in self._hidden}, self._flat.buffers, others

    def __getitem__(self, name: str) -> Any:
        numbers, buffers, others = self._parts()
        if name in others:
            return others[name]
        return wrap(self._flat.view(name, self._member), None) if name in buffers else numbers[name]

    def __setitem__(self, name: str, value: Any) -> None:
        flat, member = self._flat, self._member
        numbers, buffers, others = self._parts()
        if name in numbers:
            flat.renumber(member, {name: value})
        elif name in buffers and as_array(value).shape == flat.parameters[member].shape:
            others.pop(name, None)
            flat.view(name, member)[...] = as_array(value)
        elif self._kept is not None:
            self._kept[name] = value
        else:
            flat.keep(member, name, value)

    def __delitem__(self, name: str) -> None:
        others = self._parts()[2]
        if name not in others:
            raise KeyError(f"{name} belongs to the optimizer; forget the whole state of a parameter: del state[p]")
        del others[name]

    def __iter__(self) -> Iterator[str]:
        return iter({name: None for part in self._parts() for name in part})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))


class FlatState(MutableMapping[Any, Any]):
    """Parameter -> its state, for all flats of an optimizer; as PyTorch's, it answers for any key.

    Args:
        flats: for every group the flats of its dtypes: the optimizer's own list.
        numbers: what is kept as a number.
        hidden: those of them that PyTorch does not show.

    Attributes:
        known: names of buffers, as far as options have asked for them; all else is what users add.
    """

    def __init__(self, flats: list[list[Flat]], numbers: frozenset[str], hidden: frozenset[str]) -> None:
        self._flats, self._numbers, self._hidden = flats, numbers, hidden
        self.known: set[str] = set()
        self._others: dict[Any, Any] = {}  # of what is not, or not yet, a parameter of the optimizer
        self._entries: dict[int, tuple[Flat, ParameterState]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Without what is found by its address."""
        return {**vars(self), "_entries": {}}

    def adopt(self) -> None:
        """Take over the state that was set for parameters before these belonged to a group."""
        self._entries = {}
        for key in list(self._others):
            if self._find(key) is not None:
                self[key] = self._others.pop(key)

    def _find(self, key: Any) -> ParameterState | None:
        if not self._entries:
            for flat in (flat for flats in self._flats for flat in flats):
                for i, parameter in enumerate(flat.parameters):
                    self._entries[id(parameter)] = flat, ParameterState(flat, i, self._hidden)
        return self._entries[id(key)][1] if id(key) in self._entries else None

    def __getitem__(self, key: Any) -> Any:
        entry = self._find(key)
        return self._others.setdefault(key, {}) if entry is None else entry

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._find(key) is None:
            self._others[key] = value
            return
        items = dict(value)
        del self[key]
        if not items:
            return
        flat, entry = self._entries[id(key)]
        member = flat.member_of(key)
        numbers = {name: items.pop(name) for name in self._numbers & set(items)}
        arrays = {n: as_array(items[n]) for n in self.known & set(items) if items[n].shape == key.shape}
        flat.restore(member, {"step": 1, **{name: number(name, n) for name, n in numbers.items()}}, arrays)
        for name in items.keys() - arrays.keys():
            entry[name] = items[name]

    def __delitem__(self, key: Any) -> None:
        entry = self._find(key)
        if entry is None:
            del self._others[key]
            return
        flat = self._entries[id(key)][0]
        entry.forget()
        self._entries[id(key)] = flat, ParameterState(flat, flat.member_of(key), self._hidden)

    def __contains__(self, key: object) -> bool:
        entry = self._find(key)
        return bool(entry) if entry is not None else key in self._others

    def get(self, key: Any, default: Any = None) -> Any:
        """The state of a parameter that has one."""
        return self[key] if key in self else default

    def clear(self) -> None:
        """Forget everything."""
        for key in list(self):
            del self[key]

    def __iter__(self) -> Iterator[Any]:
        for flats in self._flats:
            members = sorted((place, flat.parameters[i]) for flat in flats for i, place in enumerate(flat.positions))
            yield from [parameter for _, parameter in members if parameter in self]
        yield from self._others

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr({key: dict(self[key]) for key in self})


def number(name: str, value: Any) -> Any:
    """A number of the state as Python's; PyTorch keeps them in tensors."""
    value = value.item() if hasattr(value, "item") else value
    return int(value) if name == "step" else value
