"""Skip connections: the input is added to what a part of the network makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.arrays import shape_of
from ..core.graph import tick
from ..core.tensor import raw, to_tensor
from ..core.writes import overwritten
from .container import Sequential
from .module.module import Module


class Residual(Module):
    """``body(x) + x``: the body learns what to change, and gradients reach what comes before undiminished.

    Where the body changes the shape, ``projection`` brings the input to the new one; there is no guess.

    Args:
        modules: the body: one Module, or several that run one after the other.
        projection: what is added instead of ``x``: a Module or function of ``x``, such as ``nn.Linear(64, 128)`` or
            ``nn.Conv2d(16, 32, 1, stride=2)``; None for ``x`` itself.

    Shapes:
        input: what the body takes.
        result: what the body returns; ``projection(input)`` must have the same shape.

    Raises:
        TypeError: for a body that is no Module, and a projection that cannot be called.
        ValueError: where the two summands differ in shape, saying which projection is missing.
        RuntimeError: for a body that overwrites its input, which is still to be added.

    Source:
        He et al. 2016, equations 1 and 2.

    Example:
        >>> from minigrad import nn
        >>> block = nn.Residual(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
        >>> block(Tensor([[1.0, 2.0, 3.0, 4.0]])).shape
        (1, 4)
        >>> wider = nn.Residual(nn.Linear(4, 8), nn.Tanh(), projection=nn.Linear(4, 8, bias=False))
        >>> wider(Tensor([[1.0, 2.0, 3.0, 4.0]])).shape
        (1, 8)
    """

    def __init__(self, *modules: Module, projection: Callable[[Any], Any] | None = None) -> None:
        if not modules:
            raise TypeError("Residual needs a body, such as nn.Residual(nn.Linear(64, 64), nn.ReLU())")
        if not all(isinstance(module, Module) for module in modules):
            kinds = ", ".join(type(module).__name__ for module in modules)
            raise TypeError(f"Residual takes Modules as its body, got {kinds}; pass a shortcut as projection=...")
        if projection is not None and not callable(projection):
            raise TypeError(f"the projection must be a Module or a function of the input, got {projection!r}")
        self.body = modules[0] if len(modules) == 1 else Sequential(*modules)
        self.projection = projection

    def forward(self, input: Any) -> Any:
        """The sum of the body's output and the input, or its projection."""
        input = to_tensor(input)
        shortcut = input if self.projection is None else self.projection(input)
        array, start = raw(shortcut), tick()
        out = self.body(input)
        if raw(shortcut) is not array or overwritten(array, start):
            raise RuntimeError(
                "Residual: the body overwrote its input in place, so what is to be added is gone; leave out "
                "inplace=True in its first layer"
            )
        if shape_of(out) != shape_of(shortcut):
            raise ValueError(self._misfit(shape_of(input), shape_of(out), shape_of(shortcut)))
        return out + shortcut

    def _misfit(self, given: tuple[int, ...], out: tuple[int, ...], shortcut: tuple[int, ...]) -> str:
        if self.projection is not None:
            return (
                f"Residual: the body turns {given} into {out}, but the projection into {shortcut}; they must be equal"
                + _hint(given, out)
            )
        return f"Residual: the body turns {given} into {out}, so the input cannot be added" + _hint(given, out)


def _hint(given: tuple[int, ...], out: tuple[int, ...]) -> str:
    """The projection that is missing, as far as the shapes tell."""
    if len(given) != len(out) or given[:1] != out[:1]:
        return "; pass projection=..., a function that makes the one shape of the other"
    if len(given) >= 3 and given[1] != out[1] or len(given) >= 4:
        strides = tuple(-(-a // b) if b else 1 for a, b in zip(given[2:], out[2:], strict=True))
        if all(b and (a - 1) // s + 1 == b for a, b, s in zip(given[2:], out[2:], strides, strict=True)):
            rank = len(given) - 2
            stride = strides[0] if len(set(strides)) == 1 else strides
            spaced = "" if stride == 1 else f", stride={stride}"
            return f"; pass projection=nn.Conv{rank}d({given[1]}, {out[1]}, 1{spaced})"
    if given[:-1] == out[:-1]:
        return f"; pass projection=nn.Linear({given[-1]}, {out[-1]})"
    return f"; pass projection=..., a Module or function that turns {given} into {out}"
