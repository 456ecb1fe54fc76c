"""Modules that hold Modules: in order, by number, by name."""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby
from typing import Any, Self

from .module.module import Module, checked_name


class Numbered(Module):
    """What Sequential, ModuleList and ParameterList share: parts in order, whose names are attributes."""

    def _checked(self, part: Any, place: Any) -> Any:
        """``part`` as it is kept; refuses what is no Module."""
        if isinstance(part, Module):
            return part
        kind, got = self.__class__.__name__, f"an object of type {type(part).__name__}"
        cure = "wrap a function in a Module"
        if isinstance(part, type):
            got, cure = f"the class {part.__name__}", f"make an object of it: {part.__name__}()"
        elif isinstance(part, (list, tuple)):
            cure = "unpack it: Sequential(*layers)" if kind == "Sequential" else "nest it: nn.ModuleList(layers)"
        raise TypeError(f"{kind} takes Modules, and got {got} as {str(place)!r}; {cure}")

    def _named(self) -> list[tuple[str, Any]]:
        """The parts with their names, in order."""
        return [(name, part) for name, part in vars(self).items() if isinstance(part, Module)]

    def _add(self, name: Any, part: Any) -> None:
        part = self._checked(part, name)
        setattr(self, checked_name(self, name), part)

    def _arrange(self, parts: Iterable[Any]) -> None:
        """Hold ``parts`` instead of the present ones; their positions become their names."""
        checked = [self._checked(part, position) for position, part in enumerate(parts)]
        for name, _ in self._named():
            delattr(self, name)
        for position, part in enumerate(checked):
            setattr(self, str(position), part)

    def _position(self, index: Any) -> int:
        try:
            position = operator.index(index)
        except TypeError:
            raise TypeError(
                f"{self.__class__.__name__} is indexed by integers and slices, got {type(index).__name__}"
            ) from None
        size = len(self)
        if not -size <= position < size:
            raise IndexError(f"position {position} does not exist in a {self.__class__.__name__} of {size} part(s)")
        return position % size

    def _slice(self, named: list[tuple[str, Any]]) -> Any:
        return self.__class__([part for _, part in named])  # type: ignore[call-arg] # as subclasses construct

    def __len__(self) -> int:
        return len(self._named())

    def __iter__(self) -> Iterator[Any]:
        return iter([part for _, part in self._named()])

    def __contains__(self, part: Any) -> bool:
        return any(mine is part for mine in self)

    def __getitem__(self, index: Any) -> Any:
        named = self._named()
        if isinstance(index, slice):
            return self._slice(named[index])
        return named[self._position(index)][1]

    def __setitem__(self, index: int, part: Any) -> None:
        name = self._named()[self._position(index)][0]
        setattr(self, name, self._checked(part, index))

    def __delitem__(self, index: int | slice) -> None:
        parts = list(self)
        del parts[index if isinstance(index, slice) else self._position(index)]
        self._arrange(parts)

    def append(self, part: Any) -> Self:
        """Add ``part`` at the end; returns the container itself."""
        self._add(next(name for name in map(str, count(len(self))) if not hasattr(self, name)), part)
        return self

    def extend(self, parts: Iterable[Any]) -> Self:
        """Add all ``parts`` at the end; returns the container itself."""
        kind = self.__class__.__name__
        if not isinstance(parts, Iterable) or isinstance(parts, (str, dict)):
            raise TypeError(f"{kind}.extend takes a list of parts, got {type(parts).__name__}; append takes one")
        for part in [self._checked(part, place) for place, part in enumerate(parts, len(self))]:
            self.append(part)
        return self

    def pop(self, key: int | slice = -1) -> Any:
        """Take a part out, by default the last, and return it; those after it move up, and their names with them."""
        part = self[key]
        del self[key]
        return part

    def _inserted(self, index: int, part: Any) -> None:
        size, position = len(self), operator.index(index)
        if not -size <= position <= size:
            raise IndexError(f"position {position} does not exist in a {self.__class__.__name__} of {size} part(s)")
        parts = list(self)
        parts.insert(position, part)
        self._arrange(parts)

    def __iadd__(self, parts: Iterable[Any]) -> Self:
        return self.extend(parts)


class Sequential(Numbered):
    """Modules one after the other: each gets the output of the one before.

    It is also a list of them: ``net[-1]``, ``net[:2]``, ``len``, iteration, ``append``, ``insert``, ``pop``,
    ``net + other``, ``net * 2``. As in PyTorch, taking one out or inserting one names all by their positions anew, and
    ``*`` repeats the same Modules: their weights are shared.

    Args:
        args: the Modules in order; or one dict from names to Modules.

    Example:
        >>> from minigrad import nn
        >>> nn.Sequential(nn.Linear(64, 10), nn.ReLU())
        Sequential(
          (0): Linear(in_features=64, out_features=10, bias=True)
          (1): ReLU()
        )
    """

    def __init__(self, *args: Module | Mapping[str, Module]) -> None:
        if len(args) == 1 and isinstance(args[0], Mapping):
            named = dict(args[0])
        else:
            named = {str(i): module for i, module in enumerate(args)}  # type: ignore[misc] # _add checks
        for name, module in named.items():
            self._add(name, module)

    def forward(self, input: Any) -> Any:
        """Send ``input`` through all Modules."""
        before = None
        for module in self:
            if input is None and before is not None:
                raise TypeError(
                    f"{before.__class__.__name__} returned None, which is no input for {module.__class__.__name__}; "
                    "has its forward a return?"
                )
            input = module(input)
            before = module
        return input

    def insert(self, index: int, module: Module) -> Self:
        """Put ``module`` before the one at ``index``; returns the Sequential itself."""
        self._inserted(index, module)
        return self

    def _slice(self, named: list[tuple[str, Any]]) -> Sequential:
        return Sequential(dict(named))  # the same Modules under the same names, as in PyTorch

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *other) if isinstance(other, Sequential) else NotImplemented

    def __iadd__(self, other: Any) -> Self:
        return self.extend(other) if isinstance(other, Sequential) else NotImplemented

    def __mul__(self, other: Any) -> Sequential:
        return Sequential(*list(self) * self._times(other)) if isinstance(other, int) else NotImplemented

    __rmul__ = __mul__

    def __imul__(self, other: Any) -> Self:
        return self.extend(list(self) * (self._times(other) - 1)) if isinstance(other, int) else NotImplemented

    def _times(self, other: int) -> int:
        if other < 1:
            raise ValueError(f"a Sequential can be repeated 1 time or more, got {other}")
        return other


class ModuleList(Numbered):
    """A list of Modules: what ``forward`` makes of them is up to you.

    A plain list that is an attribute holds parts just as well; this one has PyTorch's name and prints its parts.

    Args:
        modules: the Modules, in order.

    Example:
        >>> from minigrad import nn
        >>> nn.ModuleList(nn.Linear(8, 8) for _ in range(4))
        ModuleList(
          (0-3): 4 x Linear(in_features=8, out_features=8, bias=True)
        )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        if modules is not None:
            self.extend(modules)

    def _named(self) -> list[tuple[str, Any]]:
        return [(name, part) for name, part in super()._named() if name.isdigit()]  # a subclass may have others

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Fails: a list of Modules says nothing about how they work together."""
        raise NotImplementedError(
            f"{self.__class__.__name__} has no forward; call the Modules in it, or use nn.Sequential"
        )

    def insert(self, index: int, module: Module) -> None:
        """Put ``module`` before the one at ``index``."""
        self._inserted(index, module)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    @reprlib.recursive_repr("...")
    def __repr__(self) -> str:
        """As of any Module, with neighbours that print alike in one line."""
        name = self.__class__.__name__
        lines, position = [], 0
        for text, group in groupby(map(repr, self)):
            size = len(list(group))
            head = f"({position})" if size == 1 else f"({position}-{position + size - 1})"
            lines += f"{head}: {f'{size} x ' if size > 1 else ''}{text}".split("\n")
            position += size
        return "\n  ".join([f"{name}(", *lines]) + "\n)" if lines else f"{name}()"


class Keyed(Module):
    """What ModuleDict and ParameterDict share: parts by name, in the order in which they came."""

    def _checked(self, part: Any, place: Any) -> Any:
        """``part`` as it is kept; refuses what is no Module."""
        if not isinstance(part, Module):
            cure = f"make an object of it: {part.__name__}()" if isinstance(part, type) else "wrap it in a Module"
            kind = self.__class__.__name__
            raise TypeError(f"{kind} holds Modules, and got {type(part).__name__} as {place!r}; {cure}")
        return part

    def _named(self) -> dict[str, Any]:
        return {name: part for name, part in vars(self).items() if isinstance(part, Module)}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Fails: a dict of parts says nothing about how they work together."""
        raise NotImplementedError(f"{self.__class__.__name__} has no forward; use the parts in it by name")

    def __getitem__(self, key: str) -> Any:
        named = self._named()
        if key not in named:
            raise KeyError(f"{self.__class__.__name__} has no {key!r}; it has {list(named)}")
        return named[key]

    def __setitem__(self, key: str, part: Any) -> None:
        part = self._checked(part, key)
        setattr(self, key if key in self._named() else checked_name(self, key), part)

    def __delitem__(self, key: str) -> None:
        self[key]  # fails for a key that is not there
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._named())

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __contains__(self, key: Any) -> bool:
        return key in self._named()

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._named().keys()

    def values(self) -> Iterable[Any]:
        """The parts."""
        return self._named().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The names with their parts."""
        return self._named().items()

    def clear(self) -> None:
        """Take all parts out."""
        for key in self._named():
            delattr(self, key)

    def pop(self, key: str) -> Any:
        """Take the part ``key`` out and return it."""
        part = self[key]
        delattr(self, key)
        return part

    def update(self, parts: Any) -> None:
        """Add or replace parts.

        Args:
            parts: a dict, another container of this kind, or pairs of a name and a part.
        """
        if isinstance(parts, (Mapping, Keyed)):
            pairs = list(parts.items())
        elif isinstance(parts, Iterable) and not isinstance(parts, str):
            pairs = [self._pair(number, pair) for number, pair in enumerate(parts)]
        else:
            raise TypeError(
                f"{self.__class__.__name__} is filled from a dict or from pairs, got {type(parts).__name__}"
            )
        for key, part in pairs:
            self[key] = part

    def _pair(self, number: int, pair: Any) -> tuple[Any, Any]:
        if isinstance(pair, (str, Module)) or not isinstance(pair, Iterable) or len(both := list(pair)) != 2:
            raise TypeError(
                f"{self.__class__.__name__} takes pairs (name, part), got {type(pair).__name__} at position {number}"
            )
        return both[0], both[1]


class ModuleDict(Keyed):
    """Modules by name: what ``forward`` makes of them is up to you.

    Args:
        modules: a dict from names to Modules, or pairs.

    Example:
        >>> from minigrad import nn
        >>> heads = nn.ModuleDict({"value": nn.Linear(4, 1), "policy": nn.Linear(4, 2)})
        >>> heads["policy"]([0.0, 0.0, 0.0, 0.0]).shape
        (2,)
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        if modules is not None:
            self.update(modules)
