"""Modules that hold Modules."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Self, overload

from .module import Module


class Sequential(Module):
    """Modules one after the other: each gets the output of the one before.

    Args:
        modules: the Modules in order; or one dict from names to Modules.

    Example:
        >>> from minigrad import nn
        >>> nn.Sequential(nn.Linear(64, 10), nn.ReLU())
        Sequential(
          (0): Linear(in_features=64, out_features=10, bias=True)
          (1): ReLU()
        )
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = dict(modules[0])
        else:
            named = {str(i): module for i, module in enumerate(modules)}  # type: ignore[misc] # _add checks
        for name, module in named.items():
            self._add(name, module)

    def _add(self, name: str, module: Any) -> None:
        if not isinstance(module, Module):
            got, cure = f"an object of type {type(module).__name__}", "wrap a function in a Module"
            if isinstance(module, type):
                got, cure = f"the class {module.__name__}", f"make an object of it: {module.__name__}()"
            elif isinstance(module, (list, tuple)):
                cure = "unpack it: Sequential(*layers)"
            raise TypeError(f"Sequential takes Modules, and got {got} as {name!r}; {cure}")
        if not isinstance(name, str) or not name or "." in name or hasattr(self, name):
            raise KeyError(f"Sequential cannot call a Module {name!r}: the name is taken, empty or has a dot")
        setattr(self, name, module)

    def _named(self) -> Iterator[tuple[str, Module]]:
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def forward(self, input: Any) -> Any:
        """Send ``input`` through all Modules."""
        for module in self:
            input = module(input)
        return input

    def append(self, module: Module) -> Self:
        """Add a Module at the end; returns the Sequential itself."""
        self._add(next(name for name in map(str, count(len(self))) if not hasattr(self, name)), module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self._named())

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self._named())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module | Sequential:
        named = list(self._named())
        if isinstance(index, slice):
            return Sequential(dict(named[index]))  # the same Modules under the same names, as in PyTorch
        return named[self._position(index)][1]

    def __setitem__(self, index: int, module: Module) -> None:
        name = list(self._named())[self._position(index)][0]
        if not isinstance(module, Module):
            raise TypeError(f"Sequential takes Modules, and got {type(module).__name__} for position {index}")
        setattr(self, name, module)

    def _position(self, index: int) -> int:
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"position {position} does not exist in a Sequential of {len(self)} Module(s)")
        return position
