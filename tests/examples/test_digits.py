"""examples/digits.py: it reads digits, tells the truth about it, and says the same every time."""

import importlib
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.receipts import compare
from minigrad.receipts.__main__ import main as receipts

for extra in ("matplotlib", "sklearn", "tqdm"):
    pytest.importorskip(extra, reason="the example needs pip install matplotlib scikit-learn threadpoolctl tqdm")
digits = importlib.import_module("examples.digits")  # only now: without the extras it would end the program
pytestmark = pytest.mark.filterwarnings("ignore:wrote the source graph.gv")  # one test asks for this warning
needs_safetensors = pytest.mark.skipif(find_spec("safetensors") is None, reason="--resume needs safetensors")
SCRIPT = Path(digits.__file__)


def run(out, *arguments):
    digits.main([*arguments, "--out", str(out)])
    return json.loads((out / "receipt.json").read_text())


def differing(receipt, again):
    """What came out otherwise."""
    return [str(entry) for entry in compare(receipt, again) if entry.verdict not in ("same", "not compared")]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_reads_at_least_97_percent(tmp_path, seed):
    receipt = run(tmp_path, "--seed", str(seed))
    assert receipt["status"] == "complete"
    assert receipt["values"]["held_out_accuracy"] >= 0.97
    assert receipt["curves"]["train_accuracy"]["values"][-1] > receipt["values"]["held_out_accuracy"]


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Folder and receipt of one short run."""
    out = tmp_path_factory.mktemp("digits")
    return out, run(out, "--quick", "--seed", "7")


def test_receipt(quick):
    out, receipt = quick
    values, curves = receipt["values"], receipt["curves"]
    assert receipt["seed"] == 7 and receipt["versions"]["numpy"] == np.__version__
    options = {"seed": 7, "epochs": 5, "lr": 1e-3, "hidden": [128, 128]}
    assert receipt["configuration"] == {**options, "batch": 32, "label_smoothing": 0.1, "split": 0}
    assert set(values["packages"]) == {"scikit-learn", "matplotlib"}
    assert values["samples"] == {"training": 1437, "held_out": 360}
    assert values["parameters"] == 64 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10
    assert receipt["arrays"]["weights"]["shape"] == [values["parameters"]]
    assert set(curves) == {"train_loss", "train_accuracy", "held_out_loss", "held_out_accuracy"}
    assert all(curve["steps"] == [1, 2, 3, 4, 5] for curve in curves.values())
    assert curves["train_loss"]["values"][-1] < curves["train_loss"]["values"][0]
    assert values["held_out_accuracy"] == curves["held_out_accuracy"]["values"][-1]
    assert receipt["seconds"] > 0
    assert str(out) not in (out / "receipt.json").read_text()


def test_mistakes_in_the_receipt_are_the_real_ones(quick):
    _, receipt = quick
    mistakes = receipt["tables"]["mistakes"]
    assert len(mistakes) == round(360 * (1 - receipt["values"]["held_out_accuracy"])) > 0
    _, held_out = digits.load()
    for mistake in mistakes:
        assert held_out.labels[mistake["image"]].item() == mistake["shown"] != mistake["seen"]
        assert 0.1 < mistake["probability"] < 1


def test_pictures(quick):
    out, receipt = quick
    checkpoints = {digits.CHECKPOINT, f"{digits.CHECKPOINT}.previous"}
    assert {path.name for path in out.iterdir()} == {*receipt["values"]["files"], "receipt.json", *checkpoints}
    for name in ("curves.png", "confusion.png", "mistakes.png"):
        assert name in receipt["values"]["files"]
        assert (out / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program 'dot' is not installed")
def test_graph_names_the_parameters(quick):
    out, receipt = quick
    assert receipt["values"]["files"][-1] == "graph.svg"
    words = {text.text for text in ElementTree.parse(out / "graph.svg").iter("{http://www.w3.org/2000/svg}text")}
    assert {"images", "model.0.weight", "model.2.weight", "model.4.bias", "loss", "relu", "linear"} <= words


def test_without_dot_the_graph_is_source(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(UserWarning, match="apt-get install graphviz"):
        receipt = run(tmp_path / "out", "--epochs", "1", "--hidden", "8")
    assert receipt["values"]["files"][-1] == "graph.gv"
    assert "model.2.bias" in (tmp_path / "out" / "graph.gv").read_text()


def test_same_seed_same_numbers_whatever_ran_before(quick, tmp_path):
    _, receipt = quick
    minigrad.manual_seed(12345)
    assert not differing(receipt, run(tmp_path / "again", "--quick", "--seed", "7"))
    other = differing(receipt, run(tmp_path / "other", "--quick", "--seed", "8"))
    assert any("curve train_loss" in line for line in other)


@needs_safetensors
def test_a_run_that_was_stopped_goes_on_bit_for_bit(quick, tmp_path, monkeypatch, capsys):
    evaluations = []

    def stopping(model, part):
        evaluations.append(part)
        if len(evaluations) == 6:  # in the third epoch
            raise KeyboardInterrupt
        return evaluate(model, part)

    evaluate = digits.evaluate
    monkeypatch.setattr(digits, "evaluate", stopping)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "--quick", "--seed", "7", "--resume")  # there is nothing yet to go on from
    stopped = json.loads((tmp_path / "receipt.json").read_text())
    assert stopped["status"].startswith("failed: KeyboardInterrupt")
    minigrad.manual_seed(99)
    capsys.readouterr()
    resumed = run(tmp_path, "--quick", "--seed", "7", "--resume")
    assert "resumed after epoch 2 of 5" in capsys.readouterr().out
    assert len(evaluations) == 6 + 2 * 3 and resumed["resumed"] == 1 and resumed["status"] == "complete"
    _, receipt = quick
    assert not differing(receipt, resumed)
    assert not differing(receipt, run(tmp_path, "--quick", "--seed", "7", "--resume"))  # nothing is left to train
    assert len(evaluations) == 12


@needs_safetensors
def test_the_checkpoint_of_another_run_is_refused(quick):
    out, _ = quick
    before = (out / "receipt.json").read_text()
    with pytest.raises(SystemExit, match=r"is of another run, with seed 7, epochs 5: give the same options, or start"):
        run(out, "--epochs", "9", "--resume")
    assert (out / "receipt.json").read_text() == before


def test_resuming_without_what_reads_checkpoints(quick, monkeypatch):
    out, _ = quick
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(SystemExit, match="--resume cannot read its checkpoint: .*pip install safetensors"):
        run(out, "--quick", "--seed", "7", "--resume")


@needs_safetensors
def test_a_damaged_checkpoint_is_passed_over(quick, tmp_path):
    out, receipt = quick
    shutil.copytree(out, tmp_path, dirs_exist_ok=True)
    newest = tmp_path / digits.CHECKPOINT
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="resumed from .*previous"):
        resumed = run(tmp_path, "--quick", "--seed", "7", "--resume")
    assert not differing(receipt, resumed)


@needs_safetensors
def test_a_receipt_is_verified(quick, tmp_path, monkeypatch, capsys):
    _, receipt = quick  # of this process: here as if the script had been started
    arguments = ["--quick", "--seed", "7", "--resume"]
    command = {"script": str(SCRIPT), "arguments": arguments, "module": None, "code": None, "sha256": None}
    (tmp_path / "receipt.json").write_text(json.dumps({**receipt, "command": {**receipt["command"], **command}}))
    monkeypatch.setenv("PYTHONPATH", str(Path(minigrad.__file__).parents[1]))
    assert receipts(["verify", str(tmp_path / "receipt.json")]) == 0, capsys.readouterr()
    assert "same          array weights" in capsys.readouterr().out


def test_what_is_printed(tmp_path, capsys):
    run(tmp_path, "--epochs", "2", "--hidden", "16", "12")
    printed = capsys.readouterr().out
    assert "network 64-16-12-10 with 1,374 parameters" in printed
    assert [line.split()[0] for line in printed.splitlines() if line.endswith("%")] == ["1", "2"]
    assert printed.rstrip().splitlines()[-1].strip() == str(tmp_path / "receipt.json")
    assert str(tmp_path / "mistakes.png") in printed


def test_split_is_fixed_stratified_and_complete():
    first, second = digits.load(), (minigrad.manual_seed(1), digits.load())[1]
    for part, again in zip(first, second, strict=True):
        assert np.array_equal(part.images.numpy(), again.images.numpy())
        assert part.images.dtype == np.float32 and part.images.shape == (len(part.labels), 64)
    training, held_out = (np.bincount(part.labels.numpy()) for part in first)
    assert np.abs(held_out - (training + held_out) / 5).max() < 1
    rows = np.concatenate([part.images.numpy() for part in first])
    assert rows.shape == (1797, 64)
    assert len(np.unique(rows, axis=0)) == 1797  # no image stands in both parts


def test_pixels_are_scaled_by_the_training_part_alone():
    training, held_out = (part.images.numpy().astype(np.float64) for part in digits.load())
    assert training.mean() == pytest.approx(0, abs=1e-6)
    assert training.std() == pytest.approx(1, abs=1e-6)
    assert abs(held_out.mean()) > 1e-4  # its own mean would have made this 0


def test_without_hidden_layers_the_model_is_linear():
    (layer,) = digits.build([]).children()
    assert isinstance(layer, nn.Linear) and layer.weight.shape == (10, 64)


def test_pictures_of_extreme_results(tmp_path):
    labels = np.repeat(np.arange(10), 10)
    images, sure = np.zeros((100, 64), np.float32), np.linspace(0.1, 1, 100)
    for name, predicted in (("perfect", labels), ("hopeless", 9 - labels)):
        digits.draw_mistakes(images, labels, predicted, sure, tmp_path / f"{name}.png")
        digits.draw_confusion(labels, predicted, tmp_path / f"{name}_confusion.png")
    assert len(list(tmp_path.iterdir())) == 4


def test_evaluate_counts_and_averages():
    def model(images):
        return images * 0 + Tensor([0.0, 1.0, 0.0])

    part = digits.Part(Tensor(np.zeros((4, 3), np.float32)), Tensor(np.array([1, 1, 0, 1])))
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
    for option in ("--seed", "--epochs", "--lr", "--hidden", "--out", "--resume", "--quick"):
        assert option in helped


@pytest.mark.parametrize("missing", ["matplotlib", "sklearn", "tqdm"])
def test_a_missing_extra_is_named_in_one_line(missing, tmp_path):
    code = f"import sys, runpy; sys.modules[{missing!r}] = None; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert missing in line and "pip install matplotlib scikit-learn threadpoolctl tqdm" in line
