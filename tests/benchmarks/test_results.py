"""The numbers that the pages quote are those of a run whose result is kept here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import pages
from benchmarks.__main__ import show
from benchmarks.result import load

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_say_what_the_kept_results_say(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To print them anew: python -m benchmarks --refresh README.md docs/performance.md."""
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    assert pages.refreshed(text, show) == text
    assert text.count("<!-- python -m benchmarks") == text.count("<!-- end of the table -->")
    for arguments in pages.commands(text):
        assert ROOT / arguments[arguments.index("--markdown") + 1] in RESULTS


def test_the_readme_quotes_nothing_but_kept_results() -> None:
    """Its section on speed has its ratios from a table that a command prints."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if RESULTS:
        assert pages.commands(text)
        section = pages.BLOCK.sub("", text.partition("\n## Speed\n")[2].partition("\n## ")[0])
        assert not re.search(r"\| *\d+\.\d\d *\|", section)
    else:
        assert not pages.commands(text)


@pytest.mark.parametrize("path", RESULTS or [None], ids=lambda path: path.name if path else "none")
def test_kept_results_say_when_where_and_with_what(path: Path | None) -> None:
    if path is None:
        return  # nothing is kept, and nothing may be quoted: see above
    found = load(path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", found.date)
    assert found.machine["processor"] and found.machine["vectors"] != "unknown"
    assert {"numpy", "torch", "minigrad"} <= set(found.versions)
    assert not found.settings["tiny"] and found.settings["rounds"] >= 3
    assert found.rows or found.curves
