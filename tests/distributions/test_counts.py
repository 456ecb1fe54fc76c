"""Draws of counts where they are huge, and where they would take forever: numbers of their own support."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.distributions import Geometric, NegativeBinomial, Poisson


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_draws_of_extreme_odds_lie_in_the_support(dtype: Any) -> None:
    """NumPy's generator refuses a probability of 0 and rates above 9 · 10¹⁸."""
    logits = np.array([-1e4, -50.0, 0.0, 1e4], dtype)
    for distribution in (Geometric(logits=logits), NegativeBinomial(np.array(2.0, dtype), logits=logits)):
        drawn = distribution.sample((20,))
        assert drawn.dtype == dtype
        assert np.isfinite(distribution.log_prob(drawn).numpy()).all()
    assert (Geometric(logits=logits).sample((20,)).numpy()[:, 0] == np.finfo(dtype).max).all()
    assert (Geometric(logits=logits).sample((20,)).numpy()[:, 3] == 0).all()


def test_geometric_draws_of_small_probabilities_have_the_mean() -> None:
    mg.manual_seed(0)
    for probs in (1e-3, 1e-25):
        drawn = Geometric(np.array(probs)).sample((20000,)).numpy()
        assert drawn.mean() == pytest.approx(1 / probs, rel=0.03)


def test_poisson_draws_of_huge_rates() -> None:
    mg.manual_seed(0)
    rate = np.array([4e15, 1e20])
    drawn = Poisson(rate).sample((20000,)).numpy()
    np.testing.assert_allclose((drawn - rate).std(0), np.sqrt(rate), rtol=0.03)
    np.testing.assert_allclose((drawn - rate).mean(0) / np.sqrt(rate), 0, atol=0.03)
    assert (drawn % 1 == 0).all()
    assert Poisson([3.0, 1e30]).sample().numpy()[0] < 100


def test_waiting_for_failures_that_never_come() -> None:
    mode = NegativeBinomial([0.5, 1.0, 2.0], logits=[1e4, 1e4, 1e4]).mode
    np.testing.assert_array_equal(mode.numpy(), [0, 0, np.inf])
    assert NegativeBinomial(0.0, logits=1e4).sample().item() == 0
