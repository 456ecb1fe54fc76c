"""Metrics: what they refuse, edges, and that a batch at a time comes to the same."""

from __future__ import annotations

import builtins
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, checkpoint, metrics
from minigrad.nn import functional as F

RANDOM = np.random.default_rng(0)
SCORES, TARGET = RANDOM.standard_normal((50, 4)).astype(np.float32), RANDOM.integers(0, 4, 50)


# --- what is taken ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [np.asarray, Tensor, lambda x: Tensor(x, requires_grad=x.dtype.kind == "f"), list])
def test_tensors_arrays_and_lists(kind: Any) -> None:
    expected = float((SCORES.argmax(1) == TARGET).mean())
    assert metrics.accuracy(kind(SCORES), kind(TARGET)) == expected
    assert metrics.accuracy(kind(SCORES.argmax(1)), kind(TARGET)) == expected
    assert metrics.top_k_accuracy(kind(SCORES), kind(TARGET), k=1) == expected
    assert metrics.perplexity(kind(SCORES), kind(TARGET)) == pytest.approx(
        math.exp(F.cross_entropy(Tensor(SCORES.astype(np.float64)), Tensor(TARGET)).item()), rel=1e-12
    )


def test_pixels_as_in_the_loss() -> None:
    scores, target = RANDOM.standard_normal((3, 5, 4, 2)), RANDOM.integers(0, 5, (3, 4, 2))
    assert metrics.accuracy(scores, target) == float((scores.argmax(1) == target).mean())
    expected = math.exp(F.cross_entropy(Tensor(scores), Tensor(target)).item())
    assert metrics.perplexity(scores, target) == pytest.approx(expected, rel=1e-12)
    target[0] = -100
    expected = math.exp(F.cross_entropy(Tensor(scores), Tensor(target)).item())
    assert metrics.perplexity(scores, target) == pytest.approx(expected, rel=1e-12)
    assert metrics.top_k_accuracy(scores, np.abs(target) % 5, k=5) == 1


def test_booleans_and_unsigned() -> None:
    assert metrics.accuracy(np.array([True, False]), np.array([1, 1], np.uint8)) == 0.5
    assert metrics.mean_absolute_error(np.array([0], np.uint8), np.array([255], np.uint8)) == 255
    assert metrics.f1_score(np.array([True, False]), np.array([True, True])) == 2 / 3


def test_extremes() -> None:
    assert metrics.perplexity([[1e4, -1e4]], [1]) == math.inf
    assert metrics.perplexity([[1e4, -1e4]], [0]) == 1
    assert metrics.perplexity([[0.0, -math.inf]], [0]) == 1
    assert metrics.perplexity([[0.0, -math.inf]], [1]) == math.inf
    assert metrics.accuracy([[-math.inf, math.inf]], [1]) == 1
    assert metrics.root_mean_squared_error([1e200, 1e200], [0.0, 0.0]) == 1e200
    assert metrics.root_mean_squared_error([1e-200], [0.0]) == 1e-200
    assert metrics.root_mean_squared_error([1.0], [1.0]) == 0
    assert metrics.root_mean_squared_error([math.inf], [1.0]) == math.inf


# --- ranking ----------------------------------------------------------------------------------------------------------
def test_ranking_by_hand() -> None:
    ranked = [[0, 1, 2, 3], [4, 5, 6, -1], [7, 8, 9, 10]]
    relevant = [{1, 3, 50}, [6], []]  # the last user has nothing to find
    assert metrics.recall_at_k(ranked, relevant, 2) == (1 / 3 + 0) / 2
    assert metrics.recall_at_k(ranked, relevant, 4) == (2 / 3 + 1) / 2
    assert metrics.mean_reciprocal_rank(ranked, relevant) == (1 / 2 + 1 / 3) / 2
    assert metrics.mean_reciprocal_rank(ranked, relevant, k=2) == (1 / 2 + 0) / 2
    best = 1 + 1 / math.log2(3) + 1 / 2
    first = (1 / math.log2(3) + 1 / math.log2(5)) / best
    assert metrics.ndcg_at_k(ranked, relevant, 4) == pytest.approx((first + 1 / 2) / 2, rel=1e-14)
    graded = [{1: 3.0, 0: 1.0}, {6: 2.0}, {}]
    first = (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))
    assert metrics.ndcg_at_k(ranked, graded, 4) == pytest.approx((first + 1 / 2) / 2, rel=1e-14)
    assert metrics.recall_at_k(ranked, graded, 1) == (1 / 2 + 0) / 2


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "dot"])
@pytest.mark.parametrize("k", [1, 3])
def test_purity_by_hand(metric: str, k: int) -> None:
    points, labels = RANDOM.standard_normal((40, 3)), RANDOM.integers(0, 3, 40)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    closeness = {
        "euclidean": -np.linalg.norm(points[:, None] - points, axis=2),
        "cosine": unit @ unit.T,
        "dot": points @ points.T,
    }[metric]
    np.fill_diagonal(closeness, -np.inf)
    nearest = np.argsort(-closeness, axis=1)[:, :k]
    expected = (labels[nearest] == labels[:, None]).mean()
    assert metrics.neighbor_purity(points, labels, k, metric=metric) == pytest.approx(expected, rel=1e-14)


def test_purity_of_points_far_from_the_origin_and_of_equal_ones() -> None:
    points = 1e6 + np.array([[0.0], [1e-3], [5e-3], [6e-3]])
    assert metrics.neighbor_purity(points, [0, 0, 1, 1]) == 1
    assert metrics.neighbor_purity(np.zeros((3, 2)), [0, 0, 1], metric="cosine") == 2 / 3


# --- a batch at a time ------------------------------------------------------------------------------------------------
def test_batches_come_to_the_same() -> None:
    accuracy, top, matrix, perplexity = (
        metrics.Accuracy(), metrics.Accuracy(k=2), metrics.ConfusionMatrix(4), metrics.Perplexity(),
    )  # fmt: skip
    for metric in (accuracy, top, matrix, perplexity):
        for rows in np.array_split(np.arange(50), 7):
            metric.update(Tensor(SCORES[rows]), Tensor(TARGET[rows]))
    assert accuracy.compute() == matrix.accuracy() == metrics.accuracy(SCORES, TARGET)
    assert top.compute() == metrics.top_k_accuracy(SCORES, TARGET, 2)
    assert matrix.compute().tolist() == metrics.confusion_matrix(SCORES, TARGET).tolist()
    assert perplexity.compute() == pytest.approx(metrics.perplexity(SCORES, TARGET), rel=1e-13)
    for name in ("precision", "recall", "f1_score"):
        for average in ("macro", "micro", "weighted"):
            together = getattr(metrics, name)(SCORES, TARGET, average=average)
            assert getattr(matrix, name)(average) == together


def test_means_are_exact() -> None:
    values = RANDOM.standard_normal(5000) * 10.0 ** RANDOM.integers(-8, 8, 5000)
    mean, weighted = metrics.Mean(), metrics.Mean()
    for value in values:
        mean.update(value)
    assert mean.compute() == pytest.approx(math.fsum(values) / 5000, rel=1e-15)
    weighted.update(Tensor([1.0, 2.0]), weight=[3, 1])
    weighted.update(np.float32(4.0), weight=4)
    assert weighted.compute() == (3 + 2 + 16) / 8
    weighted.update(math.inf)
    assert weighted.compute() == math.inf
    weighted.update([math.inf, -math.inf])
    assert math.isnan(weighted.compute())


@pytest.mark.parametrize(
    ("metric", "batch"),
    [
        (metrics.Mean(), (0.1,)),
        (metrics.Accuracy(), ([1], [1])),
        (metrics.Accuracy(k=2), ([[0.1, 0.2, 0.3]], [1])),
        (metrics.ConfusionMatrix(3), ([1], [2])),
        (metrics.Perplexity(), ([[0.5, 0.1]], [1])),
    ],
    ids=repr,
)
def test_states(metric: Any, batch: Any, tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="files need safetensors")
    metric.update(*batch)
    metric.update(*batch)
    value = np.asarray(metric.compute()).tolist()
    checkpoint.save(tmp_path / "metric", metric=metric)
    state = metric.state_dict()
    metric.update(*batch)
    metric.reset()
    with pytest.raises(ValueError, match="has seen no samples yet; call update first"):
        metric.compute()
    checkpoint.resume(tmp_path / "metric", metric=metric)
    assert np.asarray(metric.compute()).tolist() == value
    metric.update(*batch)
    metric.load_state_dict(state)
    assert np.asarray(metric.compute()).tolist() == value
    with pytest.raises(ValueError, match="this is no state of"):
        metric.load_state_dict({"x": 1})


def test_states_of_other_options() -> None:
    with pytest.raises(ValueError, match=r"the state has k=2, and this Accuracy 1"):
        metrics.Accuracy().load_state_dict(metrics.Accuracy(2).state_dict())
    with pytest.raises(ValueError, match=r"the state has classes=2, and this ConfusionMatrix 3"):
        metrics.ConfusionMatrix(3).load_state_dict(metrics.ConfusionMatrix(2).state_dict())


# --- bad input --------------------------------------------------------------------------------------------------------
X = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.accuracy([[0], [1]], [0, 1]), ValueError, "one score per sample, .*give classes: predicted"),
        (lambda: metrics.accuracy([0, 1], [[0], [1]]), ValueError, r"shape \(2,\) and target \(2, 1\)"),
        (lambda: metrics.accuracy([0.5, 1.0], [0, 1]), TypeError, "predicted must be integers, the classes from 0"),
        (lambda: metrics.accuracy([0, -1], [0, 1]), ValueError, r"predicted has the class -1 at \(1,\)"),
        (lambda: metrics.accuracy(["a"], [0]), TypeError, "predicted must be numbers, got <U1; number the labels"),
        (lambda: metrics.accuracy([], []), (ValueError, TypeError), "no samples|must be integers"),
        (lambda: metrics.accuracy(np.zeros((0, 3)), np.zeros(0, int)), ValueError, "there are no samples"),
        (lambda: metrics.accuracy([[0.0, np.nan]], [1]), ValueError, r"predicted has nan at \(0, 1\); has"),
        (lambda: metrics.accuracy(X, [0, 1, 2]), IndexError, r"the class 2 at \(2,\), and .* of 2 classes"),
        (lambda: metrics.top_k_accuracy(X, [0, 1, 1], k=3), ValueError, "k must be from 1 to the 2 classes, got 3"),
        (lambda: metrics.top_k_accuracy(X, [0, 1], k=1), ValueError, r"shape \(3, 2\) and target \(2,\)"),
        (lambda: metrics.confusion_matrix([0, 2], [0, 1], 2), IndexError, "predicted has the class 2.*give classes=3"),
        (lambda: metrics.f1_score([0, 2], [0, 1]), ValueError, r'classes \[0, 1, 2\]; choose average="macro"'),
        (lambda: metrics.f1_score([0], [1], average="mean"), ValueError, "average must be one of .* got 'mean'"),
        (lambda: metrics.f1_score([0], [1], positive=2), IndexError, "positive must be a class, got 2"),
        (lambda: metrics.roc_auc([0.1, 0.2], [1, 1]), ValueError, "fewer than two classes"),
        (lambda: metrics.roc_auc([0.1], [1, 0]), ValueError, r"shape \(1,\) and target \(2,\)"),
        (lambda: metrics.mean_absolute_error([[1.0]], [1.0]), ValueError, r"shape \(1, 1\) and target \(1,\)"),
        (lambda: metrics.r2_score([1.0], [1.0]), ValueError, "at least two samples"),
        (lambda: metrics.perplexity(X, [-100] * 3), ValueError, "every target is -100, which does not count"),
        (lambda: metrics.perplexity([[math.inf, 0]], [0]), ValueError, "logits are finite"),
        (lambda: metrics.recall_at_k([[1, 2]], [[1]], 3), ValueError, "k must be from 1 to 2"),
        (lambda: metrics.recall_at_k([[1, 2]], [[1], [2]], 1), ValueError, "lists of 1 users and relevant items of 2"),
        (lambda: metrics.recall_at_k([[1, 2]], [[]], 1), ValueError, "no user has a relevant item"),
        (lambda: metrics.ndcg_at_k([[1, 2]], [{}], 1), ValueError, "no user has a relevant item"),
        (lambda: metrics.recall_at_k([1, 2], [[1]], 1), ValueError, r"\(users, items\) of item numbers"),
        (lambda: metrics.neighbor_purity(X, [0, 0, 1], 3), ValueError, "k must be from 1 to 2"),
        (lambda: metrics.neighbor_purity(X, [0, 0]), ValueError, r"shape \(3, 2\) and labels \(2,\)"),
        (lambda: metrics.neighbor_purity(X, [0, 0, 1], metric="l1"), ValueError, "metric must be one of"),
        (lambda: metrics.neighbor_purity(X + math.inf, [0, 0, 1]), ValueError, "points hold an infinity"),
        (lambda: metrics.Accuracy(0), ValueError, "k must be at least 1"),
        (lambda: metrics.ConfusionMatrix(1), ValueError, "at least 2 classes"),
        (lambda: metrics.ConfusionMatrix(2).update([2], [0]), IndexError, "predicted has the class 2"),
        (lambda: metrics.Mean().update(1.0, weight=-1), ValueError, "weights are finite and at least 0"),
        (lambda: metrics.Mean().update([1.0, 2.0], weight=[1.0]), ValueError, r"shape \(2,\) and weight \(1,\)"),
        (lambda: metrics.Mean().update(math.nan), ValueError, "value has nan"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fail(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(ImportError, match=r"pip install scikit-learn$"):
        metrics.roc_auc([0.1, 0.2], [0, 1])
