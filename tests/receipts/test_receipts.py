"""Receipts: what they hold, and that the command of one runs again and is compared."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, checkpoint
from minigrad.receipts import Receipt, compare, read
from minigrad.receipts.__main__ import main

SCRIPT = """
import argparse, os
import minigrad as mg
import numpy as np
from minigrad.receipts import Receipt

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=5)
arguments = parser.parse_args()
mg.manual_seed(arguments.seed)
os.makedirs("runs", exist_ok=True)
with Receipt("runs/tiny.json", seed=arguments.seed, configuration=arguments) as receipt:
    data = np.loadtxt(receipt.input("data.csv"))
    w = mg.randn(3)
    for step in range(arguments.steps):
        w = w * 0.9 + float(data.sum())
        receipt.log(step, loss=w.sum(), size=step / 3)
    receipt.value("accuracy", np.float32(0.75))
    receipt.value("random", float.fromhex(os.urandom(4).hex()))
    receipt.value("almost", 1 + 1e-9 * ord(os.urandom(1)))
    receipt.allow("almost", relative=1e-6)
    receipt.ignore("random")
    receipt.table("results", [{"name": "a", "loss": w[0], "nan": float("nan")}, {"name": "b", "loss": w[1]}])
    receipt.array("weights", w)
    # CHANGE
print("done")
"""

RESUMED = """
from minigrad.receipts import Receipt
with Receipt("tiny.json") as receipt:
    receipt.load_state_dict(receipt.state_dict())
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(mg.__file__).parents[1]), "OMP_NUM_THREADS": "1"}


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment())


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the script has been run."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "tiny.py").write_text(SCRIPT)
    (folder / "data.csv").write_text("1.0\n2.5\n")
    done = python(folder, "tiny.py", "--steps", "7")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def run(recorded: Path, tmp_path: Path) -> Path:
    """The same, as if it had been run here."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "runs" / "tiny.json"
    file.write_text(file.read_text().replace(str(recorded), str(tmp_path)))
    return tmp_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "receipt.json"


# --- running again ----------------------------------------------------------------------------------------------------
def test_a_run_is_verified(run: Path) -> None:
    file = run / "runs" / "tiny.json"
    before = file.read_bytes()
    done = python(run.parent, "-m", "minigrad.receipts", "verify", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"running again: python {run / 'tiny.py'} --steps 7"
    assert lines[-1] == "all 8 are the same or close"
    for line in ("same          curve loss", "same          table results", "same          array weights"):
        assert line in lines
    assert "not compared  value random" in lines and "same          seed" in lines
    assert any(
        line.startswith(("close         value almost: by at most", "same          value almost")) for line in lines
    )
    assert file.read_bytes() == before and sorted(os.listdir(run)) == ["data.csv", "runs", "tiny.py"]


def test_what_has_changed_is_found(run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    file = run / "runs" / "tiny.json"
    (run / "tiny.py").write_text(SCRIPT.replace("w * 0.9", "w * 0.8").replace("0.75", "0.5"))
    assert main(["verify", str(file)]) == 1
    out = capsys.readouterr().out
    assert "note: " in out and "tiny.py has changed since" in out
    assert "differs       value accuracy: 0.75 in the receipt, 0.5 now" in out
    assert "differs       curve loss: [0] " in out and "; 7 such places" in out
    assert "differs       array weights: dtype and shape are the same, the numbers are not" in out
    assert "differs       table results: [0]['loss']" in out and "same          curve size" in out
    assert out.endswith("4 of 8 are the same\n")

    (run / "tiny.py").write_text(
        SCRIPT.replace("# CHANGE", "receipt.value('new', 1); receipt.array('weights', [1, 2])")
    )
    assert main(["verify", str(file)]) == 1
    out = capsys.readouterr().out
    assert "differs       value new: there is none in the receipt" in out
    assert "differs       array weights: float32 of shape (3,) in the receipt, int64 of shape (2,) now" in out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: (run / "data.csv").write_text("1.0\n"), "data.csv' has changed since"),
        (lambda run: (run / "data.csv").unlink(), "there is no input"),
        (lambda run: (run / "tiny.py").unlink(), "tiny.py' any more"),
        (lambda run: (run / "tiny.py").write_text("raise SystemExit(3)"), "the command failed with 3"),
        (lambda run: (run / "tiny.py").write_text("pass"), r"wrote no receipt 'tiny\.json'"),
        (lambda run: (run / "tiny.py").write_text("import time; time.sleep(60)"), r"took longer than 1\.0 seconds"),
        (lambda run: (run / "tiny.py").write_text(RESUMED), "found a checkpoint, and went on from there"),
        (lambda run: (run / "runs" / "tiny.json").write_text("{"), "is no receipt"),
        (lambda run: (run / "runs" / "tiny.json").unlink(), "No such file"),
    ],
)
def test_what_cannot_be_run(
    run: Path, change: Any, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(run)
    monkeypatch.chdir(run)
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    assert main(["verify", "runs/tiny.json", *(["--timeout", "1"] if "longer" in message else [])]) == 2
    error = capsys.readouterr().err
    assert error.startswith("cannot verify runs/tiny.json: ") and re.search(message, error), error


def test_modules_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    write = "from minigrad.receipts import Receipt\nwith Receipt('r.json') as r: r.value('x', 3)\n"
    (tmp_path / "pack" / "__main__.py").write_text(write)
    for command, shown in ((("-m", "pack", "--option"), "python -m pack --option"), (("-c", write), "python -c ...")):
        assert python(tmp_path, *command).returncode == 0
        assert main(["verify", "r.json"]) == 0
        out = capsys.readouterr().out
        assert f"running again: {shown}" in out and "all 2 are the same" in out


def test_show(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(run / "runs" / "tiny.json")]) == 0
    out = capsys.readouterr().out
    for part in (
        f"command        python {run / 'tiny.py'} --steps 7",
        "configuration  seed=0, steps=7",
        "numpy " + np.__version__,
        "input          data.csv, 8 bytes",
        "value          accuracy: 0.75",
        "curve          size: 7 points, 0 at first, 2 at last, from 0 to 2",
        "array          weights: float32 (3,), ",
        "name",
    ):
        assert part in out, part


# --- what they hold ---------------------------------------------------------------------------------------------------
def test_the_file(path: Path) -> None:
    with Receipt(path, seed=np.int64(3), configuration={"lr": 0.1, "sizes": (1, 2), "out": Path("a")}) as receipt:
        assert read(path)["status"] == "running"
        receipt.log(0, loss=Tensor([2.0]), other=np.float32(0.1))
        receipt.log(Tensor(1), loss=math.inf)
        receipt.value("list", [Tensor(1.5), {"a": None}])
        receipt.array("weights", np.arange(6).reshape(2, 3)[:, ::-1])
    record = read(path)
    assert record["status"] == "complete" and record["seed"] == 3
    assert record["configuration"] == {"lr": 0.1, "sizes": [1, 2], "out": "a"}
    assert record["curves"]["loss"] == {"steps": [0, 1], "values": [2.0, "inf"]}
    assert record["curves"]["other"]["values"] == [float(np.float32(0.1))]
    assert record["values"]["list"] == [1.5, {"a": None}]
    assert record["versions"]["numpy"] == np.__version__ and record["seconds"] >= 0
    assert record["command"]["arguments"] == sys.argv[1:] and record["command"]["folder"] == os.getcwd()
    assert json.loads(path.read_text()) == record and '"steps": [0, 1]' in path.read_text()


def test_hashes_are_those_of_values_not_of_layout(path: Path) -> None:
    receipt, x = Receipt(path), np.arange(6.0).reshape(2, 3)
    for number, same in enumerate([x, Tensor(x), np.asfortranarray(x), x.astype(">f8")]):
        receipt.array(str(number), same)
    receipt.array("other", -x)
    arrays = receipt.state_dict()["arrays"]
    assert len({arrays[str(n)]["sha256"] for n in range(4)}) == 1 and arrays["other"] != arrays["0"]


def test_a_run_that_fails_says_so(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Receipt(path) as receipt:
        receipt.log(0, loss=1.0)
        raise ZeroDivisionError("why")
    assert read(path)["status"] == "failed: ZeroDivisionError: why" and read(path)["curves"]["loss"]["values"] == [1.0]
    assert main(["verify", str(path)]) == 2


def test_in_a_checkpoint(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="files need safetensors")
    first = Receipt(path, seed=1)
    first.log(0, loss=0.5)
    first.value("nan", math.nan)
    for step, size in enumerate((1, 2.5, 2**70)):  # numbers of all types come back
        first.log(step, size=size, bad=math.nan)
    before = first.state_dict()
    checkpoint.save(tmp_path / "run", receipt=first, step=1)
    with Receipt(path, seed=2) as again:
        checkpoint.resume(tmp_path / "run", receipt=again)
        loaded = {**again.state_dict(), "seconds": before["seconds"], "resumed": 0}
        assert repr(loaded) == repr({name: before[name] for name in loaded})
        again.log(1, loss=0.25)
    record = read(path)
    assert record["curves"]["loss"] == {"steps": [0, 1], "values": [0.5, 0.25]}
    assert record["seed"] == 1 and record["resumed"] == 1 and record["values"]["nan"] == "nan"
    with pytest.raises(ValueError, match="this is no state of a Receipt"):
        again.load_state_dict({})


def test_where_verify_lets_them_go(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("MINIGRAD_RECEIPTS", str(tmp_path / "other"))
    with Receipt(path):
        pass
    assert not path.exists() and (tmp_path / "other" / path.name).exists()


# --- comparison -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ours", "theirs", "tolerance", "verdict"),
    [
        (0.5, 0.5, (0, 0), "same"),
        (1, 1.0, (0, 0), "same"),
        (0.5, 0.5000001, (0, 0), "differs"),
        (0.5, 0.5000001, (1e-6, 0), "close"),
        (0.0, 1e-9, (1e-6, 0), "differs"),
        (0.0, 1e-9, (0, 1e-8), "close"),
        ("nan", "nan", (0, 0), "same"),
        ("nan", 1.0, (1.0, 1.0), "differs"),
        ("inf", "-inf", (1.0, 1.0), "differs"),
        ([1.0, 2.0], [1.0, 2.1], (0.1, 0), "close"),
        ([1.0, 2.0], [1.0], (1.0, 0), "differs"),
        ({"a": 1}, {"b": 1}, (1.0, 0), "differs"),
        ("text", "text", (0, 0), "same"),
        ("text", "other", (1.0, 1.0), "differs"),
        (True, 1.5, (1.0, 1.0), "differs"),
        (None, 0, (1.0, 1.0), "differs"),
    ],
)
def test_verdicts(ours: Any, theirs: Any, tolerance: tuple[float, float], verdict: str) -> None:
    bounds = {"x": {"relative": tolerance[0], "absolute": tolerance[1]}}
    (entry,) = compare({"values": {"x": ours}, "tolerances": bounds}, {"values": {"x": theirs}})
    assert entry.verdict == verdict, entry
    rows = compare({"tables": {"x": [{"c": ours}]}, "tolerances": bounds}, {"tables": {"x": [{"c": theirs}]}})
    assert rows[0].verdict == verdict


def test_steps_and_missing_entries() -> None:
    curve = {"steps": [0, 1], "values": [1.0, 2.0]}
    entries = compare({"curves": {"a": curve, "b": curve}}, {"curves": {"a": {**curve, "steps": [0, 2]}}})
    assert [str(entry) for entry in entries] == [
        "differs       curve a: the steps are others: 2 in the receipt, 2 now",
        "differs       curve b: there is none now",
    ]
    assert compare({"seed": 1}, {"seed": 2})[0].verdict == "differs"


# --- bad input --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: r.log(0, loss="a"), TypeError, "loss must be a number, got str"),
        (lambda r: r.log(0, loss=Tensor([1.0, 2.0])), TypeError, "loss must be a number, got Tensor"),
        (lambda r: r.log(None, loss=1.0), TypeError, "step must be a number"),
        (lambda r: r.value("x", object()), TypeError, "x is of type object, which JSON cannot hold"),
        (lambda r: r.value("x", {"a": [{1, 2}]}), TypeError, r"x\['a'\]\[0\] is of type set"),
        (lambda r: r.value(3, 1), TypeError, "a result has a string as its name, got 3"),
        (lambda r: r.table("t", [[1]]), TypeError, "the rows of t must be dicts"),
        (lambda r: r.array("a", ["x"]), TypeError, "a must be an array of numbers"),
        (lambda r: r.allow("x", relative=-1.0), ValueError, "tolerances are finite and at least 0"),
        (lambda r: r.input("missing.csv"), FileNotFoundError, r"missing\.csv"),
        (lambda r: Receipt("missing/r.json"), FileNotFoundError, "there is no directory"),
        (lambda r: Receipt(r.path, configuration=3), TypeError, "a dict or what argparse gives, got int"),
        (lambda r: Receipt(r.path, configuration={"f": main}), TypeError, r"configuration\['f'\] is of type function"),
    ],
)
def test_bad_input(path: Path, call: Any, error: Any, message: str) -> None:
    receipt = Receipt(path, configuration=argparse.Namespace(lr=0.1))
    before = receipt.state_dict()
    with pytest.raises(error, match=message):
        call(receipt)
    after = receipt.state_dict()
    assert {**before, "seconds": 0} == {**after, "seconds": 0}


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"format": "minigrad receipt", "version": 2}'])
def test_other_files(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ValueError, match="receipt"):
        read(path)
