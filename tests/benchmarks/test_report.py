"""Results as text, as Markdown and as pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import pages, plot, report
from benchmarks.contestants import load
from benchmarks.result import Curve, Row
from tests.benchmarks.test_result import PEAK, ROW, result

SIZE = Row("size", "installed size", "before", {"PyTorch": [742.0], "minigrad": [2.8]}, "MB", absolute=True)
CURVE = Curve("graph", "operations", [10, 100, 1000, 10_000], {"minigrad": [[1e-5], [1e-4], [1e-3], [1e-2]]})


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (7.123e-5, "s", "71.2 us"),
        (9.996e-4, "s", "1.00 ms"),
        (0.0123, "s", "12.3 ms"),
        (0.123, "s", "123 ms"),
        (0.9999, "s", "1.00 s"),
        (61.2, "s", "61.2 s"),
        (0.0, "s", "0.00 us"),
        (103.4, "MiB", "103 MiB"),
        (2.78, "MB", "2.78 MB"),
    ],
)
def test_quantities_have_three_digits_and_a_unit(value: float, unit: str, text: str) -> None:
    assert report.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.004, "0.004"),
        (0.0996, "0.10"),
        (0.856, "0.86"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.96, "100"),
        (1234.5, "1,234"),
    ],
)
def test_ratios_have_two_decimals_where_that_says_something(value: float, text: str) -> None:
    assert report.ratio(value) == text


def test_a_table_has_a_column_for_each_contestant() -> None:
    table = report.Table("training steps", ["NumPy by hand", "minigrad", "PyTorch"])
    head, line = table.head(), table.line(ROW)
    assert head.split() == ["training", "steps", "PyTorch", "plain", "NumPy", "±"]
    assert line.split() == ["CNN", "2.00", "ms", "1.00", "–", "5%"]
    for word, cell in (("PyTorch", "2.00 ms"), ("plain", "1.00"), ("NumPy", "–")):
        assert head.index(word) + len(word) == line.index(cell) + len(cell)  # columns end at the same place


def test_a_row_that_was_disturbed_says_so() -> None:
    text = report.text(result(rows=[replace(ROW, others=0.43), replace(PEAK, others=0.43), ROW]))
    assert text.count("disturbed: other processes had 43% of a core meanwhile") == 1


def test_what_is_absolute_is_shown_so() -> None:
    assert report.Table("before", SIZE.values).line(SIZE).split() == ["installed", "size", "742", "MB", "2.80", "MB"]


def test_the_whole_text_names_the_machine_all_rows_and_all_notes() -> None:
    control = {
        "speeds": {"product": 183.4, "copy": 22.14, "product in PyTorch": 148.0},
        "steps": {"cnn": {"again": {"middle": 1.002, "low": 0.99, "high": 1.01}, "alone": 0.98}},
    }
    text = report.text(result(rows=[ROW, PEAK, SIZE], curves=[CURVE], notes=["JAX: no"], control=control))
    for part in (
        "Some, 2 cores, AVX2; 2 threads",
        "PyTorch 2.13.0; NumPy's BLAS: openblas 0.3 (Haswell)",
        "NumPy 183 GFLOP/s, PyTorch 148; a copy in memory, 22.1 GB/s",
        "PyTorch's step cnn entered twice, ratio 1.002 (0.990 to 1.010); alone in its process 0.98",
        "exponent from 1,000 on",
    ):
        assert part in text
    assert text.endswith("JAX: no")
    assert text.count("PyTorch     plain") == 3


def test_a_curve_shows_its_exponent() -> None:
    lines = report.curve_lines(CURVE)
    assert lines[0].split() == ["graph:", "operations", "minigrad"]
    assert lines[1].split() == ["10", "10.0", "us"]
    assert lines[-1].split() == ["exponent", "from", "1,000", "on", "1.00"]


def test_curves_are_a_table_of_exponents() -> None:
    assert report.markdown(result(curves=[CURVE])).splitlines()[:3] == [
        "| exponent, by the number of | from | minigrad |",
        "|---|---|---|",
        "| operations | 1,000 to 10,000 | 1.00 |",
    ]


def test_markdown_says_when_where_and_with_what() -> None:
    table = report.markdown(result(rows=[ROW, PEAK, SIZE]), ["minigrad"])
    assert table.splitlines() == [
        "| training steps | PyTorch | minigrad |",
        "|---|---|---|",
        "| CNN | 2.00 ms | 1.00 |",
        "",
        "| peak memory | PyTorch | minigrad |",
        "|---|---|---|",
        "| CNN | 16.0 MiB | 0.50 |",
        "",
        "| before | PyTorch | minigrad |",
        "|---|---|---|",
        "| installed size | 742 MB | 2.80 MB |",
        "",
        "*2025-11-22: Some, 2 cores with AVX2, 2 threads; NumPy 2.4.6 (openblas 0.3 (Haswell)), PyTorch 2.13.0.*",
    ]


def test_tables_of_a_page_are_printed_anew_between_their_comments() -> None:
    page = (
        "before\n<!-- python -m benchmarks --markdown 'a b.json' --only x -->\nold\n<!-- end of the table -->\nafter\n"
    )
    assert pages.commands(page) == [["--markdown", "a b.json", "--only", "x"]]
    found = pages.refreshed(page, lambda arguments: f"\nnew {arguments[1]}\n\n")
    assert found == page.replace("old", "new a b.json")
    assert pages.refreshed("no table", lambda arguments: "") == "no table"


def test_markdown_names_whoever_took_part_and_every_unit_in_one_way() -> None:
    start = Row("import", "import", "before", {"PyTorch": [1.1], "micrograd": [2e-4]}, absolute=True)
    others = {"numpy": "2.4.6", "scipy": "1.17.1", "minigrad": "123", "jax": "0.10.2", "micrograd": "0.1.0"}
    *_, line, _, caption = report.markdown(replace(result(rows=[start]), versions=others)).splitlines()
    assert line == "| import | 1.10 s | 200 µs |"
    assert caption.endswith("NumPy 2.4.6 (openblas 0.3 (Haswell)), JAX 0.10.2, micrograd 0.1.0.*")


@pytest.mark.parametrize("rows", [[ROW, PEAK, SIZE], []])
def test_pictures_are_drawn(tmp_path: Path, rows: list[Row]) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn with matplotlib")
    plot.save(result(rows=rows, curves=[CURVE]), tmp_path / "deeper" / "picture.png")
    assert (tmp_path / "deeper" / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_ratios_beyond_the_axis_stand_at_its_edge(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn with matplotlib")

    far = Row("far", "far away", "part", {"PyTorch": [1.0], "minigrad": [0.001], "JAX": [500.0], "MyGrad": [1.5]})
    axes = plot.ratios(result(rows=[far]), load("matplotlib.figure")).axes[0]
    words = [text.get_text() for text in axes.texts]
    assert {"far away", "1.00 s", "← 0.001", "500 →"} <= set(words)
    low, high = axes.get_xlim()
    drawn = [x for line in axes.lines for x in line.get_xdata()]
    assert all(low <= x <= high for x in drawn)
