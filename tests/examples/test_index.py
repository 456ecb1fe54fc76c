"""python -m examples: the list of experiments, running them, the check and the report."""

from __future__ import annotations

import importlib

import pytest

for library in ("matplotlib", "tqdm", "threadpoolctl"):
    pytest.importorskip(library, reason=f"experiments need {library}")
index = importlib.import_module("examples.__main__")

SCRIPT = '''"""{title}

More.
"""
import sys
from minigrad.experiment import Experiment, options

def main(arguments=None):
    with Experiment(options(__doc__, "{name}"), arguments) as run:
        run.expect("seed", run.seed, at_most=1)
        {then}

if __name__ == "__main__":
    main()
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of three small experiments, one of which breaks."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name, then in (("later", "pass"), ("digits", "print('quick' if run.quick else 'full')"), ("broken", "1 / 0")):
        (scripts / f"{name}.py").write_text(SCRIPT.format(title=f"What {name} shows.", name=name, then=then))
    (scripts / "__main__.py").write_text("")
    monkeypatch.setattr(index, "FOLDER", scripts)
    monkeypatch.setenv("PYTHONPATH", str(index.Path(index.__file__).parents[1]))
    return tmp_path


def test_the_list_is_in_the_order_of_a_course(folder, capsys):
    assert index.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["digits", "broken", "later"]
    assert lines[0].endswith("What digits shows.")


def test_check_and_report(folder, capsys):
    out = folder / "out"
    assert index.main(["check", "digits", "later", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.count("1 of 1 as expected; seed: expected at most 1, measured 0") == 2
    assert said.endswith("2 of 2 experiments as expected\n")
    assert index.main(["report", "--seed", "2", "--full", "--jobs", "1", "--out", str(out)]) == 1
    said = capsys.readouterr().out
    assert "0 of 3 experiments as expected; not so: digits, broken, later" in said and "ZeroDivisionError" in said
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "at most 1" in html and "failed: ZeroDivisionError" in html and "What later shows." in html


def test_a_result_of_an_earlier_run_does_not_stand_for_one_that_broke(folder, capsys):
    out = folder / "out"
    assert index.main(["check", "later", "--out", str(out)]) == 0
    (folder / "scripts" / "later.py").write_text('"""Broken from the start."""\nimport nothing_of_this_name\n')
    assert index.main(["report", "later", "--out", str(out)]) == 1
    assert "nothing_of_this_name" in (out / "report.html").read_text(encoding="utf-8")


def test_run_passes_options_on(folder, capsys):
    index.main(["run", "digits", "--quick", "--out", str(folder / "one")])
    assert "quick" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        index.main(["check", "nonsense"])
    assert "there is no experiment 'nonsense': python -m examples lists them" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        index.main(["run", "digit"])
    assert "there is no experiment 'digit': did you mean digits?" in capsys.readouterr().err


def test_an_experiment_that_expects_nothing_is_not_good(folder, capsys):
    script = folder / "scripts" / "later.py"
    script.write_text(script.read_text().replace('run.expect("seed", run.seed, at_most=1)', "pass"))
    assert index.main(["check", "later", "--out", str(folder / "out")]) == 1
    assert "not so: later" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_to_is_one_line(folder, capsys):
    (folder / "file").write_text("")
    with pytest.raises(SystemExit):
        index.main(["report", "later", "--out", str(folder / "file" / "out")])
    assert "name another folder with --out" in capsys.readouterr().err


def test_an_interrupt_ends_all_that_wait(folder, capsys, monkeypatch):
    started = []

    def interrupted(name, *_):
        started.append(name)
        raise KeyboardInterrupt

    monkeypatch.setattr(index, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        index.main(["check", *["later"] * 50, "--jobs", "1", "--out", str(folder / "out")])
    assert ended.value.code == 130 and len(started) < 50


def test_every_script_says_what_it_shows():
    for name, script in index.scripts().items():
        title = index.title(script)
        assert 20 < len(title) < 120 and title.endswith((".", "?")), f"{name}: {title!r}"
