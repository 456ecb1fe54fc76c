"""Do the links of the built site lead somewhere, and does it load everything from itself?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {"link": "href", "script": "src", "img": "src", "source": "src", "iframe": "src", "video": "src"}
_IN_CSS = re.compile(r"""(?:url\(|@import)\s*['"]?(?:https?:)?//[^)'";\s]+""")


@dataclass
class Findings:
    """What the check found: broken links, what a page would fetch from elsewhere, and links to other sites."""

    broken: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    external: set[str] = field(default_factory=set)


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in _LOADED and _LOADED[tag] in found and found.get("rel") not in ("canonical", "author", "index"):
            self.loads.append(found[_LOADED[tag]])


def check(site: Path) -> Findings:
    """Follow every link of every page; links to other sites are listed, not fetched."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    findings = Findings()
    for path, page in pages.items():
        name = path.relative_to(site)
        for target in page.loads:
            if urlsplit(target).netloc:
                findings.fetched.append(f"{name} loads {target}")
            elif not target.startswith("data:") and not _file(path, target).exists():
                findings.broken.append(f"{name} loads {target}, which does not exist")
        for target in page.links:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ("mailto", "data"):
                    findings.external.add(target)
                continue
            file = _file(path, target) if parts.path else path
            anchor = unquote(parts.fragment)
            if not file.exists():
                findings.broken.append(f"{name} links to {target}, which does not exist")
            elif anchor and file in pages and anchor not in pages[file].anchors:
                findings.broken.append(f"{name} links to {target}, where nothing has that name")
    for path in sorted(site.rglob("*.css")):
        found = _IN_CSS.findall(path.read_text(encoding="utf-8"))
        findings.fetched += [f"{path.relative_to(site)} loads {match}" for match in found]
    return findings


def _file(page: Path, target: str) -> Path:
    return (page.parent / unquote(urlsplit(target).path)).resolve()
