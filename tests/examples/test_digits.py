"""examples/digits.py: it reads digits, tells the truth about it, and says the same every time."""

import argparse
import importlib
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.receipts import compare
from minigrad.receipts.__main__ import main as receipts

for extra in ("matplotlib", "sklearn", "threadpoolctl", "tqdm"):
    pytest.importorskip(extra, reason="the example needs pip install matplotlib scikit-learn threadpoolctl tqdm")
digits = importlib.import_module("examples.digits")
needs_safetensors = pytest.mark.skipif(find_spec("safetensors") is None, reason="--resume needs safetensors")
SCRIPT = Path(digits.__file__)
SHORT = ("--epochs", "5", "--seed", "7")


def run(out, *arguments):
    digits.main([*arguments, "--out", str(out)])
    return json.loads((out / "receipt.json").read_text())


def differing(receipt, again):
    """What came out otherwise."""
    return [str(entry) for entry in compare(receipt, again) if entry.verdict not in ("same", "not compared")]


def pictures(receipt):
    return [piece["picture"] for piece in receipt["values"]["story"] if "picture" in piece]


def as_expected(receipt):
    return [row["as expected"] for row in receipt["tables"]["expected and measured"]]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_reads_at_least_97_percent(tmp_path, seed):
    receipt = run(tmp_path, "--quick", "--seed", str(seed))
    assert receipt["status"] == "complete" and as_expected(receipt) == [True, True, True]
    curves = receipt["curves"]
    assert curves["train_right"]["values"][-1] > curves["held_out_right"]["values"][-1] >= 0.97


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Folder and receipt of one short run."""
    out = tmp_path_factory.mktemp("digits")
    return out, run(out, *SHORT)


def test_receipt(short):
    out, receipt = short
    curves = receipt["curves"]
    assert receipt["seed"] == 7 and receipt["versions"]["numpy"] == np.__version__
    options = {"epochs": 5, "lr": 1e-3, "hidden": [128, 128], "smoothing": 0.1, "quick": False}
    assert receipt["configuration"] == options
    assert receipt["arrays"]["weights"]["shape"] == [64 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10]
    assert set(curves) == {"train_smoothed", "train_plain", "train_right", "held_out_plain", "held_out_right"}
    assert all(curve["steps"] == [1, 2, 3, 4, 5] for curve in curves.values())
    assert curves["train_plain"]["values"][-1] < curves["train_plain"]["values"][0]
    assert receipt["seconds"] > 0
    assert str(out) not in (out / "receipt.json").read_text()


def test_mistakes_in_the_receipt_are_the_real_ones(short):
    _, receipt = short
    mistakes = receipt["tables"]["mistakes"]
    assert len(mistakes) == round(360 * (1 - receipt["curves"]["held_out_right"]["values"][-1])) > 0
    _, held_out = digits.load()
    for mistake in mistakes:
        assert held_out[1][mistake["image"]].item() == mistake["shown"] != mistake["seen"]
        assert 0.1 < mistake["probability"] < 1


def test_pictures(short):
    out, receipt = short
    checkpoints = {digits.CHECKPOINT, f"{digits.CHECKPOINT}.previous"}
    assert pictures(receipt) == ["graph.svg", "curves.png", "mistakes.png"]
    assert {path.name for path in out.iterdir()} == {*pictures(receipt), "receipt.json", *checkpoints}
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in pictures(receipt)[1:])
    assert "ReLU" in (out / "graph.svg").read_text()


def test_same_seed_same_numbers_whatever_ran_before(short, tmp_path):
    _, receipt = short
    minigrad.manual_seed(12345)
    assert not differing(receipt, run(tmp_path / "again", *SHORT))
    other = differing(receipt, run(tmp_path / "other", "--quick", "--seed", "8"))
    assert any("curve train_plain" in line for line in other)


@needs_safetensors
def test_a_run_that_was_stopped_goes_on_bit_for_bit(short, tmp_path, monkeypatch, capsys):
    evaluations = []

    def stopping(*arguments):
        evaluations.append(arguments)
        if len(evaluations) == 8:  # in the third epoch
            raise KeyboardInterrupt
        return evaluate(*arguments)

    evaluate = digits.evaluate
    monkeypatch.setattr(digits, "evaluate", stopping)
    with pytest.raises(SystemExit):
        run(tmp_path, *SHORT, "--resume")  # there is nothing yet to go on from
    stopped = json.loads((tmp_path / "receipt.json").read_text())
    assert stopped["status"].startswith("failed: KeyboardInterrupt")
    minigrad.manual_seed(99)
    capsys.readouterr()
    resumed = run(tmp_path, *SHORT, "--resume")
    assert "resumed after epoch 2 of 5" in capsys.readouterr().out
    assert len(evaluations) == 8 + 3 * 3 and resumed["resumed"] == 1 and resumed["status"] == "complete"
    _, receipt = short
    assert not differing(receipt, resumed)
    assert not differing(receipt, run(tmp_path, *SHORT, "--resume"))  # nothing is left to train
    assert len(evaluations) == 17


@needs_safetensors
def test_the_checkpoint_of_another_run_is_refused(short):
    out, _ = short
    before = (out / "receipt.json").read_text()
    with pytest.raises(SystemExit, match=r"is of another run, with seed 7, epochs 5: give the same options, or start"):
        run(out, "--epochs", "9", "--resume")
    assert (out / "receipt.json").read_text() == before


def test_resuming_without_what_reads_checkpoints(short, monkeypatch):
    out, _ = short
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(SystemExit, match="--resume cannot read its checkpoint: .*pip install safetensors"):
        run(out, *SHORT, "--resume")


@needs_safetensors
def test_a_damaged_checkpoint_is_passed_over(short, tmp_path):
    out, receipt = short
    shutil.copytree(out, tmp_path, dirs_exist_ok=True)
    newest = tmp_path / digits.CHECKPOINT
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="resumed from .*previous"):
        resumed = run(tmp_path, *SHORT, "--resume")
    assert not differing(receipt, resumed)


@needs_safetensors
def test_a_receipt_is_verified(short, tmp_path, monkeypatch, capsys):
    _, receipt = short  # of this process: here as if the script had been started
    arguments = [*SHORT, "--resume"]
    command = {"script": str(SCRIPT), "arguments": arguments, "module": None, "code": None, "sha256": None}
    (tmp_path / "receipt.json").write_text(json.dumps({**receipt, "command": {**receipt["command"], **command}}))
    monkeypatch.setenv("PYTHONPATH", str(Path(minigrad.__file__).parents[1]))
    assert receipts(["verify", str(tmp_path / "receipt.json")]) == 0, capsys.readouterr()
    assert "same          array weights" in capsys.readouterr().out


def test_what_is_printed(tmp_path, capsys):
    run(tmp_path, "--epochs", "2", "--hidden", "16", "12", "--smoothing", "0")
    printed = capsys.readouterr().out
    assert "network 64-16-12-10 of 1,374 parameters" in " ".join(printed.split())
    assert [line.split()[0] for line in printed.splitlines() if line.startswith("    ") and line.count("%") == 2] == [
        "1",
        "2",
    ]
    assert "no loss is below 0.000; a perfect fit has a plain one of 0.000" in " ".join(printed.split())
    assert printed.rstrip().splitlines()[-1].startswith("0 of 3 as expected; held-out digits read correctly")


def test_the_loss_of_a_perfect_fit_to_smoothed_targets():
    assert digits.floors(0.1) == pytest.approx((-0.91 * np.log(0.91) - 9 * 0.01 * np.log(0.01), 0.0943107), rel=1e-6)
    assert digits.floors(0.1)[0] == pytest.approx(0.500288, rel=1e-5)
    assert digits.floors(0.0) == (0, 0)
    logits = Tensor(np.log(np.where(np.eye(10), 0.91, 0.01)).astype(np.float32))
    perfect = digits.evaluate(lambda images: logits, (logits, Tensor(np.arange(10))), 0.1)
    assert perfect == (pytest.approx(digits.floors(0.1)[0], rel=1e-6), 1)


@pytest.mark.parametrize(
    ("lr", "parts"),
    [("100", ["The doctor says: rate-too-high in the learning rate 100.", "Cure: lr=0.1."]),
     ("1e-9", ["The doctor says: rate-too-low in the learning rate 1e-09.", "Cure: lr=0.0001."])],
)  # fmt: skip
def test_a_run_that_does_not_learn_says_why(tmp_path, capsys, lr, parts):
    receipt = run(tmp_path, "--lr", lr, "--epochs", "3")
    printed = " ".join(capsys.readouterr().out.split())
    assert "=== It does not learn ===" in printed and "guessing has 10% right, at 2.303" in printed
    assert all(part in printed for part in parts), printed
    assert as_expected(receipt) == [False, False, False] and pictures(receipt) == ["graph.svg", "curves.png"]


def test_a_good_rate_only_needs_time():
    options = argparse.Namespace(hidden=[], lr=1e-2, smoothing=0.1)
    assert digits.doctors_word(options, digits.load()[0]) == "The doctor finds nothing wrong: give it more --epochs."


def test_where_nothing_can_be_written_one_line_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="cannot write to .*: name another folder with --out$"):
        digits.main(["--out", str(tmp_path / "file" / "folder")])


def test_split_is_fixed_stratified_and_complete():
    first, second = digits.load(), (minigrad.manual_seed(1), digits.load())[1]
    for (images, labels), (again, _) in zip(first, second, strict=True):
        assert np.array_equal(images.numpy(), again.numpy())
        assert images.dtype == np.float32 and images.shape == (len(labels), 64)
    training, held_out = (np.bincount(labels.numpy()) for _, labels in first)
    assert np.abs(held_out - (training + held_out) / 5).max() < 1
    rows = np.concatenate([images.numpy() for images, _ in first])
    assert rows.shape == (1797, 64)
    assert len(np.unique(rows, axis=0)) == 1797  # no image stands in both parts


def test_pixels_are_scaled_by_the_training_part_alone():
    training, held_out = (images.numpy().astype(np.float64) for images, _ in digits.load())
    assert training.mean() == pytest.approx(0, abs=1e-6)
    assert training.std() == pytest.approx(1, abs=1e-6)
    assert abs(held_out.mean()) > 1e-4  # its own mean would have made this 0


def test_without_hidden_layers_the_model_is_linear():
    (layer,) = digits.build([]).children()
    assert isinstance(layer, nn.Linear) and layer.weight.shape == (10, 64)


def test_evaluate_counts_and_averages():
    def model(images):
        return images * 0 + Tensor([0.0, 1.0, 0.0])

    part = Tensor(np.zeros((4, 3), np.float32)), Tensor(np.array([1, 1, 0, 1]))
    loss, accuracy = digits.evaluate(model, part)
    assert accuracy == 0.75
    assert loss == pytest.approx(np.log(2 + np.e) - 0.75)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, about the overflow
def test_a_step_that_is_too_large_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"the loss became (nan|inf) in epoch \d+: try a smaller step than --lr 1e"):
        run(tmp_path, "--lr", "1e30", "--epochs", "3")
    status = json.loads((tmp_path / "receipt.json").read_text())["status"]
    assert status.startswith("failed: SystemExit: the loss became")
    assert [path.name for path in tmp_path.iterdir()] == ["receipt.json"]


@pytest.mark.parametrize(
    "arguments", [["--lr", "0"], ["--lr", "much"], ["--epochs", "0"], ["--seed", "-1"], ["--hidden", "0"]]
)
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit):
        digits.main(arguments)
    assert f"argument {arguments[0]}: must be" in capsys.readouterr().err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        digits.main(["--help"])
    helped = capsys.readouterr().out
    for option in ("--seed", "--epochs", "--lr", "--hidden", "--out", "--resume", "--quick", "--smoothing"):
        assert option in helped


@pytest.mark.parametrize("missing", ["matplotlib", "sklearn", "threadpoolctl", "tqdm"])
def test_a_missing_extra_is_named_in_one_line(missing, tmp_path):
    code = (
        f"import sys, runpy; sys.modules[{missing!r}] = None; sys.argv = [{str(SCRIPT)!r}, '--epochs', '1']; "
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("digits.py: ") and "pip install" in line and missing.removeprefix("sk") in line
    assert "Traceback" not in done.stderr
