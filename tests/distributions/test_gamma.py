"""Gamma, Chi2, Beta and Dirichlet: what holds for families of numbers, draws, their derivatives, and edges."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import (
    Beta,
    Binomial,
    Chi2,
    Dirichlet,
    Gamma,
    Independent,
    Multinomial,
    NegativeBinomial,
    Poisson,
    kl_divergence,
)
from minigrad.ops.special.gamma_sample import gamma_quantile
from tests.distributions import test_families as walk
from tests.distributions.families import SCALE, SHAPES, Family
from tests.distributions.statistics import assert_drawn_from, random_between

inf = math.inf
WRONG = {"concentration": 0.0, "rate": -1.0}
GAMMA = Family("Gamma", {"concentration": SCALE, "rate": SCALE}, (0.1, 4), WRONG, outside=(-0.1, -1.0))
BETA = Family(
    "Beta", {"concentration1": SCALE, "concentration0": SCALE}, (0.1, 0.9), {"concentration1": 0.0}, outside=(-0.1, 1.5)
)
CHI2 = Family("Chi2", {"df": SCALE}, (0.1, 4), {"df": 0.0}, outside=(-0.1, -1.0))
# What test_families.py asks of every family, save for what takes a second for quantiles of 400 000 numbers.
QUESTIONS = [
    walk.test_numbers_lists_and_arrays_are_parameters, walk.test_integers_become_floats,
    walk.test_sample_has_no_graph_and_rsample_has_one, walk.test_the_gradient_of_rsample_is_the_implicit_one,
    walk.test_draws_follow_the_distribution_function, walk.test_the_seed_fixes_the_draws,
    walk.test_the_density_is_the_derivative_of_the_distribution_function,
    walk.test_quantiles_invert_the_distribution_function, walk.test_expand,
    walk.test_a_parameter_that_is_nan_is_refused, walk.test_parameters_that_do_not_broadcast_are_named,
    walk.test_values_outside_are_refused_or_impossible, walk.test_far_away_everything_is_finite_or_impossible,
    walk.test_shapes_of_values_are_checked, walk.test_icdf_takes_probabilities,
    walk.test_it_shows_its_parameters_and_can_be_copied, walk.test_gradients_of_second_order,
    walk.test_the_parameters_may_be_the_same_tensor,
]  # fmt: skip
# The draws of Chi2 are functions of half its parameter, so its gradients are not asked for by name.
NOT_OF_CHI2 = (walk.test_sample_has_no_graph_and_rsample_has_one, walk.test_the_gradient_of_rsample_is_the_implicit_one)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda f: f.__name__.removeprefix("test_"))
@pytest.mark.parametrize("family", [GAMMA, CHI2, BETA], ids=lambda family: family.name)
def test_as_every_family_of_numbers(family: Family, question: Any) -> None:
    if family is not CHI2 or question not in NOT_OF_CHI2:
        question(family)


@pytest.mark.parametrize("family", [GAMMA, CHI2, BETA], ids=lambda family: family.name)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_dtypes_and_shapes(family: Family, dtype: Any, shapes: Any) -> None:
    walk.test_dtypes_and_shapes(family, dtype, shapes)


@pytest.mark.parametrize("position", [0, 2])
def test_wrong_parameters_are_named_with_their_place(position: int) -> None:
    walk.test_wrong_parameters_are_named_with_their_place(GAMMA, position)


# --- Gamma ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_draws_of_all_shapes(dtype: Any) -> None:
    for concentration in (1e-2, 0.3, 1.0, 40.0, 1e4):
        mg.manual_seed(2)
        distribution = Gamma(np.array(concentration, dtype), np.array(2.0, dtype))
        drawn = distribution.sample((3000,))
        assert drawn.dtype == dtype and (drawn > 0).all()
        exact = Gamma(np.array(concentration), np.array(2.0))
        seen = drawn.numpy().astype(float)
        seen = seen[seen > 1e-30]  # in single precision what is smaller is moved to the smallest number
        share = 1 - exact.cdf(1e-30).item()
        assert_drawn_from(seen, lambda x, e=exact, s=share: (e.cdf(x).numpy() - 1 + s) / s)


def test_draws_that_underflow_are_the_smallest_number() -> None:
    concentration = Tensor(np.full(100, 1e-3, np.float32), requires_grad=True)
    drawn = Gamma(concentration, 3.0).rsample()
    assert (drawn >= float(np.finfo(np.float32).tiny)).all()
    assert np.isfinite(Gamma(concentration, 3.0).log_prob(drawn.detach()).detach().numpy()).all()
    assert np.isfinite(autograd.grad(drawn.sum(), concentration)[0].numpy()).all()


def test_draws_have_second_derivatives() -> None:
    """Against differences of the quantile of the same rank; PyTorch refuses a second derivative."""
    mg.manual_seed(4)
    start = np.array([0.4, 1.0, 2.5, 30.0])
    concentration = Tensor(start, requires_grad=True)
    drawn = Gamma(concentration, 1.0).rsample()
    (first,) = autograd.grad(drawn.sum(), concentration, create_graph=True)
    (second,) = autograd.grad(first.sum(), concentration)
    rank, step = Gamma(start, 1.0).cdf(drawn.detach()).numpy(), 1e-3 * start
    low, middle, high = (gamma_quantile(start + k * step, rank) for k in (-1, 0, 1))
    np.testing.assert_allclose(middle, drawn.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(first.detach().numpy(), (high - low) / (2 * step), rtol=1e-4)
    np.testing.assert_allclose(second.numpy(), (high - 2 * middle + low) / step**2, rtol=1e-3, atol=1e-5)


def test_gamma_at_zero() -> None:
    concentration = Tensor([0.5, 1.0, 2.0], requires_grad=True)
    value = Tensor([0.0, 0.0, 0.0], requires_grad=True)
    found = Gamma(concentration, 3.0).log_prob(value)
    np.testing.assert_allclose(found.detach().numpy(), [inf, math.log(3), -inf], rtol=1e-6)
    for gradient in autograd.grad(found[1], (concentration, value)):
        assert np.isfinite(gradient.numpy()).all()
    assert Gamma(2.0, 1.0, validate_args=False).log_prob(inf).item() == -inf


def test_gamma_of_large_concentrations() -> None:
    """log p keeps its digits in double precision up to concentrations of 10⁸."""
    for concentration in (1e4, 1e8):
        peak = Gamma(np.array(concentration), np.array(1.0)).log_prob(concentration - 1).item()
        assert peak == pytest.approx(-0.5 * math.log(2 * math.pi * concentration), abs=1e-3)


def test_degrees_of_freedom() -> None:
    df = Tensor([3.0, 8.0], requires_grad=True)
    distribution = Chi2(df)
    np.testing.assert_array_equal(distribution.df.tolist(), [3, 8])
    np.testing.assert_allclose(autograd.grad(distribution.rsample((5,)).sum(), df)[0].numpy() > 0, True)
    assert "df: (2,)" in repr(distribution)


# --- Beta and Dirichlet -----------------------------------------------------------------------------------------------
def test_beta_functions_against_scipy() -> None:
    theirs = pytest.importorskip("scipy.special", reason="the incomplete Beta function is SciPy's")
    a, b = (10 ** random_between(-2, 3, (300,), seed=i) for i in range(2))
    x = theirs.betaincinv(a, b, random_between(0.001, 0.999, (300,), seed=5))
    keep = (x > 1e-200) & (x < 1 - 1e-6)
    a, b, x = a[keep], b[keep], x[keep]
    share = Beta(a, b).cdf(x).numpy()
    np.testing.assert_allclose(share, theirs.betainc(a, b, x), rtol=1e-8)
    np.testing.assert_allclose(Beta(a, b).icdf(share).numpy(), x, rtol=1e-8)
    np.testing.assert_array_equal(Beta(2.0, 3.0).cdf([0.0, 1.0]).numpy(), [0, 1])
    np.testing.assert_array_equal(Beta(2.0, 3.0).icdf([0.0, 1.0]).numpy(), [0, 1])


def test_draws_of_beta_have_second_derivatives() -> None:
    """Against differences of the quantile of the same rank."""
    mg.manual_seed(4)
    ones, zeros = np.array([0.4, 1.0, 2.5, 30.0]), np.array([0.7, 3.0, 2.0, 50.0])
    a = Tensor(ones, requires_grad=True)
    drawn = Beta(a, zeros).rsample()
    (first,) = autograd.grad(drawn.sum(), a, create_graph=True)
    (second,) = autograd.grad(first.sum(), a)
    rank, step = Beta(ones, zeros).cdf(drawn.detach()).numpy(), 1e-3 * ones
    low, middle, high = (Beta(ones + k * step, zeros).icdf(rank).numpy() for k in (-1, 0, 1))
    np.testing.assert_allclose(middle, drawn.detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(first.detach().numpy(), (high - low) / (2 * step), rtol=1e-4)
    np.testing.assert_allclose(second.numpy(), (high - 2 * middle + low) / step**2, rtol=1e-3, atol=1e-5)


def beta_cdf(a: float, b: float) -> Any:
    """By the trapezoidal rule in the log-odds."""
    t = np.linspace(-60, 60, 24001)
    logarithm = -np.logaddexp(0, -t) * a - np.logaddexp(0, t) * b
    density = np.exp(logarithm - logarithm.max())
    total = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return lambda x: np.interp(np.log(x) - np.log1p(-x), t, total / total[-1])


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.4), (1.0, 1.0), (2.0, 5.0), (60.0, 30.0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_draws_of_beta(a: float, b: float, dtype: Any) -> None:
    mg.manual_seed(3)
    drawn = Beta(np.array(a, dtype), np.array(b, dtype)).sample((3000,))
    assert drawn.dtype == dtype and (drawn > 0).all() and (drawn < 1).all()
    inside = drawn.numpy().astype(float)
    assert_drawn_from(np.clip(inside, 1e-12, 1 - 1e-12), beta_cdf(a, b))


def test_draws_of_dirichlet() -> None:
    """Every share is one of a Beta distribution."""
    mg.manual_seed(3)
    concentration = np.array([0.5, 1.5, 3.0])
    drawn = Dirichlet(concentration).sample((3000,)).numpy()
    np.testing.assert_allclose(drawn.sum(-1), 1, rtol=1e-12)
    for i, a in enumerate(concentration):
        assert_drawn_from(drawn[:, i], beta_cdf(a, concentration.sum() - a))
    np.testing.assert_allclose(drawn.mean(0), Dirichlet(concentration).mean.numpy(), atol=0.02)
    np.testing.assert_allclose(drawn.var(0), Dirichlet(concentration).variance.numpy(), atol=0.01)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_tiny_concentrations_give_corners_and_no_nan(dtype: Any) -> None:
    mg.manual_seed(0)
    concentration = Tensor(np.full((200, 3), 1e-3, dtype), requires_grad=True)
    drawn = Dirichlet(concentration).rsample()
    assert drawn.dtype == dtype
    np.testing.assert_allclose(drawn.detach().numpy().sum(-1), 1, rtol=2e-3)
    assert set(np.unique(drawn.detach().numpy().argmax(-1))) == {0, 1, 2}
    if dtype != np.float16:  # whose range gradients by such numbers leave
        (gradient,) = autograd.grad((drawn * drawn).sum(), concentration)
        assert not np.isnan(gradient.numpy()).any()
    ends = Beta(np.array(1e-3, dtype), np.array(1e-3, dtype)).sample((200,)).numpy()
    assert ((ends > 0) & (ends < 1)).all() and (ends < 0.5).any() and (ends > 0.5).any()


def test_gradients_of_means_by_draws() -> None:
    """The mean of the gradients is the gradient of the mean."""
    mg.manual_seed(1)
    concentration = Tensor([0.8, 2.0, 1.3], requires_grad=True, dtype=np.float64)
    weights = np.array([1.0, -2.0, 0.5])
    (found,) = autograd.grad((Dirichlet(concentration).rsample((40000,)) * weights).sum(-1).mean(), concentration)
    (expected,) = autograd.grad((Dirichlet(concentration).mean * weights).sum(), concentration)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=6e-3)
    a, b = (Tensor(v, requires_grad=True, dtype=np.float64) for v in (0.7, 1.9))
    x = Beta(a, b).rsample((40000,))
    found = autograd.grad((x * x).mean(), (a, b))
    expected = autograd.grad(Beta(a, b).variance + Beta(a, b).mean ** 2, (a, b))
    np.testing.assert_allclose([g.item() for g in found], [g.item() for g in expected], atol=6e-3)


def test_draws_of_dirichlet_have_second_derivatives() -> None:
    mg.manual_seed(1)
    concentration = Tensor([0.8, 2.0], requires_grad=True, dtype=np.float64)
    drawn = Dirichlet(concentration).rsample((60000,))[:, 0].mean()
    (first,) = autograd.grad(drawn, concentration, create_graph=True)
    (second,) = autograd.grad(first[0], concentration)
    total, (a, b) = 2.8, (0.8, 2.0)
    np.testing.assert_allclose(first.detach().numpy(), [b / total**2, -a / total**2], atol=5e-3)
    np.testing.assert_allclose(second.numpy(), [-2 * b / total**3, (a - b) / total**3], atol=0.03)


def test_densities_integrate_to_one() -> None:
    x = (np.arange(200000) + 0.5) / 200000
    for a, b in ((1.0, 1.0), (2.0, 3.0), (1.5, 4.0)):
        p = np.exp(Beta(a, b).log_prob(x).numpy().astype(float))
        np.testing.assert_allclose(p.mean(), 1, rtol=1e-4)
        np.testing.assert_allclose(-(p * np.log(p + 1e-300)).mean(), Beta(a, b).entropy().item(), atol=1e-4)
        np.testing.assert_allclose((p * x).mean(), Beta(a, b).mean.item(), rtol=1e-4)
        np.testing.assert_allclose((p * x * x).mean() - (p * x).mean() ** 2, Beta(a, b).variance.item(), rtol=1e-3)
    pair = Dirichlet([2.0, 3.0]).log_prob(np.stack([x, 1 - x], -1))
    np.testing.assert_allclose(pair.numpy(), Beta(2.0, 3.0).log_prob(x).numpy(), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_beta(dtype: Any) -> None:
    a = Tensor(np.array([0.5, 1.0, 2.0], dtype), requires_grad=True)
    x = Tensor(np.zeros(3, dtype), requires_grad=True)
    for found, lost in ((Beta(a, 3.0).log_prob(x), x), (Beta(3.0, a).log_prob(1 - x), x)):
        np.testing.assert_allclose(found.detach().numpy(), [inf, math.log(3), -inf], rtol=1e-6)
        for gradient in autograd.grad(found[1], (a, lost)):
            assert np.isfinite(gradient.numpy()).all()
    tiny = np.array(1e-30, dtype)
    assert Beta(np.array(1.0, dtype), np.array(3.0, dtype)).log_prob(tiny).item() == pytest.approx(math.log(3))


def test_modes() -> None:
    found = Dirichlet([[2.0, 3.0, 1.0], [0.3, 0.5, 0.2], [1.0, 1.0, 1.0]]).mode.numpy()
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3, 0], [0, 1, 0], [np.nan] * 3])
    np.testing.assert_allclose(Beta([2.0, 0.2, 0.5], [2.0, 0.5, 0.1]).mode.numpy(), [0.5, 0, 1])


def test_divergences_are_the_mean_of_the_difference_of_log_densities() -> None:
    x = (np.arange(400000) + 0.5) / 400000
    p, q = Beta(np.array(2.0), np.array(3.0)), Beta(np.array(1.5), np.array(1.2))
    difference = (p.log_prob(x) - q.log_prob(x)).numpy()
    expected = (p.log_prob(x).exp().numpy() * difference).mean()
    np.testing.assert_allclose(kl_divergence(p, q).item(), expected, rtol=1e-5)
    np.testing.assert_allclose(kl_divergence(p.as_dirichlet(), q.as_dirichlet()).item(), expected, rtol=1e-5)
    both = kl_divergence(Independent(Beta([2.0, 1.0], 3.0), 1), Independent(Beta([1.5, 1.0], 1.2), 1))
    assert both.shape == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Gamma(0.0, 1.0), "Gamma: parameter concentration .*got 0"),
        (lambda: Gamma([1.0, 2.0], [1.0, -2.0]), r"Gamma: parameter rate .*got -2. at position \(1,\)"),
        (lambda: Beta(1.0, 0.0), "Beta: parameter concentration0 .*got 0"),
        (lambda: Beta([1.0, 2.0], [1.0, 2.0, 3.0]), r"Beta: .*\(2,\) and .*\(3,\) do not"),
        (lambda: Dirichlet([1.0, 0.0]), "Dirichlet: parameter concentration"),
        (lambda: Dirichlet(1.0), "one number for each share along its last dimension"),
        (lambda: Beta(1.0, 1.0).log_prob(1.5), "Beta: a value must lie in the support"),
        (lambda: Dirichlet([1.0, 1.0]).log_prob([0.3, 0.3]), "Dirichlet: a value must lie in the support"),
        (lambda: Dirichlet([1.0, 1.0]).log_prob([0.3, 0.3, 0.4]), "must be those of one draw"),
        (lambda: Gamma(1.0, 1.0).log_prob(-1.0), "Gamma: a value must lie in the support"),
    ],
)
def test_what_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("make", [lambda: Beta([1.0, 2.0], 3.0), lambda: Dirichlet([[1.0, 2.0], [3.0, 4.0]])])
def test_copies_expansions_and_shapes(make: Any) -> None:
    distribution = make()
    x = np.float32(random_between(0.2, 0.8, (2, *distribution.event_shape)))
    x = x / x.sum(-1, keepdims=True) if distribution.event_shape else x
    for other in (copy.deepcopy(distribution), pickle.loads(pickle.dumps(distribution))):
        np.testing.assert_array_equal(other.log_prob(x).numpy(), distribution.log_prob(x).numpy())
    wide = distribution.expand((3, 2))
    assert type(wide) is type(distribution) and wide.batch_shape == (3, 2)
    assert wide.rsample((4,)).shape == (4, 3, 2, *distribution.event_shape)
    np.testing.assert_array_equal(wide.log_prob(x).numpy()[1], distribution.log_prob(x).numpy())
    for sizes in ((), (0,), (2, 3)):
        assert distribution.sample(sizes).shape == (*sizes, 2, *distribution.event_shape)
    empty = Dirichlet(np.zeros((0, 3)) + 1.0)
    assert empty.sample((2,)).shape == (2, 0, 3) and empty.log_prob(np.zeros((0, 3))).shape == (0,)


def test_second_derivatives_of_densities() -> None:
    a, b = (Tensor(random_between(0.5, 3, (3,), seed=i), requires_grad=True) for i in range(2))
    x = Tensor(random_between(0.1, 0.9, (3,)), requires_grad=True)
    autograd.gradgradcheck(lambda x, a, b: Beta(a, b).log_prob(x), (x, a, b))
    autograd.gradgradcheck(lambda a, b: Beta(a, b).entropy(), (a, b))
    shares = np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    c = Tensor(random_between(0.5, 3, (2, 3)), requires_grad=True)
    autograd.gradgradcheck(lambda c: Dirichlet(c).log_prob(shares), (c,))


def test_large_numbers_in_single_precision() -> None:
    """Log-probabilities are computed in double and rounded once; PyTorch's are off by up to 1."""
    for make, x in [
        (lambda dtype: Gamma(np.array(1e6, dtype), np.array(1, dtype)), 1e6),
        (lambda dtype: Beta(np.array(1e5, dtype), np.array(1e5, dtype)), 0.5),
        (lambda dtype: Dirichlet(np.array([1e5, 1e5], dtype)), [0.5, 0.5]),
        (lambda dtype: Poisson(np.array(1e6, dtype)), 1e6),
        (lambda dtype: Binomial(np.array(1e6, dtype), np.array(0.5, dtype)), 5e5),
        (lambda dtype: NegativeBinomial(np.array(1e5, dtype), logits=np.array(0, dtype)), 1e5),
        (lambda dtype: Multinomial(10**6, np.array([0.5, 0.5], dtype)), [5e5, 5e5]),
    ]:
        single, double = (make(dtype) for dtype in (np.float32, np.float64))
        found, exact = (p.log_prob(np.array(x, p.sample().dtype)) for p in (single, double))
        assert found.dtype == np.float32
        assert found.item() == pytest.approx(exact.item(), rel=1e-6), single
        if isinstance(single, (Gamma, Beta, Dirichlet)):
            assert single.entropy().item() == pytest.approx(double.entropy().item(), rel=1e-6)
            assert kl_divergence(single, make(np.float32)).item() == 0


def test_impossible_shares_without_the_check() -> None:
    concentration = Tensor([1.5, 2.0], requires_grad=True)
    found = Dirichlet(concentration, validate_args=False).log_prob([[0.5, 0.5], [-0.5, 1.5]])
    assert np.isfinite(found[0].item()) and found[1].item() == -inf
    assert np.isfinite(autograd.grad(found.sum(), concentration)[0].numpy()).all()
