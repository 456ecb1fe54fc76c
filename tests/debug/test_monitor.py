"""The monitor: right numbers, every kind of layer, hooks that go away, and what it writes."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.debug import Monitor
from minigrad.nn import functional as F


class Net(nn.Module):
    """Activations as Modules and as functions, one Module called twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.middle = nn.Linear(6, 6)
        self.tanh = nn.Tanh()
        self.last = nn.Linear(6, 2)

    def forward(self, x):
        h = F.relu(self.first(x))
        h = self.tanh(self.middle(self.tanh(self.middle(h))))
        return self.last(h)


def train(model, optimizer, steps, x):
    for _ in range(steps):
        loss = model(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def watched(steps=1, **options):
    model, x = Net(), mg.randn(16, 4)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with Monitor(model, optimizer, **{"every": 1, **options}) as monitor:
        train(model, optimizer, steps, x)
    return model, optimizer, x, monitor


def test_layers_in_the_order_of_their_calls():
    _, _, _, monitor = watched()
    names = ["first", "relu()", "middle", "tanh", "middle (2)", "tanh (2)", "last"]
    assert [record.layer for record in monitor.layers] == names
    kinds = ["Linear", "relu", "Linear", "Tanh", "Linear", "Tanh", "Linear"]
    assert [record.kind for record in monitor.layers] == kinds
    assert {record.layer for record in monitor.layers if record.saturated is not None} == {"relu()", "tanh", "tanh (2)"}
    assert [record.layer for record in monitor.layers if record.dead is not None] == ["relu()"]


def test_the_numbers_are_right():
    model, x = Net(), mg.randn(16, 4)
    h1 = model.first(x)
    h2 = F.relu(h1)
    h3 = model.middle(h2)
    loss = model.last(model.tanh(model.middle(model.tanh(h3)))).pow(2).mean()
    for tensor in (h1, h2, h3):
        tensor.retain_grad()
    loss.backward()
    before = {name: p.detach().clone().numpy() for name, p in model.named_parameters()}
    gradients = {name: p.grad.numpy().copy() for name, p in model.named_parameters()}
    model.zero_grad()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with Monitor(model, optimizer, every=1) as monitor:
        train(model, optimizer, 1, x)
    for record, tensor in zip(monitor.layers, (h1, h2, h3), strict=False):
        values = tensor.detach().numpy()
        np.testing.assert_allclose([record.mean, record.std], [values.mean(), values.std()], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(record.gradient, np.linalg.norm(tensor.grad.numpy()), rtol=1e-5)
        assert sum(record.histogram) == values.size
        assert (record.low, record.high) == (values.min(), values.max())
    zeros = h2.detach().numpy() == 0
    assert monitor.layers[1].saturated == zeros.mean()
    assert monitor.layers[1].dead == zeros.all(axis=0).mean()
    for record in monitor.weights:
        np.testing.assert_allclose(record.size, np.linalg.norm(before[record.name]), rtol=1e-5)
        np.testing.assert_allclose(record.gradient, np.linalg.norm(gradients[record.name]), rtol=1e-5)
        np.testing.assert_allclose(record.ratio, 0.1 * record.gradient / record.size, rtol=1e-3)


def test_only_every_so_many_steps_and_only_in_training():
    model, optimizer, x, monitor = watched(steps=7, every=3)
    assert sorted({record.step for record in monitor.layers}) == [0, 3, 6]
    assert sorted({record.step for record in monitor.weights}) == [0, 3, 6]
    with Monitor(model, optimizer, every=1) as monitor:
        model.eval()
        with mg.no_grad():
            model(x)
        model.train()
    assert not monitor.layers
    assert str(monitor) == "The monitor has seen no training step yet."


def test_without_an_optimizer_a_step_ends_with_the_next_forward_pass():
    model, x = Net(), mg.randn(16, 4)
    with Monitor(model, every=1) as monitor:
        for _ in range(3):
            model.zero_grad()
            model(x).pow(2).mean().backward()
            with mg.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
    assert sorted({record.step for record in monitor.layers}) == [0, 1, 2]
    assert {record.step for record in monitor.weights} == {0, 1}
    assert all(record.update is None and record.gradient > 0 for record in monitor.weights)


def test_training_is_as_without_it():
    results = []
    for monitored in (False, True):
        mg.manual_seed(0)
        model, x = Net(), mg.randn(16, 4)
        optimizer = optim.Adam(model.parameters(), lr=0.1)
        if monitored:
            with Monitor(model, optimizer, every=2):
                train(model, optimizer, 5, x)
        else:
            train(model, optimizer, 5, x)
        results.append([p.detach().numpy() for p in model.parameters()])
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


def test_hooks_go_away_and_failures_leave_nothing_behind():
    model, optimizer, x, monitor = watched()
    number = len(monitor.layers)
    train(model, optimizer, 2, x)
    assert len(monitor.layers) == number
    with Monitor(model, optimizer, every=1) as monitor:
        with pytest.raises(ValueError, match="shape|dimension|expects"):
            model(mg.randn(16, 5))
        train(model, optimizer, 1, x)
    assert "last" in [record.layer for record in monitor.layers]
    from minigrad.core.graph import anomaly

    assert anomaly.get() is None
    with pytest.raises(ValueError, match="every must be at least 1"):
        Monitor(model, every=0)


def test_anomaly_mode_works_beside_it():
    model, x = Net(), mg.randn(16, 4)
    with mg.detect_anomaly(), Monitor(model, every=1), pytest.raises(FloatingPointError):
        model(x * Tensor(np.float32(np.nan))).sum().backward()


def test_dead_channels_of_images_and_dead_units_of_sequences():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 16, 2))
    with mg.no_grad():
        model[0].bias.copy_(Tensor([-100.0, 100.0, -100.0, -100.0]))
    with Monitor(model, every=1) as monitor:
        model(mg.randn(8, 1, 6, 6)).sum().backward()
    assert monitor.layers[1].dead == 0.75 and monitor.layers[1].saturated == 0.75


def test_the_table_and_json():
    _, _, _, monitor = watched(steps=2)
    text = str(monitor)
    assert text.startswith("step 1\nlayer") and "relu()" in text and "middle.weight" in text and "%" in text
    record = json.loads(monitor.to_json())
    assert len(record["layers"]) == 14 and record["weights"][0]["name"] == "first.weight"


def test_a_checkpoint_keeps_the_records():
    whole, parts = [], []
    for results, cut in ((whole, 4), (parts, 2)):
        mg.manual_seed(0)
        model, x = Net(), mg.randn(16, 4)
        optimizer, state = optim.SGD(model.parameters(), lr=0.1), None
        for _ in range(4 // cut):
            with Monitor(model, optimizer, every=2) as monitor:
                if state is not None:
                    monitor.load_state_dict(state)
                train(model, optimizer, cut, x)
                state = json.loads(json.dumps(monitor.state_dict()))
        results.append(monitor.to_json())
    assert whole == parts and monitor.step == 4


def test_infinite_values_are_kept_as_words(tmp_path):
    model = nn.Sequential(nn.Linear(2, 2))
    with np.errstate(all="ignore"), Monitor(model, every=1) as monitor:
        model(Tensor(np.full((3, 2), np.inf, "f")))
    monitor.to_json(tmp_path / "monitor.json")
    assert json.loads((tmp_path / "monitor.json").read_text())["layers"][0]["mean"] in ("nan", "inf", "-inf")


def test_pictures():
    pytest.importorskip("matplotlib", reason="the monitor draws with matplotlib")
    _, _, _, monitor = watched(steps=3)
    for quantity in ("mean", "std", "saturated", "dead", "gradient", "ratio", "size", "weight gradient"):
        axes = monitor.plot(quantity)
        assert axes.get_xlabel() == "step"
    assert [label.get_text() for label in monitor.plot("dead").get_yticklabels()] == ["relu()"]
    assert len(monitor.plot_histograms().patches) == 7
    assert "tanh over time" in monitor.plot_histograms("tanh").get_title()
    with pytest.raises(ValueError, match="quantity is one of mean"):
        monitor.plot("nonsense")
    with pytest.raises(ValueError, match="there is no layer 'x'; there are first"):
        monitor.plot_histograms("x")
    with pytest.raises(ValueError, match="no record of 'ratio' yet"):
        Monitor(Net()).plot("ratio")


def test_tensorboard(tmp_path, monkeypatch):
    _, _, _, monitor = watched(steps=2)
    if importlib.util.find_spec("tensorboardX") is not None:
        monitor.write(tmp_path / "logs")
        (file,) = (tmp_path / "logs").iterdir()
        assert file.stat().st_size > 1000
    monkeypatch.setitem(importlib.import_module("sys").modules, "tensorboardX", None)
    with pytest.raises(ImportError, match="pip install tensorboardX"):
        monitor.write(tmp_path / "logs")
