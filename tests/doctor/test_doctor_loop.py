"""A few patients of the corpus, quickly: what the doctor says about steps, units and modes."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the patients learn from data that come with scikit-learn")

from minigrad import nn, optim  # noqa: E402
from minigrad.debug.doctor.consequences import without_consequences  # noqa: E402
from minigrad.debug.doctor.examination import Examination  # noqa: E402
from minigrad.debug.doctor.finding import Finding  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.doctor import corpus, healthy  # noqa: E402 - they declare the patients
from tests.doctor.healthy.declared import made_healthy  # noqa: E402
from tests.doctor.patient import CASES, made  # noqa: E402
from tests.doctor.tables import diabetes  # noqa: E402

assert corpus
assert healthy
A_FEW = [
    "zero_grad_of_another_model",
    "the_same_number_everywhere",
    "linear_regression_beyond_two_over_the_curvature",
    "tested_with_dropout_on",
    "functional_dropout_that_never_ends",
    "a_penalty_in_the_loss",
]


@pytest.mark.parametrize("name", A_FEW)
def test_the_cause_comes_first_in_six_lines(name: str) -> None:
    report = made(name, True).diagnosed()
    assert report.codes[:1] == [CASES[name][0]], str(report)
    assert all(len(str(finding).splitlines()) <= 6 for finding in report.findings), str(report)
    assert made(name, False).diagnosed().ok


@pytest.mark.parametrize("name", ["gradients_gathered_over_four_calls", "words_as_vectors_with_an_output_of_zeros"])
def test_what_looks_sick_and_is_healthy(name: str) -> None:
    assert made_healthy(name).diagnosed().ok


def _regression(lr: float, **options: float) -> Examination:
    x, y = diabetes()
    model = nn.Linear(10, 1)
    optimizer = optim.SGD(model.parameters(), lr=lr, **options)
    return Examination(model, F.mse_loss, (x, y), optimizer)


def test_trials_change_one_thing_and_put_everything_back() -> None:
    exam = _regression(0.6, weight_decay=0.5)
    before = exam.model.weight.detach().numpy().copy()
    fast, slow, free = (exam.training.course(*a, **k) for a, k in (((), {}), ((0.1,), {}), ((0.1,), {"decay": False})))
    assert fast.broke or fast.end > fast.start
    assert slow.end < slow.start
    assert free.end < slow.end
    assert slow.rates[0] == pytest.approx(0.06)
    assert exam.optimizer.param_groups[0]["lr"] == 0.6
    assert exam.optimizer.param_groups[0]["weight_decay"] == 0.5
    assert np.array_equal(exam.model.weight.detach().numpy(), before)


def test_the_baseline_is_the_best_constant_output() -> None:
    exam = _regression(0.1)
    assert exam.training.baseline == pytest.approx(1.0, abs=1e-3)  # the variance of standardised targets
    assert exam.training.learnable
    assert exam.training.progress == pytest.approx(1.0, abs=0.1)


def test_a_run_that_breaks_gains_nothing() -> None:
    exam = _regression(100.0)
    assert exam.training.course().end == math.inf
    assert exam.training.progress <= 0


def test_notes_explain_nothing_away() -> None:
    def finding(code: str, severity: str) -> Finding:
        return Finding(code, severity, "", "", "", "", "")  # type: ignore[arg-type]

    rate = finding("rate-too-low", "error")
    assert without_consequences([finding("parameter-frozen", "note"), rate])[-1] is rate
    assert without_consequences([finding("parameter-frozen", "error"), rate]) != [rate]


@pytest.mark.parametrize("name", ["a_table_of_pairs_of_characters", "exclusive_or_with_its_loop"])
def test_a_rate_as_everybody_sets_it_is_at_most_noted(name: str) -> None:
    report = made_healthy(name).diagnosed()
    assert report.ok, str(report)
    assert all(len(str(finding).splitlines()) <= 6 for finding in report.findings), str(report)


def test_the_length_of_a_step_is_measured_without_a_training_step_too() -> None:
    assert _regression(1e-7).training.course().moved == pytest.approx(3e-7, rel=0.5)
    assert _regression(0.0).training.course().moved is None
