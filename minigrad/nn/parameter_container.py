"""Parameters in a list or a dict, with PyTorch's names; a plain list or dict that is an attribute holds them too."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..core.tensor import Tensor
from .container import Keyed, Numbered
from .parameter import Parameter


def _as_parameter(owner: Any, value: Any, place: Any) -> Parameter:
    """``value`` as a Parameter, which a plain Tensor becomes."""
    if isinstance(value, Parameter):
        return value
    if isinstance(value, Tensor):
        return Parameter(value.detach())
    raise TypeError(
        f"{type(owner).__name__} holds Parameters, and got {type(value).__name__} as {place!r}; "
        "make one of it: nn.Parameter(values)"
    )


def _described(named: Iterable[tuple[str, Parameter]]) -> str:
    """Name, dtype and shape of every Parameter, as PyTorch prints them."""
    return "\n".join(
        f"  ({name}): Parameter containing: [{part.dtype} of size {'x'.join(map(str, part.shape))}]"
        for name, part in named
    )


class ParameterList(Numbered):
    """A list of Parameters; plain Tensors that are put in become Parameters.

    Args:
        values: the Parameters, in order.

    Example:
        >>> from minigrad import nn
        >>> nn.ParameterList([nn.Parameter([[1.0, 2.0]]), nn.Parameter([3.0])])
        ParameterList(
            (0): Parameter containing: [float32 of size 1x2]
            (1): Parameter containing: [float32 of size 1]
        )
    """

    _takes_arrays = frozenset({"values"})

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        if values is not None:
            self.extend(values)

    def _checked(self, part: Any, place: Any) -> Parameter:
        return _as_parameter(self, part, place)

    def _named(self) -> list[tuple[str, Any]]:
        return [(name, part) for name, part in vars(self).items() if isinstance(part, Parameter)]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Fails: a list of Parameters computes nothing."""
        raise NotImplementedError("ParameterList has no forward; use the Parameters in it by position")

    def extra_repr(self) -> str:
        """The Parameters."""
        return _described(self._named())


class ParameterDict(Keyed):
    """Parameters by name; plain Tensors that are put in become Parameters.

    Args:
        parameters: a dict from names to Parameters, another ParameterDict, or pairs. As in PyTorch, a dict that is not
            an OrderedDict is taken in the order of its sorted names.

    Example:
        >>> from minigrad import nn
        >>> nn.ParameterDict({"scale": nn.Parameter([1.0]), "shift": nn.Parameter([0.0])})
        ParameterDict(
            (scale): Parameter containing: [float32 of size 1]
            (shift): Parameter containing: [float32 of size 1]
        )
    """

    def __init__(self, parameters: Any = None) -> None:
        if parameters is not None:
            self.update(parameters)

    def _checked(self, part: Any, place: Any) -> Parameter:
        return _as_parameter(self, part, place)

    def _named(self) -> dict[str, Any]:
        return {name: part for name, part in vars(self).items() if isinstance(part, Parameter)}

    def update(self, parts: Any) -> None:
        """Add or replace Parameters; arguments as of the class."""
        if isinstance(parts, Mapping) and not isinstance(parts, OrderedDict):
            parts = sorted(parts.items())
        super().update(parts)

    def get(self, key: str, default: Any = None) -> Any:
        """The Parameter ``key``, or ``default`` if there is none."""
        return self._named().get(key, default)

    def setdefault(self, key: str, default: Any) -> Any:
        """The Parameter ``key``; if there is none, ``default`` becomes it."""
        if key not in self:
            self[key] = default
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Take the Parameter that came last out, and return it with its name."""
        if not self:
            raise KeyError("popitem of an empty ParameterDict")
        key = [*self][-1]
        return key, self.pop(key)

    def copy(self) -> ParameterDict:
        """Another ParameterDict with the same Parameters."""
        return ParameterDict(self)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._named())

    def __or__(self, other: ParameterDict) -> ParameterDict:
        new = self.copy()
        new.update(other)
        return new

    def __ior__(self, other: ParameterDict) -> ParameterDict:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        """The Parameters."""
        return _described(self._named().items())
