"""examples/imbalance.py: a rare class."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from tests.examples.quick import run_quick

imbalance = importlib.import_module("examples.imbalance")


def test_factor_is_one_without_focus_and_for_what_is_quite_wrong():
    p = np.array([0.1, 0.5, 0.9])
    np.testing.assert_array_equal(imbalance.focal_factor(p, 0.0), 1.0)
    assert imbalance.focal_factor(np.array([1e-9]), 2.0)[0] == pytest.approx(1, abs=1e-6)
    assert imbalance.focal_factor(np.array([0.5]), 2.0)[0] == pytest.approx(0.25 + 0.5 * np.log(2))


@pytest.mark.parametrize(("name", "wanted"), [("cross-entropy", 0.02), ("class weights", 0.5)])
def test_best_probability(name, wanted):
    assert imbalance.best_probability(imbalance.LOSSES[name], 0.02) == pytest.approx(wanted, abs=1e-6)


def test_best_probability_of_focal_loss_balances_its_two_slopes():
    p = imbalance.best_probability(imbalance.LOSSES["focal, γ = 2"], 0.1)
    yes = (1 - p) * imbalance.focal_factor(np.array([p]), 2.0)[0]
    no = p * imbalance.focal_factor(np.array([1 - p]), 2.0)[0]
    assert 0.1 * yes == pytest.approx(0.9 * no, rel=1e-6)


def test_average_precision_and_what_a_sample_counts():
    scores, y = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1.0, 0.0, 1.0, 0.0])
    assert imbalance.average_precision(scores, y, np.ones(4)) == pytest.approx((1 + 2 / 3) / 2)
    assert imbalance.average_precision(scores, y, np.array([1, 3, 1, 1.0])) == pytest.approx((1 + 2 / 5) / 2)
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    scores, y, counts = rng.random(50), (rng.random(50) < 0.3).astype(float), rng.random(50)
    theirs = metrics.average_precision_score(y, scores, sample_weight=counts)
    assert imbalance.average_precision(scores, y, counts) == pytest.approx(theirs)


def test_the_rare_class_has_its_share_in_both_parts():
    _, y, _, held_y, counts = imbalance.split(0)
    assert y.sum() == 20 and len(y) == 1020
    assert np.average(held_y[:, 0], weights=counts) == pytest.approx(imbalance.SHARE)


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("imbalance", tmp_path)
