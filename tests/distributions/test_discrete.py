"""What holds for every discrete family: probabilities that sum to 1, draws, edges, checks, shapes and dtypes."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import (
    Bernoulli,
    Binomial,
    Categorical,
    Geometric,
    Multinomial,
    NegativeBinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
    Poisson,
    kl_divergence,
)
from tests.distributions.discrete import FAMILIES, Discrete, each_family, each_shape

inf = math.inf


def outcomes(family: Discrete) -> np.ndarray:
    """All values, or so many that the rest does not count, along the first dimension."""
    if family.name == "Multinomial":
        total = dict(family.others)["total_count"]
        every = itertools.product(range(total + 1), repeat=family.classes)
        return np.array([counts for counts in every if sum(counts) == total], float)
    distribution = family.made(family.parameter(()))
    if distribution.has_enumerate_support:
        return distribution.enumerate_support().numpy()
    return np.arange(400.0)


def scored(family: Discrete, parameter: Any) -> Any:
    return family.made(parameter).log_prob(outcomes(family))


# --- what a distribution is -------------------------------------------------------------------------------------------
@each_family
def test_probabilities_sum_to_one_and_give_the_moments(family: Discrete) -> None:
    parameter = family.parameter((), seed=1)
    chances = np.exp(scored(family, parameter).numpy())
    np.testing.assert_allclose(chances.sum(), 1, rtol=1e-9)
    if family.name == "Categorical":
        return
    distribution, x = family.made(parameter), outcomes(family)
    weights = chances.reshape(-1, *(1,) * (x.ndim - 1))
    mean = (weights * x).sum(0)
    np.testing.assert_allclose(distribution.mean.numpy(), mean, rtol=1e-6)
    np.testing.assert_allclose(distribution.variance.numpy(), (weights * (x - mean) ** 2).sum(0), rtol=1e-6)
    if family.name != "Multinomial":
        np.testing.assert_array_equal(distribution.mode.numpy(), x[chances.argmax()])


@each_family
def test_entropy_is_the_mean_of_the_negative_log_probability(family: Discrete) -> None:
    if family.name in ("Poisson", "NegativeBinomial"):
        with pytest.raises(NotImplementedError, match=f"{family.name} has no entropy"):
            family.made(family.parameter(())).entropy()
        return
    parameter = family.parameter((), seed=1)
    scores = scored(family, parameter).numpy()
    possible = np.isfinite(scores)
    expected = -(np.exp(scores[possible]) * scores[possible]).sum()
    np.testing.assert_allclose(family.made(parameter).entropy().numpy(), expected, rtol=1e-9)


@each_family
def test_divergences_are_the_mean_of_the_difference_of_log_probabilities(family: Discrete) -> None:
    if family.name in ("Multinomial", "NegativeBinomial"):
        with pytest.raises(NotImplementedError, match="no formula"):
            kl_divergence(*[family.made(family.parameter((), seed=i)) for i in range(2)])
        return
    p, q = family.parameter((), seed=1), family.parameter((), seed=2)
    a, b = scored(family, p).numpy(), scored(family, q).numpy()
    found = kl_divergence(family.made(p), family.made(q)).item()
    np.testing.assert_allclose(found, (np.exp(a) * (a - b)).sum(), rtol=1e-9)
    assert kl_divergence(family.made(p), family.made(p)).item() == pytest.approx(0, abs=1e-12)


@each_family
def test_draws_have_the_probabilities(family: Discrete) -> None:
    """Pearson's chi-square, for outcomes that are expected five times and more."""
    mg.manual_seed(5)
    count = 4000
    parameter = family.parameter((), seed=1)
    drawn = family.made(parameter).sample((count,)).numpy().reshape(count, -1)
    x = outcomes(family).reshape(len(outcomes(family)), -1)
    expected = count * np.exp(scored(family, parameter).numpy())
    kept = expected >= 5
    found = np.array([(drawn == value).all(1).sum() for value in x[kept]])
    rest = (count - found.sum(), count - expected[kept].sum())
    found, expected = np.append(found, rest[0]), np.append(expected[kept], max(rest[1], 1e-9))
    use = expected > 1
    statistic = ((found[use] - expected[use]) ** 2 / expected[use]).sum()
    freedom = use.sum() - 1
    assert statistic < freedom + 3.5 * math.sqrt(2 * freedom) + 3, (statistic, freedom)


# --- shapes, dtypes, graphs -------------------------------------------------------------------------------------------
@each_family
@each_shape
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_dtypes_and_shapes(family: Discrete, shapes: Any, dtype: Any) -> None:
    distribution = family.made(family.parameter(shapes[0], dtype))
    event = distribution.event_shape
    assert distribution.batch_shape == shapes[0]
    values = family.values(shapes[1], dtype)
    scores = distribution.log_prob(values)
    assert scores.shape == np.broadcast_shapes(shapes[0], shapes[1])
    assert scores.dtype == dtype
    for sizes in ((), (4,), [2, 3], (0,), (20,)):
        sample = distribution.sample(sizes)
        assert (sample.shape, sample.requires_grad) == ((*sizes, *shapes[0], *event), False)
        assert sample.dtype == (np.int64 if family.name == "Categorical" else dtype)
        if sample.numpy().size:
            assert np.isfinite(distribution.log_prob(sample).numpy()).all()


@each_family
def test_numbers_and_lists_are_parameters(family: Discrete) -> None:
    parameter = family.parameter((), np.float32).tolist()
    distribution = family.made(parameter)
    assert distribution.batch_shape == ()
    assert distribution.log_prob(distribution.sample().tolist()).dtype == np.float32


@each_family
def test_the_seed_fixes_the_draws(family: Discrete) -> None:
    distribution = family.made(family.parameter((3,)))
    for sizes in ((), (5,), (40,)):
        mg.manual_seed(1)
        first = distribution.sample(sizes)
        mg.manual_seed(1)
        np.testing.assert_array_equal(first.numpy(), distribution.sample(sizes).numpy())


@each_family
def test_expand_keeps_the_kind(family: Discrete) -> None:
    distribution = family.made(Tensor(family.parameter((3,)), requires_grad=True))
    wide = distribution.expand((2, 3))
    assert type(wide) is type(distribution)
    assert wide.batch_shape == (2, 3) and wide.sample((4,)).shape == (4, 2, 3, *distribution.event_shape)
    x = family.values((3,))
    np.testing.assert_allclose(wide.log_prob(x).detach().numpy()[1], distribution.log_prob(x).detach().numpy())
    with pytest.raises(ValueError, match="broadcast|shape"):
        distribution.expand((2,))


@each_family
def test_second_derivatives(family: Discrete) -> None:
    x = family.values((3,))
    parameter = Tensor(family.parameter((3,)), requires_grad=True)
    autograd.gradgradcheck(lambda p: family.made(p).log_prob(x), (parameter,))
    if family.name not in ("Poisson", "NegativeBinomial"):
        autograd.gradgradcheck(lambda p: family.made(p).entropy(), (parameter,))


@each_family
def test_it_shows_its_parameter_and_can_be_copied(family: Discrete) -> None:
    distribution = family.made(family.parameter((3,)))
    for name in ("probs", "logits") if family.name != "Poisson" else ():
        assert getattr(distribution, name) is not None  # which computes it
        assert (f"{name}: (3," in repr(distribution)) == (name == family.given)
    assert f"{family.given}: (3," in repr(distribution)
    assert "total_count" in repr(distribution) or not family.others
    x = family.values((3,))
    for other in (copy.deepcopy(distribution), pickle.loads(pickle.dumps(distribution))):
        np.testing.assert_array_equal(other.log_prob(x).numpy(), distribution.log_prob(x).numpy())


# --- edges ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_impossible_outcomes(dtype: Any) -> None:
    """PyTorch moves probabilities away from 0 and 1, and calls what is impossible merely unlikely."""
    probs = Tensor(np.array([0.0, 1.0], dtype), requires_grad=True)
    cases = [
        (Bernoulli(probs), [0.0, 0.0], [0, -inf]),
        (Bernoulli(probs), [1.0, 1.0], [-inf, 0]),
        (Binomial(3, probs), [0.0, 3.0], [0, 0]),
        (Binomial(3, probs), [1.0, 1.0], [-inf, -inf]),
        (Categorical(probs), [0, 1], [-inf, 0]),
        (OneHotCategorical(probs), [[1, 0], [0, 1]], [-inf, 0]),
        (Multinomial(2, probs), [[0, 2], [1, 1]], [0, -inf]),
        (NegativeBinomial(2, probs[:1]), [0.0, 1.0], [0, -inf]),
        (Geometric(probs[1:]), [0.0, 1.0], [0, -inf]),
        (Poisson(probs[:1]), [0.0, 1.0], [0, -inf]),
    ]
    for distribution, values, expected in cases:
        scores = distribution.log_prob(Tensor(values, dtype=None if isinstance(values[0], int) else dtype))
        np.testing.assert_allclose(scores.detach().numpy(), expected, atol=1e-6, err_msg=str(distribution))
        (gradient,) = autograd.grad(scores.sum(), probs, retain_graph=True)
        assert np.isfinite(gradient.numpy()).all(), distribution
        if not isinstance(distribution, (Poisson, NegativeBinomial)):
            entropy = distribution.entropy()
            np.testing.assert_allclose(entropy.detach().numpy(), 0, atol=1e-6, err_msg=str(distribution))
            assert np.isfinite(autograd.grad(entropy.sum(), probs, retain_graph=True)[0].numpy()).all(), distribution
        distribution.sample((3,))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits(dtype: Any) -> None:
    logits = Tensor(np.array([-1e4, 1e4], dtype), requires_grad=True)
    cases = [
        (Bernoulli(logits=logits), [1.0, 0.0], [-1e4, -1e4]),
        (Bernoulli(logits=logits), [0.0, 1.0], [0, 0]),
        (Binomial(3, logits=logits), [3.0, 0.0], [-3e4, -3e4]),
        (Geometric(logits=logits), [0.0, 2.0], [-1e4, -2e4]),
        (Geometric(logits=logits[1:]), [0.0, 1.0], [0, -1e4]),
        (NegativeBinomial(2, logits=logits), [1.0, 0.0], [-1e4 + math.log(2), -2e4]),
        (Categorical(logits=logits), [0, 1], [-2e4, 0]),
        (OneHotCategorical(logits=logits), [[1, 0], [0, 1]], [-2e4, 0]),
        (Multinomial(2, logits=logits), [[2, 0], [0, 2]], [-4e4, 0]),
    ]
    for distribution, values, expected in cases:
        scores = distribution.log_prob(Tensor(values, dtype=None if isinstance(values[0], int) else dtype))
        np.testing.assert_allclose(scores.detach().numpy(), expected, rtol=1e-6, err_msg=str(distribution))
        assert np.isfinite(autograd.grad(scores.sum(), logits, retain_graph=True)[0].numpy()).all(), distribution
        if isinstance(distribution, (Bernoulli, Categorical, Binomial, OneHotCategorical, Multinomial)):
            entropy = distribution.entropy()
            np.testing.assert_allclose(entropy.detach().numpy(), 0, atol=1e-6)
            assert np.isfinite(autograd.grad(entropy.sum(), logits, retain_graph=True)[0].numpy()).all(), distribution
            distribution.sample((3,))


def test_infinite_log_odds_are_certainties() -> None:
    logits = Tensor([inf, -inf, 0.0], requires_grad=True)
    distribution = Bernoulli(logits=logits)
    np.testing.assert_allclose(distribution.log_prob([1.0, 0.0, 1.0]).detach().numpy(), [0, 0, -math.log(2)], rtol=1e-6)
    np.testing.assert_allclose(distribution.log_prob([0.0, 1.0, 1.0]).detach().numpy()[:2], [-inf, -inf])
    entropy = distribution.entropy()
    np.testing.assert_allclose(entropy.detach().numpy(), [0, 0, math.log(2)], rtol=1e-6)
    assert np.isfinite(autograd.grad(entropy.sum(), logits)[0].numpy()).all()
    assert distribution.sample((20,)).numpy()[:, 0].all() and not distribution.sample((20,)).numpy()[:, 1].any()


def test_moments_of_what_takes_forever() -> None:
    waiting = Geometric(logits=[-1e4, -50.0, 1e4])
    np.testing.assert_allclose(waiting.mean.numpy()[[0, 2]], [inf, 0])
    np.testing.assert_allclose(waiting.entropy().numpy(), [1e4 + 1, 51, 0], rtol=1e-6)
    assert Geometric(1e-30).entropy().item() == pytest.approx(1 + 30 * math.log(10), rel=1e-6)
    assert NegativeBinomial(2.0, logits=1e4).mean.item() == inf


def test_divergences_at_the_edges() -> None:
    found = kl_divergence(Bernoulli([0.0, 0.0, 1.0, 0.5]), Bernoulli([0.0, 1.0, 0.5, 1.0])).numpy()
    np.testing.assert_allclose(found, [0, inf, math.log(2), inf])
    far = kl_divergence(Bernoulli(logits=0.0), Bernoulli(logits=1e4)).item()
    assert far == pytest.approx(5e3, rel=1e-3)  # PyTorch: inf
    assert kl_divergence(Categorical([0.5, 0.5]), Categorical(logits=[0.0, -1e4])).item() == pytest.approx(
        5e3, rel=1e-3
    )
    found = kl_divergence(
        Categorical([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]), Categorical([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    )
    np.testing.assert_allclose(found.numpy(), [0, inf])
    np.testing.assert_allclose(kl_divergence(Poisson([0.0, 0.0, 2.0]), Poisson([3.0, 0.0, 0.0])).numpy(), [3, 0, inf])
    np.testing.assert_allclose(
        kl_divergence(Poisson([0.0, 2.0]), Bernoulli(0.5)).numpy(), [math.log(2), inf], rtol=1e-6
    )
    np.testing.assert_allclose(kl_divergence(Geometric([1.0, 0.5]), Geometric([1.0, 1.0])).numpy(), [0, inf])


def test_binomials_of_different_counts() -> None:
    """PyTorch refuses the first pair; the divergence is a sum over the outcomes."""
    p, q = Binomial(2, 0.3), Binomial([3.0, 2.0, 1.0], 0.4)
    k = np.arange(3.0)
    expected = [
        (np.exp(p.log_prob(k).numpy()) * (p.log_prob(k) - Binomial(n, 0.4).log_prob(k)).numpy()).sum() for n in (3, 2)
    ]
    np.testing.assert_allclose(kl_divergence(p, q).numpy(), [*expected, inf], rtol=1e-5)
    np.testing.assert_allclose(
        Binomial([1.0, 4.0], 0.3).entropy().numpy()[0], Binomial(1, 0.3).entropy().item(), rtol=1e-6
    )
    with pytest.raises(NotImplementedError, match="the same everywhere, got 1 to 4"):
        Binomial([1.0, 4.0], 0.3).enumerate_support()


def test_large_logits_keep_their_digits() -> None:
    """PyTorch subtracts the logarithm of a sum from logits, 3 · 10⁻⁴ off in single precision."""
    logits = Categorical(logits=np.array([1e4, 1e4], np.float32)).logits
    np.testing.assert_allclose(logits.numpy(), -math.log(2), rtol=1e-7)


def test_excluded_classes() -> None:
    logits = Tensor([0.0, -inf, 1.0], requires_grad=True)
    policy = Categorical(logits=logits)
    assert policy.probs.tolist()[1] == 0
    gradient = autograd.grad(policy.entropy() + policy.log_prob(Tensor(2)), logits)[0]
    assert np.isfinite(gradient.numpy()).all()
    assert (policy.sample((200,)).numpy() != 1).all()


def test_no_class_of_probability_zero_is_drawn() -> None:
    probs = np.zeros((300, 5), np.float32)
    probs[:, 2] = 1e-30
    for count in (1, 30):
        assert (Categorical(probs).sample((count,)).numpy() == 2).all()


def test_reinforce_needs_the_gradient_of_log_prob() -> None:
    """Its mean over all actions is 0."""
    logits = Tensor([0.2, -0.5, 1.0], requires_grad=True, dtype=np.float64)
    policy = Categorical(logits=logits)
    scores = policy.log_prob(policy.enumerate_support())
    (gradient,) = autograd.grad((policy.probs.detach() * scores).sum(), logits)
    np.testing.assert_allclose(gradient.numpy(), 0, atol=1e-15)


def test_the_straight_through_gradient_is_that_of_the_probabilities() -> None:
    logits = Tensor([0.3, -0.2, 0.5], requires_grad=True, dtype=np.float64)
    weights = np.array([1.0, 2.0, 4.0])
    distribution = OneHotCategoricalStraightThrough(logits=logits)
    drawn = distribution.rsample((50,))
    assert set(drawn.detach().numpy().ravel()) == {0, 1}
    got = autograd.grad((drawn[0] * weights).sum(), logits)[0].numpy()
    expected = autograd.grad((OneHotCategorical(logits=logits).probs * weights).sum(), logits)[0].numpy()
    np.testing.assert_allclose(got, expected)


# --- checks -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Bernoulli(), "Bernoulli takes either probs or logits, got neither"),
        (lambda: Bernoulli(0.5, 0.0), "Bernoulli takes either probs or logits, got both"),
        (lambda: Categorical(), "Categorical takes either probs or logits, got neither"),
        (lambda: OneHotCategorical([0.5], [0.5]), "Categorical takes either probs or logits, got both"),
        (lambda: Bernoulli([0.5, 1.5]), r"Bernoulli: parameter probs .*got 1.5 at position \(1,\)"),
        (lambda: Bernoulli(logits=math.nan), "Bernoulli: parameter logits .*got nan"),
        (lambda: Geometric([0.5, 0.0]), r"Geometric: parameter probs must be above 0, got 0 at position \(1,\)"),
        (lambda: NegativeBinomial(1.0, 1.0), "NegativeBinomial: parameter probs .*got 1"),
        (lambda: NegativeBinomial(-1.0, 0.5), "NegativeBinomial: parameter total_count .*got -1"),
        (lambda: Binomial(2.5, 0.5), "Binomial: parameter total_count .*got 2.5"),
        (lambda: Binomial([1, 2, 3], [0.5, 0.5]), r"Binomial: .*\(3,\) and .*\(2,\) do not"),
        (lambda: Poisson(-1.0), "Poisson: parameter rate .*got -1"),
        (lambda: Categorical([0.5, -0.1]), "Categorical: parameter probs"),
        (lambda: Categorical([0.0, 0.0]), r"Categorical: parameter probs .* got \[0., 0.\], which sums to 0;"),
        (
            lambda: Categorical(logits=[[0.0, 1.0], [math.nan, 0.0]]),
            r"got \[nan,  0.\] at position \(1,\)",
        ),
        (lambda: Categorical(logits=[inf, 0.0]), r"logits are numbers below inf, .*got \[inf,  0.\]; NaN often"),
        (lambda: OneHotCategorical(logits=[-inf, -inf]), r"not all of them -inf, got \[-inf, -inf\];"),
        (lambda: Categorical(0.5), "one number for each class along its last dimension"),
        (lambda: Categorical(np.zeros((2, 0))), "one number for each class along its last dimension"),
        (lambda: Multinomial(-1, [0.5, 0.5]), "total_count is at least 0, got -1"),
        (lambda: Bernoulli(0.5).log_prob(0.5), "Bernoulli: a value must lie in the support"),
        (lambda: Bernoulli([0.5, 0.5]).log_prob([1.0, 1.0, 1.0]), "must broadcast with the shape"),
        (lambda: Categorical([0.5, 0.5]).log_prob(2), "Categorical: a value must lie in the support"),
        (lambda: Categorical([0.5, 0.5]).log_prob(0.5), "Categorical: a value must lie in the support"),
        (lambda: OneHotCategorical([0.5, 0.5]).log_prob([1.0, 1.0]), "OneHotCategorical: a value must lie in"),
        (lambda: OneHotCategorical([0.5, 0.5]).log_prob([1.0, 0.0, 0.0]), "must be those of one draw"),
        (lambda: Binomial(2, 0.5).log_prob(3.0), "Binomial: a value must lie in the support"),
        (lambda: Poisson(2.0).log_prob(-1.0), "Poisson: a value must lie in the support"),
        (lambda: Geometric(0.5).log_prob(1.5), "Geometric: a value must lie in the support"),
        (lambda: Multinomial(3, [0.5, 0.5]).log_prob([1.0, 1.0]), "must sum to total_count=3, got 2;"),
        (lambda: Multinomial(3, [0.5, 0.5]).log_prob([[1.0, 2.0], [0.0, 2.0]]), r"got 2 at position \(1,\) of shape"),
        (lambda: Multinomial(3, [0.5, 0.5]).log_prob([2.0, 2.0]), "Multinomial: a value must lie in the support"),
    ],
)
def test_what_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_counts_of_a_batch_are_refused_for_multinomials() -> None:
    with pytest.raises(NotImplementedError, match="one whole number for the whole batch"):
        Multinomial(Tensor([1.0, 2.0]), [0.5, 0.5])


def test_impossible_values_without_the_check() -> None:
    for distribution, value in [
        (Binomial(2, 0.5, validate_args=False), 3.0), (Binomial(2, 0.5, validate_args=False), -1.0),
        (Poisson(2.0, validate_args=False), -1.0), (Geometric(0.5, validate_args=False), -2.0),
        (NegativeBinomial(2.0, 0.5, validate_args=False), -2.0),
    ]:  # fmt: skip
        assert distribution.log_prob(value).item() == -inf


def test_waiting_for_no_failure() -> None:
    distribution = NegativeBinomial(0.0, 0.5)
    np.testing.assert_array_equal(distribution.log_prob([0.0, 1.0]).numpy(), [0, -inf])
    assert (distribution.sample((5,)) == 0).all()


def test_every_discrete_family_is_walked() -> None:
    from minigrad import distributions

    names = [name for name in distributions.__all__ if isinstance(getattr(distributions, name), type)]
    kinds = [getattr(distributions, name) for name in names]
    discrete = set()
    for kind in kinds:
        support = vars(kind).get("support")
        if support is not None and issubclass(kind, distributions.Distribution):
            try:
                discrete |= {kind.__name__} if support.is_discrete else set()
            except (AttributeError, NotImplementedError):  # it has none, or only its instances do
                pass
    assert discrete <= {family.name for family in FAMILIES}
    assert len(discrete) >= 8
