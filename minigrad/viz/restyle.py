"""Bold and small words in an SVG that was laid out with plain labels, as Graphviz in WebAssembly needs them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from .scene import Scene

_SVG = "http://www.w3.org/2000/svg"
_FONT = re.compile(r'<font point-size="(\w+)" color="(.\w+)">(.*)</font>')


def restyled(svg: bytes, scene: Scene) -> bytes:
    """The picture with every line as its box or frame has it."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(svg)
    labels = scene.labels()
    for group in root.iter(f"{{{_SVG}}}g"):
        title = group.find(f"{{{_SVG}}}title")
        lines = labels.get("" if title is None else str(title.text), [])
        for text, line in zip(group.iter(f"{{{_SVG}}}text"), lines, strict=False):
            _set(text, line)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _set(text: ElementTree.Element, line: str) -> None:
    if found := _FONT.fullmatch(line):
        size, colour, line = found.groups()
        text.set("font-size", f"{size}.00")
        text.set("fill", colour)
    line = line.replace("\\\\", "\\").replace("<b>", '<tspan font-weight="bold">').replace("</b>", "</tspan>")
    whole = ElementTree.fromstring(f'<text xmlns="{_SVG}">{line}</text>')
    text.text = whole.text
    text.extend(whole)
