"""What the theory of losses says, with its numbers: optima, gradients in closed form, the notes' worked examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Tensor, autograd, optim
from minigrad.autograd import GradcheckError, gradcheck
from minigrad.nn import functional as F


def leaf(values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def gradient(loss, x):
    return autograd.grad(loss, x)[0].numpy()


# --- the notes' worked examples ---------------------------------------------------------------------------------------
SCORES = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])


def test_cross_entropy_of_three_pictures():
    losses = F.cross_entropy(SCORES, [0, 1, 2], reduction="none").numpy()
    np.testing.assert_allclose(losses, [2.0404, 0.0791, 6.1565], atol=5e-5)
    assert losses.mean() == pytest.approx(2.7587, abs=5e-5)


def test_hinge_loss_of_three_pictures():
    losses = F.multiclass_hinge_loss(SCORES, [0, 1, 2], reduction="none").numpy()
    np.testing.assert_allclose(losses, [2.9, 0, 12.9], atol=1e-12)
    assert F.multiclass_hinge_loss(SCORES, [0, 1, 2]).item() == pytest.approx(5.2667, abs=5e-5)
    np.testing.assert_allclose(F.multi_margin_loss(SCORES, [0, 1, 2], reduction="none").numpy() * 3, losses)


@pytest.mark.parametrize(
    ("scores", "hinge", "entropy"), [([5, -3, 2], 0, 0.0489), ([5, 10, 10], 12, 5.6965), ([5, -20, -20], 0, 2.78e-11)]
)
def test_hinge_is_satisfied_and_cross_entropy_never(scores, hinge, entropy):
    x = leaf([scores])
    assert F.multiclass_hinge_loss(x, [0]).item() == hinge
    assert F.cross_entropy(x, [0]).item() == pytest.approx(entropy, rel=2e-3)
    assert np.any(gradient(F.multiclass_hinge_loss(x, [0]), x)) == (hinge > 0)
    assert np.all(gradient(F.cross_entropy(x, [0]), x) != 0)


@pytest.mark.parametrize(
    ("z", "entropy", "square", "times"),
    [(-10.0, -0.99995, -9.08e-5, 11014), (-5.0, -0.9933, -0.01321, 75), (0.0, -0.5, -0.25, 2)],
)
def test_a_saturated_sigmoid_learns_from_cross_entropy_and_not_from_squares(z, entropy, square, times):
    x = leaf([z])
    of_entropy = gradient(F.binary_cross_entropy_with_logits(x, [1.0]), x)[0]
    of_square = gradient(F.mse_loss(F.sigmoid(x), [1.0]), x)[0]
    assert of_entropy == pytest.approx(entropy, rel=1e-4)
    assert of_square == pytest.approx(square, rel=1e-3)
    assert of_entropy / of_square == pytest.approx(times, rel=5e-3)


# --- optima -----------------------------------------------------------------------------------------------------------
DATA = np.array([1.0, 2.0, 3.0, 4.0, 100.0])


def best(loss, start=10.0, rate=1.0, steps=4000):
    """The number that minimises ``loss``, by steps that become smaller."""
    x = leaf(start)
    for step in range(steps):
        x = leaf(x.item() - rate / (1 + 0.02 * step) * gradient(loss(x), x))
    return x.item()


def test_the_median_is_best_for_absolute_errors_and_the_mean_for_squares():
    assert best(lambda x: F.l1_loss(x.expand(5), DATA)) == pytest.approx(3, abs=0.02)
    assert best(lambda x: F.mse_loss(x.expand(5), DATA), rate=0.3) == pytest.approx(22)
    for q, expected in [(0.1, 1), (0.5, 3), (0.7, 4)]:  # the quantile's own number, where it is unique
        found = best(lambda x, q=q: F.quantile_loss(x.expand(5), DATA, q))
        assert found == pytest.approx(expected, abs=0.03)


def test_squares_are_smooth_and_absolute_errors_have_one_kink():
    """gradcheck's detector of kinks fires at the target itself, and nowhere else."""
    zero, away = leaf([1.0, 0.0]), leaf([1.0, 0.01])
    for loss in (F.mse_loss, F.log_cosh_loss, F.huber_loss):
        assert gradcheck(lambda x, loss=loss: loss(x, np.zeros(2)), zero)
    for loss in (F.l1_loss, lambda x, t: F.quantile_loss(x, t, 0.3)):
        assert gradcheck(lambda x, loss=loss: loss(x, np.zeros(2)), away)
        with pytest.raises(GradcheckError, match="kink or jump"):
            gradcheck(lambda x, loss=loss: loss(x, np.zeros(2)), zero)


def test_outliers_pull_without_bound_on_squares_only():
    errors = np.array([1.0, 1e2, 1e4])
    for loss, pull in [
        (F.mse_loss, 2 * errors),
        (F.l1_loss, np.ones(3)),
        (F.huber_loss, np.ones(3)),
        (F.smooth_l1_loss, np.ones(3)),
        (F.log_cosh_loss, np.tanh(errors)),
    ]:
        x = leaf(errors)
        np.testing.assert_allclose(gradient(loss(x, np.zeros(3), reduction="sum"), x), pull)


def test_the_least_negative_log_likelihood_is_the_greatest_likelihood():
    """Bernoulli and Gaussian: what the optimizer finds is the closed form of maximum likelihood."""
    rng = np.random.default_rng(0)
    throws, numbers = (rng.random(200) < 0.3).astype(float), rng.normal(2.0, 0.5, 200)
    z, mean, log_var = leaf(0.0), leaf(0.0), leaf(0.0)
    adam = optim.Adam([z, mean, log_var], lr=0.05)
    for _ in range(800):
        adam.zero_grad()
        loss = F.binary_cross_entropy_with_logits(z.expand(200), throws)
        loss = loss + F.gaussian_nll_logvar_loss(mean.expand(200), numbers, log_var.expand(200))
        loss.backward()
        adam.step()
    assert F.sigmoid(z).item() == pytest.approx(throws.mean(), abs=1e-5)
    assert mean.item() == pytest.approx(numbers.mean(), abs=1e-5)
    assert math.exp(log_var.item()) == pytest.approx(numbers.var(), rel=1e-4)


# --- which noise a loss stands for ------------------------------------------------------------------------------------
@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_gaussian_noise_of_fixed_size_is_the_squared_error(sigma):
    rng = np.random.default_rng(1)
    x, t = leaf(rng.normal(size=7)), rng.normal(size=7)
    expected = gradient(F.mse_loss(x, t), x) / (2 * sigma**2)
    np.testing.assert_allclose(gradient(F.gaussian_nll_loss(x, t, sigma**2), x), expected, rtol=1e-12)
    of_log = F.gaussian_nll_logvar_loss(x, t, 2 * math.log(sigma))
    np.testing.assert_allclose(gradient(of_log, x), expected, rtol=1e-12)
    assert of_log.item() == pytest.approx(F.gaussian_nll_loss(x, t, sigma**2).item(), rel=1e-12)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_laplace_noise_of_fixed_size_is_the_absolute_error(scale):
    rng = np.random.default_rng(1)
    x, t = leaf(rng.normal(size=7)), rng.normal(size=7)
    np.testing.assert_allclose(
        gradient(F.laplace_nll_loss(x, t, scale), x), gradient(F.l1_loss(x, t), x) / scale, rtol=1e-12
    )


def test_categorical_likelihood_is_cross_entropy():
    rng = np.random.default_rng(2)
    x, y = leaf(rng.normal(size=(6, 4))), np.eye(4)[rng.integers(0, 4, 6)]
    product = np.prod(F.softmax(x.detach(), 1).numpy() ** y, axis=1)
    np.testing.assert_allclose(F.cross_entropy(x, y, reduction="none").numpy(force=True), -np.log(product), rtol=1e-12)


def test_softmax_then_nll_is_cross_entropy():
    rng = np.random.default_rng(3)
    x, labels = leaf(rng.normal(size=(6, 4))), rng.integers(0, 4, 6)
    composed, fused = F.nll_loss(F.log_softmax(x, 1), labels), F.cross_entropy(x, labels)
    assert composed.item() == pytest.approx(fused.item(), rel=1e-14)
    np.testing.assert_allclose(gradient(composed, x), gradient(fused, x), atol=1e-16)


def test_two_classes_are_one_question():
    rng = np.random.default_rng(4)
    z, yes = rng.normal(size=6), rng.integers(0, 2, 6)
    scores = np.stack([np.zeros(6), z], 1)
    assert F.cross_entropy(scores, yes).item() == pytest.approx(
        F.binary_cross_entropy_with_logits(z, yes).item(), rel=1e-12
    )
    signs = 2.0 * yes - 1
    assert F.soft_margin_loss(z, signs).item() == pytest.approx(
        F.binary_cross_entropy_with_logits(z, yes).item(), rel=1e-12
    )


# --- gradients in closed form -----------------------------------------------------------------------------------------
def test_the_gradient_by_a_score_is_probability_minus_target():
    rng = np.random.default_rng(5)
    z, t = leaf(rng.normal(size=(5, 3)) * 4), rng.random((5, 3))
    expected = F.sigmoid(z.detach()).numpy() - t
    got = gradient(F.binary_cross_entropy_with_logits(z, t, reduction="sum"), z)
    np.testing.assert_allclose(got, expected, atol=1e-15)
    np.testing.assert_allclose(gradient(F.multilabel_bce_loss(z, t), z), expected / 5, atol=1e-15)
    assert F.multilabel_bce_loss(z, t).item() == pytest.approx(3 * F.binary_cross_entropy_with_logits(z, t).item())


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_loss_scales_the_gradient_of_cross_entropy(gamma):
    """By (1 - p)^γ (1 - γ p log p / (1 - p)): less than 1 once p is large; γ = 0 leaves cross-entropy."""
    z = leaf([-4.0, -1.0, 0.0, 1.0, 4.0])
    p = F.sigmoid(z.detach()).numpy()
    ratio = (1 - p) ** gamma * (1 - gamma * p * np.log(p) / (1 - p))
    yes = np.ones(5)
    expected = ratio * gradient(F.binary_cross_entropy_with_logits(z, yes, reduction="sum"), z)
    got = gradient(F.sigmoid_focal_loss(z, yes, alpha=-1, gamma=gamma, reduction="sum"), z)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    scores = leaf(np.stack([z.detach().numpy(), np.zeros(5)], 1))
    of_classes = gradient(F.focal_loss(scores, np.zeros(5, int), gamma=gamma, reduction="sum"), scores)
    np.testing.assert_allclose(of_classes[:, 0], expected, rtol=1e-12)


def test_cross_entropy_is_unbounded_and_its_gradient_is_not():
    x = leaf([[0.0, k] for k in (0, 1, 10, 100, 1000)])
    losses = F.cross_entropy(x, [0] * 5, reduction="none")
    assert losses[-1].item() == 1000 and np.all(np.diff(losses.numpy(force=True)) > 0)
    assert np.abs(gradient(losses.sum(), x)).max() <= 1


def test_shifts_do_not_matter_and_temperature_scales():
    rng = np.random.default_rng(6)
    z, labels = rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    for shift in (-1e4, 1e4):
        assert F.cross_entropy(z + shift, labels).item() == pytest.approx(F.cross_entropy(z, labels).item(), rel=1e-11)
    entropies = [-(p * np.log(p)).sum() for t in (0.1, 0.5, 1.0, 2.0, 10.0) for p in [F.softmax(z / t, 1)]]
    assert np.all(np.diff(entropies) > 0)
    best = z.argmax(1)
    np.testing.assert_allclose(F.cross_entropy(z, best, temperature=1e-3).item(), 0, atol=1e-12)  # all on the largest
    assert F.cross_entropy(z, best, temperature=1e6).item() == pytest.approx(math.log(4), abs=1e-5)  # the same for all
    x = leaf(z)
    at_two = gradient(F.cross_entropy(x, labels, temperature=2.0), x)
    expected = (F.softmax(z / 2, 1) - np.eye(4)[labels]) / 2 / 5
    np.testing.assert_allclose(at_two, expected, atol=1e-16)


def test_a_temperature_can_be_learned():
    x, t = leaf([[2.0, 0.0]]), leaf(2.0)
    assert gradient(F.cross_entropy(x, [0], temperature=t), t) == pytest.approx((1 - 1 / (1 + math.exp(-1))) * 2 / 4)
