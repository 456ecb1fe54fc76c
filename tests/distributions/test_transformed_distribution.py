"""TransformedDistribution, Independent and LogisticNormal: shapes, densities, draws, caches, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import (
    AffineTransform,
    ExpTransform,
    Independent,
    LogisticNormal,
    LogNormal,
    MultivariateNormal,
    Normal,
    ReshapeTransform,
    SigmoidTransform,
    StickBreakingTransform,
    TanhTransform,
    TransformedDistribution,
    Uniform,
    constraints,
)
from tests.distributions.statistics import assert_drawn_from


def logistic(loc: object, scale: object) -> TransformedDistribution:
    return TransformedDistribution(Uniform(0.0, 1.0), [SigmoidTransform().inv, AffineTransform(loc, scale)])


def test_the_logistic_distribution() -> None:
    mg.manual_seed(1)
    distribution = logistic(1.0, 2.0)
    x = np.linspace(-8, 9, 7)
    z = (x - 1) / 2
    np.testing.assert_allclose(distribution.cdf(x).numpy(), 1 / (1 + np.exp(-z)), rtol=1e-9)
    np.testing.assert_allclose(distribution.log_prob(x).numpy(), -z - 2 * np.log1p(np.exp(-z)) - math.log(2), rtol=1e-7)
    np.testing.assert_allclose(distribution.icdf(distribution.cdf(x)).numpy(), x, rtol=1e-7)
    assert_drawn_from(distribution.sample((4000,)).numpy(), lambda x: distribution.cdf(x).numpy())


def test_a_falling_transform_turns_the_distribution_function_round() -> None:
    for scale in (-2.0, Tensor([-2.0, 2.0])):
        distribution = TransformedDistribution(Normal(np.zeros(2), 1.0), AffineTransform(1.0, scale))
        same = Normal(np.ones(2), 2.0)
        x = np.array([-1.0, 4.0])
        np.testing.assert_allclose(distribution.cdf(x).numpy(), same.cdf(x).numpy())
        np.testing.assert_allclose(distribution.log_prob(x).numpy(), same.log_prob(x).numpy())
        p = np.array([0.1, 0.9])
        np.testing.assert_allclose(distribution.icdf(p).numpy(), same.icdf(p).numpy())


def test_parameters_of_transforms_get_gradients() -> None:
    loc, scale = (Tensor(v, requires_grad=True, dtype=np.float64) for v in (0.5, 2.0))
    moved = TransformedDistribution(Normal(np.zeros(3), 1.0), AffineTransform(loc, scale))
    plain = Normal(loc, scale)
    x = np.array([0.1, 1.0, -2.0])
    for a, b in zip(
        autograd.grad(moved.log_prob(x).sum(), [loc, scale]),
        autograd.grad(plain.log_prob(x).sum(), [loc, scale]),
        strict=True,
    ):
        np.testing.assert_allclose(a.item(), b.item())
    assert moved.has_rsample
    mg.manual_seed(3)
    drawn = moved.rsample()
    for a, expected in zip(autograd.grad(drawn.sum(), [loc, scale]), (3, ((drawn - loc) / scale).sum()), strict=True):
        np.testing.assert_allclose(a.item(), float(getattr(expected, "detach", lambda e=expected: e)()))


def test_a_cached_sample_is_scored_with_its_whole_gradient() -> None:
    """As after a step of a policy: with a cache, PyTorch's gradient lacks the part through the inverse."""
    loc = Tensor([0.5], requires_grad=True)
    chain = [AffineTransform(loc, 2.0, cache_size=1), TanhTransform(cache_size=1)]
    distribution = TransformedDistribution(Normal([0.0], 1.0), chain)
    mg.manual_seed(0)
    action = distribution.sample()
    (got,) = autograd.grad(distribution.log_prob(action).sum(), loc)
    before = np.arctanh(action.numpy())
    np.testing.assert_allclose(got.numpy(), (before - 0.5) / 4, rtol=1e-4)
    saturated = TransformedDistribution(Normal([40.0], 1.0), TanhTransform(cache_size=1))
    assert np.isfinite(saturated.log_prob(saturated.sample()).item())


def test_shapes() -> None:
    base = Normal(mg.zeros(4, 3), 1.0)
    simplex = TransformedDistribution(base, StickBreakingTransform())
    assert (simplex.batch_shape, simplex.event_shape) == ((4,), (4,))
    assert isinstance(simplex.base_dist, Independent)
    assert simplex.sample((2,)).shape == (2, 4, 4)
    assert simplex.log_prob(simplex.sample((2,))).shape == (2, 4)
    reshaped = TransformedDistribution(MultivariateNormal(mg.zeros(6), mg.eye(6)), ReshapeTransform((6,), (2, 3)))
    assert (reshaped.batch_shape, reshaped.event_shape, reshaped.sample().shape) == ((), (2, 3), (2, 3))
    wide = TransformedDistribution(Normal(0.0, 1.0), AffineTransform(mg.zeros(5), 1.0))
    assert (wide.batch_shape, wide.sample().shape) == ((5,), (5,))
    together = TransformedDistribution(base, AffineTransform(0.0, 2.0, event_dim=2))
    assert (together.batch_shape, together.event_shape, together.log_prob(mg.zeros(4, 3)).shape) == ((), (4, 3), ())
    nothing = TransformedDistribution(base, [])
    assert nothing.support is base.support
    np.testing.assert_array_equal(nothing.log_prob(0.0).numpy(), base.log_prob(0.0).numpy())
    for distribution in (simplex, reshaped, wide, nothing):
        expanded = distribution.expand((7, *distribution.batch_shape))
        assert expanded.batch_shape == (7, *distribution.batch_shape)
        assert expanded.sample((2,)).shape == (2, 7, *distribution.batch_shape, *distribution.event_shape)


def test_support_and_text() -> None:
    assert logistic(0.0, 1.0).support is constraints.real
    vectors = TransformedDistribution(MultivariateNormal(mg.zeros(2), mg.eye(2)), ExpTransform())
    assert repr(vectors.support) == "Independent(GreaterThan(lower_bound=0.0), 1)"
    with pytest.raises(ValueError, match="TransformedDistribution: a value must lie in the support"):
        vectors.log_prob([1.0, -1.0])
    assert repr(logistic(0.0, 1.0)).startswith(
        "TransformedDistribution(Uniform(low: 0.0, high: 1.0), [InverseTransform("
    )
    assert repr(LogNormal(0.0, 2.0)) == "LogNormal(loc: 0.0, scale: 2.0)"


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match=r"transforms is a Transform or a list of them, such as \[ExpTransform\(\)\]"):
        TransformedDistribution(Normal(0.0, 1.0), np.exp)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"events of 1 dimensions, and draws from the base have the shape \(\)"):
        TransformedDistribution(Normal(0.0, 1.0), StickBreakingTransform())


def test_independent() -> None:
    base = Normal(np.zeros((2, 3)), np.ones(3))
    both = Independent(base, 1)
    assert (both.batch_shape, both.event_shape, both.has_rsample) == ((2,), (3,), True)
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    np.testing.assert_allclose(both.log_prob(x).numpy(), base.log_prob(x).numpy().sum(-1))
    np.testing.assert_allclose(both.entropy().numpy(), base.entropy().numpy().sum(-1))
    assert both.mean is base.mean
    assert both.mode is base.mode
    np.testing.assert_array_equal(both.variance.numpy(), base.variance.numpy())
    assert both.expand((5, 2)).sample((4,)).shape == (4, 5, 2, 3)
    assert repr(both) == "Independent(Normal(loc: (2, 3), scale: (2, 3)), 1)"
    assert Independent(base, 0).support is base.support
    assert Independent(base, 2).log_prob(x).shape == (4,)
    for wrong in (3, -1):
        with pytest.raises(
            ValueError, match=rf"at most the number of batch dimensions, 2 of shape \(2, 3\), got {wrong}"
        ):
            Independent(base, wrong)
    with pytest.raises(ValueError, match="the last dimensions of a value"):
        both.log_prob(np.zeros(2))
    with pytest.raises(NotImplementedError, match="combinations of values are not listed"):
        both.enumerate_support()
    assert not both.has_enumerate_support


def test_logistic_normal() -> None:
    mg.manual_seed(0)
    loc, scale = Tensor([0.1, -0.2], requires_grad=True), Tensor([0.5, 1.0], requires_grad=True)
    distribution = LogisticNormal(loc, scale)
    assert (distribution.batch_shape, distribution.event_shape) == ((), (3,))
    drawn = distribution.rsample((1000,))
    np.testing.assert_allclose(drawn.detach().numpy().sum(-1), 1, rtol=1e-5)
    autograd.grad(distribution.log_prob(drawn).sum(), [loc, scale])
    back = StickBreakingTransform().inv(drawn.detach()).numpy()
    for i in range(2):
        normal = Normal(loc.numpy(force=True)[i], scale.numpy(force=True)[i])
        assert_drawn_from(back[:, i], lambda x, normal=normal: normal.cdf(x).numpy())
    assert LogisticNormal(0.0, 1.0).event_shape == (2,)
    assert distribution.expand((4,)).sample().shape == (4, 3)
    with pytest.raises(ValueError, match="LogisticNormal: parameter scale"):
        LogisticNormal([0.0], [-1.0])
