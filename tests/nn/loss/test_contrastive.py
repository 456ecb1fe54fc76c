"""Losses of pairs among others: identities, extremes, bad input."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn
from minigrad.autograd import gradgradcheck
from minigrad.nn import functional as F
from minigrad.optim import SGD

RNG = np.random.default_rng(0)


def wide(*shape):
    return Tensor(RNG.normal(size=shape), requires_grad=True)


# --- identities -------------------------------------------------------------------------------------------------------
def test_info_nce_is_cross_entropy_with_label_0():
    q, p, n = wide(5, 3), wide(5, 3), wide(4, 3)
    scores = np.concatenate([(q.numpy(force=True) * p.numpy(force=True)).sum(1)[:, None],
                             q.numpy(force=True) @ n.numpy(force=True).T], axis=1) / 0.1  # fmt: skip
    expected = F.cross_entropy(Tensor(scores), np.zeros(5, int), reduction="none").numpy()
    found = F.info_nce_loss(q, p, n, normalize=False, reduction="none").numpy(force=True)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("count", [2, 5, 64])
def test_the_level_of_chance(count):
    """Where all vectors are the same, every candidate is equally likely."""
    same = Tensor(np.ones((count, 3)))
    assert F.info_nce_loss(same, same).item() == pytest.approx(math.log(count), rel=1e-12)
    assert F.info_nce_loss(same, same, same[:1]).item() == pytest.approx(math.log(2), rel=1e-12)
    assert F.image_text_loss(same, same).item() == pytest.approx(math.log(count), rel=1e-12)
    assert F.clip_loss(same, same, 10.0).item() == pytest.approx(math.log(count), rel=1e-12)
    assert F.nt_xent_loss(same, same).item() == pytest.approx(math.log(2 * count - 1), rel=1e-12)


def test_image_to_text_is_info_nce_of_each_row():
    """Also with the other texts given as negatives of their own: B = N."""
    image, text = wide(5, 3), wide(5, 3)
    rows = F.image_text_loss(image, text, 0.1, reduction="none").numpy(force=True)
    np.testing.assert_allclose(F.info_nce_loss(image, text, reduction="none").numpy(force=True), rows, rtol=1e-12)
    others = np.stack([np.delete(text.numpy(force=True), i, axis=0) for i in range(5)])
    given = F.info_nce_loss(image, text, others, reduction="none").numpy(force=True)
    np.testing.assert_allclose(given, rows, rtol=1e-12)


def test_clip_is_the_mean_of_rows_and_columns():
    image, text = wide(5, 3), wide(5, 3)
    rows = F.image_text_loss(image, text, 0.2, reduction="none").numpy(force=True)
    columns = F.image_text_loss(text, image, 0.2, reduction="none").numpy(force=True)
    found = F.clip_loss(image, text, 1 / 0.2, reduction="none").numpy(force=True)
    np.testing.assert_allclose(found, (rows + columns) / 2, rtol=1e-12)
    assert F.clip_loss(text, image, 5.0).item() == pytest.approx(found.mean(), rel=1e-12)


def test_nt_xent_gives_z1_first():
    z1, z2 = wide(4, 3), wide(4, 3)
    first = F.nt_xent_loss(z1, z2, reduction="none").numpy(force=True)
    second = F.nt_xent_loss(z2, z1, reduction="none").numpy(force=True)
    assert first.shape == (8,)
    np.testing.assert_allclose(first, np.concatenate([second[4:], second[:4]]), rtol=1e-12)


def test_lengths_do_not_count_where_vectors_are_normalised():
    a, b = wide(4, 3), wide(4, 3)
    scales = np.array([[1e-3], [1.0], [7.0], [1e3]])
    for loss in (F.info_nce_loss, F.nt_xent_loss, F.image_text_loss):
        assert loss(a, b).item() == pytest.approx(loss(a * scales, b).item(), rel=1e-10)


def test_worked_contrastive_loss():
    x = np.zeros((4, 1))
    losses = F.contrastive_loss(Tensor(x), [[3.0], [0.0], [0.25], [2.0]], [1, 1, 0, 0], reduction="none")
    assert losses.tolist() == [4.5, 0.0, 0.5 * 0.75**2, 0.0]


# --- extremes ---------------------------------------------------------------------------------------------------------
CALLS = [
    lambda x, y: F.info_nce_loss(x, y),
    lambda x, y: F.info_nce_loss(x, y, y * 1.0),
    lambda x, y: F.nt_xent_loss(x, y),
    lambda x, y: F.image_text_loss(x, y),
    lambda x, y: F.clip_loss(x, y, 100.0),
    lambda x, y: F.contrastive_loss(x, y, [0] + [1] * (len(x) - 1)),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_vectors_and_equal_ones_have_finite_derivatives_of_both_orders(call, dtype):
    some = RNG.normal(size=(3, 2)).astype(dtype)
    some[0] = 0
    for other in (some.copy(), np.zeros_like(some)):
        x, y = Tensor(some, requires_grad=True), Tensor(other, requires_grad=True)
        loss = call(x, y)
        slopes = autograd.grad(loss, (x, y), create_graph=True)
        bends = autograd.grad(sum(g.sum() for g in slopes), (x, y))
        assert loss.dtype == dtype
        for t in (loss, *slopes, *bends):
            assert np.isfinite(t.numpy(force=True)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_similarities_beyond_the_range_of_exp(dtype):
    x = Tensor(np.array([[100.0, 0.0], [0.0, 100.0]], dtype), requires_grad=True)
    assert F.info_nce_loss(x, x.detach(), normalize=False).item() == 0
    loss = F.info_nce_loss(x, -x.detach(), normalize=False)
    assert loss.item() == 1e5
    loss.backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_a_batch_of_one_has_no_choice_and_says_so():
    x, y = wide(1, 3), wide(1, 3)
    for call in CALLS[2:5] + CALLS[:1]:
        with pytest.warns(UserWarning, match="of a batch of one is 0 .*drop_last=True"):
            loss = call(x, y)
        assert loss.item() == 0
        assert not any(g.numpy().any() for g in autograd.grad(loss, (x, y)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.info_nce_loss(x, y, wide(2, 3))
        F.info_nce_loss(x, y, wide(1, 2, 3))


@pytest.mark.parametrize("call", CALLS)
def test_second_derivatives_and_half_precision(call):
    gradgradcheck(call, (wide(3, 2), wide(3, 2)))
    x = Tensor(100 * RNG.normal(size=(3, 2)).astype(np.float16), requires_grad=True)
    y = Tensor(RNG.normal(size=(3, 2)).astype(np.float16))
    loss = call(x / 64, y)
    assert loss.dtype == np.float16
    loss.backward()
    assert x.grad.dtype == np.float16 and np.isfinite(x.grad.numpy()).all()


def test_precision_of_plain_numbers():
    x, y = wide(3, 2).float(), wide(3, 2).float()
    for temperature in (0.5, np.float64(0.5), Tensor(np.array([0.5]))):
        assert F.info_nce_loss(x, y, temperature=temperature).dtype == np.float32
        assert F.nt_xent_loss(x, y, temperature).dtype == np.float32
        assert F.clip_loss(x, y, temperature).dtype == np.float32


# --- what is learned --------------------------------------------------------------------------------------------------
def test_a_temperature_can_be_learned():
    loss = nn.InfoNCELoss(nn.Parameter(1.0))
    optimizer = SGD(loss.parameters(), lr=0.1)
    x = wide(4, 3)
    first = loss(x, x)
    first.backward()
    optimizer.step()
    assert loss.temperature.item() < 1 and loss(x, x).item() < first.item()


def test_clip_learns_its_scale_up_to_100():
    loss = nn.CLIPLoss()
    x = wide(4, 3)
    loss(x, x).backward()
    assert loss.logit_scale.grad.item() < 0  # a perfect match wants a larger scale
    loss.logit_scale.data.fill_(1000.0)
    loss.zero_grad()
    large = loss(x, x + 0.1)
    assert large.item() == pytest.approx(F.clip_loss(x, x + 0.1, 100.0).item(), rel=1e-5)
    large.backward()
    assert loss.logit_scale.grad.item() == 0


def test_repr():
    assert repr(nn.NTXentLoss(0.1, "sum")) == "NTXentLoss(temperature=0.1, reduction='sum')"
    assert repr(nn.InfoNCELoss()) == "InfoNCELoss()"


# --- bad input --------------------------------------------------------------------------------------------------------
X = np.ones((4, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.contrastive_loss(Tensor(X), X, X[:, :1]), r"shape \(4,\), got \(4, 1\); use same.reshape"),
        (lambda: F.contrastive_loss(Tensor(X), X, [1, 0, -1, 1]), r"1 \(yes\) or 0 \(no\), got -1.0 at \[2\]"),
        (lambda: F.contrastive_loss(Tensor(X), X[:1], [1]), r"x1 \(4, 3\), x2 \(1, 3\)"),
        (lambda: F.contrastive_loss(Tensor(X), X, [1] * 4, -1.0), "margin must be at least 0, got -1.0"),
        (lambda: F.contrastive_loss(Tensor(X[:0]), X[:0], []), "mean over an empty batch"),
        (lambda: F.info_nce_loss(Tensor(X), X, temperature=0), "one number above 0, got 0"),
        (lambda: F.info_nce_loss(Tensor(X), X, temperature=-0.1), "one number above 0, got -0.1"),
        (lambda: F.info_nce_loss(Tensor(X), X, temperature=Tensor([0.1, 0.2])), "one number above 0, got Tensor"),
        (lambda: F.info_nce_loss(Tensor(X), X[:2]), r"query \(4, 3\), positive \(2, 3\)"),
        (lambda: F.info_nce_loss(Tensor(X), X, X[:, :2]), r"\(M, 3\), or \(4, M, 3\) .* got \(4, 2\)"),
        (lambda: F.info_nce_loss(Tensor(X), X, np.ones((3, 2, 3))), r"\(4, M, 3\) .* got \(3, 2, 3\)"),
        (lambda: F.info_nce_loss(Tensor(X), X, X[:0]), r"shape \(0, 3\) are none"),
        (lambda: F.info_nce_loss(Tensor(X[0]), X[0]), r"query has shape \(N, D\), .* got \(3,\)"),
        (lambda: F.nt_xent_loss(Tensor(X), X, 0.0), "one number above 0, got 0.0"),
        (lambda: F.nt_xent_loss(Tensor(X[:0]), X[:0]), "mean over an empty batch"),
        (lambda: F.nt_xent_loss(Tensor(X), X, reduction="batchmean"), "'none', got 'batchmean'"),
        (lambda: F.image_text_loss(Tensor(X), X, math.nan), "one number above 0, got nan"),
        (lambda: F.clip_loss(Tensor(X), X, -2.6), r"the multiplier itself, .* got -2.6; of a logarithm"),
        (lambda: nn.NTXentLoss(0.0), "NTXentLoss: temperature must be one number above 0, got 0.0"),
        (lambda: nn.CLIPLoss(-1.0), "CLIPLoss: temperature must be one number above 0, got -1.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_integers_are_refused():
    with pytest.raises(TypeError, match="nt_xent_loss: the z2 must be floating-point, got int64"):
        F.nt_xent_loss(Tensor(X), X.astype(int))
