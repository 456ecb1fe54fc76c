"""The frame of experiments: what it prints, keeps and refuses."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad.experiment import Expectation, Experiment, at_least, fraction, options, positive, write_report
from minigrad.experiment.table import lines
from minigrad.receipts import compare, read

for library in ("matplotlib", "tqdm", "threadpoolctl"):
    pytest.importorskip(library, reason=f"experiments need {library}")


def experiment(out: Path, *arguments: str) -> Experiment:
    parser = options("What a test measures.\n\nAnd more.", "test")
    parser.add_argument("--width", type=at_least(1), default=3)
    return Experiment(parser, [*arguments, "--out", str(out)])


def test_an_experiment_prints_and_keeps_all_it_is_told(tmp_path, capsys):
    with experiment(tmp_path / "new" / "folder", "--seed", "7", "--width", "5") as run:
        assert (run.seed, run.quick, run.options.width, run.pick(quick=1, full=2)) == (7, False, 5, 2)
        assert run.seeds(3) == [7000, 7001, 7002]
        drawn = mg.random.default_generator().standard_normal()
        run.section("Halves", "A sentence\n   over two lines.")
        run.table("shares", [{"seed": 1, "share": 0.5}, {"seed": 2, "share": np.float32(0.25)}], share=".0%")
        with run.picture("dots.png", (3, 2), "A dot.") as figure:
            figure.subplots().plot([1], [1], "o")
        assert list(run.progress(range(3), "counting")) == [0, 1, 2]
        assert run.expect("share", 0.5, at_least=0.4, form=".0%", source="theory")
        assert run.expect("moment", 0.26, at_most=0.3, headline=True)
    assert drawn == np.random.Generator(type(mg.random.default_generator().bit_generator)(7)).standard_normal()
    said = capsys.readouterr().out
    assert said.startswith("\n=== Halves ===\nA sentence over two lines.\n\nshares\nseed  share\n")
    assert "   2    25%" in said and "share   at least 40%" in said
    assert said.endswith("2 of 2 as expected; moment: expected at most 0.3, measured 0.26\n")
    receipt = read(tmp_path / "new" / "folder" / "receipt.json")
    assert (receipt["status"], receipt["seed"], receipt["configuration"]) == (
        "complete", 7, {"quick": False, "width": 5},
    )  # fmt: skip
    assert receipt["values"]["title"] == "What a test measures."
    assert [next(iter(piece)) for piece in receipt["values"]["story"]] == ["section", "text", "table", "picture"]
    assert receipt["tables"]["shares"][1] == {"seed": 2, "share": 0.25}
    row = receipt["tables"]["expected and measured"][0]
    assert row == {
        "result": "share", "expected": "at least 40%", "measured": "50%", "as expected": True, "source": "theory",
        "number": 0.5,
    }  # fmt: skip


def test_the_last_line_tells_of_a_result_that_is_not_as_expected(tmp_path, capsys):
    with experiment(tmp_path) as run:
        run.expect("good", 1, at_least=0, headline=True)
        assert not run.expect("bad", math.nan, at_least=0)
    said = capsys.readouterr().out
    assert said.endswith("1 of 2 as expected; bad: expected at least 0, measured nan\n")
    assert read(tmp_path / "receipt.json")["tables"]["expected and measured"][1]["number"] == "nan"


def test_two_runs_have_equal_receipts(tmp_path):
    for folder in ("a", "b"):
        with experiment(tmp_path / folder) as run:
            run.expect("normal", mg.randn(1).item(), at_least=-9)
    one, other = (read(tmp_path / folder / "receipt.json") for folder in ("a", "b"))
    assert {entry.verdict for entry in compare(one, other)} <= {"same", "not compared"}


def test_what_is_refused(tmp_path):
    with experiment(tmp_path) as run:
        with pytest.raises(ValueError, match="has no rows"):
            run.table("empty", [])
        with pytest.raises(ValueError, match="no column 'b'"):
            run.table("other", [{"a": 1}], b=".1f")
        run.table("once", [{"a": 1}])
        with pytest.raises(ValueError, match="already"):
            run.table("once", [{"a": 1}])
        run.expect("once", 1, at_least=0)
        with pytest.raises(ValueError, match="compared already"):
            run.expect("once", 1, at_least=0)
        with pytest.raises(ValueError, match=r"save the picture first"):
            run.drawn("nothing.png", "Nothing.")
        with pytest.raises(ValueError, match="1 to 1000"):
            run.seeds(0)
    with pytest.raises(ValueError, match="expects nothing"):
        Expectation("x", 1.0)
    with pytest.raises(ValueError, match="nothing fits"):
        Expectation("x", 1.0, at_least=2, at_most=1)
    with pytest.raises(ValueError, match="docstring"):
        options(None, "x")


@pytest.mark.parametrize(
    ("bounds", "expected", "ok"),
    [
        ({"at_least": 1}, "at least 1", True),
        ({"at_most": 0.5}, "at most 0.5", False),
        ({"at_least": 0, "at_most": 2}, "0 to 2", True),
        ({"at_least": 1, "at_most": 1}, "exactly 1", True),
    ],
)
def test_expectations_in_words(bounds, expected, ok):
    expectation = Expectation("x", 1.0, **bounds)
    assert (expectation.expected, expectation.ok) == (expected, ok)


def test_a_failure_is_kept_and_goes_on(tmp_path):
    with pytest.raises(ZeroDivisionError), experiment(tmp_path) as run:
        run.section("Trouble")
        run.expect("x", 1 / 0, at_least=0)
    assert read(tmp_path / "receipt.json")["status"].startswith("failed: ZeroDivisionError")


def test_a_place_that_cannot_be_written_to_and_a_missing_library_are_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=r"cannot write to .*\(Not a directory\): name another folder with --out"):
        experiment(tmp_path / "file" / "out").__enter__()
    with pytest.raises(SystemExit, match="pip install scikit-learn"), experiment(tmp_path):
        raise ImportError("load_digits() needs scikit-learn: pip install scikit-learn")


@pytest.mark.plain
def test_without_the_libraries_the_script_ends_in_one_line(tmp_path):
    script = tmp_path / "script.py"
    script.write_text('"""Title."""\nimport sys\nsys.modules["threadpoolctl"] = None\n'
                      "from minigrad.experiment import Experiment, options\n"
                      'with Experiment(options(__doc__, "x")):\n    pass\n')  # fmt: skip
    package = Path(mg.__file__).parents[1]
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(package)})  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == ("script.py: experiments need threadpoolctl, which is missing: pip install threadpoolctl\n")
    assert read(tmp_path / "runs" / "x" / "receipt.json")["status"].startswith("failed: ImportError")


def test_an_interrupted_experiment_ends_in_one_line_and_keeps_what_it_has(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, experiment(tmp_path) as run:
        run.table("numbers", [{"x": 1}])
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert f"interrupted; what was done before is in {tmp_path}" in capsys.readouterr().err
    receipt = read(tmp_path / "receipt.json")
    assert receipt["status"].startswith("failed: KeyboardInterrupt") and "numbers" in receipt["tables"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [(at_least(2), "1"), (at_least(0), "-1"), (positive, "0"), (positive, "inf"), (positive, "nan"), (positive, "x"),
     (fraction, "1.1"), (fraction, "nan")],
)  # fmt: skip
def test_options_out_of_range(kind, text, capsys):
    parser = options("Title.", "x")
    parser.add_argument("--n", type=kind)
    with pytest.raises(SystemExit):
        parser.parse_args([f"--n={text}"])
    assert f"got {text!r}" in capsys.readouterr().err


def test_tables_align_numbers_right_and_words_left():
    rows = [{"name": "a", "n": 10, "ok": True, "x": None}, {"name": "long", "n": 0.123456, "ok": False, "x": 2.0}]
    assert lines(rows, {"x": ".1f"}) == [
        "name       n   ok    x",
        "----  ------  ---  ---",
        "a         10  yes",
        "long  0.1235   no  2.0",
    ]


def test_a_report_is_one_page_with_everything(tmp_path):
    for name, bound in (("first", 0), ("second", 5)):
        with experiment(tmp_path / name) as run:
            run.section("A < B")
            run.table("numbers", [{"x": 0.5}], x=".0%")
            with run.picture("dot.png", (2, 2), "A dot & more.") as figure:
                figure.subplots().plot([1], [1], "o")
            run.expect("x", 1, at_least=bound)
    page = tmp_path / "report.html"
    receipts = [tmp_path / name / "receipt.json" for name in ("first", "second")]
    assert write_report(page, receipts, title="All", failures={"third": "boom <"}) == 2
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == 2 and "http" not in html
    assert "A &lt; B" in html and "A dot &amp; more." in html and "boom &lt;" in html and ">50%<" in html
    assert ">1 of 1<" in html and ">0 of 1<" in html and "at least 5" in html
    with experiment(tmp_path / "silent"):
        pass
    assert write_report(tmp_path / "silent.html", [tmp_path / "silent" / "receipt.json"]) == 1
    assert 'class="bad">0 of 0<' in (tmp_path / "silent.html").read_text(encoding="utf-8")
    (tmp_path / "first" / "dot.png").unlink()
    write_report(page, receipts[:1])
    assert "dot.png is missing" in page.read_text(encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps({}))
    with pytest.raises(ValueError, match="no receipt"):
        write_report(page, [tmp_path / "other.json"])
