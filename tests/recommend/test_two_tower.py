"""Two towers: scores, the loss with all of its corrections by hand, and that they learn to retrieve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, metrics, nn, optim
from minigrad.recommend import TwoTower

RANDOM = np.random.default_rng(0)


class Given(nn.Module):
    """Vectors as they come."""

    def forward(self, x: Any) -> Tensor:
        return x if isinstance(x, Tensor) else Tensor(x)


def by_hand(scores: Any) -> float:
    largest = scores.max(1, keepdims=True)
    normalizer = np.log(np.exp(scores - largest).sum(1)) + largest[:, 0]
    return float((normalizer - np.diag(scores)).mean())


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_the_loss_by_hand(normalize: bool, symmetric: bool, corrected: bool, named: bool) -> None:
    queries, items = RANDOM.standard_normal((2, 6, 3))
    ids, chances = np.array([0, 1, 0, 2, 1, 0]), np.log(RANDOM.random(6))
    model = TwoTower(Given(), Given(), 0.3, normalize=normalize)
    x, y = queries, items
    if normalize:
        x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    scores = x @ y.T / 0.3
    np.testing.assert_allclose(model(queries, items).numpy(), scores, rtol=1e-12)
    if corrected:
        scores = scores - chances
    if named:
        scores = np.where((ids[:, None] == ids) & ~np.eye(6, dtype=bool), -np.inf, scores)
    expected = (by_hand(scores) + by_hand(scores.T)) / 2 if symmetric else by_hand(scores)
    loss = model.loss(
        queries,
        items,
        item_ids=ids if named else None,
        log_probabilities=Tensor(chances) if corrected else None,
        symmetric=symmetric,
    )
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_gradients() -> None:
    model = TwoTower(Given(), Given(), 0.5)
    queries, items = (Tensor(x, requires_grad=True) for x in RANDOM.standard_normal((2, 4, 3)))
    mg.autograd.gradcheck(lambda q, i: model.loss(q, i, item_ids=[0, 0, 1, 2], symmetric=True), (queries, items))
    mg.autograd.gradgradcheck(lambda q, i: model.loss(q, i, item_ids=[0, 0, 1, 2]), (queries, items))


def test_extremes() -> None:
    model = TwoTower(Given(), Given(), 1e-4)
    zero = Tensor(np.zeros((2, 3)), requires_grad=True)
    loss = model.loss(zero, Tensor(np.ones((2, 3))))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2)) and np.isfinite(zero.grad.numpy()).all()
    opposite = Tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    loss = model.loss(opposite, [[0.0, 1.0], [1.0, 0.0]])
    loss.backward()
    assert loss.item() == pytest.approx(1e4) and np.isfinite(opposite.grad.numpy()).all()
    all_the_same = model.loss(np.ones((3, 2)), np.ones((3, 2)), item_ids=[7, 7, 7])
    assert all_the_same.item() == 0  # no negatives are left


def test_towers_learn_to_retrieve() -> None:
    mg.manual_seed(0)
    features = RANDOM.standard_normal((40, 6)).astype(np.float32)
    model = TwoTower(nn.Embedding(40, 8), nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 8)), 0.1)
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    generator = np.random.default_rng(0)
    for _ in range(150):
        batch = generator.choice(40, 16, replace=False)
        optimizer.zero_grad()
        model.loss(batch, features[batch]).backward()
        optimizer.step()
    found, scores = model.retrieve(np.arange(40), model.item_vectors(features), k=5)
    assert found.shape == scores.shape == (40, 5) and (np.diff(scores, axis=1) <= 0).all()
    assert metrics.recall_at_k(found, [[i] for i in range(40)], 1) > 0.9
    np.testing.assert_allclose(scores[0], model([0], features).detach().numpy()[0, found[0]], rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TwoTower(Given(), Given(), 0.0), "temperature must be a positive number, got 0"),
        (lambda: TwoTower(None, Given()), "query_net must be a Module, or a function that gives vectors, got None"),
        (lambda: TwoTower(Given(), Given(), math.nan), "temperature must be a positive number"),
        (lambda: TwoTower(Given(), Given())(np.ones((2, 3)), np.ones((2, 4))), "vectors of 3 numbers and items of 4"),
        (lambda: TwoTower(Given(), Given())(np.ones(3), np.ones((2, 4))), r"query_net must give vectors \(B, D\)"),
        (lambda: TwoTower(Given(), Given()).loss(np.ones((2, 3)), np.ones((4, 3))), "2 queries and 4 items"),
        (
            lambda: TwoTower(Given(), Given()).loss(np.ones((2, 3)), np.ones((2, 3)), item_ids=[1]),
            r"item_ids has the shape \(1,\), and there are 2 items",
        ),
        (lambda: TwoTower(Given(), Given()).retrieve(np.ones((2, 3)), np.ones((2, 3)), 0), "k must be at least 1"),
    ],
)
def test_bad_input(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
