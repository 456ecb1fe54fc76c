"""The checklist: healthy models pass, each kind of trouble fails its own check, and nothing is changed."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.debug import checklist

RNG = np.random.default_rng(0)


def batch(scale=1.0):
    centres = RNG.normal(size=(3, 6))
    labels = RNG.integers(0, 3, 48)
    return Tensor((centres[labels] + 0.3 * RNG.normal(size=(48, 6))) * scale, dtype=np.float32), Tensor(labels)


def mlp(*between):
    return nn.Sequential(nn.Linear(6, 32), *between, nn.ReLU(), nn.Linear(32, 3))


def failed(result):
    return [item.name for item in result.items if item.passed is False]


def test_a_healthy_model_passes_and_stays_as_it_was():
    model, data = mlp(nn.BatchNorm1d(32), nn.Dropout(0.1)), batch()
    model.eval()
    before = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    state = mg.random.get_rng_state()
    result = checklist(model, nn.CrossEntropyLoss(), [data])
    assert result.ok and not failed(result), str(result)
    assert all(np.array_equal(before[name], tensor.numpy()) for name, tensor in model.state_dict().items())
    assert mg.random.get_rng_state() == state and not model.training
    assert all(p.grad is None for p in model.parameters())
    assert 1e-4 < result.suggested < 1
    text = str(result)
    assert text.splitlines()[0].split() == ["check", "found", "expected"] and "log 3 = 1.099" in text
    assert "<table>" in result._repr_html_()


def test_inputs_out_of_scale():
    assert "inputs" in failed(checklist(mlp(), nn.CrossEntropyLoss(), [batch(scale=1000)]))


def test_an_initial_loss_that_is_too_high():
    model = mlp()
    with mg.no_grad():
        model[-1].weight.mul_(100)
    assert "initial loss" in failed(checklist(model, nn.CrossEntropyLoss(), [batch()]))


def test_a_model_that_cannot_learn_by_heart():
    model = mlp()
    model.append(nn.Softmax(dim=1))
    assert "learns one batch by heart" in failed(checklist(model, nn.CrossEntropyLoss(), [batch()]))


class Leaky(nn.Module):
    """Mixes the samples."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 3)

    def forward(self, x):
        return self.layer(x - x.mean(dim=0, keepdim=True))


def test_samples_that_leak_into_each_other():
    assert "samples are independent" in failed(checklist(Leaky(), nn.CrossEntropyLoss(), [batch()]))


def test_a_loss_that_no_rate_lowers():
    result = checklist(mlp(), lambda output, y: (output.detach() * 0).sum() + output.sum() * 0, [batch()])
    assert "range of learning rates" in failed(result)


def test_regression_and_integer_inputs():
    x, _ = batch()
    y = Tensor(x.numpy()[:, :1] * 2 + 1)
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
    assert checklist(model, nn.MSELoss(), [(x, y)]).ok
    tokens = Tensor(RNG.integers(0, 9, (16, 4)))
    model = nn.Sequential(nn.Embedding(9, 8), nn.Flatten(), nn.Linear(32, 3))
    result = checklist(model, nn.CrossEntropyLoss(), [(tokens, Tensor(np.arange(16) % 3))])
    assert [item.passed for item in result.items if item.name == "inputs"] == [None]


def test_what_is_refused():
    with pytest.raises(ValueError, match="no batch"):
        checklist(mlp(), nn.CrossEntropyLoss(), [])
    with pytest.raises(TypeError, match="pair"):
        checklist(mlp(), nn.CrossEntropyLoss(), [mg.randn(3, 6)])


def test_a_model_that_fails_is_a_line_in_the_table():
    result = checklist(nn.Linear(5, 3), nn.CrossEntropyLoss(), [batch()])
    assert "ValueError in the model" in str(result) and not result.ok


def test_the_picture():
    pytest.importorskip("matplotlib", reason="the scan is drawn with matplotlib")
    axes = checklist(mlp(), nn.CrossEntropyLoss(), [batch()]).plot()
    assert axes.get_xscale() == "log" and "falls fastest" in axes.get_legend().get_texts()[0].get_text()
