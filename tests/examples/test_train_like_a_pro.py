"""examples/train_like_a_pro.py: its parts do not mix, and a run that was killed ends as one that was not."""

import importlib
import json
from importlib.util import find_spec

import numpy as np
import pytest

from minigrad import nn
from minigrad.receipts import compare, read
from tests.examples.quick import run_quick

for extra in ("matplotlib", "sklearn", "threadpoolctl", "tqdm"):
    pytest.importorskip(extra, reason="the example needs pip install matplotlib scikit-learn threadpoolctl tqdm")
pro = importlib.import_module("examples.train_like_a_pro")


def run(out, *arguments):
    pro.main(["--epochs", "4", *arguments, "--out", str(out)])
    return read(out / "receipt.json")


def test_parts_do_not_mix_and_only_training_scales() -> None:
    parts = pro.load()
    assert [len(labels) for _, labels in parts] == [342, 114, 113]
    rows = np.concatenate([inputs.numpy() for inputs, _ in parts])
    assert len(np.unique(rows, axis=0)) == 569
    means = [np.abs(inputs.numpy().mean(axis=0)).max() for inputs, _ in parts]
    assert means[0] < 1e-4 < 0.01 < min(means[1:])
    shares = [float(labels.numpy().mean()) for _, labels in parts]
    assert max(shares) - min(shares) < 0.01


def test_biases_and_norms_do_not_decay() -> None:
    model = pro.build()
    decays = {id(p): g["weight_decay"] for g in pro.build_optimizer(model, 0.1).param_groups for p in g["params"]}
    named = {name: decays[id(parameter)] for name, parameter in model.named_parameters()}
    assert {name for name, decay in named.items() if decay} == {"0.weight", "4.weight"}


@pytest.mark.skipif(find_spec("safetensors") is None, reason="--resume needs safetensors")
def test_a_killed_run_goes_on_bit_for_bit(tmp_path, monkeypatch) -> None:
    (tmp_path / "killed").mkdir()
    whole = run(tmp_path / "whole")
    evaluate, calls = pro.evaluate, []

    def stopping(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return evaluate(*arguments)

    monkeypatch.setattr(pro, "evaluate", stopping)
    with pytest.raises(SystemExit):
        run(tmp_path / "killed")
    resumed = run(tmp_path / "killed", "--resume")
    assert (tmp_path / "whole/monitor.json").read_text() == (tmp_path / "killed/monitor.json").read_text()
    assert len(calls) == 3 + 2 + 2 and resumed["resumed"] == 1 and len(whole["curves"]["lr"]["steps"]) == 4
    assert not [str(e) for e in compare(whole, resumed) if e.verdict not in ("same", "not compared")]


def test_the_doctor_is_asked_and_the_monitor_stays_on(tmp_path, capsys, monkeypatch) -> None:
    receipt = run(tmp_path, "--epochs", "2")
    assert "the doctor: nothing is wrong that it knows of\n" in capsys.readouterr().out
    records = json.loads((tmp_path / "monitor.json").read_text())
    assert {record["step"] for record in records["weights"]} == {0, 10}
    assert [piece["picture"] for piece in receipt["values"]["story"] if "picture" in piece][1] == "monitor.png"
    sick = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 2), nn.Softmax(dim=1))
    monkeypatch.setattr(pro, "build", lambda: sick)
    run(tmp_path, "--epochs", "1")
    assert "the doctor: double-softmax: " in capsys.readouterr().out


@pytest.mark.slow
def test_quick_is_as_expected(tmp_path) -> None:
    run_quick("train_like_a_pro", tmp_path)
