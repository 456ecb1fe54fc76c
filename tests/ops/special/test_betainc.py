"""Shares and quantiles of Beta and Gamma distributions: far tails, extreme parameters, edges, and against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.autograd import grad
from minigrad.ops.special.betainc import beta_density, beta_quantile, beta_relative, beta_sample, beta_share
from minigrad.ops.special.gamma_sample import gamma_quantile, gamma_sample, log_gamma_sample
from minigrad.ops.special.gammainc import gammainc, gammaincc


def spread(count: int, low: float, high: float, seed: int) -> np.ndarray:
    return 10 ** np.random.default_rng(seed).uniform(low, high, count)


# --- Gamma ------------------------------------------------------------------------------------------------------------
def test_gamma_quantiles_invert_shares() -> None:
    a = spread(2000, -3, 6, 0)
    p = np.random.default_rng(1).uniform(0, 1, 2000) ** np.repeat([0.1, 1, 5, 30], 500)
    x = gamma_quantile(a, p)
    keep = (x > 1e-290) & (p < 1)
    np.testing.assert_allclose(gammainc(a, x)[keep], p[keep], rtol=1e-9)
    np.testing.assert_allclose(gammaincc(a, x)[keep], 1 - p[keep], rtol=1e-8, atol=1e-14)


def test_gamma_quantiles_against_scipy() -> None:
    theirs = pytest.importorskip("scipy.special", reason="parity with SciPy needs it")
    a, p = spread(1000, -2, 5, 0), np.random.default_rng(1).uniform(0, 1, 1000)
    expected = theirs.gammaincinv(a, p)
    keep = expected > 1e-290
    np.testing.assert_allclose(gamma_quantile(a, p)[keep], expected[keep], rtol=1e-11)


def test_edges_of_gamma_quantiles() -> None:
    np.testing.assert_array_equal(
        gamma_quantile(np.ones(4), np.array([0.0, 1.0, -0.1, np.nan])), [0, np.inf, np.nan, np.nan]
    )
    a, p = Tensor([2.0, 2.0], requires_grad=True), Tensor([0.0, 1.0], requires_grad=True)
    by_a, by_p = grad(gamma_quantile(a, p).sum(), (a, p))
    assert by_a.tolist() == [0, 0] and by_p.tolist() == [math.inf, math.inf]


def test_samples_move_with_their_rank() -> None:
    start, sample = np.array([0.3, 2.0, 50.0]), np.array([0.1, 3.0, 40.0])
    for factor in (0.5, 1.0, 3.0):
        moved = gamma_sample(factor * start, start=start, sample=sample)
        np.testing.assert_allclose(gammainc(factor * start, moved), gammainc(start, sample), rtol=1e-9)
        logarithm = log_gamma_sample(factor * start, start=start, sample=np.log(sample))
        np.testing.assert_allclose(np.exp(logarithm), moved, rtol=1e-9)


def test_logarithms_of_samples_that_underflow() -> None:
    """log x = (log u + log Γ(a + 1)) / a there, whose derivative is -(log x - ψ(a + 1)) / a."""
    a = Tensor(np.array([1e-3]), requires_grad=True)
    y = np.array([-5000.0])
    (slope,) = grad(log_gamma_sample(a, start=a.detach().numpy(), sample=y), a, Tensor(np.ones(1)))
    assert slope.item() == pytest.approx((5000 - 0.57557193) / 1e-3, rel=1e-6)


# --- Beta -------------------------------------------------------------------------------------------------------------
def drawn(count: int, low: float = -2, high: float = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters, and log-odds that they may draw."""
    a, b = spread(count, low, high, 0), spread(count, low, high, 1)
    rng = np.random.default_rng(2)
    logs = [np.log(rng.standard_gamma(c + 1)) - rng.standard_exponential(count) / c for c in (a, b)]
    return a, b, logs[0] - logs[1]


def test_beta_shares_against_scipy() -> None:
    theirs = pytest.importorskip("scipy.special", reason="parity with SciPy needs it")
    a, b, y = drawn(2000)
    keep = np.abs(y) < 12  # beyond, x is rounded to 1 too coarsely for SciPy
    a, b, y = a[keep], b[keep], y[keep]
    x, rest = 1 / (1 + np.exp(-y)), 1 / (1 + np.exp(y))
    np.testing.assert_allclose(beta_share(a, b, y, upper=False), theirs.betainc(a, b, x), rtol=2e-9)
    np.testing.assert_allclose(beta_share(a, b, y, upper=True), theirs.betainc(b, a, rest), rtol=2e-9)


def test_beta_quantiles_invert_shares() -> None:
    a, b, y = drawn(1000)
    p = beta_share(a, b, y, upper=False)
    inside = (p > 1e-6) & (p < 1 - 1e-6)
    found = beta_quantile(a, b, p)
    np.testing.assert_allclose(found[inside], y[inside], rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(beta_quantile(2.0, np.ones(2), np.array([0.0, 1.0])), [-math.inf, math.inf])


def test_both_sides_are_mirrored() -> None:
    a, b, y = drawn(500)
    np.testing.assert_allclose(beta_density(a, b, y), beta_density(b, a, -y), rtol=1e-10)
    np.testing.assert_allclose(beta_share(a, b, y, upper=False), beta_share(b, a, -y, upper=True), rtol=1e-10)
    np.testing.assert_allclose(
        beta_relative(a, b, y, by_a=1, by_b=0), -beta_relative(b, a, -y, by_a=0, by_b=1), rtol=1e-9
    )


def test_uniform_and_power_distributions() -> None:
    """For b = 1 the share is xᵃ, for a = 1 that above is (1 - x)ᵇ."""
    y = np.linspace(-30, 30, 61)
    x, rest = 1 / (1 + np.exp(-y)), 1 / (1 + np.exp(y))
    for power in (0.01, 0.5, 1.0, 7.0, 300.0):
        np.testing.assert_allclose(beta_share(power, 1.0, y, upper=False), x**power, rtol=1e-9)
        np.testing.assert_allclose(beta_share(1.0, power, y, upper=True), rest**power, rtol=1e-9)


def test_beta_samples_move_with_their_rank() -> None:
    a, b, y = np.array([0.3, 2.0, 50.0]), np.array([0.7, 5.0, 20.0]), np.array([-2.0, 0.1, 1.0])
    rank = beta_share(a, b, y, upper=False)
    for factor in (0.5, 1.0, 3.0):
        moved = beta_sample(factor * a, b, start=(a, b), sample=y)
        np.testing.assert_allclose(beta_share(factor * a, b, moved, upper=False), rank, rtol=1e-9)


def test_far_tails_have_no_share() -> None:
    np.testing.assert_array_equal(beta_share(2.0, 3.0, np.array([-np.inf, np.inf]), upper=False), [0, 1])
    np.testing.assert_array_equal(beta_share(2.0, 3.0, np.array([-np.inf, np.inf, 800.0]), upper=True), [1, 0, 0])
    assert np.isnan(beta_share(2.0, 3.0, np.array([np.nan]), upper=True)[0])
