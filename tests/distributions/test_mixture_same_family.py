"""MixtureSameFamily: densities far apart, draws, batches, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import (
    Bernoulli,
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    OneHotCategorical,
)
from tests.distributions.statistics import assert_drawn_from


def test_components_far_away_and_of_weight_zero_cost_no_digits() -> None:
    logits = Tensor([0.0, -np.inf, -30 * math.log(10)], dtype=np.float64)
    mixture = MixtureSameFamily(
        Categorical(logits=logits, validate_args=False), Normal(np.array([-1e4, 0.0, 1e4]), 1.0)
    )
    found = mixture.log_prob(np.array([-1e4, 1e4, 0.0])).numpy()
    height = -0.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(found[:2], [height, height - 30 * math.log(10)])
    np.testing.assert_allclose(found[2], height - 0.5e8)


def test_a_component_of_probability_zero_is_not_there() -> None:
    """PyTorch gives it a weight of 10⁻⁷, which is the density near its mean."""
    weights = Tensor([0.0, 1.0], requires_grad=True)
    score = MixtureSameFamily(Categorical(weights), Normal([0.0, 100.0], 1.0)).log_prob(0.0)
    assert score.item() == pytest.approx(-5000.9189, rel=1e-6)
    assert np.isfinite(autograd.grad(score, weights)[0].numpy()).all()


def test_gradients_reach_weights_and_components() -> None:
    logits, loc = Tensor([0.1, -0.3], requires_grad=True), Tensor([-50.0, 50.0], requires_grad=True)
    mixture = MixtureSameFamily(Categorical(logits=logits), Normal(loc, 0.1))
    for gradient in autograd.grad(mixture.log_prob([49.9, -50.1]).sum(), [logits, loc]):
        assert np.isfinite(gradient.numpy()).all()
        assert gradient.numpy().any()
    assert not mixture.sample((3,)).requires_grad
    assert not mixture.has_rsample
    with pytest.raises(NotImplementedError, match="MixtureSameFamily has no rsample"):
        mixture.rsample()


def test_draws() -> None:
    mg.manual_seed(6)
    mixture = MixtureSameFamily(Categorical(Tensor([0.2, 0.8])), Normal([-2.0, 1.0], [0.5, 1.0]))
    drawn = mixture.sample((4000,))
    assert (drawn.shape, drawn.dtype) == ((4000,), np.float32)
    assert_drawn_from(drawn.numpy(), lambda x: mixture.cdf(x).numpy())
    np.testing.assert_allclose(mixture.mean.item(), 0.4, rtol=1e-6)
    np.testing.assert_allclose(mixture.variance.item(), 0.2 * 0.25 + 0.8 + 0.2 * 0.8 * 9, rtol=1e-6)


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
@pytest.mark.parametrize("own", [True, False])
def test_batches_and_events(batch: tuple[int, ...], own: bool) -> None:
    mg.manual_seed(0)
    mixture = Categorical(mg.rand(*(batch if own else ()), 4) + 0.1)
    vectors = Independent(Normal(mg.randn(*batch, 4, 2), 1.0), 1)
    both = MixtureSameFamily(mixture, vectors)
    assert (both.batch_shape, both.event_shape) == (batch, (2,))
    assert both.sample((5,)).shape == (5, *batch, 2)
    assert both.log_prob(mg.zeros(2)).shape == batch
    assert both.mean.shape == both.variance.shape == (*batch, 2)
    wide = both.expand((7, *batch))
    assert wide.sample().shape == (7, *batch, 2)
    x = both.sample()
    expected = np.broadcast_to(both.log_prob(x).numpy(), (7, *batch))
    np.testing.assert_allclose(wide.log_prob(x).numpy(), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="MixtureSameFamily: a value must lie in the support"):
        both.log_prob(np.full((*batch, 2), np.nan))


def test_a_mixture_with_more_batches_than_its_components() -> None:
    mixture = MixtureSameFamily(Categorical(mg.ones(5, 2)), Normal([0.0, 1.0], 1.0))
    assert (mixture.batch_shape, mixture.sample((3,)).shape) == ((5,), (3, 5))
    assert mixture.log_prob(0.0).shape == mixture.mean.shape == (5,)


def test_what_is_refused() -> None:
    two, normal = Categorical(mg.ones(2)), Normal([0.0, 1.0], 1.0)
    with pytest.raises(ValueError, match=r"the mixture has 2 categories, but the batch of the components, \(3,\)"):
        MixtureSameFamily(two, Normal(mg.zeros(3), 1.0))
    with pytest.raises(ValueError, match=r"batch of the mixture, \(4,\), does not broadcast .* components, \(3,\)"):
        MixtureSameFamily(Categorical(mg.ones(4, 2)), Normal(mg.zeros(3, 2), 1.0))
    with pytest.raises(ValueError, match="along the last batch dimension, and there is none"):
        MixtureSameFamily(two, Normal(0.0, 1.0))
    for wrong in (normal, mg.ones(2)):
        with pytest.raises(TypeError, match="the mixture_distribution is a Categorical"):
            MixtureSameFamily(wrong, normal)
    with pytest.raises(TypeError, match="is a Categorical, such as .*got OneHotCategorical"):
        MixtureSameFamily(OneHotCategorical(mg.ones(2)), normal)
    with pytest.raises(TypeError, match="is a Categorical, such as .*got Bernoulli"):
        MixtureSameFamily(Bernoulli([0.5, 0.5]), normal)
    with pytest.raises(TypeError, match="the component_distribution is a Distribution, got Tensor"):
        MixtureSameFamily(two, mg.ones(2))


def test_it_shows_its_parts() -> None:
    shown = repr(MixtureSameFamily(Categorical(mg.ones(2)), Normal([0.0, 1.0], 1.0)))
    assert shown.startswith("MixtureSameFamily(\n  Categorical(probs: (2,)")
    assert shown.endswith("),\n  Normal(loc: (2,), scale: (2,)))")


def test_discrete_and_multivariate_components() -> None:
    coins = MixtureSameFamily(Categorical(Tensor([0.5, 0.5])), Bernoulli(Tensor([0.1, 0.9])))
    np.testing.assert_allclose(coins.log_prob(1.0).exp().item(), 0.5, rtol=1e-6)
    vectors = MultivariateNormal(mg.zeros(2, 3), mg.eye(3))
    assert MixtureSameFamily(Categorical(mg.ones(2)), vectors).sample((4,)).shape == (4, 3)
