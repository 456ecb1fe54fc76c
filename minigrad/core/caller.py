"""Where the user stands: the nearest line outside this package. Errors and warnings point there.

NumPy warns of overflow, division by zero and invalid values at the line that called it. For operations on Tensors that
is always the same line of this package, and Python shows the warnings of one line only once. So one filter turns them,
where primitives call NumPy, into exceptions; ``given_by_caller`` warns at the user's line instead, and computes again.
That costs nothing where nothing overflows. Filters of the user come before it: what they ask for, they get.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

_PACKAGE = str(Path(__file__).parent.parent) + os.sep

# Modules in which nothing but primitives and their rules computes: only there is every such exception caught. Casts,
# which happen everywhere, are left alone.
_COMPUTING = (
    "core.primitive",
    "core.declare",
    "ops.elementwise",
    "ops.linalg",
    "ops.trigonometric",
    "nn.kernels.linear",
    "nn.kernels.conv.convolution",
    "fast.guard",
)
_MODULES = rf"minigrad\.({'|'.join(map(re.escape, _COMPUTING))})$"
warnings.filterwarnings("error", r"(?!.* in cast).* encountered in ", RuntimeWarning, _MODULES)


def caller() -> str:
    """``file:line`` of the nearest frame outside this package."""
    frame = _frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line outside this package."""
    frame = _frame()
    names = frame.f_globals
    registry = names.setdefault("__warningregistry__", {})  # where Python remembers what it has shown
    place = frame.f_code.co_filename, frame.f_lineno, names.get("__name__"), registry
    try:
        warnings.warn_explicit(message, category, *place)
    except Warning as error:  # an error by the user's wish, which has no other cause
        raise error from None


def given_by_caller(warning: Warning, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Repeat NumPy's warning at the user's line, and the call that it came of, this time in silence."""
    if {*np.geterr().values()} == {"ignore"}:  # it is somebody else's warning, which would come again
        raise warning
    warn(str(warning), type(warning))
    with np.errstate(all="ignore"):
        return function(*args, **kwargs)


def despite(warning: Warning, forward: Any, values: list[Any], static: dict[str, Any], *, on_tensors: bool) -> Any:
    """What ``forward`` returns in spite of NumPy's warning, which is repeated at the user's line.

    In silence where integers of Tensors become fractions: a primitive computes these again, in the default dtype, and
    8 bits no longer in the half precision that overflowed here.
    """
    if on_tensors and not any(getattr(getattr(v, "dtype", None), "kind", "") == "f" for v in values):
        with np.errstate(all="ignore"):
            out = forward(*values, **static)
        if getattr(getattr(out, "dtype", None), "kind", "") == "f":
            return out
    return given_by_caller(warning, forward, *values, **static)


def _frame() -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame


def declaring_module() -> str:
    """The name of the module that declares a primitive: the nearest that is not of the core."""
    frame: Any = sys._getframe(1)
    while (name := str(frame.f_globals.get("__name__"))).startswith(__package__ or ""):
        frame = frame.f_back
    return name
