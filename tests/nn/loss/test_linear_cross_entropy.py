"""Cross-entropy of a linear layer in tiles is the composition's, in less memory."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn
from minigrad.nn import functional as F
from minigrad.nn.functional.loss.linear_cross_entropy import LinearCrossEntropyOptions
from minigrad.nn.kernels.loss import linear_cross_entropy as kernels

RNG = np.random.default_rng(0)
N, D, C = 5, 3, 200  # classes for several tiles of 64
LABELS = RNG.integers(0, C, N)
IGNORED = np.where([0, 1, 0, 0, 1], -100, LABELS)


@pytest.fixture(params=[None, 2])
def options(request, monkeypatch):
    """Tiles of all rows or of two, and of 64 classes."""
    monkeypatch.setattr(kernels, "TILE", 1)
    return None if request.param is None else LinearCrossEntropyOptions(batch_chunk_size=request.param)


def leaves(dtype=np.float64, scale=1.0):
    shapes = ((N, D), (C, D), (C,), (C,))
    return [Tensor((scale * RNG.random(shape)).astype(dtype), requires_grad=True) for shape in shapes]


def composed(x, w, target, *, linear_bias=None, ignore_index=None, **others):
    return F.cross_entropy(F.linear(x, w, linear_bias), target, ignore_index=ignore_index or -100, **others)


SOFT = RNG.random((N, C))
TARGETS = {"labels": LABELS, "ignored": IGNORED, "probabilities": SOFT, "int32": LABELS.astype(np.int32)}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_every_combination_is_the_composition(target, reduction, options):
    for biased, weighted, smoothing in itertools.product((False, True), (False, True), (0.0, 0.3)):
        x, w, b, k = leaves()
        inputs = [x, w, *([b] if biased else []), *([k] if weighted else [])]
        chosen = {"linear_bias": b if biased else None, "weight": k if weighted else None, "reduction": reduction,
                  "label_smoothing": smoothing}  # fmt: skip
        mine = F.linear_cross_entropy(x, w, TARGETS[target], **chosen, options=options)
        theirs = composed(x, w, TARGETS[target], **chosen)
        np.testing.assert_allclose(mine.numpy(force=True), theirs.numpy(force=True), rtol=1e-12)
        push = Tensor(np.random.default_rng(1).random(mine.shape))
        found = [autograd.grad(out, inputs, push, create_graph=True) for out in (mine, theirs)]
        for a, e in zip(*found, strict=True):
            np.testing.assert_allclose(a.numpy(force=True), e.numpy(force=True), rtol=1e-10, atol=1e-13)
        found = [autograd.grad(sum((g * g).sum() for g in first), inputs) for first in found]
        for a, e in zip(*found, strict=True):
            np.testing.assert_allclose(a.numpy(), e.numpy(), rtol=1e-9, atol=1e-12)


def test_an_input_alone():
    x, w, _, _ = leaves()
    assert F.linear_cross_entropy(x[0], w, LABELS[0]).item() == pytest.approx(composed(x[0], w, LABELS[0]).item())
    assert F.linear_cross_entropy(x[0], w, LABELS[0], reduction="none").shape == ()


def test_scores_with_more_dimensions():
    x, w = Tensor(RNG.random((4, 3)), requires_grad=True), Tensor(RNG.random((5, 2, 6, 3)), requires_grad=True)
    b = Tensor(RNG.random((5, 2, 6)), requires_grad=True)
    labels = RNG.integers(0, 5, (4, 2, 6))
    loss = F.linear_cross_entropy(x, w, labels, linear_bias=b, reduction="none")
    scores = np.einsum("nd,cjkd->ncjk", x.detach().numpy(), w.detach().numpy()) + b.detach().numpy()
    np.testing.assert_allclose(loss.numpy(force=True), F.cross_entropy(scores, labels, reduction="none").numpy())
    assert all(g.shape == t.shape for g, t in zip(autograd.grad(loss.sum(), (x, w, b)), (x, w, b), strict=True))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_precision_stays(dtype, options):
    x, w, b, k = leaves(dtype)
    for target in (LABELS, SOFT.astype(dtype)):
        loss = F.linear_cross_entropy(x, w, target, linear_bias=b, weight=k, label_smoothing=0.1, options=options)
        assert loss.dtype == dtype
        assert {g.dtype for g in autograd.grad(loss, (x, w, b, k))} == {np.dtype(dtype)}
        exact = [t.detach().astype(np.float64) for t in (x, w, b, k)]
        expected = composed(exact[0], exact[1], target, linear_bias=exact[2], weight=exact[3], label_smoothing=0.1)
        assert loss.item() == pytest.approx(expected.item(), rel=3 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_scores(dtype, options):
    x, w, b, _ = leaves(dtype, 1e4)
    loss = F.linear_cross_entropy(x, w, LABELS, linear_bias=b, options=options)
    assert np.isfinite(loss.item())
    assert all(np.isfinite(g.numpy()).all() for g in autograd.grad(loss, (x, w, b)))
    w.detach()[LABELS[0]] = w.detach().numpy().max() * 10  # certainty costs nothing, exactly
    assert F.linear_cross_entropy(x[:1], w, LABELS[:1], options=options).item() == 0


def test_classes_that_cannot_be(options):
    x, w, b, _ = leaves()
    b.detach()[:150] = -math.inf  # the first tiles hold nothing else
    labels = np.full(N, 160)
    loss = F.linear_cross_entropy(x, w, labels, linear_bias=b, options=options)
    expected = composed(x, w, labels, linear_bias=b)
    assert loss.item() == pytest.approx(expected.item())
    for a, e in zip(autograd.grad(loss, (x, w, b)), autograd.grad(expected, (x, w, b)), strict=True):
        np.testing.assert_allclose(a.numpy(), e.numpy(), atol=1e-13)


def test_ignored_rows_are_absent_rows(options):
    x, w, _, _ = leaves()
    x.detach()[IGNORED == -100] = math.nan
    loss = F.linear_cross_entropy(x, w, IGNORED, reduction="none", options=options)
    assert np.isfinite(loss.numpy(force=True)).all() and not loss.numpy(force=True)[IGNORED == -100].any()
    of_x, of_w = autograd.grad(loss.sum(), (x, w))
    assert np.isfinite(of_x.numpy()).all() and np.isfinite(of_w.numpy()).all()
    assert F.linear_cross_entropy(x, w, np.full(N, -100), reduction="sum").item() == 0
    assert F.linear_cross_entropy(x, w, np.full(N, 7), ignore_index=7, reduction="sum").item() == 0


def test_memory():
    """Neither the scores nor their gradient exist as a whole."""
    x, w = Tensor(RNG.random((512, 16)), requires_grad=True), Tensor(RNG.random((40_000, 16)), requires_grad=True)
    labels, scores = RNG.integers(0, 40_000, 512), 512 * 40_000 * 8
    tracemalloc.start()
    try:
        F.linear_cross_entropy(x, w, labels).backward()
        assert tracemalloc.get_traced_memory()[1] < scores / 5
    finally:
        tracemalloc.stop()


def test_module():
    loss = nn.LinearCrossEntropyLoss(D, 7, out_features=(2,), bias=True, weight=np.ones(7, np.float32))
    assert set(loss.state_dict()) == {"weight", "linear.weight", "linear.bias"}
    assert loss.linear.weight.shape == (14, D)
    assert loss(np.zeros((4, D), np.float32), np.zeros((4, 2), int)).shape == ()
    with pytest.raises(ValueError, match=r"LinearCrossEntropyLoss: weight has the shape \(7,\), got \(6,\)"):
        nn.LinearCrossEntropyLoss(D, 7, weight=np.ones(6))
    with pytest.raises(ValueError, match="LinearCrossEntropyLoss: label_smoothing"):
        nn.LinearCrossEntropyLoss(D, 7, label_smoothing=2)


X, W = np.zeros((N, D)), np.zeros((C, D))
BAD = [
    ((X, np.zeros((C, 4)), LABELS), {}, ValueError, r"\(N, D\) or \(D,\) and the linear_weight \(C, D\), got \(5, 3\)"),
    ((X[None], W, LABELS), {}, ValueError, r"got \(1, 5, 3\) and \(200, 3\)"),
    ((X[0], np.zeros((C, 2, D)), 0), {}, ValueError, r"needs a batch, input \(N, D\), got \(3,\)"),
    ((X, W, LABELS[:4]), {}, ValueError, r"input \(5, 200\) needs labels of shape \(5,\), got .* \(4,\)"),
    ((X, W, LABELS[:, None]), {}, ValueError, r"got a target of shape \(5, 1\)"),
    ((X, W, LABELS * 1.0), {}, TypeError, r"labels must be integers, got float64"),
    ((X, W, np.full(N, 200)), {}, IndexError, r"label 200 at target\[0\] is no class; with 200 classes"),
    ((X, W, LABELS), {"linear_bias": np.zeros(4)}, ValueError, r"linear_bias .* shape \(200,\), got \(4,\)"),
    ((X, W, LABELS), {"weight": np.zeros(4)}, ValueError, r"one weight per class .* shape \(200,\), got \(4,\)"),
    ((X, W.astype(np.float32), LABELS), {}, TypeError, r"input is float64, but linear_weight float32"),
    ((X, W[:0], LABELS), {}, ValueError, r"has no classes"),
    ((X[:0], W, LABELS[:0]), {}, ValueError, r"mean over an empty batch"),
    ((X, W, np.full(N, -100)), {}, ValueError, r"all 5 rows are ignored"),
    ((X, W, SOFT), {"ignore_index": 3}, ValueError, r"ignore_index=3 has no meaning for probabilities"),
    ((X, W, LABELS), {"reduction": "avg"}, ValueError, r"reduction must be"),
    ((X, W, LABELS), {"label_smoothing": -1}, ValueError, r"share between 0 and 1"),
    ((X.astype(int), W, LABELS), {}, TypeError, r"must be floating-point, got int64"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "options", "kind", "message"), BAD)
def test_bad_input(arguments, options, kind, message):
    with pytest.raises(kind, match="^linear_cross_entropy: .*" + message):
        F.linear_cross_entropy(*arguments, **options)
