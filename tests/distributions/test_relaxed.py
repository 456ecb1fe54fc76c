"""Relaxed distributions: draws, densities that integrate to 1, cold and warm limits, checks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import (
    ExpRelaxedCategorical,
    LogitRelaxedBernoulli,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)
from tests.distributions.statistics import assert_drawn_from

FAMILIES = [LogitRelaxedBernoulli, RelaxedBernoulli, ExpRelaxedCategorical, RelaxedOneHotCategorical]
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)


def made(family: Any, shape: tuple[int, ...] = (3,), dtype: Any = np.float64, grad: bool = False, **named: Any) -> Any:
    whole = (*shape, 4) if "Categorical" in family.__name__ else shape
    logits = np.random.default_rng(0).uniform(-2, 2, whole).astype(dtype)
    return family(np.array(0.7, dtype), logits=Tensor(logits, requires_grad=grad), **named)


@each_family
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("shape", [(), (3,), (2, 1), (0,)], ids=str)
def test_dtypes_and_shapes(family: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    distribution = made(family, shape, dtype)
    assert distribution.batch_shape == shape and distribution.has_rsample
    for sizes in ((), 5, (2, 3), (0,)):
        sample = distribution.sample(sizes)
        given = (sizes,) if isinstance(sizes, int) else sizes
        assert (sample.shape, sample.dtype) == ((*given, *shape, *distribution.event_shape), dtype)
        assert not sample.requires_grad
    if dtype != np.float16:  # in which a simplex does not sum to 1 to six digits
        assert distribution.log_prob(sample).dtype == dtype
        assert not np.isnan(distribution.log_prob(distribution.sample((50,))).numpy()).any()


@each_family
def test_gradients_flow_through_draws(family: Any) -> None:
    mg.manual_seed(0)
    distribution = made(family, grad=True)
    drawn = distribution.rsample((5,))
    (gradient,) = autograd.grad((drawn * drawn).sum(), distribution.logits, retain_graph=True)
    assert np.isfinite(gradient.numpy()).all() and gradient.numpy().any()
    temperature = Tensor(0.5, requires_grad=True)
    warm = family(temperature, logits=[0.3, -0.2]).rsample()
    assert np.isfinite(autograd.grad((warm * warm).sum(), temperature)[0].numpy())


@each_family
def test_expand(family: Any) -> None:
    distribution = made(family)
    wide = distribution.expand((2, 3))
    assert type(wide) is family and wide.batch_shape == (2, 3)
    x = distribution.sample()
    np.testing.assert_allclose(wide.log_prob(x).numpy()[1], distribution.log_prob(x).numpy())
    assert wide.temperature.item() == 0.7
    assert wide.rsample((4,)).shape == (4, 2, 3, *distribution.event_shape)
    np.testing.assert_array_equal(wide.probs.numpy()[0], distribution.probs.numpy())


def test_draws_are_logistic() -> None:
    """The log-odds are (logits + logistic noise) / temperature."""
    for dtype in (np.float64, np.float32):
        mg.manual_seed(2)
        distribution = LogitRelaxedBernoulli(np.array(0.5, dtype), logits=np.array(1.2, dtype))
        drawn = distribution.sample((4000,)).numpy()
        assert_drawn_from(drawn, lambda x: 1 / (1 + np.exp(1.2 - 0.5 * x)))
    mg.manual_seed(2)
    drawn = RelaxedBernoulli(0.5, probs=0.7).sample((4000,)).numpy()
    assert abs((drawn > 0.5).mean() - 0.7) < 0.03


def test_the_largest_share_is_drawn_with_its_probability() -> None:
    mg.manual_seed(2)
    probs = np.array([0.1, 0.2, 0.7])
    for temperature in (0.1, 3.0):
        drawn = RelaxedOneHotCategorical(temperature, probs).sample((5000,)).numpy()
        np.testing.assert_allclose(drawn.sum(-1), 1, rtol=1e-6)
        np.testing.assert_allclose(np.bincount(drawn.argmax(-1)) / 5000, probs, atol=0.025)


def test_densities_integrate_to_one() -> None:
    t = np.linspace(-80, 80, 40001)
    step = t[1] - t[0]
    for temperature in (0.5, 1.0, 2.0):
        plain = LogitRelaxedBernoulli(temperature, logits=np.array(0.4))
        np.testing.assert_allclose(plain.log_prob(t).exp().sum().item() * step, 1, rtol=1e-6)
        x = (np.arange(200000) + 0.5) / 200000
        if temperature >= 1:
            pair = np.stack([np.log(x), np.log1p(-x)], -1)  # of two shares, by the first
            log_density = ExpRelaxedCategorical(temperature, logits=np.array([0.4, -0.1])).log_prob(pair).numpy()
            np.testing.assert_allclose(np.exp(log_density - pair.sum(-1)).mean(), 1, rtol=1e-3)
            log_density = RelaxedOneHotCategorical(temperature, logits=np.array([0.4, -0.1])).log_prob(np.exp(pair))
            np.testing.assert_allclose(log_density.exp().mean().item(), 1, rtol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype: Any) -> None:
    """PyTorch's density of the log-odds is -inf far out, where exp overflows."""
    logits = Tensor(np.array([1e4, -1e4, 0.0], dtype), requires_grad=True)
    distribution = LogitRelaxedBernoulli(np.array(1.0, dtype), logits=logits)
    found = distribution.log_prob(np.zeros(3, dtype))
    np.testing.assert_allclose(found.detach().numpy(), [-1e4, -1e4, math.log(0.25)], rtol=1e-6)
    assert np.isfinite(autograd.grad(found.sum(), logits)[0].numpy()).all()
    drawn = RelaxedOneHotCategorical(np.array(0.1, dtype), logits=logits).rsample((20,))
    assert np.isfinite(drawn.detach().numpy()).all()
    assert np.isfinite(autograd.grad((drawn * drawn).sum(), logits)[0].numpy()).all()
    cold = RelaxedOneHotCategorical(np.array(0.01, dtype), logits=logits)
    drawn = cold.rsample((20,))
    assert (drawn.detach().numpy() == 0).any()
    found = cold.log_prob(drawn)
    assert np.isfinite(found.detach().numpy()).all()  # PyTorch: NaN
    assert np.isfinite(autograd.grad(found.sum(), logits)[0].numpy()).all()
    for probs in (0.0, 1.0):
        assert np.isfinite(LogitRelaxedBernoulli(0.5, probs).sample((20,)).numpy()).all()


def test_second_derivatives() -> None:
    logits = Tensor(np.array([0.3, -0.8]), requires_grad=True)
    temperature = Tensor(np.array(0.7), requires_grad=True)
    x = Tensor(np.array([0.4, -1.0]), requires_grad=True)
    autograd.gradgradcheck(lambda t, p, x: LogitRelaxedBernoulli(t, logits=p).log_prob(x), (temperature, logits, x))
    autograd.gradgradcheck(lambda t, p, x: ExpRelaxedCategorical(t, logits=p).log_prob(x), (temperature, logits, x))


@each_family
def test_what_is_refused(family: Any) -> None:
    name = {RelaxedBernoulli: "LogitRelaxedBernoulli", RelaxedOneHotCategorical: "ExpRelaxedCategorical"}.get(
        family, family.__name__
    )
    for temperature in (0.0, -1.0):
        with pytest.raises(ValueError, match=f"{name}: temperature must be above 0, got {temperature:g}"):
            family(temperature, probs=[0.5, 0.5])
    with pytest.raises(ValueError, match="takes either probs or logits, got neither"):
        family(1.0)
    with pytest.raises(ValueError, match="parameter logits|logits are numbers"):
        family(1.0, logits=[math.nan, 0.0])


@each_family
def test_it_shows_what_it_is(family: Any) -> None:
    distribution = made(family)
    assert distribution.probs is not None  # which computes them
    shown = repr(distribution)
    assert shown.startswith(f"{family.__name__}(temperature: 0.7, logits: (3,") and "probs" not in shown
    assert "logits" not in repr(
        family(0.7, probs=[[0.5, 0.5]] if "Categorical" in family.__name__ else [0.5]).expand((3,))
    )
