"""The words in a picture of a graph, as labels in Graphviz's HTML."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from ..core.graph import Node

GREY = "#64748b"
_SMALL = "#475569"  # of small words: darker, since they stand on colours too
_LONGEST = 40  # characters of a name or an argument
_FEW = 6  # elements that are written out
_PUBLIC = {"axis": "dim", "axes": "dims", "keepdims": "keepdim"}  # static arguments, as a caller writes them
_SIZES: dict[str, int] = {
    "stride": 1,
    "dilation": 1,
    "groups": 1,
    "padding": 0,
}  # along every dimension, and the usual one
_INTERNAL = {"edges", "gain", "kept", "wanted"}  # static arguments that no caller wrote


def arguments(node: Node) -> list[str]:
    """The static arguments that differ from their defaults and do not repeat the shape of the result."""
    op: Any = node.op
    words = []
    for name, value in node.static.items():
        default = op.static.get(name)
        usual = value is default or (type(value) is type(default) is float and value == default)
        value = _alike(value) if name in _SIZES else value
        if (
            usual
            or name in _INTERNAL
            or (name in _SIZES and value == _SIZES[name])
            or (name == "shape" and value == node.shape)
        ):
            continue
        if name in _PUBLIC and isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        words.append(f"[{_index(value)}]" if name == "index" else f"{_PUBLIC.get(name, name)}={_brief(value)}")
    return words


def _alike(value: Any) -> Any:
    """One number, for nested tuples of nothing but that number."""
    if not isinstance(value, tuple):
        return value
    inner = set(map(_alike, value)) if value else {value}
    return inner.pop() if len(inner) == 1 else value


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
    return f'<font point-size="9" color="{_SMALL}">{plain(text)}</font>'


def label(lines: list[str], align: str = "") -> str:
    """A label of lines that are HTML already, centred or aligned to "left"."""
    cell = f'<td align="{align}">' if align else "<td>"
    rows = "".join(f"<tr>{cell}{line}</td></tr>" for line in lines)
    return f'<<table border="0" cellspacing="0" cellpadding="1">{rows}</table>>'


def brief_value(value: Any) -> str:
    """An array in a few characters: its numbers, or where they lie and how far they spread."""
    flat = np.asarray(value).ravel()
    if flat.size == 1:
        return f"{flat[0]:.4g}" if flat.dtype.kind == "f" else str(flat[0])
    if flat.size <= _FEW:
        inner = ", ".join(f"{number:.3g}" for number in flat)
        return f"[{inner}]"
    return f"mean {flat.mean():.3g}, std {flat.std():.3g}" if flat.dtype.kind in "fiu" else ""


def bytes_in_words(count: int) -> str:
    """A number of bytes, as people read it."""
    amount, units = float(count), ["B", "KB", "MB", "GB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.3g} {units[0]}"
