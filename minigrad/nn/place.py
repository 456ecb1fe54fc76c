"""Where in a model an error came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import Module


def note_place(error: Exception, module: Module) -> None:
    """Note in ``error`` the innermost Module that it came from and, on its way out, the path to it."""
    origin = vars(error).setdefault("raised_in", module)
    try:
        called = f"{type(origin).__name__}({origin.extra_repr()})"
    except Exception:  # the first error is the one to be told
        called = type(origin).__name__
    path = next((name for name, inner in module.named_modules() if inner is origin), None)
    if path is None:  # called by a Module that it is no part of: the note stays as exact as it was
        return
    notes = vars(error).setdefault("__notes__", [])
    if (old := vars(error).get("place")) in notes:
        notes.remove(old)
    vars(error)["place"] = f"in {called}" + (f", which is {path} of {type(module).__name__}" if path else "")
    error.add_note(vars(error)["place"])
