"""Entropies and divergences: the identities of the notes, extremes, precision, bad input."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn
from minigrad.autograd import gradgradcheck
from minigrad.nn import functional as F

RNG = np.random.default_rng(0)


def rows(*shape, seed=0):
    x = np.random.default_rng(seed).gamma(1.0, size=shape) + 1e-3
    return x / x.sum(-1, keepdims=True)


def wide(array):
    return Tensor(array, requires_grad=True)


# --- identities -------------------------------------------------------------------------------------------------------
def test_kl_is_cross_entropy_minus_entropy_with_the_same_slope():
    p, q = rows(50, 7), wide(rows(50, 7, seed=1))
    divergence = F.kl_divergence(p, q, "none")
    cross = F.soft_cross_entropy(p, q, "none")
    np.testing.assert_allclose(divergence.numpy(force=True), cross.numpy(force=True) - F.entropy(p).numpy(), atol=1e-12)
    first, second = (autograd.grad(x.sum(), q)[0].numpy() for x in (divergence, cross))
    np.testing.assert_allclose(first, second, atol=1e-12 * np.abs(first).max())


def test_kl_is_not_symmetric_and_0_for_equal_ones_only():
    p, q = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
    there, back = F.kl_divergence(p, q).item(), F.kl_divergence(q, p).item()
    assert there == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2), rel=1e-12)
    assert there == pytest.approx(0.368064, abs=1e-6) and back == pytest.approx(0.510826, abs=1e-6)
    assert F.kl_divergence(p, p).item() == 0
    found = F.kl_divergence(rows(200, 5), rows(200, 5, seed=1), "none").numpy()
    assert (found > 0).all()


def test_js_is_symmetric_and_at_most_log_2():
    p, q = rows(200, 5), rows(200, 5, seed=1)
    found = F.js_divergence(p, q, "none").numpy()
    np.testing.assert_array_equal(found, F.js_divergence(q, p, "none").numpy())
    assert (found > 0).all() and (found < math.log(2)).all()
    assert F.js_divergence([[1.0, 0.0]], [[0.0, 1.0]]).item() == pytest.approx(math.log(2), rel=1e-7)
    assert F.js_divergence(p, p).item() == 0
    middle = (p + q) / 2
    parts = F.kl_divergence(p, middle, "none").numpy(), F.kl_divergence(q, middle, "none").numpy()
    np.testing.assert_allclose(found, (parts[0] + parts[1]) / 2, rtol=1e-12)


def test_entropy_is_largest_for_equal_probabilities():
    for classes in (2, 3, 10, 1000):
        level = np.full((1, classes), 1 / classes)
        assert F.entropy(level).item() == pytest.approx(math.log(classes), rel=1e-12)
        assert (F.entropy(rows(100, classes)).numpy() < math.log(classes)).all()
    assert F.entropy(np.eye(3)).tolist() == [0, 0, 0]
    slope = autograd.grad(F.entropy(x := wide(level)).sum(), x)[0].numpy()
    np.testing.assert_allclose(slope, slope[0, 0])  # a stationary point on the simplex


def test_the_textbooks_form_is_pytorchs_turned_around():
    p, q = rows(4, 3), rows(4, 3, seed=1)
    ours = F.kl_divergence(p, q).item()
    assert ours == pytest.approx(F.kl_div(Tensor(np.log(q)), p, reduction="batchmean").item(), rel=1e-12)
    assert ours == pytest.approx(
        F.kl_div(Tensor(np.log(q)), np.log(p), reduction="batchmean", log_target=True).item(), rel=1e-12
    )
    scores = Tensor(np.log(q) + 3)
    assert F.soft_cross_entropy(p, q).item() == pytest.approx(F.cross_entropy(scores, p).item(), rel=1e-12)


def test_minimising_cross_entropy_is_minimising_the_divergence():
    """Both lead scores to the same place, the truth, by the same steps."""
    p = np.array([[0.4, 0.3, 0.2, 0.1]])
    steps = []
    for loss in (F.soft_cross_entropy, F.kl_divergence):
        scores = wide(np.zeros((1, 4)))
        for _ in range(200):
            (g,) = autograd.grad(loss(p, F.softmax(scores, dim=-1)), scores)
            scores = wide(scores.numpy(force=True) - 2 * g.numpy())
        steps.append(F.softmax(scores, dim=-1).numpy(force=True))
    np.testing.assert_allclose(steps[0], steps[1], atol=1e-12)
    np.testing.assert_allclose(steps[0], p, atol=1e-6)


def test_gaussians_against_quadrature():
    x = np.linspace(-30, 30, 400001)
    for m1, v1, m2, v2 in ((0.5, -1.0, 0.0, 0.0), (1.0, 0.3, -0.7, 1.1)):
        log_p, log_q = (
            -((x - m) ** 2) / 2 / math.exp(v) - v / 2 - math.log(2 * math.pi) / 2 for m, v in ((m1, v1), (m2, v2))
        )
        expected = float(np.sum(np.exp(log_p) * (log_p - log_q)) * (x[1] - x[0]))
        one = [Tensor(np.array([[value]])) for value in (m1, v1, m2, v2)]
        assert F.normal_kl_between(*one).item() == pytest.approx(expected, rel=1e-9)
        if m2 == v2 == 0:
            assert F.normal_kl(*one[:2]).item() == pytest.approx(expected, rel=1e-9)


# --- precision --------------------------------------------------------------------------------------------------------
def exact(v):
    """Exp v - 1 - v as a series of fractions."""
    v, term, total = Fraction(v), Fraction(1), Fraction(0)
    for k in range(1, 60):
        term = term * v / k
        total += term if k > 1 else 0
    return float(total)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 2e-15), (np.float32, 1e-6)])
def test_gaussians_near_the_standard_normal_keep_their_digits(dtype, rtol):
    v = np.array([0.0, 1e-12, 1e-6, -1e-6, 1e-3, -0.1, 0.2499, -0.2499, 0.25, 0.2501, 0.26, 1.0, -3.0], dtype)
    found = F.normal_kl(Tensor(np.zeros((v.size, 1), dtype)), v[:, None], "none").numpy()
    np.testing.assert_allclose(found, [exact(float(x)) / 2 for x in v], rtol=rtol)
    composed = -0.5 * (1 + v - np.exp(v))
    assert composed[2] == pytest.approx(2.5e-13, rel=1e-2) or dtype == np.float32
    shifted = F.normal_kl_between(
        Tensor(np.zeros((v.size, 1), dtype)), v[:, None], np.zeros((v.size, 1), dtype), 0 * v[:, None], "none"
    )
    np.testing.assert_array_equal(shifted.numpy(), found)


def test_js_of_close_distributions_keeps_its_digits():
    p = np.array([[0.5, 0.5]])
    for step in (1e-3, 1e-6, 1e-9):
        q = p + np.array([[step, -step]])
        step = float(q[0, 0] - 0.5)
        found = F.js_divergence(p, q).item()
        assert found == pytest.approx(step**2 / 2, rel=10 * step)  # ½ Σ (p - q)² / (4 p)


# --- extremes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_of_0_and_1(dtype):
    p = wide(np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]], dtype))
    q = wide(np.array([[1.0, 0.0, 0.0], [0.0, 0.25, 0.75]], dtype))
    for loss in (F.kl_divergence, F.soft_cross_entropy, F.js_divergence):
        value = loss(p, q)
        slopes = autograd.grad(value, (p, q), create_graph=True)
        bends = autograd.grad(sum(g.sum() for g in slopes), (p, q), allow_unused=True)
        for t in (value, *slopes, *bends):
            assert t is None or np.isfinite(t.numpy(force=True)).all()
        assert value.dtype == dtype
    value = F.entropy(p)
    (slope,) = autograd.grad(value.sum(), p, create_graph=True)
    assert value.tolist() == pytest.approx([0, math.log(2)])
    assert np.isfinite(slope.numpy(force=True)).all() and np.isfinite(autograd.grad(slope.sum(), p)[0].numpy()).all()


def test_what_q_excludes_and_p_does_not_costs_infinitely_much():
    p, q = wide(np.array([[0.5, 0.5], [1.0, 0.0]])), wide(np.array([[1.0, 0.0], [0.0, 1.0]]))
    for loss in (F.kl_divergence, F.soft_cross_entropy):
        found = loss(p, q, "none")
        assert found.tolist() == [math.inf, math.inf]
        (slope,) = autograd.grad(found.sum(), q)
        assert slope.tolist() == [[-0.5, -math.inf], [-math.inf, 0]]
    assert F.js_divergence(p, q, "none").tolist() == pytest.approx([0.2157616, math.log(2)])
    assert F.kl_div(Tensor([[0.0, -math.inf]]), [[1.0, 0.0]], reduction="sum").item() == 0  # PyTorch: NaN
    logs = Tensor([[0.0, -math.inf]], requires_grad=True)
    loss = F.kl_div(Tensor([[0.0, -math.inf]]), logs, reduction="sum", log_target=True)
    loss.backward()
    assert loss.item() == 0 and logs.grad.tolist() == [[1.0, 0.0]]


def test_a_softmax_that_underflows_stays_finite():
    for scores in ([[1e4, -1e4, 0.0]], [[800.0, 0.0, -800.0]]):
        x = wide(np.array(scores))
        p = F.softmax(x, dim=-1)
        for loss in (
            F.entropy(p).sum(),
            F.js_divergence(p, np.full((1, 3), 1 / 3)),
            F.kl_divergence(p, np.full((1, 3), 1 / 3)),
        ):
            (slope,) = autograd.grad(loss, x, retain_graph=True)
            assert np.isfinite(slope.numpy()).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_gaussians(dtype):
    v = wide(np.array([[-1e4, 80.0]], dtype))
    m = wide(np.array([[1e4, -1e4]], dtype))
    loss = F.normal_kl(m, v)
    assert loss.item() == pytest.approx(0.5 * (math.exp(80) - 81 + 2e8 + 1e4 - 1), rel=1e-5)
    slopes = autograd.grad(loss, (m, v), create_graph=True)
    assert all(np.isfinite(g.numpy(force=True)).all() for g in slopes)


def test_second_derivatives():
    p, q = rows(3, 4), rows(3, 4, seed=1)
    gradgradcheck(lambda q: F.kl_divergence(p, q), (wide(q),))
    gradgradcheck(lambda q: F.soft_cross_entropy(p, q), (wide(q),))
    gradgradcheck(lambda x, y: F.js_divergence(F.softmax(x, -1), F.softmax(y, -1)), (wide(p), wide(q)))
    gradgradcheck(lambda x: F.entropy(F.softmax(x, -1)), (wide(p),))
    gradgradcheck(F.normal_kl, (wide(p), wide(q)))
    gradgradcheck(F.normal_kl_between, (wide(p), wide(q), wide(q + 0.1), wide(p - 0.3)))


def test_half_precision():
    p = rows(3, 1000).astype(np.float16)
    for loss in (F.kl_divergence(p, p), F.js_divergence(Tensor(p), p), F.entropy(p), F.normal_kl(p, p)):
        assert loss.dtype == np.float16 and np.isfinite(loss.numpy()).all()


# --- bad input --------------------------------------------------------------------------------------------------------
P = np.full((2, 2), 0.5)


class Normal:
    """Something with the method that distributions have."""

    def log_prob(self, value):
        return value


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: F.kl_divergence([[0.5, 0.5], [1.5, -0.5]], P),
            ValueError,
            r"p must not be negative, got -0.5 at \[1, 1\]",
        ),
        (lambda: F.kl_divergence(P, -P), ValueError, r"q must not be negative, got -0.5 at \[0, 0\]"),
        (lambda: F.kl_divergence(2 * P, P), ValueError, r"rows of p must sum to 1, got 2.0 at \[0\]; use softmax"),
        (lambda: F.kl_divergence([0.5, 0.4], [0.5, 0.5]), ValueError, "must sum to 1, got 0.89"),
        (lambda: F.js_divergence(P, 2 * P), ValueError, r"rows of q must sum to 1, got 2.0 at \[0\]"),
        (lambda: F.entropy([math.nan, 1.0]), ValueError, "p must not be negative, got nan"),
        (lambda: F.entropy([math.inf, 1.0]), ValueError, "must sum to 1, got inf"),
        (lambda: F.entropy(0.5), ValueError, "need a last dimension"),
        (lambda: F.soft_cross_entropy(P, P[:1]), ValueError, r"p \(2, 2\), q \(1, 2\)"),
        (lambda: F.soft_cross_entropy(P[:0], P[:0]), ValueError, "mean over an empty batch"),
        (lambda: F.soft_cross_entropy(P, P, "batchmean"), ValueError, "got 'batchmean'"),
        (lambda: F.entropy([[0, 1]]), TypeError, "entropy: the p must be floating-point, got int64"),
        (
            lambda: F.kl_divergence(Normal(), Normal()),
            TypeError,
            "got a Normal; .*minigrad.distributions.kl_divergence",
        ),
        (lambda: F.js_divergence(P, q=Normal()), TypeError, "got a Normal; of a Categorical these are p.probs"),
        (lambda: F.entropy(Normal()), TypeError, r"its method: p.entropy\(\)"),
        (lambda: F.kl_div(Tensor(-P), P[:, :1]), ValueError, r"the target \(2, 1\)"),
        (lambda: F.kl_div(Tensor(-P), -P), ValueError, r"got -0.5 at \[0, 0\]; .* use log_target=True"),
        (lambda: F.kl_div(Tensor(-P[:0]), P[:0], reduction="batchmean"), ValueError, "mean over an empty batch"),
        (lambda: F.kl_div(Tensor(-P), P, reduction="rows"), ValueError, "'none' or 'batchmean', got 'rows'"),
        (lambda: nn.KLDivLoss(reduction="rows"), ValueError, "KLDivLoss: .* got 'rows'"),
        (lambda: F.normal_kl(P, P[0]), ValueError, r"mean \(2, 2\), log_var \(2,\); to repeat one, use expand_as"),
        (lambda: F.normal_kl_between(P, P, P, P[:, :1]), ValueError, r"log_var2 \(2, 1\)"),
        (lambda: F.normal_kl(0.5, 0.5), ValueError, "need a last dimension"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_empty_batches_sum_to_0():
    assert F.kl_divergence(P[:0], P[:0], "sum").item() == 0
    assert F.entropy(P[:0]).shape == (0,)
    assert F.normal_kl(P[:0], P[:0], "none").shape == (0,)
