"""Docstrings as reStructuredText.

The project's docstrings are plain text with ``literals``: in them an asterisk, a bar or a trailing underscore means
itself. What reStructuredText would take for markup is escaped first; then napoleon turns Google's sections into fields.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .rooms import Entry, entries

WIDTH = 120  # of the project's lines: a line that ends early was broken on purpose
_LITERAL = re.compile(r"(``.+?``)", flags=re.DOTALL)
_TOUCHES_BEFORE = re.compile(r"[^\s'\"(\[{<\-/:]$")
_TOUCHES_AFTER = re.compile(r"[^\s'\")\]}>\-/:.,;!?\\]")
_MARKUP = re.compile(r"[\\*|`]|(?<=\w)_(?!\w)")
# Sections of formulas and prose, whose line breaks count, and the class that the style sheet knows them by.
_TEXT_SECTIONS = {"Math": "formula", "Source": "citation-text"}
_NAME = re.compile(r"[A-Za-z_][\w.]*")


def of(value: Any) -> str:
    """The docstring of a value; for one of NumPy's, whose markup is another, its name."""
    if isinstance(value, ModuleType):
        return value.__doc__ or ""
    if type(value).__module__.split(".")[0] in ("builtins", "numpy") and not (
        callable(value) or hasattr(value, "func")
    ):
        return ""
    if getattr(value, "__module__", "").split(".")[0] == "numpy":
        return f"NumPy's ``{getattr(value, '__name__', type(value).__name__)}``."
    return inspect.getdoc(value) or ""


def summary(value: Any, room: str) -> str:
    """The first sentence of a docstring, as one line of reStructuredText."""
    first = " ".join(of(value).partition("\n\n")[0].split())
    return inline(first, room)


def body(value: Any, room: str) -> list[str]:
    """A whole docstring as lines of reStructuredText."""
    from sphinx.ext.napoleon import Config, GoogleDocstring

    config = Config(napoleon_use_ivar=True, napoleon_custom_sections=[("Shapes", "params_style")])
    lines = list(_prepared(of(value), room, _depth(value)))
    return str(GoogleDocstring(lines, config, what="function")).splitlines()


def inline(text: str, room: str) -> str:
    """Text with ``literals``, of which those that name something public become links to it."""
    return "".join(_parts(text, room))


def _parts(text: str, room: str) -> Iterator[str]:
    """Text, literal, text, ...; an escaped space between a literal and a letter that touches it, as in ``scale``²."""
    parts = _LITERAL.split(text)
    for place, part in enumerate(parts):
        if not part.startswith("``"):
            yield escaped(part)
            continue
        if _TOUCHES_BEFORE.search(parts[place - 1]):
            yield "\\ "
        lines = re.search(r"\n *", part)  # a literal over two lines stays on the first
        yield _literal(part, room)
        if _TOUCHES_AFTER.match(parts[place + 1]):
            yield "\\ "
        yield lines[0] if lines else ""


def escaped(text: str) -> str:
    """Plain text in which no character is markup."""
    return _MARKUP.sub(r"\\\g<0>", text)


def find(name: str, room: str) -> Entry | None:
    """What a name means to a reader of the room: its own names first, then those of the packages around it."""
    known = entries()
    for prefix in (room, "minigrad.nn.functional" if name.startswith("F.") else "", "minigrad", "minigrad.nn"):
        entry = known.get(f"{prefix}.{name.removeprefix('F.')}" if prefix else name)
        if entry is not None:
            return entry
    return None


def _literal(literal: str, room: str) -> str:
    """A literal, as a link where it names something public: dotted, called, or in the case of classes."""
    text = " ".join(literal[2:-2].split())
    name = text.removesuffix("()")
    telling = text.endswith("()") or "." in name or (name[:1].isupper() and name != name.upper())
    entry = find(name, room) if telling and _NAME.fullmatch(name) else None
    if entry is None or entry.kind == "module":
        return f"``{text}``"
    return f":py:obj:`{text} <{entry.name}>`"


def _prepared(doc: str, room: str, depth: int) -> list[str]:
    """The docstring in napoleon's language: escaped, with its Math and Source as line blocks."""
    done: list[str] = []
    lines = doc.splitlines()
    while lines:
        line = lines.pop(0)
        head = re.fullmatch(rf"({'|'.join(_TEXT_SECTIONS)}):(.*)", line)
        if head is None:
            done.append(line)
            continue
        told = [head[2].strip()] if head[2].strip() else []
        while lines and (lines[0].startswith("    ") or (told and lines[0].strip())):
            told.append(lines.pop(0).strip())
        broken = _unwrapped(told, depth + 4)
        done += ["", f".. container:: {_TEXT_SECTIONS[head[1]]}", "", f"   {head[1]}", ""]
        done += [f"   | {line}" for line in broken] + [""]
    return _escaped(done, room)


def _unwrapped(lines: list[str], indent: int) -> list[str]:
    """Lines joined again where they were broken only because the next word would not have fitted."""
    joined: list[str] = []
    last = 0
    for line in lines:
        if joined and indent + last + 1 + len(line.split(" ")[0]) > WIDTH:
            joined[-1] += f" {line}"
        else:
            joined.append(line)
        last = len(line)
    return joined


def _escaped(lines: list[str], room: str) -> list[str]:
    """Markup escaped outside of doctests, whose results go on until an empty line, and of literals."""
    done: list[str] = []
    prose: list[str] = []
    in_doctest = False

    def flush() -> None:
        if prose:  # together, because a literal may reach over a line's end
            done.extend(_paragraph(prose, room))
            prose.clear()

    for line in lines:
        in_doctest = line.lstrip().startswith(">>>") or (in_doctest and bool(line.strip()))
        if in_doctest or not line.strip():
            flush()
            done.append(line)
        else:
            prose.append(line)
    flush()
    return done


def _paragraph(lines: list[str], room: str) -> list[str]:
    text = "\n".join(lines)
    own = re.compile(r"^( *)(\| |\.\. )", flags=re.MULTILINE)  # markup of this module
    text = own.sub(lambda m: m[0].replace("|", "\x00"), text)
    return "".join(_parts(text, room)).replace("\x00", "|").splitlines()


def _depth(value: Any) -> int:
    """How far the docstring is indented in its source: by 8 in a method, else by 4."""
    name = getattr(value, "__qualname__", "")
    return 8 if not isinstance(value, type) and "." in name and "<locals>" not in name else 4
