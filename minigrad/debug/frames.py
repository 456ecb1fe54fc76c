"""Which call of a public function an operation belongs to, seen from the frames that are running."""

from __future__ import annotations

import functools
import inspect
import sys
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType
from typing import Any

from ..core.graph import walk
from ..core.tensor import Tensor
from ..nn import functional
from ..nn.module.module import Module

_PACKAGE = __name__.split(".")[0]


@dataclass(eq=False)
class FunctionCall:
    """One call of a public function, such as ``F.cross_entropy``; its operations share this object.

    Attributes:
        name: of the function.
    """

    name: str


class Frames:
    """Looks from an operation outwards, up to the user's line or the Module that is running."""

    def __init__(self) -> None:
        self._frame: FrameType | None = None  # held, so that no other call can get its identity
        self._call: FunctionCall | None = None

    def look(self) -> tuple[FunctionCall | None, bool]:
        """The outermost public function around, and whether a backward pass is going on."""
        functions = _public_functions()
        frame: FrameType | None = sys._getframe(1)
        outermost, backward = None, False
        while frame is not None and str(frame.f_globals.get("__name__")).split(".")[0] == _PACKAGE:
            code = frame.f_code
            if code in functions:
                outermost = frame
            elif code is walk.__code__:
                outermost, backward = None, True
                break
            elif code is Module.__call__.__code__:
                break
            frame = frame.f_back
        if outermost is not self._frame:
            self._frame = outermost
            self._call = None if outermost is None else FunctionCall(functions[outermost.f_code])
        return self._call, backward

    def forget(self) -> None:
        """Let go of the last frame."""
        self._frame = self._call = None


@functools.cache
def _public_functions() -> dict[CodeType, str]:
    """The functions of ``nn.functional`` and the methods of Tensor that compute, by their code."""
    found: dict[CodeType, str] = {}
    methods = {
        name: f for name, f in vars(Tensor).items() if getattr(f, "__module__", "").startswith(f"{_PACKAGE}.ops")
    }
    for name, function in {**methods, **{name: getattr(functional, name) for name in functional.__all__}}.items():
        inner: Any = inspect.unwrap(function) if callable(function) else function
        if isinstance(inner, FunctionType) and not name.startswith("_"):
            found.setdefault(inner.__code__, name)
    return found
