"""CTC against the definition, all paths written out; extremes; what it says about bad input."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.nn import functional as F

RNG = np.random.default_rng(0)


def read(path, blank):
    merged = [label for label, _ in itertools.groupby(path)]
    return [label for label in merged if label != blank]


def by_enumeration(log_probs, target, blank):
    """-log Σ over every path that reads as the target."""
    times, classes = log_probs.shape
    paths = (p for p in itertools.product(range(classes), repeat=times) if read(p, blank) == list(target))
    scores = [sum(log_probs[t, label] for t, label in enumerate(path)) for path in paths]
    return -np.logaddexp.reduce(scores) if scores else math.inf


@pytest.mark.parametrize("blank", [0, 1, 2])
@pytest.mark.parametrize("target", [[], [0], [1], [0, 1], [0, 0], [1, 1, 0], [0, 1, 0, 1], [1, 1, 1]])
def test_sum_over_all_paths(blank, target):
    labels = [[c for c in range(3) if c != blank][i] for i in target]
    log_probs = RNG.standard_normal((4, 3))  # not normalised: the definition does not ask for it
    loss = F.ctc_loss(log_probs, labels, 4, len(labels), blank, "none")
    assert loss.shape == () and loss.item() == pytest.approx(by_enumeration(log_probs, labels, blank), rel=1e-13)


def batch(times=6, samples=4, classes=4, dtype=np.float64):
    log_probs = Tensor(RNG.standard_normal((times, samples, classes)).astype(dtype), requires_grad=True)
    targets = np.array([[1, 2, 3], [2, 2, -7], [9, 9, 9], [3, 1, 99]])  # whatever stands behind the length
    return log_probs, targets, [6, 4, 3, 2], [3, 2, 0, 2]


def test_samples_of_a_batch_are_samples_alone():
    log_probs, targets, inputs, lengths = batch()
    together = F.ctc_loss(log_probs, targets, inputs, lengths, reduction="none")
    for n in range(4):
        alone = F.ctc_loss(log_probs[: inputs[n], n], targets[n, : lengths[n]], inputs[n], lengths[n], reduction="none")
        assert together[n].item() == pytest.approx(alone.item(), rel=1e-13)
        assert alone.item() == pytest.approx(by_enumeration(log_probs.numpy(force=True)[: inputs[n], n],
                                                            targets[n, : lengths[n]], 0), rel=1e-13)  # fmt: skip


def test_first_and_second_derivatives():
    log_probs, targets, inputs, lengths = batch()
    for reduction in ("mean", "sum", "none"):

        def loss(x, reduction=reduction):
            return F.ctc_loss(x, targets, inputs, lengths, reduction=reduction)

        assert gradcheck(loss, (log_probs,)) and gradgradcheck(loss, (log_probs,))


def test_second_derivatives_where_some_targets_are_impossible():
    x = Tensor(RNG.standard_normal((3, 2, 4)), requires_grad=True)
    (first,) = autograd.grad(
        F.ctc_loss(x, [[1, 1, 2], [1, 2, 3]], [3, 3], [3, 3], reduction="sum", zero_infinity=True), x, create_graph=True
    )
    (second,) = autograd.grad(first.square().sum(), x)
    assert np.isfinite(second.numpy()).all() and not second.numpy()[:, 0].any()


def test_gradient_is_minus_the_probability_of_each_class():
    log_probs, targets, inputs, lengths = batch()
    (grad,) = autograd.grad(F.ctc_loss(log_probs, targets, inputs, lengths, reduction="sum"), log_probs)
    occupied = -grad.numpy()
    assert (occupied >= 0).all()
    expected = np.arange(6)[:, None] < inputs
    np.testing.assert_allclose(occupied.sum(2), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_stays(dtype):
    log_probs, targets, inputs, lengths = batch(dtype=dtype)
    loss = F.ctc_loss(log_probs, targets, inputs, lengths)
    assert loss.dtype == dtype and autograd.grad(loss, log_probs)[0].dtype == dtype
    exact = F.ctc_loss(log_probs.detach().astype(np.float64), targets, inputs, lengths)
    assert loss.item() == pytest.approx(exact.item(), rel=float(np.finfo(dtype).eps))


# --- extremes ---------------------------------------------------------------------------------------------------------
def test_targets_that_do_not_fit():
    """Equal neighbours need a blank between them."""
    x = Tensor(RNG.standard_normal((3, 3, 4)), requires_grad=True)
    arguments = ([[1, 1, 2], [1, 2, 3], [1, 0, 0]], [3, 3, 0], [3, 3, 1])
    losses = F.ctc_loss(x, *arguments, reduction="none")
    assert np.isinf(losses.detach().numpy()).tolist() == [True, False, True]
    (grad,) = autograd.grad(losses.sum(), x)
    assert np.isfinite(grad.numpy()).all() and not grad.numpy()[:, [0, 2]].any() and grad.numpy()[:, 1].any()
    kept = F.ctc_loss(x, *arguments, reduction="none", zero_infinity=True)
    assert kept.tolist() == [0, losses[1].item(), 0]
    assert F.ctc_loss(x, *arguments).item() == math.inf
    assert F.ctc_loss(x, *arguments, zero_infinity=True).item() == pytest.approx(losses[1].item() / 9)


def test_certain_and_impossible_classes():
    certain = np.full((4, 1, 3), -math.inf)
    certain[np.arange(4), 0, [1, 0, 2, 2]] = 0
    x = Tensor(certain, requires_grad=True)
    loss = F.ctc_loss(x, [[1, 2]], [4], [2])
    assert loss.item() == 0
    np.testing.assert_array_equal(autograd.grad(loss, x)[0].numpy()[np.isinf(certain)], 0)
    assert F.ctc_loss(x, [[2, 1]], [4], [2]).item() == math.inf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_scores(dtype):
    scores = Tensor((1e4 * RNG.standard_normal((20, 3, 5))).astype(dtype), requires_grad=True)
    loss = F.ctc_loss(scores.log_softmax(2), [[1, 2], [3, 3], [4, 1]], [20, 20, 20], [2, 2, 2])
    (grad,) = autograd.grad(loss, scores)
    assert np.isfinite(loss.item()) and np.isfinite(grad.numpy()).all()


def test_thousands_of_steps():
    """Equal chances: the loss counts paths, and single precision gives what double gives."""
    times, length, classes = 4000, 6, 5
    for dtype in (np.float32, np.float64):
        even = Tensor(np.full((times, 1, classes), -math.log(classes), dtype), requires_grad=True)
        target = [[1, 2, 3, 4, 1, 2]]  # without neighbours that are equal
        loss = F.ctc_loss(even, target, [times], [length], reduction="sum")
        paths = math.comb(times + length, 2 * length)
        expected = times * -float(even.detach().numpy()[0, 0, 0]) - math.log(paths)
        assert loss.item() == pytest.approx(expected, rel=1e-7)
        (grad,) = autograd.grad(loss, even)
        np.testing.assert_allclose(-grad.numpy().sum(2), 1, rtol=1e-5 if dtype == np.float32 else 1e-9)


# --- what is accepted -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [list, tuple, np.array, Tensor, lambda x: np.array(x, np.int16)])
def test_kinds_of_lengths_and_targets(kind):
    log_probs, targets, inputs, lengths = batch()
    flat = [label for row, n in zip(targets.tolist(), lengths, strict=True) for label in row[:n]]
    expected = F.ctc_loss(log_probs, targets, inputs, lengths).item()
    assert F.ctc_loss(log_probs, kind(targets.tolist()), kind(inputs), kind(lengths)).item() == expected
    assert F.ctc_loss(log_probs, kind(flat), kind(inputs), kind(lengths)).item() == expected


def test_only_empty_targets():
    log_probs, _, inputs, _ = batch()
    losses = [
        F.ctc_loss(log_probs, targets, inputs, [0, 0, 0, 0], reduction="none").tolist()
        for targets in ([], np.zeros((4, 0), int), np.full((4, 3), 77))
    ]
    expected = [-log_probs.numpy(force=True)[:n, i, 0].sum() for i, n in enumerate(inputs)]
    assert losses[0] == losses[1] == losses[2] == pytest.approx(expected)


def test_the_caller_may_reuse_its_arrays():
    log_probs, targets, inputs, lengths = batch()
    inputs, lengths = np.array(inputs), np.array(lengths)
    expected = autograd.grad(F.ctc_loss(log_probs, targets, inputs, lengths), log_probs)[0].numpy()
    loss = F.ctc_loss(log_probs, targets, inputs, lengths)
    targets[:], inputs[:], lengths[:] = 1, 0, 0
    np.testing.assert_array_equal(autograd.grad(loss, log_probs)[0].numpy(), expected)


def test_strided_log_probs():
    """Batch first, and turned."""
    values = RNG.standard_normal((2, 5, 3))
    for array in (values.transpose(1, 0, 2), values[::-1, ::2].transpose(1, 0, 2)):
        n = array.shape[0]
        a, b = Tensor(array, requires_grad=True), Tensor(array.copy(), requires_grad=True)
        for x in (a, b):
            F.ctc_loss(x, [[1], [2]], [n, n], [1, 1]).backward()
        np.testing.assert_array_equal(a.grad.numpy(), b.grad.numpy())


def test_module():
    log_probs, targets, inputs, lengths = batch()
    loss = nn.CTCLoss(reduction="sum", zero_infinity=True)
    assert repr(loss) == "CTCLoss(reduction='sum', zero_infinity=True)"
    assert loss(log_probs, targets, inputs, lengths).item() == F.ctc_loss(
        log_probs, targets, inputs, lengths, reduction="sum", zero_infinity=True
    ).item()  # fmt: skip


# --- bad input --------------------------------------------------------------------------------------------------------
X = np.zeros((5, 2, 3))
BAD = [
    ((X, [[1], [2]], [5, 6], [1, 1]), {}, ValueError, r"input_lengths\[1\] is 6, but .* 5 time steps.*transpose"),
    ((X, [[1], [2]], [5, -1], [1, 1]), {}, ValueError, r"input_lengths\[1\] is -1; a length is at least 0"),
    ((X, [[1], [2]], [5], [1, 1]), {}, ValueError, r"input_lengths has one number for each of 2 samples, got .*\(1,\)"),
    ((X, [[1], [2]], 5, [1, 1]), {}, ValueError, r"one number for each of 2 samples, got shape \(\)"),
    ((X, [[1], [2]], [5.0, 5.0], [1, 1]), {}, TypeError, r"input_lengths must be integers, got float32; use input_"),
    ((X, [[1.0], [2.0]], [5, 5], [1, 1]), {}, TypeError, r"targets must be integers, got float32"),
    ((X, [[True], [True]], [5, 5], [1, 1]), {}, TypeError, r"targets must be integers, got bool"),
    ((X, [[1], [2]], [5, 5], [1, 2]), {}, ValueError, r"shape \(2, 1\) do not fit to 2 targets of lengths \[1, 2\]"),
    ((X, [1, 2, 1], [5, 5], [1, 1]), {}, ValueError, r"\(2, S\) with S of at least 1, or \(2,\) one after another"),
    ((X, [[1, 2], [1, 3]], [5, 5], [2, 2]), {}, IndexError, r"label 3 at position 1 of target 1 is no class; with 3"),
    ((X, [[1, 2], [-1, 2]], [5, 5], [2, 2]), {}, IndexError, r"label -1 at position 0 of target 1"),
    ((X, [[1, 0], [1, 2]], [5, 5], [2, 2]), {}, ValueError, r"label 0 at position 1 of target 0 is the blank"),
    ((X, [[1], [2]], [5, 5], [1, 1]), {"blank": 3}, IndexError, r"blank=3 is no class; with 3 classes"),
    ((X, [[1], [2]], [5, 5], [1, 1]), {"blank": -1}, IndexError, r"blank=-1 is no class"),
    ((X, [[1], [2]], [5, 5], [1, 1]), {"blank": 0.5}, TypeError, r"blank must be an integer, got 0.5"),
    ((X, [[1], [2]], [5, 5], [1, 1]), {"reduction": "avg"}, ValueError, r"reduction must be"),
    ((X[0, 0], [1], 1, 1), {}, ValueError, r"shape \(T, N, C\) or \(T, C\), with at least one time step, got \(3,\)"),
    ((X[:0], [[1], [2]], [0, 0], [0, 0]), {}, ValueError, r"at least one time step, got \(0, 2, 3\)"),
    ((X[:, :0], np.zeros((0, 1), int), [], []), {}, ValueError, r"mean over an empty batch"),
    ((X.astype(int), [[1], [2]], [5, 5], [1, 1]), {}, TypeError, r"log_probs must be floating-point, got int64"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "options", "kind", "message"), BAD)
def test_bad_input(arguments, options, kind, message):
    with pytest.raises(kind, match="^ctc_loss: .*" + message):
        F.ctc_loss(*arguments, **options)


def test_an_empty_batch_has_a_sum():
    x = Tensor(X[:, :0], requires_grad=True)
    loss = F.ctc_loss(x, np.zeros((0, 1), int), [], [], reduction="sum")
    assert loss.item() == 0 and autograd.grad(loss, x)[0].shape == (5, 0, 3)
