"""The site: every public name has its entry, every page its place in the navigation, every link somewhere to lead."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.core.primitive import Primitive
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F
from tests.test_public_names import ROOMS

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "docs" / "site"))

from sitegen import derivatives, docstrings, experiments, links, mentions, rooms, signatures  # noqa: E402


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    pytest.importorskip("sphinx", reason="pages are written with Sphinx's napoleon")
    from sitegen import reference

    return reference


@pytest.fixture(scope="module")
def pages(reference: ModuleType) -> dict[str, str]:
    from sitegen import assemble

    return assemble.pages(ROOT)


# --- the reference ----------------------------------------------------------------------------------------------------
def test_every_public_room_has_a_page() -> None:
    assert {f"minigrad.{room}" for room in ROOMS} | {"minigrad"} <= set(rooms.rooms())
    assert len({page.path for page in rooms.PAGES}) == len(rooms.PAGES)


def test_every_public_name_has_an_entry(reference: ModuleType, pages: dict[str, str]) -> None:
    described = set().union(*(reference.described(text) for name, text in pages.items() if name.startswith("api/")))
    public = {f"{room}.{name}" for room in rooms.rooms() for name in sys.modules[room].__all__}
    assert public - described == set()
    methods = {f"minigrad.Tensor.{name}" for name in dir(Tensor) if not name.startswith("_")}
    assert methods - described == set()


def test_other_names_point_to_one_that_is_described_under_itself() -> None:
    known = rooms.entries()
    assert all(known[entry.same_as].same_as == entry.same_as for entry in known.values())
    for name, described in {
        "minigrad.special.erf": "minigrad.erf",
        "minigrad.acos": "minigrad.arccos",
        "minigrad.utils.data.DataLoader": "minigrad.data.DataLoader",
        "minigrad.manual_seed": "minigrad.random.manual_seed",
        "minigrad.nn.utils.clip_grad_norm_": "minigrad.nn.utils.clip_grad.clip_grad_norm_",
    }.items():
        assert known[name].same_as == described


def test_names_stand_with_their_family() -> None:
    known = rooms.entries()
    for name, path in {
        "minigrad.erf": "operations/special",
        "minigrad.tanh": "operations/elementwise",
        "minigrad.cos": "operations/trigonometric",
        "minigrad.nn.LSTM": "nn/recurrent",
        "minigrad.nn.Module": "nn/module",
        "minigrad.nn.functional.focal_loss": "functional/loss",
        "minigrad.optim.Adam": "optim",
    }.items():
        assert known[name].page.path == path


def test_signatures_of_what_is_made_at_import_time() -> None:
    assert signatures.shown(mg.exp) == "(input)"  # ufunc
    assert signatures.shown(F.linear) == "(input, weight, bias=None)"  # primitive
    assert signatures.shown(mg.sum).startswith("(input, dim=None, keepdim: bool = False, *, dtype=None")  # registered
    assert signatures.shown(vars(Tensor)["sum"], bound=True).startswith("(dim=None, keepdim")
    assert signatures.shown(mg.nn.Linear).startswith("(in_features: int, out_features: int, bias: bool = True")
    assert signatures.shown(F.mse_loss).endswith("-> minigrad.Tensor")


def test_every_primitive_shows_its_derivative() -> None:
    primitives = {entry.name: entry.value for entry in rooms.entries().values() if isinstance(entry.value, Primitive)}
    assert len(primitives) > 80
    assert [name for name, value in primitives.items() if not re.search(r"\bg\b", derivatives.source_of(value))] == []
    assert derivatives.source_of(mg.cos) == 'cos = ufunc(np.cos, "The cosine.", x=lambda g, x: -g * np.sin(x))'
    assert derivatives.source_of(mg.arccos).startswith("arccos = ufunc(")  # not where acos is made of it
    assert derivatives.source_of(F.linear).startswith("linear.")
    assert "def _entr_rule(g: Any" in derivatives.source_of(mg.special.entr)  # a rule that is a function, with its name
    assert derivatives.source_of(mg.nn.Linear) == ""


def test_docstrings_become_text_without_accidental_markup(reference: ModuleType) -> None:
    assert docstrings.inline("a*b, |x|, x_ and ``**literal``²", "minigrad") == r"a\*b, \|x\|, x\_ and ``**literal``\ ²"
    assert docstrings.inline("see ``nn.Linear``, ``x``", "minigrad") == (
        "see :py:obj:`nn.Linear <minigrad.nn.Linear>`, ``x``"
    )
    assert docstrings.summary(mg.cos, "minigrad") == "The cosine."
    lines = docstrings.body(F.focal_loss, "minigrad.nn.functional")
    assert ":Shapes: * **input** -- (C,), (N, C) or (N, C, d1, ...) scores, for C classes." in lines
    assert any(line.startswith(":raises IndexError:") for line in lines)
    # A line that was only broken because it was full is joined again.
    assert any(re.fullmatch(r"   \| -α\[y\] .* sum of their weights as .* does\.", line) for line in lines)
    assert ">>> focal_loss(Tensor([[0.0, 0.0]]), [1])" in lines


def test_names_in_the_text_of_pages_are_found() -> None:
    for text, name in {
        "F.mse_loss": "minigrad.nn.functional.mse_loss",
        "mse_loss": "minigrad.nn.functional.mse_loss",
        "nn.LSTM(8, 16)": "minigrad.nn.LSTM",
        "losses.explain(name)": "minigrad.nn.losses.explain",
        "mg.no_grad()": "minigrad.no_grad",
        "DataLoader": "minigrad.data.DataLoader",
        "clip_grad_norm_": "minigrad.nn.utils.clip_grad_norm_",
    }.items():
        assert getattr(mentions.find(text), "name", None) == name
    for text in (
        "dim",
        "sum",
        "T",
        "np.sum(t)",
        "x.sum(dim=0)",
        "a + b",
        "reduction",
        "minigrad/ops/",
        "nn",
        "SGD + Adam",
    ):
        assert mentions.find(text) is None, text


# --- pages and navigation ---------------------------------------------------------------------------------------------
def _in_navigation(pages: dict[str, str]) -> Iterator[str]:
    for name, text in pages.items():
        folder = name.rpartition("/")[0]
        for block in re.findall(r"```\{toctree\}\n(.*?)```", text, flags=re.DOTALL):
            yield from (line for line in block.splitlines() if line and not line.startswith(":"))
        for block in re.findall(r"\.\. toctree::\n((?:   .*\n|\n)*)", text):
            for target in re.findall(r"<(.*)>", block):
                yield target.removeprefix("/") if target.startswith("/") else f"{folder}/{target}"


def test_every_page_has_its_place_in_the_navigation(pages: dict[str, str]) -> None:
    targets = list(_in_navigation(pages))
    notebooks = {f"notebooks/{path.stem}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    docs = {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")}
    written = {name.rpartition(".")[0] for name in pages} - {"index"}
    assert sorted(targets) == sorted(written | notebooks)  # each one once
    assert docs <= written


def test_the_landing_page_is_the_first_screen_of_the_readme(pages: dict[str, str]) -> None:
    first, rest = (ROOT / "README.md").read_text().split("\n## ", 1)
    assert pages["index.md"].startswith(first)
    assert rest in pages["overview.md"]


# --- experiments ------------------------------------------------------------------------------------------------------
def test_every_experiment_is_on_the_page(pages: dict[str, str]) -> None:
    folders = experiments.folders(ROOT / "docs" / "experiments")
    assert len(folders) >= 2
    for folder in folders:
        entry = experiments.read(folder)
        assert f"## {entry['title']}" in pages["experiments.md"]
        assert (ROOT / entry["script"]).exists()
        assert entry["checks"] and all(check["ok"] for check in entry["checks"]), f"{folder.name} shows a failure"


def _run(folder: Path, *, pictures: bool = True) -> Path:
    folder.mkdir(parents=True)
    with Experiment(options("Waves: they come and go.", "waves"), ["--seed", "3", "--out", str(folder)]) as run:
        if pictures:
            with run.picture("one.png", (1, 1), "What *it* shows"):
                pass
        run.expect("a|b", 1.02345678, at_least=2)
    return folder


def test_a_run_becomes_an_entry(tmp_path: Path) -> None:
    run = _run(tmp_path / "runs" / "waves")
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "waves.py").write_text('"""Waves: they come and go.\n\nMore."""\n')
    target = tmp_path / "entries"
    folder = experiments.from_run(run, target, tmp_path)
    entry = experiments.read(folder)
    assert (entry["title"], entry["claim"], entry["seed"]) == ("Waves", "Waves: they come and go.", 3)
    page = experiments.page(target, "entries")
    assert "## Waves" in page and "entries/waves/one.png" in page and r"What \*it\* shows" in page
    assert r"| a\|b | at least 2 | 1.023 | **✗ no** |" in page
    # What a person wrote into the entry stays when its pictures are refreshed; pictures that are gone go.
    (folder / "experiment.json").write_text(json.dumps({**entry, "claim": "They stay."}))
    (folder / "stale.png").write_bytes(b"")
    assert experiments.read(experiments.from_run(run, target, tmp_path))["claim"] == "They stay."
    assert not (folder / "stale.png").exists()


def test_wrong_runs_and_entries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no pictures"):
        experiments.from_run(_run(tmp_path / "waves", pictures=False), tmp_path / "entries", tmp_path)
    entry = {"title": "t", "claim": "c", "script": "s", "command": "c", "figures": [], "checks": []}
    for wrong, message in (
        ({"title": None}, "'title' must be a str"),
        ({"figures": [{"file": "none.png", "caption": "c"}]}, "a figure is a file"),
        ({"checks": [{"name": "n"}]}, "a check has name"),
    ):
        (tmp_path / "experiment.json").write_text(json.dumps({**entry, **wrong}))
        with pytest.raises(ValueError, match=message):
            experiments.read(tmp_path)


# --- links ------------------------------------------------------------------------------------------------------------
def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<link rel="stylesheet" href="s.css"><a id="here" href="#here"></a><a href="b.html#there"></a>'
        '<a href="b.html#nowhere"></a><a href="c.html"></a><a href="https://example.org/x"></a>'
        '<script src="https://example.org/s.js"></script><img src="none.png">'
    )
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    (tmp_path / "s.css").write_text("@font-face { src: url(https://example.org/f.woff) } a { color: red }")
    found = links.check(tmp_path)
    assert [line.split(", ")[0] for line in found.broken] == [
        "a.html loads none.png", "a.html links to b.html#nowhere", "a.html links to c.html"
    ]  # fmt: skip
    assert found.external == {"https://example.org/x"}
    assert len(found.fetched) == 2 and found.fetched[0] == "a.html loads https://example.org/s.js"


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    for package in ("sphinx", "furo", "myst_nb", "sphinx_copybutton", "sphinx_design", "sphinx-mathjax-offline"):
        pytest.importorskip(package, reason=f"the site is built with {package}")
    command = [sys.executable, str(ROOT / "docs" / "site" / "build.py"), "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken links, 0 things from the network" in done.stdout
    landing = (tmp_path / "html" / "index.html").read_text()
    assert all(f'href="{page}.html"' in landing for page in ("overview", "experiments", "docs/layers", "api/index"))
