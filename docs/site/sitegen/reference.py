"""The reference: one page of reStructuredText per room, or per family of a large one."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from minigrad import Tensor
from minigrad.core.primitive import Primitive

from . import derivatives, docstrings, signatures
from .rooms import PAGES, Entry, Page, entries, rooms

_INDENT = "   "


def pages() -> dict[str, str]:
    """The text of every page, by its path below ``api/`` without suffix."""
    written = {page.path: _text(_page(page)) for page in PAGES}
    written |= {_head(room): _text(_room_page(room)) for room in rooms() if _head(room) not in written}
    written["tensor_methods"] = _text(_tensor_methods())
    written["index"] = _text(_index())
    return written


def described(text: str) -> set[str]:
    """The names that a page has entries for, in full; what tests compare with the public names."""
    found = set()
    module = ""
    for line in text.splitlines():
        directive, _, argument = line.partition(":: ")
        if directive in (".. py:module", ".. py:currentmodule"):
            module = argument
            found.add(module)
        elif directive in (".. py:function", ".. py:class", ".. py:data", ".. py:method", ".. py:property"):
            found.add(f"{module}.{argument.partition('(')[0]}")
    return found


# --- pages ------------------------------------------------------------------------------------------------------------
def _page(page: Page) -> Iterator[str]:
    whole = _head(page.room) == page.path
    short = page.room.removeprefix("minigrad.")
    yield from _title(page.title if whole or page.room == "minigrad" else f"{short}: {page.title}", "=")
    yield f".. py:{'module' if whole else 'currentmodule'}:: {page.room}"
    yield ""
    if whole:
        yield from docstrings.body(importlib.import_module(page.room), page.room)
        yield ""
    mine = [entry for entry in entries().values() if entry.page is page]
    for title, source, group in _sections(page, mine):
        if title:
            yield from _title(title, "-")
        if source:
            yield from [".. rst-class:: source-file", "", f"Defined in ``{source}``", ""]
        yield from _table(group)
        for entry in group:
            yield from _entry(entry)
    if page.path == "tensor":
        yield from ["All of its methods stand on :doc:`a page of their own <tensor_methods>`.", ""]
    if whole:
        yield from _toctree(_below(page.room))


def _room_page(room: str) -> Iterator[str]:
    """The page of a room that is too large for one: what stands on which of its pages."""
    yield from _title("Operations and constants" if room == "minigrad" else room.removeprefix("minigrad."), "=")
    yield from [f".. py:module:: {room}", ""]
    if room != "minigrad":
        yield from docstrings.body(importlib.import_module(room), room)
        yield ""
    families = [(page.title, page.path) for page in PAGES if page.room == room and page.path != "tensor"]
    yield from _contents([*families, *_below(room)])
    yield from _toctree([*families, *_below(room)])


def _head(room: str) -> str:
    """The page that stands for a room: its only one, or the one that lists its families."""
    own = [page for page in PAGES if page.room == room]
    return own[0].path if len(own) == 1 else f"{own[-1].path.partition('/')[0]}/index"


def _below(room: str) -> list[tuple[str, str]]:
    """The rooms inside a room, with their pages."""
    inside = [other for other in rooms() if _outer(other) == room]
    return [(other.removeprefix("minigrad."), _head(other)) for other in inside] if room != "minigrad" else []


def _outer(room: str) -> str:
    """The room that a room lies in; '' for those directly in the package."""
    around = [other for other in rooms() if room.startswith(f"{other}.") and other != "minigrad"]
    return max(around, key=len, default="")


def _toctree(targets: list[tuple[str, str]]) -> Iterator[str]:
    if targets:
        yield from [".. toctree::", "   :hidden:", ""]
        yield from [f"   {title} </api/{path}>" for title, path in targets]
        yield ""


def _contents(targets: list[tuple[str, str]]) -> Iterator[str]:
    """A table of pages with what they are about, or some of the names on each."""
    yield from [".. list-table::", "   :class: summary", "   :widths: auto", ""]
    heads = {_head(room): room for room in rooms()}
    for title, path in targets:
        names = [entry.name.rpartition(".")[2] for entry in entries().values() if entry.page.path == path]
        told = ", ".join(f"``{name}``" for name in names[:6]) + (", ..." if len(names) > 6 else "")
        if path in heads and heads[path] != "minigrad":
            told = docstrings.summary(importlib.import_module(heads[path]), heads[path])
        elif path in heads:
            told = "Functions on Tensors, under PyTorch's and NumPy's names."
        yield from [f"   * - :doc:`{docstrings.escaped(title)} </api/{path}>`", f"     - {told}"]
    yield ""


def _sections(page: Page, mine: list[Entry]) -> Iterator[tuple[str, str, list[Entry]]]:
    """Entries by the module that defines them, titled with its docstring; then what is described elsewhere."""
    here = [entry for entry in mine if entry.same_as == entry.name and entry.kind in ("class", "function")]
    homes = sorted({entry.home for entry in here}, key=lambda home: _order(page, home))
    for home in homes:
        group = sorted((entry for entry in here if entry.home == home), key=lambda entry: entry.name.lower())
        if not home.startswith("minigrad"):
            yield "From NumPy", "", group
            continue
        module = importlib.import_module(home)
        title = docstrings.summary(module, page.room).rstrip(".") if len(homes) > 1 else ""
        suffix = "/__init__.py" if hasattr(module, "__path__") else ".py"
        yield title, home.replace(".", "/") + suffix, group
    data = sorted((entry for entry in mine if entry.kind == "data"), key=lambda entry: entry.name.lower())
    if data:
        yield ("Values" if homes else ""), "", data
    inner = [entry for entry in mine if entry.kind == "module"]
    if inner:
        yield "Modules", "", inner
    others = [entry for entry in mine if entry.same_as != entry.name]
    if others:
        yield ("Other names, and names described elsewhere" if homes or data or inner else ""), "", others


def _order(page: Page, home: str) -> tuple[int, str]:
    """Families in the order in which the page lists them, what stands in the room itself first."""
    inside = home.removeprefix(f"{page.room}.")
    places = [place for place, family in enumerate(page.families) if f"{inside}.".startswith(f"{family}.")]
    return (min(places, default=-1 if home == page.room else len(page.families)), home)


def _index() -> Iterator[str]:
    yield from _title("Reference", "=")
    yield "Every public name, with its signature, from the docstrings of the library. Look a name up in the search"
    yield "field or in the :ref:`index of all names <genindex>`. A primitive shows its derivative as the source has it."
    yield ""
    top = [(room.removeprefix("minigrad."), _head(room)) for room in rooms() if not _outer(room)]
    top[:1] = [("Tensor", "tensor"), ("Methods of Tensor", "tensor_methods"), ("Operations and constants", top[0][1])]
    yield from _contents([target for target in top if target[1] not in ("tensor", "tensor_methods")])
    yield from _toctree(top)


def _tensor_methods() -> Iterator[str]:
    """Tensor's methods and properties. Most are the functions of the same name, which are described there."""
    yield from _title("Methods of Tensor", "=")
    yield ".. py:currentmodule:: minigrad"
    yield ""
    yield "A method takes what the function of that name takes after its first argument: ``x.sum(dim=0)`` is"
    yield ":py:obj:`minigrad.sum(x, dim=0) <minigrad.sum>`. Those with an underscore at the end write in place."
    yield ""
    public = {name: inspect.getattr_static(Tensor, name) for name in dir(Tensor) if not name.startswith("_")}
    groups: dict[str, list[str]] = {"Properties": [], "Methods": [], "In place": []}
    for name, member in public.items():
        kind = "In place" if name.endswith("_") else "Methods" if _callable(member) else "Properties"
        groups[kind].append(name)
    for title, names in groups.items():
        yield from _title(title, "-")
        for name in names:
            yield from _member("Tensor", name, public[name], "minigrad", _function_of(name, public[name]))


# --- entries ----------------------------------------------------------------------------------------------------------
def _table(group: list[Entry]) -> Iterator[str]:
    """Names with their first sentences: what a reader scans before reading."""
    if len(group) < 4 or group[0].kind in ("data", "module") or group[0].same_as != group[0].name:
        return
    yield from [".. list-table::", "   :class: summary", "   :widths: auto", ""]
    for entry in group:
        short = entry.name.rpartition(".")[2]
        yield f"   * - :py:obj:`{short} <{entry.name}>`"
        yield f"     - {_first_sentence(entry)}"
    yield ""


def _first_sentence(entry: Entry) -> str:
    room = entry.name.rpartition(".")[0]
    return docstrings.summary(entry.value, room)


def _entry(entry: Entry) -> Iterator[str]:
    room, _, short = entry.name.rpartition(".")
    value = entry.value
    if entry.kind == "module" and any(page.room == entry.name for page in PAGES):
        yield from [f":py:mod:`{entry.name}`", f"{_INDENT}{docstrings.summary(value, room)}", ""]
        return
    if entry.kind == "module":
        yield from [f".. py:data:: {short}", f"{_INDENT}:type: module", "", f"{_INDENT}{_room_of(entry)}", ""]
        return
    if entry.kind == "data":
        yield from [f".. py:data:: {short}", "", f"{_INDENT}{_value_of(entry)}", ""]
        return
    yield f".. py:{entry.kind}:: {short}{signatures.shown(value)}"
    yield ""
    if entry.same_as != entry.name:
        told = f"The same as :py:obj:`{entry.same_as}`: {docstrings.summary(value, room)}"
        yield from [f"{_INDENT}{told}", ""]
        return
    if entry.kind == "class":
        yield from _indented(_bases(entry))
    yield from _indented(docstrings.body(value, room))
    if rule := derivatives.source_of(value):
        yield from _indented(["", ".. rubric:: Derivative", "", ".. code-block:: python", ""])
        yield from _indented(_indented(rule.splitlines()))
    if entry.kind == "class" and short != "Tensor" and entry.home.startswith("minigrad"):
        for name, member in vars(value).items():
            if not name.startswith("_") and (_callable(member) or _is_property(member)):
                yield ""
                yield from _indented(_member("", name, member, room, None))
    yield ""


def _bases(entry: Entry) -> list[str]:
    """The nearest public classes that it extends: their methods are its own."""
    public = {id(other.value): other.same_as for other in entries().values() if other.kind == "class"}
    nearest = next((public[id(base)] for base in entry.value.__mro__[1:] if id(base) in public), None)
    return [f"Extends :py:obj:`~{nearest}`.", ""] if nearest else []


def _member(owner: str, name: str, member: Any, room: str, function: str | None) -> Iterator[str]:
    """A method or a property; one that is a public function only points to it."""
    full = f"{owner}.{name}" if owner else name
    plain = getattr(member, "__func__", member)
    if _is_property(member):
        plain = getattr(member, "fget", None) or getattr(member, "func", member)
        yield from [f".. py:property:: {full}", ""]
    else:
        option = {staticmethod: "staticmethod", classmethod: "classmethod"}.get(type(member))
        bound = not isinstance(member, staticmethod)
        yield f".. py:method:: {full}{signatures.shown(plain, bound=bound)}"
        yield from [f"{_INDENT}:{option}:", ""] if option else [""]
    if function is not None:
        yield from [f"{_INDENT}{docstrings.summary(plain, room)} See :py:obj:`{function}`.", ""]
        return
    yield from _indented(docstrings.body(plain, room))
    yield ""


def _callable(member: Any) -> bool:
    return isinstance(member, Primitive | staticmethod | classmethod) or inspect.isroutine(member)


def _is_property(member: Any) -> bool:
    return isinstance(member, property | functools.cached_property)


def _function_of(name: str, member: Any) -> str | None:
    """The public function that a method of Tensor is."""
    same = {id(entry.value): entry.same_as for entry in entries().values() if entry.kind == "function"}
    return same.get(id(member))


def _value_of(entry: Entry) -> str:
    value, room = entry.value, entry.name.rpartition(".")[0]
    if isinstance(value, float | int | str):
        return f"The value ``{value!r}``."
    if getattr(type(value), "__module__", "").startswith("numpy") or isinstance(value, type):
        return f"NumPy's ``{getattr(value, 'name', None) or getattr(value, '__name__', value)}``."
    kind = type(value)
    public = {id(other.value): other.same_as for other in entries().values() if other.kind == "class"}
    named = f":py:obj:`~{public[id(kind)]}`" if id(kind) in public else f"``{kind.__name__}``"
    return f"An object of {named}: {docstrings.summary(kind, room)}"


def _room_of(entry: Entry) -> str:
    module: ModuleType = entry.value
    target = module.__name__ if any(page.room == module.__name__ for page in PAGES) else ""
    link = f"See :py:mod:`{target}`. " if target else ""
    return link + docstrings.summary(module, entry.name.rpartition(".")[0])


# --- text -------------------------------------------------------------------------------------------------------------
def _title(text: str, line: str) -> Iterator[str]:
    yield from [text, line * max(len(text), 4), ""]


def _indented(lines: Any) -> Iterator[str]:
    for line in lines:
        yield f"{_INDENT}{line}" if line.strip() else ""


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
