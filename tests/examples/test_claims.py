"""docs/claims.md: every experiment has its claim there, and every link of the page leads to what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the list of experiments is made with the frame, which draws with matplotlib")

from examples import __main__ as index  # noqa: E402

ROOT = Path(index.__file__).parents[1]
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")


def test_every_experiment_is_there_and_in_the_course() -> None:
    named = set(re.findall(r"`(\w+)\.py`", PAGE))
    assert named == set(index.scripts())
    assert set(index.ORDER) == set(index.scripts())
    assert set(re.findall(r"\]\(\.\./examples/(\w+)\.py\)", PAGE)) == named  # every one is a link


def test_every_picture_exists() -> None:
    pictures = re.findall(r"\]\((experiments/[^)]+)\)", PAGE)
    assert len(pictures) > 40
    missing = [picture for picture in pictures if not (ROOT / "docs" / picture).is_file()]
    assert not missing
    for row in PAGE.splitlines():
        if row.startswith("| ") and "`" in row:
            script, picture = re.findall(r"`(\w+)\.py`", row), re.search(r"experiments/(\w+)/", row)
            assert picture is not None and picture.group(1) in script, row
