"""Values equal scikit-learn's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minigrad import metrics

theirs = pytest.importorskip("sklearn.metrics", reason="values are compared with scikit-learn's")


@pytest.fixture(params=range(4))
def random(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(request.param)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_of_classes(random: np.random.Generator, classes: int) -> None:
    predicted, target = random.integers(0, classes, (2, 40))
    predicted = np.where(random.random(40) < 0.4, target, predicted)
    labels = range(classes)
    assert metrics.accuracy(predicted, target) == theirs.accuracy_score(target, predicted)
    ours = metrics.confusion_matrix(predicted, target, classes)
    assert ours.tolist() == theirs.confusion_matrix(target, predicted, labels=labels).tolist()
    for average in ("macro", "micro", "weighted", None, *["binary"] * (classes == 2)):
        for name in ("precision", "recall", "f1_score"):
            their = getattr(theirs, name if name == "f1_score" else f"{name}_score")
            expected = their(target, predicted, average=average, zero_division=0.0)
            np.testing.assert_allclose(getattr(metrics, name)(predicted, target, average=average), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("predicted", "target"),
    [
        ([0, 0, 0], [1, 1, 1]),
        ([0, 0, 0], [0, 0, 0]),
        ([1, 1, 1], [1, 1, 1]),
        ([1, 1], [0, 0]),
        ([0, 3, 3], [3, 3, 0]),
        ([4, 0], [0, 2]),
    ],
)
@pytest.mark.parametrize("zero_division", [0.0, 1.0])
def test_classes_that_do_not_occur(predicted: list[int], target: list[int], zero_division: float) -> None:
    averages = ["macro", "micro", "weighted"] + ["binary"] * (max(*predicted, *target) < 2)
    for average in averages:
        for name in ("precision", "recall", "f1_score"):
            their = getattr(theirs, name if name == "f1_score" else f"{name}_score")
            expected = their(target, predicted, average=average, zero_division=zero_division)
            ours = getattr(metrics, name)(predicted, target, average=average, zero_division=zero_division)
            assert ours == pytest.approx(expected, rel=1e-14), (name, average)


def test_top_k(random: np.random.Generator) -> None:
    target = random.integers(0, 6, 60)
    target[:6] = range(6)
    for scores in (random.standard_normal((60, 6)), random.integers(0, 3, (60, 6)).astype(float)):  # ties too
        for k in range(1, 6):
            assert metrics.top_k_accuracy(scores, target, k) == theirs.top_k_accuracy_score(target, scores, k=k)


def test_roc_auc(random: np.random.Generator) -> None:
    target, scores = random.integers(0, 2, 30), random.integers(0, 9, 30) / 9
    assert metrics.roc_auc(scores, target) == theirs.roc_auc_score(target, scores)
    target, scores = np.arange(30) % 3, random.dirichlet(np.ones(3), 30)
    for way in ("ovr", "ovo"):
        assert metrics.roc_auc(scores, target, multi_class=way) == theirs.roc_auc_score(target, scores, multi_class=way)


@pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 3)])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_of_numbers(random: np.random.Generator, shape: tuple[int, ...], scale: float) -> None:
    predicted, target = scale * random.standard_normal((2, *shape))
    for ours, their in [
        (metrics.mean_absolute_error, theirs.mean_absolute_error),
        (metrics.root_mean_squared_error, theirs.root_mean_squared_error),
        (metrics.r2_score, theirs.r2_score),
    ]:
        assert ours(predicted, target) == pytest.approx(their(target, predicted), rel=1e-12)


@pytest.mark.parametrize("predicted", [[2.0, 2.0], [2.0, 3.0]])
def test_r2_of_a_constant(predicted: Any) -> None:
    assert metrics.r2_score(predicted, [2.0, 2.0]) == theirs.r2_score([2.0, 2.0], predicted)


def test_perplexity(random: np.random.Generator) -> None:
    scores, target = random.standard_normal((40, 5)), np.arange(40) % 5
    probabilities = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    expected = math.exp(theirs.log_loss(target, probabilities))
    assert metrics.perplexity(scores, target) == pytest.approx(expected, rel=1e-12)


def test_ndcg(random: np.random.Generator) -> None:
    scores = random.permuted(np.tile(np.arange(12.0), (9, 1)), axis=1)
    gains = random.integers(0, 4, (9, 12))
    ranked = np.argsort(-scores, axis=1)
    for k in (1, 3, 12):
        for levels in (gains, np.minimum(gains, 1)):
            relevant = [{i: float(gain) for i, gain in enumerate(row) if gain} for row in levels]
            assert metrics.ndcg_at_k(ranked, relevant, k) == pytest.approx(
                theirs.ndcg_score(levels, scores, k=k), rel=1e-12
            )
