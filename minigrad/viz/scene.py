"""What a picture shows, before anything is said about where: boxes, arrows, and clusters of boxes."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

import graphviz

from .labels import GREY, label

FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "11"}
LARGE = 800  # boxes, beyond which the layout is told to hurry
KINDS = {
    "leaf": {"shape": "box", "style": "filled", "fillcolor": "#dbeafe", "color": "#2563eb"},
    "input": {"shape": "box", "style": "filled", "fillcolor": "#fdf0d5", "color": "#b45309"},
    "operation": {"shape": "box", "style": "rounded,filled", "fillcolor": "#f8fafc", "color": GREY},
    "output": {"shape": "box", "style": "rounded,filled", "fillcolor": "#dcfce7", "color": "#15803d", "penwidth": "2"},
    "module": {"shape": "box", "style": "filled", "fillcolor": "#ede9fe", "color": "#6d28d9"},
    "constant": {"shape": "box", "style": "dashed", "color": "#94a3b8", "fontcolor": "#475569"},
    "rest": {"shape": "box", "style": "filled,dashed", "fillcolor": "#fef3c7", "color": "#b45309"},
    "missing": {"shape": "box", "style": "filled,dashed", "fillcolor": "#fee2e2", "color": "#dc2626"},
    "legend": {"shape": "plaintext"},
}
ARROWS: dict[str, dict[str, str]] = {
    "node": {},
    "constant": {"style": "dashed"},
    "rest": {"style": "dashed", "color": "#b45309"},
    "broken": {"color": "#dc2626", "penwidth": "2"},
}
BROKEN = {"color": "#dc2626", "penwidth": "3"}
_TINTS = ("#f8fafc", "#f1f5f9", "#e2e8f0", "#cbd5e1")  # of clusters, from the outermost inwards


@dataclass(eq=False)
class Cluster:
    """A frame around boxes.

    Attributes:
        lines: what stands on it, in Graphviz's HTML.
        inside: the frame around this one, if any.
    """

    lines: list[str]
    inside: Cluster | None = None


@dataclass(eq=False)
class Box:
    """One box.

    Attributes:
        key: by which arrows refer to it.
        lines: what stands in it, in Graphviz's HTML.
        kind: one of ``KINDS``.
        inside: the frame around it, if any.
        colour: of its ground, instead of that of its kind.
        broken: whether something in it is not finite.
        table: a whole label, instead of lines.
        stripes: the colours in that table, where no tables can be drawn.
    """

    key: str
    lines: list[str]
    kind: str
    inside: Cluster | None = None
    colour: str | None = None
    broken: bool = False
    table: str = ""
    stripes: tuple[str, ...] = ()


@dataclass
class Arrow:
    """From one box to another, by their keys."""

    source: str
    target: str
    name: str = ""
    kind: str = "node"


@dataclass(eq=False)
class Scene:
    """Boxes and arrows in the order in which they are written, so that equal graphs give equal pictures."""

    direction: str = "TB"
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    def dot(self, plain: bool = False) -> str:
        """The scene in the DOT language; ``plain`` without tables and fonts, for a Graphviz that cannot read them."""
        spacing = {"nodesep": "0.3", "ranksep": "0.35"}
        hurry = {"nslimit": "0.1", "nslimit1": "0.1", "mclimit": "0.01", "splines": "line"}
        dot = graphviz.Digraph(
            "compute_graph",
            graph_attr={"rankdir": self.direction, "bgcolor": "white", "pad": "0.2", **spacing, **FONT}
            | (hurry if len(self.boxes) > LARGE else {}),
            node_attr={**FONT, "height": "0.3", "margin": "0.28,0.06" if plain else "0.1,0.04"},
            edge_attr={**FONT, "fontsize": "9", "fontcolor": GREY, "color": GREY, "arrowsize": "0.7"},
        )
        self._fill(dot, None, self._members(), 0, plain)
        for a in self.arrows:
            dot.edge(a.source, a.target, label=f"  {a.name}" if a.name else None, **ARROWS[a.kind])
        return str(dot.source)

    def _members(self) -> dict[Cluster | None, list[Box | Cluster]]:
        """What stands directly inside every frame, in order."""
        members: dict[Cluster | None, list[Box | Cluster]] = {}
        for box in self.boxes:
            inner: Box | Cluster = box
            frame = box.inside
            while True:
                known = frame in members
                members.setdefault(frame, []).append(inner)
                if known or frame is None:
                    break
                inner, frame = frame, frame.inside
        return members

    def _fill(
        self,
        dot: graphviz.Digraph,
        frame: Cluster | None,
        members: dict[Cluster | None, list[Box | Cluster]],
        level: int,
        plain: bool,
    ) -> None:
        for member in members.get(frame, ()):
            if isinstance(member, Box):
                attributes = dict(KINDS[member.kind])
                if member.colour:
                    attributes |= {"fillcolor": member.colour}
                    attributes["style"] = ",".join(dict.fromkeys((*attributes["style"].split(","), "filled")))
                if member.broken:
                    attributes |= BROKEN
                if plain and member.stripes:
                    attributes |= {
                        "shape": "box",
                        "style": "striped",
                        "penwidth": "0",
                        "fillcolor": ":".join(member.stripes),
                    }
                lines = _plain(member.lines, r"\n") if plain else member.table or label(member.lines)
                dot.node(member.key, lines, **attributes)
                continue
            with dot.subgraph(name=f"cluster_{self._first(member, members)}") as inner:
                tint = _TINTS[min(level, len(_TINTS) - 1)]
                lines = _plain(member.lines, r"\l") if plain else label(member.lines, "left")
                inner.attr(label=lines, style="rounded,filled", fillcolor=tint, color="#94a3b8")
                inner.attr(labeljust="l", margin="10")
                self._fill(inner, member, members, level + 1, plain)

    def labels(self) -> dict[str, list[str]]:
        """The lines of every box and frame, by its key in the picture."""
        members = self._members()
        frames = {f"cluster_{self._first(frame, members)}": frame.lines for frame in members if frame is not None}
        return {box.key: box.lines for box in self.boxes} | frames

    def _first(self, frame: Cluster, members: dict[Cluster | None, list[Box | Cluster]]) -> str:
        """A name for a frame: the key of its first box, and how many frames stand around that."""
        levels, inner = 0, members[frame][0]
        while isinstance(inner, Cluster):
            levels, inner = levels + 1, members[inner][0]
        return f"{inner.key}_{levels}"

    def mermaid(self) -> str:
        """The scene in Mermaid's language, which GitHub, GitLab and many editors draw."""
        lines = [f"flowchart {'TD' if self.direction == 'TB' else self.direction}"]
        members = self._members()
        self._mermaid(lines, None, members, "    ")
        for a in self.arrows:
            arrow = "-.->" if "style" in ARROWS[a.kind] else "-->"
            lines.append(f"    {a.source} {arrow}{f'|{_mermaid_text(a.name)}|' if a.name else ''} {a.target}")
        used = {box.kind for box in self.boxes} - {"legend"}
        for kind in (kind for kind in KINDS if kind in used):
            look = KINDS[kind]
            style = f"fill:{look.get('fillcolor', '#ffffff')},stroke:{look['color']},color:#0f172a"
            lines.append(f"    classDef {kind} {style}{',stroke-dasharray:4' if 'dashed' in look['style'] else ''}")
        return "\n".join(lines) + "\n"

    def _mermaid(
        self, lines: list[str], frame: Cluster | None, members: dict[Cluster | None, list[Box | Cluster]], indent: str
    ) -> None:
        for member in members.get(frame, ()):
            if isinstance(member, Box) and member.kind != "legend":
                text = "<br/>".join(_mermaid_text(_words(line)) for line in member.lines)
                lines.append(f'{indent}{member.key}["{text}"]:::{member.kind}')
            elif isinstance(member, Cluster):
                title = " · ".join(_mermaid_text(_words(line)) for line in member.lines)
                lines.append(f'{indent}subgraph s_{self._first(member, members)}["{title}"]')
                self._mermaid(lines, member, members, indent + "    ")
                lines.append(f"{indent}end")


def _words(line: str) -> str:
    """A line without Graphviz's HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", line)).replace("\\\\", "\\")


def _plain(lines: list[str], end: str) -> str:
    """Lines as a label without HTML."""
    words = [graphviz.escape(_words(line)) for line in lines]
    return "".join(word + end for word in words) if end == r"\l" else end.join(words)


def _mermaid_text(text: str) -> str:
    """Any text between Mermaid's quotes: what could end them, or is markup there, becomes an entity."""
    return "".join(c if c.isalnum() or c in " .,:=()+-·×…/" else f"#{ord(c)};" for c in text)
