"""The doctor on a few patients: the whole corpus is in test_corpus.py."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the patients learn from data that come with scikit-learn")

import minigrad as mg  # noqa: E402
from minigrad import Tensor, debug, nn, optim  # noqa: E402
from tests.doctor import corpus  # noqa: E402
from tests.doctor.patient import CASES, digits, made  # noqa: E402
from tests.doctor.students import text  # noqa: E402

assert corpus
SOME = ("softmax_inside_forward", "squared_error_by_hand", "attention_without_a_mask", "a_layer_made_anew_in_forward")


@pytest.mark.parametrize("name", SOME)
def test_the_cause_comes_first_and_the_twin_is_healthy(name: str) -> None:
    report = made(name, True).diagnosed()
    assert report.codes[:1] == [CASES[name][0]], str(report)
    assert len(str(report.findings[0]).splitlines()) <= 6, str(report)
    assert made(name, False).diagnosed().ok


def test_an_error_that_nobody_knows_is_reported_as_it_is() -> None:
    report = debug.diagnose(nn.Linear(5, 2), nn.CrossEntropyLoss(), (mg.randn(8, 4), Tensor(np.arange(8) % 2)))
    assert report.codes == ["raises"]
    assert "in_features=5" in report.findings[0].evidence
    assert report.findings[0].where == "the forward pass"


def test_a_known_error_is_named_and_not_repeated() -> None:
    x, y = digits(64)
    report = debug.diagnose(nn.Linear(64, 10), nn.CrossEntropyLoss(), (x, y + 1))
    assert report.codes == ["label-offset"]
    assert report.findings[0].cure == "y = y - 1"


def test_everything_is_as_before() -> None:
    x, y = digits(64)
    model = nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 10)).eval()
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    state = mg.get_rng_state()
    debug.diagnose(model, nn.CrossEntropyLoss(), (x, y), optim.Adam(model.parameters()))
    assert not model.training and all(p.grad is None for p in model.parameters())
    for name, value in model.state_dict().items():
        assert np.array_equal(value.numpy(), before[name]), name
    drawn = mg.randn(3).numpy()
    mg.set_rng_state(state)
    assert np.array_equal(mg.randn(3).numpy(), drawn)


# --- what looks sick and is healthy -----------------------------------------------------------------------------------
def test_a_graph_network_shares_on_purpose() -> None:
    adjacency = np.eye(12, dtype="f") + np.eye(12, k=1, dtype="f") + np.eye(12, k=-1, dtype="f")

    class Spread(nn.Module):
        def __init__(self) -> None:
            self.register_buffer("adjacency", Tensor(adjacency / adjacency.sum(1, keepdims=True)))
            self.first, self.second = nn.Linear(12, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.adjacency @ self.second((self.adjacency @ self.first(x)).relu())

    report = debug.diagnose(
        Spread(), nn.CrossEntropyLoss(), (Tensor(np.eye(12, dtype="f")), Tensor(np.arange(12) // 6))
    )
    assert report.ok, str(report)


def test_time_may_stand_first() -> None:
    x, y, known = text()

    class Language(nn.Module):
        def __init__(self) -> None:
            self.embed, self.rnn, self.head = nn.Embedding(known, 8), nn.LSTM(8, 8), nn.Linear(8, known)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.rnn(self.embed(x))[0])

    def loss_fn(scores: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.cross_entropy(scores.reshape(-1, known), labels.reshape(-1))

    report = debug.diagnose(Language(), loss_fn, (x.T, y.T))
    assert report.ok, str(report)


def test_principal_components_need_no_bend_and_tied_weights_are_no_accident() -> None:
    x, _ = digits(64)

    class Tied(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter(0.1 * mg.randn(8, 64))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight.T @ self.weight

    assert debug.diagnose(nn.Sequential(nn.Linear(64, 8), nn.Linear(8, 64)), nn.MSELoss(), (x, x)).ok
    assert debug.diagnose(Tied(), nn.MSELoss(), (x, x)).ok


def test_labels_that_the_loss_function_shifts_are_no_mistake() -> None:
    x, y = digits(128)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    assert not debug.diagnose(model, lambda scores, y: nn.functional.cross_entropy(scores, y - 1), (x, y + 1)).codes


def test_a_report_is_json() -> None:
    report = made("squared_error_by_hand", True).diagnosed()
    record = json.loads(report.to_json())
    assert record["ok"] is False
    assert record["findings"][0]["code"] == "target-broadcast"
