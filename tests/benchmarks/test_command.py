"""The command, with sizes that measure nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks import control, installation, machine, memory, others, plan, scaling
from benchmarks.__main__ import main, show
from benchmarks.measure import TINY, Effort
from benchmarks.workloads import ALL

SCALAR = next(one for one in ALL if one.name == "scalar")


def names(*terms: str) -> list[str]:
    return [job.name for job in plan.chosen(plan.jobs(Effort()), terms)]


def test_rows_are_chosen_by_name_by_its_beginning_or_by_part() -> None:
    assert names("gpt") == ["gpt"]
    assert names("mlp") == ["mlp_small", "mlp_big"]
    assert names("training steps")[:2] == ["scalar", "mlp_small"]
    assert "adam_10" in names("optimizer") and "rprop_10" not in names("optimizer")
    assert "rprop_10" in names("rprop") and "rprop_10" not in names()
    assert names("lstm", "scalar") == ["scalar", "lstm"]


def test_an_unknown_row_is_named_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="error: --only nothing: there is no such part or row; there are scalar, mlp,"):
        main(["--only", "nothing"])
    with pytest.raises(SystemExit, match="error: --contestants nobody: there are PyTorch,"):
        main(["--tiny", "--only", "scalar", "--contestants", "nobody"])
    with pytest.raises(SystemExit):
        main(["--rounds", "0"])
    assert "expected a positive number, got '0'" in capsys.readouterr().err


def test_a_run_prints_a_table_and_writes_its_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "result.json"
    main(["--tiny", "--only", "scalar,attention", "--contestants", "minigrad,NumPy by hand", "--json", str(path)])
    printed = capsys.readouterr().out
    assert "training steps" in printed and "control: a product of" in printed and f"written: {path}" in printed
    stored = json.loads(path.read_text())
    assert [row["name"] for row in stored["rows"]] == ["scalar", "attention_256", "attention_2048"]
    assert all("minigrad" in row["values"] for row in stored["rows"])
    assert stored["settings"]["tiny"] and stored["machine"]["processor"] and stored["versions"]["numpy"]

    main(["--show", str(path), "--only", "scalar"])
    again = capsys.readouterr().out
    assert "micrograd's scalar expression" in again and "causal attention" not in again
    table = show(["--markdown", str(path), "--only", "attention", "--contestants", "NumPy by hand"])
    assert table.count("causal attention") == 2 and "| NumPy by hand |" in table

    page = tmp_path / "page.md"
    page.write_text(f"<!-- python -m benchmarks --markdown {path} -->\nold\n<!-- end of the table -->\n")
    main(["--refresh", str(page)])
    assert "old" not in page.read_text() and "causal attention" in page.read_text()


def test_what_was_measured_is_kept_when_the_rest_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(installation, "sizes", interrupted)
    path = tmp_path / "result.json"
    with pytest.raises(KeyboardInterrupt):
        main(["--tiny", "--only", "scalar,size", "--contestants", "minigrad", "--json", str(path)])
    assert [row["name"] for row in json.loads(path.read_text())["rows"]] == ["scalar"]


def test_scaling_prints_a_curve_and_its_exponent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["scaling", "--tiny", "--contestants", "minigrad", "--json", str(tmp_path / "curves.json")])
    printed = capsys.readouterr().out
    assert "depth: layers of 64 units" in printed and "exponent from" in printed
    stored = json.loads((tmp_path / "curves.json").read_text())
    assert [curve["name"] for curve in stored["curves"]] == ["depth", "batch", "graph", "uncollected"]
    assert stored["curves"][0]["sizes"] == [1, 2, 5]


def test_curves_reach_as_far_as_they_promise() -> None:
    largest = {name: (sizes[0], sizes[-1]) for name, (_, _, sizes) in scaling.CURVES.items()}
    assert largest == {"depth": (1, 100), "batch": (1, 4096), "graph": (100, 10**6), "uncollected": (100, 10**5)}


@pytest.mark.skipif(not memory.SUPPORTED, reason="peaks of memory are read from /proc")
def test_the_peak_of_a_step_is_what_it_allocates(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    class Large:
        def builders(self, tiny: bool = False):
            return {"NumPy by hand": lambda: lambda: np.ones(1 if tiny else 8 << 20).sum()}

    assert 60 < memory.peak(Large(), "NumPy by hand") < 70  # MiB, of which the array is 64


@pytest.mark.skipif(not others.STAT.exists(), reason="what others do is read from /proc")
def test_what_other_processes_take_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    stat, now = tmp_path / "stat", [0.0]
    monkeypatch.setattr(others, "STAT", stat)
    monkeypatch.setattr(others.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(others.os, "times", lambda: (1.5 * now[0], 0.0, 0.0, 0.0, now[0]))
    stat.write_text("cpu  0 0 0 0 0 0 0 0 0 0\n")
    watched = others.Others()
    now[0] = 10.0
    stat.write_text(f"cpu  {15 * ticks} {2 * ticks} {ticks} {2 * ticks} 0 0 0 {ticks} 0 0\n")
    assert watched.share() == pytest.approx(0.4)  # the idle time is nobody's; time that a host steals is others'
    assert watched.share() == 0.0


def test_the_machine_is_described() -> None:
    found = machine.describe()
    assert found["processor"] and found["blas"] and found["cores"] >= 1
    assert found["vectors"] in ("AVX-512", "AVX2", "NEON", "unknown")
    assert all(speed > 0 for speed in machine.speeds(TINY).values())


def test_sizes_count_what_a_library_needs_and_no_extras() -> None:
    assert {"minigrad", "numpy", "graphviz"} == installation.needed("minigrad")
    own, together = installation.sizes({"minigrad": "minigrad", "NumPy by hand": "numpy"})
    assert 0.5 < own.value("minigrad") < 20
    assert together.value("minigrad") > own.value("minigrad") + own.value("NumPy by hand")


def test_imports_are_timed_in_processes_of_their_own() -> None:
    row = installation.import_times({"minigrad": "numbers", "NumPy by hand": "json"}, rounds=2)
    assert {name: len(values) for name, values in row.values.items()} == {"minigrad": 2, "NumPy by hand": 2}
    assert all(0 < value < 10 for values in row.values.values() for value in values)


@pytest.mark.slow
def test_the_control_races_pytorch_with_itself() -> None:
    pytest.importorskip("torch")
    found = control.measure(SCALAR, TINY)
    assert found["again"]["middle"] > 0 and found["alone"] > 0
