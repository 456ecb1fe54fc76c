"""Mistakes that the doctor named wrongly once, found by writing scripts in other words than the corpus."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the patients learn from data that come with scikit-learn")

import minigrad as mg  # noqa: E402
from minigrad import Tensor, debug, nn, optim  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.doctor.patient import digits  # noqa: E402


def classifier(outputs: int = 10) -> nn.Sequential:
    """A small network for digits."""
    mg.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, outputs))


def test_clipping_to_nothing_is_named_and_not_the_rate() -> None:
    x, y = digits(64)
    model = classifier()
    optimizer = optim.SGD(model.parameters(), lr=1e-2)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        optimizer.step()

    report = debug.diagnose(model, F.cross_entropy, (x, y), optimizer, step)
    assert report.codes == ["rate-too-low"]
    assert "clip_grad_norm_" in report.findings[0].cure


def test_a_tensor_made_anew_in_the_loss_is_no_layer() -> None:
    x, y = digits(64)

    def loss_fn(scores: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(Tensor(scores.detach().numpy(), requires_grad=True), labels)

    report = debug.diagnose(classifier(), loss_fn, (x, y))
    assert report.codes == ["parameter-unreachable"]
    assert len(str(report).splitlines()) <= 8


def test_labels_that_only_say_who_is_alike_have_no_range() -> None:
    x, y = digits(64)
    alike = y.numpy()[:, None] == y.numpy()[None, :]

    def loss_fn(places: Tensor, labels: Tensor) -> Tensor:
        distances = ((places[:, None] - places[None]) ** 2).sum(dim=2)
        return mg.where(Tensor(alike), distances, F.relu(1 - distances)).mean()

    assert "label-range" not in debug.diagnose(classifier(outputs=4), loss_fn, (x, y)).codes


def test_a_hidden_state_that_drags_its_graph_along_is_told_in_six_lines() -> None:
    class Memory(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head, self.hidden = nn.RNN(3, 8, batch_first=True), nn.Linear(8, 2), None

        def forward(self, x: Tensor) -> Tensor:
            out, self.hidden = self.rnn(x, self.hidden)
            return self.head(out[:, -1])

    mg.manual_seed(0)
    x, y = mg.randn(16, 5, 3), Tensor(np.arange(16) % 2)
    model = Memory()
    optimizer = optim.Adam(model.parameters())

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    report = debug.diagnose(model, F.cross_entropy, (x, y), optimizer, step)
    found = next(finding for finding in report.findings if finding.code == "raises")
    assert "h.detach()" in str(found)
    assert len(str(found).splitlines()) <= 6


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_an_initial_loss_is_that_of_a_sample_whatever_the_reduction(reduction: str) -> None:
    x, y = digits(64)
    model = classifier()
    with mg.no_grad():
        model[2].weight.mul_(30)
    report = debug.diagnose(model, nn.CrossEntropyLoss(reduction=reduction), (x, y))
    assert "initial-loss" in report.codes
    finding = next(finding for finding in report.findings if finding.code == "initial-loss")
    median = F.cross_entropy(model(x), y, reduction="none").quantile(0.5)
    assert f"{median.item():.3g} per sample" in finding.evidence
