"""StudentT: its draws and how they depend on the degrees of freedom, and what happens for few and for many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import Cauchy, Normal, StudentT
from tests.distributions.statistics import assert_drawn_from

CLOSED = {  # distribution functions in closed form
    1.0: lambda t: 0.5 + np.arctan(t) / math.pi,
    2.0: lambda t: 0.5 + t / (2 * np.sqrt(2 + t * t)),
    4.0: lambda t: 0.5 + 3 / 8 * t / np.sqrt(1 + t * t / 4) * (1 - t * t / (12 * (1 + t * t / 4))),
}


@pytest.mark.parametrize("df", sorted(CLOSED))
def test_draws_follow_the_distribution_function(df: float) -> None:
    mg.manual_seed(5)
    drawn = StudentT(df, 1.0, 2.0).sample((4000,))
    assert drawn.dtype == np.float32
    assert_drawn_from((drawn.numpy() - 1) / 2, CLOSED[df])


def test_few_degrees_of_freedom_do_not_underflow() -> None:
    """The Gamma variable of shape 0.01 is below the smallest double more often than not in a hundred."""
    mg.manual_seed(0)
    drawn = StudentT(Tensor(0.02, dtype=np.float64)).sample((4000,)).numpy()
    assert not np.isnan(drawn).any()
    small = np.abs(drawn) < 1e100
    df, t = 0.02, 1e100  # the mass of a tail, by the leading power
    log_height = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(math.pi * df)
    tail = 2 * math.exp(log_height + (df + 1) / 2 * math.log(df) - df * math.log(t)) / df
    assert abs((1 - small.mean()) - tail) < 4 * math.sqrt(tail * (1 - tail) / drawn.size)


def test_one_degree_of_freedom_is_cauchy_and_many_are_normal() -> None:
    x = np.linspace(-5, 5, 11)
    one, cauchy = StudentT(np.ones(1), 0.5, 2.0), Cauchy(np.full(1, 0.5), 2.0)
    np.testing.assert_allclose(one.log_prob(x).numpy(), cauchy.log_prob(x).numpy())
    normal, many = Normal(np.zeros(1), 1.0), StudentT(np.full(1, 1e12))
    np.testing.assert_allclose(many.log_prob(x).numpy(), normal.log_prob(x).numpy(), atol=1e-9)
    np.testing.assert_allclose(many.entropy().numpy(), normal.entropy().numpy(), atol=1e-11)
    single = StudentT(Tensor([100.0])).log_prob([0.5]).item()
    assert abs(single - StudentT(np.array([100.0])).log_prob([0.5]).item()) < 5e-7


@pytest.mark.parametrize("df", [0.7, 3.0, 25.0])
def test_the_gradient_by_the_degrees_of_freedom(df: float) -> None:
    """The mean of log (1 + t²/df) is ψ((df + 1)/2) - ψ(df/2), so its derivative is known."""
    mg.manual_seed(2)
    parameter = Tensor(df, requires_grad=True, dtype=np.float64)
    drawn = StudentT(parameter).rsample((40000,))
    gains = (drawn * drawn / parameter).log1p()
    (got,) = autograd.grad(gains.mean(), parameter)
    half = Tensor(df, requires_grad=True, dtype=np.float64)
    (expected,) = autograd.grad(mg.digamma(half / 2 + 0.5) - mg.digamma(half / 2), half)
    np.testing.assert_allclose(got.item(), expected.item(), rtol=0.03)


def test_the_edges_of_the_moments() -> None:
    distribution = StudentT([0.5, 1.0, 1.5, 2.0, 4.0], 3.0, 2.0)
    np.testing.assert_array_equal(distribution.mean.numpy(), [np.nan, np.nan, 3, 3, 3])
    np.testing.assert_array_equal(distribution.variance.numpy(), [np.nan, np.nan, np.inf, np.inf, 8])


def test_far_values_do_not_overflow_on_the_way() -> None:
    for dtype, far in ((np.float32, 1e18), (np.float64, 1e150)):
        found: Any = StudentT(Tensor(3.0, dtype=dtype)).log_prob(Tensor(far, dtype=dtype))
        assert np.isfinite(found.item())
