"""The experiments' page, and the folder that it is made from.

``docs/experiments/<name>/`` holds the pictures of one experiment and ``experiment.json``::

    {
     "title": "Signal and gradient before training",
     "claim": "One sentence: what the pictures show.",
     "script": "examples/initialization.py",
     "command": "python examples/initialization.py",
     "seed": 0,
     "figures": [{"file": "summary.png", "caption": "What to see."}],
     "checks": [{"name": "...", "expected": "...", "measured": "...", "ok": true}]
    }

``from_run`` makes it from what a script leaves in ``runs/<name>/``: pictures, and the receipt of its ``Experiment``.
Title and claim come from the entry as it was, or from the first line of the script.
"""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from examples import __main__ as course

ENTRY = "experiment.json"
FIELDS = {"title": str, "claim": str, "script": str, "command": str, "figures": list, "checks": list}
LONGEST_TITLE = 60  # characters of a heading; a longer sentence is the claim below it
COLOURS = 128  # of a committed picture: more cannot be told apart, and take twice the space


def read(folder: Path) -> dict[str, Any]:
    """One experiment, checked.

    Raises:
        ValueError: for a missing or wrong field, and for a picture that does not exist, naming the file.
    """
    path = folder / ENTRY
    entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for field, kind in FIELDS.items():
        if not isinstance(entry.get(field), kind):
            raise ValueError(f"{path}: {field!r} must be a {kind.__name__}, got {entry.get(field)!r}")
    for figure in entry["figures"]:
        if set(figure) != {"file", "caption"} or not (folder / figure["file"]).is_file():
            raise ValueError(f"{path}: a figure is a file of this folder and its caption, got {figure!r}")
    for check in entry["checks"]:
        if not {"name", "expected", "measured", "ok"} <= set(check):
            raise ValueError(f"{path}: a check has name, expected, measured and ok, got {check!r}")
    return entry


def from_run(run: Path, target: Path, root: Path) -> Path:
    """Make or refresh the entry of the experiment that wrote the folder ``run``; returns the entry's folder.

    Raises:
        ValueError: for a run that is not complete, or that names no figures.
    """
    receipt = json.loads((run / "receipt.json").read_text(encoding="utf-8"))
    if receipt.get("status") != "complete":
        raise ValueError(f"{run}: the run is {receipt.get('status')!r}, not complete")
    figures = [piece for piece in receipt["values"].get("story", []) if "picture" in piece]
    if not figures:
        raise ValueError(f"{run}: its receipt names no pictures; draw them with Experiment.picture")
    folder = target / run.name
    before = json.loads((folder / ENTRY).read_text(encoding="utf-8")) if (folder / ENTRY).exists() else {}
    script = f"examples/{run.name}.py"
    title, claim = _said_by(root / script)
    entry = {
        "title": before.get("title") or title,
        "claim": before.get("claim") or claim,
        "script": script,
        "command": " ".join(["python", script, *(["--quick"] if receipt["configuration"].get("quick") else [])]),
        "seed": receipt.get("seed"),
        "figures": [{"file": figure["picture"], "caption": figure["caption"]} for figure in figures],
        "checks": [
            {"name": row["result"], "expected": row["expected"], "measured": row["measured"], "ok": row["as expected"]}
            for row in receipt["tables"].get("expected and measured", [])
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.png")) - {folder / figure["file"] for figure in entry["figures"]}:
        stale.unlink()
    for figure in entry["figures"]:
        _copy_picture(run / figure["file"], folder / figure["file"])
    (folder / ENTRY).write_text(json.dumps(entry, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def _copy_picture(source: Path, target: Path) -> None:
    """A picture with a palette, which is half as large."""
    if source.suffix != ".png":
        shutil.copyfile(source, target)
        return
    with Image.open(source) as picture:
        picture.convert("RGB").quantize(COLOURS).save(target, optimize=True)


def _said_by(script: Path) -> tuple[str, str]:
    """A title and a claim from the first paragraph of a script's docstring."""
    doc = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) if script.exists() else None
    first = " ".join((doc or script.stem.replace("_", " ").capitalize()).partition("\n\n")[0].split())
    title = first.partition(":")[0].partition(". ")[0].rstrip(".")
    if len(title) > LONGEST_TITLE:
        title = script.stem.replace("_", " ").capitalize()
    return title, first


def folders(source: Path) -> list[Path]:
    """All experiments' folders in the order of the page."""
    found = [path.parent for path in source.glob(f"*/{ENTRY}")]
    return sorted(found, key=lambda folder: (_place(folder.name), folder.name))


def _place(name: str) -> int:
    """Where ``python -m examples`` lists it."""
    return course.ORDER.index(name) if name in course.ORDER else len(course.ORDER)


def page(source: Path, below: str) -> str:
    """The page in MyST's Markdown.

    Args:
        source: the folder of all entries.
        below: the same folder as the page sees it.
    """
    lines = ["# Experiments", ""]
    lines += ["Each is one script in `examples/`. It prints and draws what was measured beside what theory says, and"]
    lines += ["writes a receipt of the run. The tables below are from those receipts.", ""]
    for folder in folders(source):
        entry = read(folder)
        lines += [f"## {_plain(entry['title'])}", "", _plain(entry["claim"]), ""]
        seed = "" if entry.get("seed") is None else f"  # seed {entry['seed']}"
        lines += ["```sh", f"{entry['command']}{seed}", "```", ""]
        for figure in entry["figures"]:
            target = f"{below}/{folder.name}/{figure['file']}"
            lines += [f"```{{figure}} {target}", f":alt: {_plain(figure['caption'], escape=False)}"]
            lines += ["", _plain(figure["caption"]), "```", ""]
        if entry["checks"]:
            lines += ["| checked | expected | measured | holds |", "|---|---|---|---|"]
            lines += [_row(check) for check in entry["checks"]] + [""]
    return "\n".join(lines).rstrip() + "\n"


def _row(check: dict[str, Any]) -> str:
    verdict = "✓" if check["ok"] else "**✗ no**"
    return f"| {' | '.join(_cell(check[name]) for name in ('name', 'expected', 'measured'))} | {verdict} |"


def _cell(value: Any) -> str:
    return _plain(f"{value:.4g}" if isinstance(value, float) else str(value))


def _plain(text: str, *, escape: bool = True) -> str:
    """Text of a receipt on one line, in which no character is markup."""
    line = " ".join(text.split())
    if not escape:
        return line
    for character in "\\`*_{}[]<>#|$~":
        line = line.replace(character, f"\\{character}")
    return line
