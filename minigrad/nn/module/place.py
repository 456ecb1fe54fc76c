"""Where in a model an error came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import Module


def note_place(error: Exception, module: Module) -> None:
    """Note in ``error`` the innermost Module that it came from and, on its way out, the path to it."""
    known = vars(error)  # holds no Module: an error must be able to go to another process
    if "raised_in" not in known:
        known["raised_in"] = id(module), _called(module)
    origin, called = known["raised_in"]
    path = next((name for name, inner in module.named_modules() if id(inner) == origin), None)
    if path is None:  # called by a Module that it is no part of: the note stays as exact as it was
        return
    notes = known.setdefault("__notes__", [])
    if (old := known.get("place")) in notes:
        notes.remove(old)
    known["place"] = f"in {called}" + (f", which is {path} of {type(module).__name__}" if path else "")
    error.add_note(known["place"])


def _called(module: Module) -> str:
    try:
        return f"{type(module).__name__}({module.extra_repr()})"
    except Exception:  # the first error is the one to be told
        return type(module).__name__
