"""Losses over drawn classes: what they tend to, what they are when drawn classes are all, hits, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn, optim
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.data import NegativeSampler
from minigrad.nn import functional as F

RNG = np.random.default_rng(0)
N, D, C = 4, 3, 8
TARGET = np.array([0, 3, 3, 7])


class Given:
    """A sampler that draws what it was told, evenly as it says."""

    def __init__(self, drawn, classes=C):
        self.drawn, self.classes = np.asarray(drawn), classes

    def sample(self, size):
        return np.broadcast_to(self.drawn, size).copy()

    def log_prob(self, indices):
        return np.full(np.shape(indices), -math.log(self.classes))


def leaves(dtype=np.float64):
    return [Tensor(RNG.standard_normal(shape).astype(dtype), requires_grad=True) for shape in ((N, D), (C, D), (C,))]


# --- sampled softmax --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("biased", [False, True])
def test_every_class_once_is_the_full_softmax(reduction, biased):
    x, w, b = leaves()
    bias, inputs = (b, (x, w, b)) if biased else (None, (x, w))
    once = Given(RNG.permutation(C))
    loss = F.sampled_softmax_loss(x, TARGET, w, once, C, bias=bias, reduction=reduction)
    full = F.cross_entropy(F.linear(x, w, bias), TARGET, reduction=reduction)
    np.testing.assert_allclose(loss.detach().numpy(), full.detach().numpy(), rtol=1e-13)
    for a, e in zip(autograd.grad(loss.sum(), inputs), autograd.grad(full.sum(), inputs), strict=True):
        np.testing.assert_allclose(a.numpy(), e.numpy(), atol=1e-14)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_the_gradient_tends_to_that_of_the_full_softmax(power):
    """Whatever the probabilities of drawing: the more draws, the closer."""
    x, w, b = leaves()
    sampler = NegativeSampler(np.arange(1.0, C + 1), power=power, generator=np.random.default_rng(3))
    full = autograd.grad(F.cross_entropy(F.linear(x, w, b), TARGET), (x, w, b))

    def distance(draws, repeats):
        sums = [0.0, 0.0, 0.0]
        for _ in range(repeats):
            loss = F.sampled_softmax_loss(x, TARGET, w, sampler, draws, bias=b)
            sums = [s + g.numpy() for s, g in zip(sums, autograd.grad(loss, (x, w, b)), strict=True)]
        return max(np.abs(s / repeats - e.numpy()).max() for s, e in zip(sums, full, strict=True))

    near = distance(2000, 40)
    assert near < 0.01 < distance(2, 400)


def test_the_sum_of_exponentials_has_the_right_mean():
    x, w, _ = leaves()
    sampler = NegativeSampler(np.arange(1.0, C + 1), generator=np.random.default_rng(4))
    scores = (x.detach() @ w.detach().T).numpy()
    right = scores[range(N), TARGET]
    sums = [
        np.exp(F.sampled_softmax_loss(x, TARGET, w, sampler, 5, reduction="none").detach().numpy() + right)
        for _ in range(4000)
    ]
    error = np.std(sums, axis=0) / math.sqrt(len(sums))
    assert (np.abs(np.mean(sums, axis=0) - np.exp(scores).sum(1)) < 4 * error).all()


def test_hits():
    x, w, _ = leaves()
    assert F.sampled_softmax_loss(x[:1], [3], w, Given([3, 3]), 2).item() == 0  # nothing else was drawn
    twice = F.sampled_softmax_loss(x[:1], [3], w, Given([3, 3]), 2, remove_hits=False).item()
    assert twice == pytest.approx(math.log(1 + 2 * C / 2))
    (g,) = autograd.grad(F.sampled_softmax_loss(x[:1], [3], w, Given([3, 3]), 2), x)
    assert not g.numpy().any()


def test_rare_classes_that_were_not_drawn_get_no_gradient():
    x, w, b = leaves()
    of_w, of_b = autograd.grad(F.sampled_softmax_loss(x, TARGET, w, Given([1, 2, 3]), 3, bias=b), (w, b))
    touched = [0, 1, 2, 3, 7]
    assert of_w.numpy()[touched].all() and not np.delete(of_w.numpy(), touched, 0).any()
    assert not np.delete(of_b.numpy(), touched).any()


# --- negative sampling ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("remove_hits", [False, True])
def test_word2vec(remove_hits):
    x, w, b = leaves()
    drawn = np.array([[1, 0], [3, 3], [2, 5], [6, 1]])
    sampler = Given(drawn)
    losses = F.negative_sampling_loss(x, TARGET, w, sampler, 2, remove_hits, b, "none").detach().numpy()
    scores = (x @ w.T + b).detach().numpy()
    for n in range(N):
        wrong = [s for s in drawn[n] if s != TARGET[n] or not remove_hits]
        expected = math.log1p(math.exp(-scores[n, TARGET[n]])) + sum(math.log1p(math.exp(scores[n, s])) for s in wrong)
        assert losses[n] == pytest.approx(expected, rel=1e-13)


def test_word2vec_learns_how_much_likelier_pairs_are_than_by_chance():
    """At its optimum the score of a pair is log p(y | x) / q(y) - log K, for free scores."""
    joint = np.array([[4.0, 1.0, 1.0], [1.0, 1.0, 4.0]])
    q, k = NegativeSampler([3.0, 1.0, 2.0]).probabilities, 4
    scores = Tensor(np.zeros((2, 3)), requires_grad=True)
    of_x = joint / joint.sum(1, keepdims=True)
    for _ in range(60):
        (g,) = autograd.grad((-(F.logsigmoid(scores) * of_x) - k * q * F.logsigmoid(-scores)).sum(), scores)
        slope = (of_x + k * q) * (F.sigmoid(scores) * F.sigmoid(-scores)).detach().numpy()
        scores = Tensor(scores.detach().numpy() - g.numpy() / slope, requires_grad=True)
    np.testing.assert_allclose(scores.detach().numpy(), np.log(of_x / q) - math.log(k), atol=1e-9)


def test_extremes():
    for function in (F.sampled_softmax_loss, F.negative_sampling_loss):
        x = Tensor(np.array([[1e4], [-1e4], [0.0]]), requires_grad=True)
        w = Tensor(np.array([[1.0], [-1.0], [0.0]]), requires_grad=True)
        loss = function(x, [0, 0, 1], w, NegativeSampler.uniform(3, generator=np.random.default_rng(0)), 5)
        assert np.isfinite(loss.item())
        assert all(np.isfinite(g.numpy()).all() for g in autograd.grad(loss, (x, w)))


# --- in the batch -----------------------------------------------------------------------------------------------------
def test_in_batch():
    q, v = (Tensor(RNG.standard_normal((N, D)), requires_grad=True) for _ in range(2))
    log_q = np.log([0.5, 0.2, 0.2, 0.1])
    scores = (q @ v.T).detach().numpy() / 0.5 - log_q
    scores[1, 2] = scores[2, 1] = -math.inf  # the same item
    expected = np.log(np.exp(scores).sum(1)) - np.diag(scores)
    losses = F.in_batch_softmax_loss(q, v, log_q, 0.5, [4, 9, 9, 1], "none")
    np.testing.assert_allclose(losses.detach().numpy(), expected, rtol=1e-12)
    assert F.in_batch_softmax_loss(q, v, log_q, 0.5, [4, 9, 9, 1]).item() == pytest.approx(expected.mean())
    assert all(np.isfinite(g.numpy()).all() for g in autograd.grad(losses.sum(), (q, v)))
    even = F.in_batch_softmax_loss(q, v, np.full(N, -3.0)).item()
    assert even == pytest.approx(F.in_batch_softmax_loss(q, v).item())
    module = nn.InBatchSoftmaxLoss(temperature=0.5, reduction="none")
    np.testing.assert_array_equal(module(q, v, log_q, [4, 9, 9, 1]).detach().numpy(), losses.detach().numpy())
    assert repr(module) == "InBatchSoftmaxLoss(temperature=0.5, reduction='none')"


def test_the_temperature_may_be_learned():
    q, v = (Tensor(RNG.standard_normal((N, D)), requires_grad=True) for _ in range(2))
    t = Tensor(0.7, requires_grad=True, dtype=np.float64)
    ids = [1, 2, 2, 3]
    assert gradcheck(lambda q, v, t: F.in_batch_softmax_loss(q, v, None, t, ids), (q, v, t))
    assert gradgradcheck(lambda q, v, t: F.in_batch_softmax_loss(q, v, None, t, ids), (q, v, t))


def test_derivatives():
    x, w, b = leaves()
    for function in (F.sampled_softmax_loss, F.negative_sampling_loss):

        def loss(x, w, b, function=function):
            return function(x, TARGET, w, Given([1, 3, 5]), 3, bias=b)

        assert gradcheck(loss, (x, w, b)) and gradgradcheck(loss, (x, w, b))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_precision_stays(dtype):
    x, w, b = leaves(dtype)
    sampler = NegativeSampler(np.arange(1, C + 1))
    for loss in (
        F.sampled_softmax_loss(x, TARGET, w, sampler, 4, bias=b),
        F.negative_sampling_loss(x, TARGET, w, sampler, 4, bias=b),
        F.in_batch_softmax_loss(x, w[:N], sampler.log_prob(TARGET), 0.5),
    ):
        assert loss.dtype == dtype
        assert {g.dtype for g in autograd.grad(loss, (x, w))} == {np.dtype(dtype)}


# --- Modules ----------------------------------------------------------------------------------------------------------
def test_modules():
    sampler = NegativeSampler(np.arange(1, C + 1), power=0.75, generator=np.random.default_rng(0))
    for kind in (nn.SampledSoftmaxLoss, nn.NegativeSamplingLoss):
        loss = kind(D, C, sampler, 5, bias=True)
        assert set(loss.state_dict()) == {"weight", "bias"} and set(kind(D, C, sampler, 5).state_dict()) == {"weight"}
        assert repr(loss) == f"{kind.__name__}(in_features=3, num_classes=8, num_sampled=5, bias=True)"
        x = np.ones((N, D), np.float32)
        loss(x, TARGET).backward()
        assert loss.weight.grad is not None and loss.bias.grad is not None and loss.scores(x).shape == (N, C)
        with pytest.raises(
            ValueError, match=rf"^{kind.__name__}: the sampler draws from 8 classes, and the weight has"
        ):
            kind(D, 9, sampler, 5)
        with pytest.raises(TypeError, match=rf"^{kind.__name__}: the sampler is a minigrad.data.NegativeSampler"):
            kind(D, 3, [1, 2, 3], 5)
    loss = nn.SampledSoftmaxLoss(D, C, sampler, 5).eval()
    assert loss(x, TARGET).item() == F.cross_entropy(loss.scores(x), TARGET).item()


def test_word_vectors_are_learned():
    """Words of two groups that stand near each other: the nearest vectors are those of the own group."""
    rng = np.random.default_rng(0)
    words, group = 12, np.arange(12) % 2
    centers = rng.integers(0, words, 4000)
    near = (2 * rng.integers(0, words // 2, 4000) + group[centers]).astype(int)
    table = nn.Embedding(words, 4)
    loss = nn.NegativeSamplingLoss(4, words, NegativeSampler(np.bincount(near, minlength=words), power=0.75), 5)
    optimizer = optim.Adam([*table.parameters(), *loss.parameters()], lr=0.05)
    for start in 5 * [*range(0, 4000, 200)]:
        optimizer.zero_grad()
        loss(table(centers[start : start + 200]), near[start : start + 200]).backward()
        optimizer.step()
    scores = loss.scores(table.weight).detach().numpy()
    same = group[:, None] == group
    assert scores[same].mean() > scores[~same].mean() + 2


# --- bad input --------------------------------------------------------------------------------------------------------
X, W, S = np.zeros((N, D)), np.zeros((C, D)), NegativeSampler.uniform(C)
BAD = [
    (
        (X, [0, 8, 1, 1], W, S, 3),
        {},
        IndexError,
        r"label 8 at target\[1\] is no class; with 8 classes, .* from 0 to 7$",
    ),
    ((X, [0.0, 1.0, 1.0, 1.0], W, S, 3), {}, TypeError, r"labels must be integers"),
    ((X, [0, 1], W, S, 3), {}, ValueError, r"needs labels of shape \(4,\), got a target of shape \(2,\)"),
    ((X, TARGET, W[:, :2], S, 3), {}, ValueError, r"\(N, D\) and the weight \(C, D\), got \(4, 3\) and \(8, 2\)"),
    ((X[0], 0, W, S, 3), {}, ValueError, r"got \(3,\) and \(8, 3\)"),
    ((X, TARGET, W, NegativeSampler.uniform(9), 3), {}, ValueError, r"draws from 9 classes, and the weight has 8 rows"),
    ((X, TARGET, W, [1, 2], 3), {}, TypeError, r"the sampler is a minigrad.data.NegativeSampler.*got list"),
    ((X, TARGET, W, S, 0), {}, ValueError, r"num_sampled must be at least 1, got 0"),
    ((X, TARGET, W, S, 3), {"bias": np.zeros(3)}, ValueError, r"the bias has .* shape \(8,\), got \(3,\)"),
    ((X, TARGET, W.astype(np.float32), S, 3), {}, TypeError, r"input is float64, but weight float32"),
    ((X, TARGET, W, S, 3), {"reduction": "avg"}, ValueError, r"reduction must be"),
    ((X[:0], TARGET[:0], W, S, 3), {}, ValueError, r"mean over an empty batch"),
]


@pytest.mark.parametrize(("arguments", "options", "kind", "message"), BAD)
@pytest.mark.parametrize("name", ["sampled_softmax_loss", "negative_sampling_loss"])
def test_bad_input(name, arguments, options, kind, message):
    with pytest.raises(kind, match=f"^{name}: .*" + message):
        getattr(F, name)(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        ((X, X[:2]), {}, ValueError, r"the input has shape \(4, 3\), the item \(2, 3\)"),
        ((X[0], X[0]), {}, ValueError, r"query and item have shape \(N, D\), got \(3,\)"),
        ((X, X), {"log_q": np.zeros(3)}, ValueError, r"log_q has one number for each item, shape \(4,\), got \(3,\)"),
        ((X, X), {"log_q": [0, 0, -np.inf, 0]}, ValueError, r"probabilities above 0, got -inf at \[2\]"),
        ((X, X), {"ids": [1, 2]}, ValueError, r"ids has one number for each item"),
        ((X, X), {"ids": [1.0, 2.0, 3.0, 4.0]}, TypeError, r"ids must be integers, got float32"),
        ((X, X), {"temperature": 0.0}, ValueError, r"temperature must be one number above 0, got 0.0"),
        ((X[:0], X[:0]), {}, ValueError, r"mean over an empty batch"),
        ((X, X.astype(np.float32)), {}, TypeError, r"query is float64, but item float32"),
    ],
)
def test_bad_input_in_the_batch(arguments, options, kind, message):
    with pytest.raises(kind, match="^in_batch_softmax_loss: .*" + message):
        F.in_batch_softmax_loss(*arguments, **options)


def test_an_empty_batch_has_a_sum():
    for function in (F.sampled_softmax_loss, F.negative_sampling_loss):
        assert function(X[:0], TARGET[:0], W, S, 3, reduction="sum").item() == 0
    assert F.in_batch_softmax_loss(X[:0], X[:0], reduction="sum").item() == 0
