"""Reads a picture back from its DOT: boxes, frames, arrows."""

from __future__ import annotations

import html
import re


class Picture:
    """The text of every box, the frame around it, and the arrows."""

    def __init__(self, picture):
        self.source = picture.source
        self.boxes, self.looks, self._inside = {}, {}, {}
        self.frames, self.arrows = [], []
        stack = []
        for line in map(str.strip, picture.source.splitlines()):
            if arrow := re.fullmatch(r"(\w+) -> (\w+)(.*)", line):
                self.arrows.append(arrow.groups())
            elif line.startswith("subgraph"):
                stack.append(None)
            elif line == "}" and stack:
                stack.pop()
            elif stack and stack[-1] is None and "label=<" in line:
                stack[-1] = " / ".join(self._cells(line))
                self.frames.append(stack[-1])
            elif box := re.fullmatch(r"(\w+) \[label=<(.*)> (.*)\]", line):
                key, label, look = box.groups()
                if key in ("node", "edge", "graph"):
                    continue
                self.boxes[key] = self._cells(label)
                self.looks[key] = look
                self._inside[key] = stack[-1] if stack else None

    @staticmethod
    def _cells(label):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", label)
        return [html.unescape(re.sub(r"<[^>]*>", "", cell)).replace("\\\\", "\\") for cell in cells]

    def lines(self, key):
        return self.boxes[key]

    def key(self, title):
        return next(key for key, lines in self.boxes.items() if lines[0] == title)

    def titles(self):
        return [lines[0] for key, lines in self.boxes.items() if re.fullmatch(r"x\d+", key)]

    def frame_of(self, title):
        return self._inside[self.key(title)]

    def into(self, title):
        return [self.boxes[source][0] for source, target, _ in self.arrows if target == self.key(title)]
