"""README and docs are true: their code runs, and prints what stands below it; their links lead somewhere."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from minigrad import nn
from minigrad.core import dispatch
from minigrad.core.primitive import REGISTRY
from minigrad.core.tensor import Tensor

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAM = re.compile(r"```python\n(.*?)```(?:\s*```text\n(.*?)```)?", flags=re.DOTALL)


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages may declare operations; the rest of the tests shall not see them."""
    before, methods = (dict(REGISTRY), dict(dispatch.NUMPY)), set(vars(Tensor))
    yield
    for table, old in zip((REGISTRY, dispatch.NUMPY), before, strict=True):
        table.clear()
        table.update(old)
    for name in set(vars(Tensor)) - methods:
        delattr(Tensor, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.usefixtures("registries")
def test_programs_print_what_the_page_says(page: Path) -> None:
    text = page.read_text()
    if "mg.save(" in text:
        pytest.importorskip("safetensors", reason="the programs of this page write files, which need safetensors")
    programs = PROGRAM.findall(text)
    assert programs
    names: dict[str, object] = {}  # a page is read from top to bottom
    for code, expected in programs:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), names)
        assert printed.getvalue() == expected


def test_the_readme_begins_with_a_short_example_whose_numbers_are_printed() -> None:
    code, expected = PROGRAM.search((ROOT / "README.md").read_text()).groups()
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    assert re.search(r"\d\.\d{3}", expected)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_placeholder_is_left(page: Path) -> None:
    assert not re.search(r"\b(BENCHMARKS|TODO|FIXME|XXX)\b", page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (page.parent / target).exists(), f"{page.name} links to {target}"
    for target in re.findall(r"`((?:docs|examples|minigrad)/[\w./]*)`", text):
        assert (ROOT / target).exists(), f"{page.name} names {target}"


def test_no_hint_sends_users_to_another_project_or_to_a_file_that_they_lack() -> None:
    """The package index knows another project by this name, and the wheel holds the package alone."""
    for path in [*PAGES, *sorted(ROOT.glob("minigrad/**/*.py")), *sorted(ROOT.glob("examples/*.py"))]:
        hints = re.findall(r"pip install ['\"]?minigrad.*", path.read_text())
        assert all("would fetch that" in hint for hint in hints), f"{path.name}: {hints}"
    for path in sorted(ROOT.glob("minigrad/**/*.py")):
        text = path.read_text()
        if "debug" in path.parts:  # a finding may end with a page to read on, which says nothing that it does not
            text = re.sub(
                r'"((?:docs|examples)/[\w.]+)"', lambda page: "" if (ROOT / page[1]).exists() else page[0], text
            )
        assert not re.search(r"CONTRIBUTING|README|docs/", text), f"{path.name} points outside the package"


def test_the_page_of_debugging_has_a_row_for_every_code() -> None:
    text = (ROOT / "docs" / "debugging.md").read_text()
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", "".join(re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE))))
    checks = [path.read_text() for path in sorted(ROOT.glob("minigrad/debug/doctor/checks/*.py"))]
    known = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', "".join(checks))) - {"cross-entropy"}
    assert listed == known


def test_the_pages_of_layers_and_losses_name_all_of_them() -> None:
    text = "".join((ROOT / "docs" / page).read_text() for page in ("layers.md", "losses.md"))
    named = set(re.findall(r"`(?:F\.|nn\.|init\.)?(\w+)(?:\(.*?\))?`", text))
    families = {name.removesuffix("*") for name in re.findall(r"`(\w+_\*)`", text)}
    in_place = {f"{name}_" for name in named}
    for module in (nn, nn.functional):
        missing = {name for name in module.__all__ if name not in named | in_place}
        assert missing <= {"Module", "Parameter", "functional", "init", "losses", "utils"}, missing
    initialisers = {name for name in vars(nn.init) if name.endswith("_") and not name.startswith("_")}
    assert {name for name in initialisers if name not in named and name.split("_")[0] + "_" not in families} == set()
