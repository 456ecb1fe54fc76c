"""Files, formats and notebooks, with and without Graphviz's program ``dot``."""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minigrad import Tensor
from minigrad.viz import GraphPicture, draw_graph

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program 'dot' is not installed")


@pytest.fixture
def picture():
    x = Tensor([1.0, 2.0], requires_grad=True)
    return draw_graph((x * x).sum(), {"x": x})


@pytest.fixture
def without_dot(monkeypatch, tmp_path):
    empty = tmp_path / "no programs"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


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
    with pytest.raises(ValueError, match=r"'graph.*names no format; it can be .svg, .png, .pdf, .gv, .dot"):
        picture.save(tmp_path / name)


@pytest.mark.parametrize("name", ["graph.svg", "graph.v2.png"])
def test_without_dot_the_source_is_written(picture, tmp_path, name, without_dot):
    with pytest.warns(UserWarning) as caught:
        path = picture.save(tmp_path / name)
    (warning,) = caught
    assert warning.filename == __file__
    for words in (f"wrote the source {path.name}", "apt-get install graphviz", "brew install graphviz", "winget"):
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
