"""A graph in the DOT language that turns itself into a picture, in a notebook or in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import graphviz

from ..core.caller import warn

_FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
_SOURCES = (".gv", ".dot")
_INSTALL = (
    "Graphviz's program 'dot', which lays the graph out, was not found. Install it with "
    "'sudo apt-get install graphviz', 'brew install graphviz' or 'winget install graphviz', "
    "or from https://graphviz.org/download"
)


class GraphPicture:
    """A picture of a graph: shows itself in a notebook, and goes into a file with ``save``.

    Args:
        source: the graph in the DOT language.

    Example:
        >>> picture = GraphPicture("digraph { x -> y }")
        >>> print(picture)
        digraph { x -> y }
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whose folder is made if it does not exist.

        Args:
            path: its suffix says the format: .svg, .png or .pdf, or .gv (or .dot) for the source.

        Returns:
            The path that was written. Without Graphviz's program ``dot`` that is the source, under the suffix .gv, and
            a warning says how to install ``dot``.

        Raises:
            ValueError: if the suffix is none of these.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in (*_FORMATS, *_SOURCES):
            known = ", ".join((*_FORMATS, *_SOURCES))
            raise ValueError(f"the suffix of {path.name!r} names no format; it can be {known}: save('graph.svg')")
        content = self.source.encode()
        if suffix in _FORMATS:
            drawn = self._render(_FORMATS[suffix])
            if drawn is None:
                path = path.with_suffix(".gv")
                warn(f"wrote the source {path.name} instead of a picture. {_INSTALL}")
            else:
                content = drawn
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def _render(self, form: str) -> bytes | None:
        """The picture in a format of ``dot``, or None without that program."""
        try:
            return bytes(graphviz.pipe("dot", form, self.source.encode()))
        except graphviz.ExecutableNotFound:
            return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: an SVG, or the source and how to get more than that."""
        drawn = self._render("svg")
        if drawn is None:
            return {"text/plain": f"{_INSTALL}\n\n{self.source}"}
        return {"image/svg+xml": drawn.decode(), "text/plain": repr(self)}

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<GraphPicture: {len(self.source.splitlines())} lines of DOT; .save('graph.svg') draws them>"
