"""The doctor leaves everything as it was, and goes on where one of its checks does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, debug, nn, optim
from minigrad.data import DataLoader, TensorDataset
from minigrad.debug.doctor import checks
from minigrad.debug.doctor.examination import Examination
from minigrad.debug.doctor.state import restored
from minigrad.nn import functional as F


def task(samples: int = 48) -> tuple[nn.Sequential, Tensor, Tensor]:
    """A network, and something that it can learn."""
    mg.manual_seed(0)
    x = np.random.default_rng(0).normal(size=(samples, 4)).astype("f")
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    return model, Tensor(x), Tensor((x[:, 0] > 0).astype(np.int64))


def test_a_check_that_fails_is_named_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def clumsy(exam: Examination) -> Iterator[Any]:
        raise ZeroDivisionError("oh")
        yield

    monkeypatch.setitem(debug.diagnose.__globals__, "CHECKS", (clumsy, *checks.CHECKS))
    model, x, y = task()
    report = debug.diagnose(nn.Sequential(model, nn.Softmax(dim=1)), F.cross_entropy, (x, y))
    assert report.codes[0] == "double-softmax"
    assert report.skipped == ["clumsy (ZeroDivisionError: oh)"]
    assert "clumsy" in str(report)
    assert "clumsy" in report.to_json()


def test_variables_lists_and_hidden_state_are_as_before() -> None:
    model, x, y = task()
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    history, counts, hidden, done = [1.0], {"steps": 3}, mg.zeros(1), 0

    def one_step() -> Tensor:  # the function that step calls
        nonlocal hidden, done
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        hidden, done = hidden + loss.detach(), done + 1
        return loss

    def step() -> None:
        history.append(float(one_step()))
        counts["steps"] += 1

    kept = hidden
    report = debug.diagnose(model, F.cross_entropy, (x, y), None, step)
    assert report.ok, str(report)
    assert (history, counts, done) == ([1.0], {"steps": 3}, 0)
    assert hidden is kept
    assert not optimizer.state_dict()["state"]


def test_gradients_that_backward_adds_to_in_place_are_as_before() -> None:
    model, x, y = task()
    scale = Tensor(1.0, requires_grad=True)
    F.cross_entropy(model(x) * scale, y).backward()
    tensors = [scale, *model.parameters()]
    kept = [(t.grad, t.grad.tolist()) for t in tensors]
    with restored(model, [scale]):
        F.cross_entropy(model(x) * scale, y).backward()
        assert all(t.grad.tolist() != values for t, (_, values) in zip(tensors, kept, strict=True))
    assert all(t.grad is g and g.tolist() == values for t, (g, values) in zip(tensors, kept, strict=True))


def test_a_trainer_is_as_before() -> None:
    model, x, y = task()

    class Trainer:
        def __init__(self) -> None:
            self.model, self.optimizer = model, optim.Adam(model.parameters(), lr=1e-2)
            self.epoch, self.losses = 0, []

        def learn(self) -> None:
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            self.losses = [*self.losses, loss.item()]
            self.epoch += 1

    trainer = Trainer()
    assert debug.diagnose(model, F.cross_entropy, (x, y), step=trainer.learn).ok
    assert (trainer.epoch, trainer.losses) == (0, [])
    assert not trainer.optimizer.state_dict()["state"]


@pytest.mark.parametrize("batches", [1, 3, 12])
def test_a_loader_that_runs_out_is_no_finding(batches: int) -> None:
    model, x, y = task(16 * batches)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    loader = iter(DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True))

    def step() -> None:
        images, labels = next(loader)
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()

    report = debug.diagnose(model, F.cross_entropy, (x, y), optimizer, step)
    assert report.ok, str(report)
    assert not report.skipped
    assert "until its batches ran out" in str(report)


def test_a_step_that_raises_is_told() -> None:
    model, x, y = task()
    empty = iter(())
    report = debug.diagnose(model, F.cross_entropy, (x, y), step=lambda: next(empty))
    assert report.codes == ["raises"]
    assert "batches = iter(loader)" in report.findings[0].cure
    report = debug.diagnose(model, F.cross_entropy, (x, y), step=lambda: model(x[:, :3]))
    assert report.codes == ["raises"]
    assert report.findings[0].where == "the training step"
