"""Losses of order where PyTorch is no measure: extremes, mining, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd, nn
from minigrad.autograd import gradgradcheck
from minigrad.nn import functional as F

RNG = np.random.default_rng(0)


def wide(*shape):
    return Tensor(RNG.normal(size=shape), requires_grad=True)


# --- extremes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("eps", [0.0, 1e-6])
def test_triplets_of_one_point(dtype, squared, eps):
    """Anchor, positive and negative equal: the loss is the margin, and all derivatives are finite."""
    points = [Tensor(np.ones((2, 3), dtype), requires_grad=True) for _ in range(3)]
    loss = F.triplet_margin_loss(*points, eps=eps, squared=squared)
    assert loss.item() == 1 and loss.dtype == dtype
    slopes = autograd.grad(loss, points, create_graph=True)
    bends = autograd.grad(sum((g * g).sum() for g in slopes), points, allow_unused=True)
    for g in (*slopes, *bends):
        assert g is None or np.isfinite(g.numpy(force=True)).all()
    assert not slopes[0].numpy(force=True).any()  # what draws the anchor near and away cancels


def test_squares_keep_their_second_derivative_at_equal_points():
    a = Tensor(np.zeros((1, 2)), requires_grad=True)
    loss = F.triplet_margin_loss(a, np.zeros((1, 2)), np.full((1, 2), 0.1), eps=0.0, squared=True)
    (slope,) = autograd.grad(loss, a, create_graph=True)
    np.testing.assert_allclose(slope.numpy(force=True), [[0.2, 0.2]])
    (bend,) = autograd.grad(slope[0, 0], a)  # of |a - p|² - |a - n|², whose curvatures cancel
    np.testing.assert_allclose(bend.numpy(), [[0.0, 0.0]], atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_vectors_have_finite_derivatives_of_both_orders(dtype):
    x, y = (Tensor(np.zeros((2, 3), dtype), requires_grad=True) for _ in range(2))
    for other in (y, mg.ones(2, 3, dtype=dtype)):
        loss = F.cosine_embedding_loss(x, other, [1.0, -1.0], -0.5)
        assert loss.item() == 0.75
        (slope,) = autograd.grad(loss, x, create_graph=True)
        (bend,) = autograd.grad((slope * slope).sum(), x)
        assert np.isfinite(slope.numpy(force=True)).all() and np.isfinite(bend.numpy()).all()


def test_second_derivatives():
    gradgradcheck(lambda x, y: F.cosine_embedding_loss(x, y, [1.0, -1.0, 1.0]), (wide(3, 2), wide(3, 2)))
    for options in ({}, {"squared": True}, {"p": 3.0, "swap": True}):
        gradgradcheck(lambda *xs, o=options: F.triplet_margin_loss(*xs, 3.0, **o), (wide(4, 3), wide(4, 3), wide(4, 3)))


def test_half_precision_is_computed_in_single():
    x = Tensor(np.full((1, 4), 200, np.float16), requires_grad=True)
    y = Tensor(-x.numpy(force=True))
    loss = F.triplet_margin_loss(x, x.detach(), y, 1.0)
    assert loss.dtype == np.float16 and loss.item() == 0
    assert F.cosine_embedding_loss(x, y, [1.0]).item() == 2
    loss = F.triplet_margin_loss(x, y, x.detach(), 1.0)
    loss.backward()
    assert loss.item() == pytest.approx(801) and x.grad.dtype == np.float16


# --- mining -----------------------------------------------------------------------------------------------------------
def by_hand(points, labels, margin, squared):
    """The rule, pair by pair."""
    found = []
    for a in range(len(points)):
        for p in range(len(points)):
            if a == p or labels[a] != labels[p]:
                continue
            best = None
            near = sum((points[a] - points[p]) ** 2)
            for n in range(len(points)):
                if labels[n] == labels[a]:
                    continue
                far = sum((points[a] - points[n]) ** 2)
                near_by, far_by = (near, far) if squared else (math.sqrt(near), math.sqrt(far))
                if near_by < far_by < near_by + margin and (best is None or far_by < best[0]):
                    best = far_by, n
            if best is not None:
                found.append((a, p, best[1]))
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("squared", [False, True])
def test_semi_hard_triplets(seed, squared):
    rng = np.random.default_rng(seed)
    points, labels = rng.normal(size=(14, 2)), rng.integers(0, 3, 14)
    found = F.semi_hard_triplets(Tensor(points, requires_grad=True), labels, 0.6, squared=squared)
    expected = by_hand(points, labels, 0.6, squared)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected
    assert expected
    a, p, n = (points[part] for part in found)
    losses = F.triplet_margin_loss(Tensor(a), p, n, 0.6, eps=0.0, reduction="none", squared=squared).numpy()
    assert ((0 < losses) & (losses < 0.6)).all()  # semi-hard: within the margin, and in the right order


def test_ties_and_absence():
    points = np.array([[0.0], [1.0], [-1.5], [1.5], [1.5]])
    found = F.semi_hard_triplets(points, [0, 0, 1, 1, 1], 1.0)
    # Seen from 0 its three negatives tie; of the pair (1, 0) two negatives are too near and one is too far.
    assert [part.tolist() for part in found] == [[0, 3, 4], [1, 4, 3], [2, 1, 1]]
    for labels in ([0, 0, 0, 0, 0], [0, 1, 2, 3, 4]):
        assert [part.tolist() for part in F.semi_hard_triplets(points, labels)] == [[], [], []]
    assert [part.dtype.kind for part in F.semi_hard_triplets(np.zeros((0, 3)), np.zeros(0, int))] == ["i"] * 3


def test_the_indices_pick_tensors():
    x = wide(8, 2)
    a, p, n = F.semi_hard_triplets(x, np.arange(8) % 2, 5.0)
    F.triplet_margin_loss(x[a], x[p], x[n]).backward()
    assert x.grad.numpy().any()


# --- bad input --------------------------------------------------------------------------------------------------------
X = np.ones((4, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.margin_ranking_loss(Tensor(X), X[:, :1], X), ValueError, r"input1 \(4, 3\), input2 \(4, 1\)"),
        (lambda: F.margin_ranking_loss(Tensor(X), X, X[0]), ValueError, r"shape \(4, 3\), .* got shape \(3,\)"),
        (lambda: F.margin_ranking_loss(Tensor(X), X, 0 * X), ValueError, r"1 and -1, got 0.0 at \[0, 0\]"),
        (lambda: F.margin_ranking_loss(Tensor(X[:0]), X[:0], X[:0]), ValueError, "mean over an empty batch"),
        (lambda: F.margin_ranking_loss(np.ones(2, int), X, X), TypeError, "the input1 must be floating-point"),
        (lambda: F.margin_ranking_loss(Tensor(X), X, X, "sum"), TypeError, "margin must be a number, got 'sum'"),
        (lambda: F.hinge_embedding_loss(Tensor(X), [0.0, 1.0]), ValueError, r"1 and -1, got 0.0 at \[0\]"),
        (lambda: F.hinge_embedding_loss(Tensor(X[:, 0]), X[:, :1]), ValueError, r"shape \(4,\).*shape \(4, 1\)"),
        (lambda: F.cosine_embedding_loss(Tensor(X), X, [1, 2, 1, 1]), ValueError, r"got 2.0 at \[1\]"),
        (lambda: F.cosine_embedding_loss(Tensor(X), X, X[:, :1]), ValueError, r"shape \(4,\).*got shape \(4, 1\)"),
        (lambda: F.cosine_embedding_loss(Tensor(X), X, X[:, 0], 1.5), ValueError, "between -1 and 1, got 1.5"),
        (lambda: F.cosine_embedding_loss(Tensor(X[None]), X[None], [1]), ValueError, r"\(N, D\) or \(D,\), got"),
        (lambda: F.triplet_margin_loss(Tensor(X), X, X[0]), ValueError, r"negative \(3,\); to repeat one, use exp"),
        (lambda: F.triplet_margin_loss(Tensor(X), X, X, 0), ValueError, "margin must be above 0, got 0"),
        (lambda: F.triplet_margin_loss(Tensor(1.0), 1.0, 1.0), ValueError, "need a last dimension"),
        (lambda: F.triplet_margin_loss(Tensor(X), X, X, reduction="all"), ValueError, "'none', got 'all'"),
        (
            lambda: F.triplet_margin_with_distance_loss(Tensor(X), X, X, distance_function=lambda x, y: 1.0),
            TypeError,
            "must return a Tensor, got float",
        ),
        (lambda: nn.TripletMarginLoss(-1.0), ValueError, "margin must be above 0, got -1.0"),
        (lambda: F.semi_hard_triplets(X, [0, 1]), ValueError, r"got \(4, 3\) and \(2,\)"),
        (lambda: F.semi_hard_triplets(X, [0.0, 1, 1, 1]), TypeError, "labels must be integers"),
        (lambda: F.semi_hard_triplets(X, [0, 1, 1, 1], 0), ValueError, "margin must be above 0"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_one_sign_stands_for_all():
    x, y = Tensor(X), Tensor(2 * X)
    for target in (1.0, [1.0], np.ones(1), Tensor([1.0]), 1):
        assert F.margin_ranking_loss(x, y, target).item() == 1
        assert F.cosine_embedding_loss(x, y, target).item() == pytest.approx(0)
        assert F.hinge_embedding_loss(x, target).item() == 1
