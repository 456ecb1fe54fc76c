"""The words in a picture of a graph, as labels in Graphviz's HTML."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from ..core.graph import Node

GREY = "#64748b"
_LONGEST = 40  # characters of a name or an argument
_PUBLIC = {"axis": "dim", "axes": "dims", "keepdims": "keepdim"}  # static arguments, as a caller writes them
_INTERNAL = {"edges", "input_gradient"}  # static arguments that no caller wrote


def arguments(node: Node) -> list[str]:
    """The static arguments that differ from their defaults and do not repeat the shape of the result."""
    op: Any = node.op
    words = []
    for name, value in node.static.items():
        default = op.static.get(name)
        usual = value is default or (type(value) is type(default) is float and value == default)
        if usual or name in _INTERNAL or (name == "shape" and value == node.shape):
            continue
        if name in _PUBLIC and isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        words.append(f"[{_index(value)}]" if name == "index" else f"{_PUBLIC.get(name, name)}={_brief(value)}")
    return words


def _index(index: Any) -> str:
    """An index as it is written between brackets."""
    if isinstance(index, tuple):
        return ", ".join(map(_index, index))
    if isinstance(index, slice):
        start, stop, step = ("" if part is None else str(part) for part in (index.start, index.stop, index.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return "..." if index is Ellipsis else _brief(index)


def _brief(value: Any) -> str:
    """An argument in a few characters, none of which changes from run to run."""
    if getattr(value, "shape", ()):
        return f"{value.shape} {value.dtype}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(_brief, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, (bool, int, float, str, np.generic, np.ndarray, np.dtype, type(None))):
        return number(value)
    return str(getattr(value, "__name__", type(value).__name__))  # a repr may hold an address


def number(value: Any) -> str:
    """A number to six digits; an array of one element counts as a number."""
    value = value.item() if hasattr(value, "item") else value
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def plain(text: str) -> str:
    """Any text, cut in the middle if it is long, without characters that neither XML nor a file can hold."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2 - 1]}…{text[-_LONGEST // 2 :]}"
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    # In Graphviz's HTML, a backslash starts a name such as \N, and a lone bracket is taken for the end of CDATA.
    return html.escape(text).replace("\\", "\\\\").replace("]", "&#93;")


def bold(text: str) -> str:
    """Any text in bold."""
    return f"<b>{plain(text)}</b>"


def small(text: str) -> str:
    """Any text, small and grey."""
    return f'<font point-size="9" color="{GREY}">{plain(text)}</font>'


def label(lines: list[str]) -> str:
    """A label of lines that are HTML already."""
    rows = "".join(f"<tr><td>{line}</td></tr>" for line in lines)
    return f'<<table border="0" cellspacing="0" cellpadding="1">{rows}</table>>'
