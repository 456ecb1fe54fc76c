"""The folder that Sphinx reads, put together from the repository with its own paths, so that its links stay true."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from . import experiments, reference

# The order of the navigation; a page that is not listed follows in the order of the alphabet.
GUIDE = ("claims", "layers", "losses", "training", "distributions", "numpy", "design", "add_an_op", "performance")
_LINK = re.compile(r"\]\(([^)#\s:]+)[^)]*\)")
_CARDS = """
::::{grid} 1 2 2 2
:gutter: 3

:::{grid-item-card} Overview
:link: overview
:link-type: doc
What it does, how to install it, how to use it, and how fast it is.
:::

:::{grid-item-card} FIRST_OF_COURSE
:link: COURSE
:link-type: doc
ABOUT_COURSE
:::

:::{grid-item-card} Experiments
:link: experiments
:link-type: doc
The claims of the lectures, measured, with theory beside them.
:::

:::{grid-item-card} Reference
:link: api/index
:link-type: doc
Every public name, with its signature and its derivative.
:::
::::
"""


def assemble(root: Path, source: Path) -> None:
    """Fill the folder ``source``. Files that did not change keep their time, so that Sphinx reads only the others."""
    written = pages(root)
    for name, text in written.items():
        _write(source / name, text.encode())
    copied = _copies(root, written)
    for name in copied:
        _write(source / name, (root / name).read_bytes())
    keep = {source / name for name in (*written, *copied)}
    for path in sorted(source.rglob("*"), reverse=True):  # what a former run left
        if path.is_file() and path not in keep:
            path.unlink()


def pages(root: Path) -> dict[str, str]:
    """Every page that is written here, by its path in the site's source."""
    first, rest = split_readme((root / "README.md").read_text(encoding="utf-8"))
    course = [path.relative_to(root).with_suffix("").as_posix() for path in notebooks(root)]
    head = root / "notebooks" / "README.md"
    if course and head.exists():
        course.insert(0, "notebooks/README")
    found = {
        "index.md": first + _cards(course) + _navigation(root, course),
        "overview.md": f"# Overview\n\n{rest}",
        "experiments.md": experiments.page(root / "docs" / "experiments", "docs/experiments"),
    }
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        found[name] = (root / name).read_text(encoding="utf-8")
    for path in [*guide(root), *([head] if "notebooks/README" in course else [])]:
        found[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    return found | {f"api/{name}.rst": text for name, text in reference.pages().items()}


def split_readme(text: str) -> tuple[str, str]:
    """The README's first screen, and the rest from its first heading of the second level on."""
    place = text.index("\n## ")
    return text[: place + 1], text[place + 1 :]


def guide(root: Path) -> list[Path]:
    """The pages of ``docs/`` in the order of the navigation."""
    found = (root / "docs").glob("*.md")
    return sorted(found, key=lambda path: (_place(path.stem), path.stem))


def notebooks(root: Path) -> list[Path]:
    """The notebooks of the course, in order."""
    return sorted((root / "notebooks").glob("*.ipynb"))


def _place(name: str) -> int:
    return GUIDE.index(name) if name in GUIDE else len(GUIDE)


def _cards(course: list[str]) -> str:
    title, target, about = "The guide", "docs/layers", "Which layer, which loss, which schedule to use, and when."
    if course:
        title, target = "The course", course[0]
        about = "Notebooks from a graph by hand on, with exercises and their solutions."
    return _CARDS.replace("FIRST_OF_COURSE", title).replace("ABOUT_COURSE", about).replace("COURSE", target)


def _navigation(root: Path, course: list[str]) -> str:
    guides = [path.relative_to(root).with_suffix("").as_posix() for path in guide(root)]
    trees = {
        "Start": ["overview", "experiments"],
        "Course": course,
        "Guide": guides,
        "Reference": ["api/index"],
        "Project": ["CONTRIBUTING", "CHANGELOG"],
    }
    text = ""
    for caption, names in trees.items():
        if names:
            text += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```\n"
    return text


def _copies(root: Path, written: dict[str, str]) -> set[str]:
    """Notebooks, pictures, and whatever else the pages link to."""
    found = {path.relative_to(root).as_posix() for path in notebooks(root)}
    found |= {path.relative_to(root).as_posix() for path in (root / "docs" / "experiments").glob("*/*.png")}
    texts = {name: text for name, text in written.items() if name.endswith(".md")}
    texts |= {name: (root / name).read_text(encoding="utf-8") for name in found if name.endswith(".ipynb")}
    for name, text in texts.items():
        for target in _LINK.findall(text):
            path = (root / name).parent / target
            inside = path.resolve().is_relative_to(root.resolve())
            if inside and path.is_file() and path.suffix not in (".md", ".ipynb"):
                found.add(path.resolve().relative_to(root.resolve()).as_posix())
    return found


def _write(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def clear(folder: Path) -> None:
    """Remove a folder that an earlier build wrote."""
    shutil.rmtree(folder, ignore_errors=True)
