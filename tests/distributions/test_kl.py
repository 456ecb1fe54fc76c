"""The registry of divergences, and every formula against an integral."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.distributions import (
    Cauchy,
    Distribution,
    Exponential,
    Gumbel,
    HalfNormal,
    Independent,
    Laplace,
    LogNormal,
    Normal,
    Pareto,
    TransformedDistribution,
    Uniform,
    kl_divergence,
    register_kl,
)
from minigrad.distributions.transforms import AffineTransform

ONES = [
    Normal(0.3, 0.8), Laplace(0.4, 0.6), Gumbel(0.2, 0.9), Exponential(1.3), Pareto(0.5, 4.0), Uniform(0.6, 1.4),
    Cauchy(0.1, 0.7), HalfNormal(0.9), LogNormal(0.2, 0.5),
]  # fmt: skip
OTHERS = [
    Normal(-0.2, 1.1), Laplace(0.1, 1.2), Gumbel(-0.3, 1.4), Exponential(0.8), Pareto(0.4, 3.0), Uniform(0.5, 1.7),
    Cauchy(0.3, 1.2), HalfNormal(1.3), LogNormal(0.1, 0.8),
]  # fmt: skip


def known(p: Any, q: Any) -> bool:
    try:
        kl_divergence(p, q)
    except NotImplementedError:
        return False
    return True


PAIRS = [(p, q) for p, q in itertools.product(ONES, OTHERS) if known(p, q)]


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=lambda d: type(d).__name__)
def test_every_formula_is_the_mean_of_the_difference_of_log_densities(p: Any, q: Any) -> None:
    count = 200000
    x = p.icdf((np.arange(count) + 0.5) / count)
    loose = type(q).__new__(type(q))
    loose.__dict__.update(vars(q), _validate_args=False)
    expected = (p.log_prob(x).double() - loose.log_prob(x).double()).numpy()
    found = kl_divergence(p, q).item()
    if np.isinf(expected).any():
        assert found == math.inf
    else:
        np.testing.assert_allclose(found, expected.mean(), rtol=0.01, atol=2e-4)


def test_what_is_known() -> None:
    assert len(PAIRS) == 34


@pytest.mark.parametrize("p", ONES, ids=lambda d: type(d).__name__)
def test_nothing_differs_from_itself(p: Any) -> None:
    np.testing.assert_allclose(kl_divergence(p, p).item(), 0, atol=1e-6)


def test_infinite_divergences_have_the_shape_of_both_batches() -> None:
    p, q = Normal(np.zeros((2, 1)), 1.0), Exponential(np.ones(3))
    found = kl_divergence(p, q)
    assert (found.shape, found.dtype) == ((2, 3), np.float64)
    assert np.isinf(found.numpy()).all()


@pytest.mark.parametrize(
    ("p", "q", "infinite"),
    [
        (Uniform([0.0, -1.0, 0.5], [1.0, 1.0, 3.0]), Uniform(0.0, 2.0), [False, True, True]),
        (Uniform([0.0, -1.0], [1.0, 1.0]), Exponential(1.0), [False, True]),
        (Uniform([-1.0, 0.5, 2.0], 3.0), Pareto(1.0, 1.0), [True, True, False]),
        (Pareto(1.0, [0.5, 1.0, 2.0]), Exponential(1.0), [True, True, False]),
        (Pareto(1.0, [2.0, 3.0]), Normal(0.0, 1.0), [True, False]),
        (Pareto([0.5, 1.0], 2.0), Pareto(1.0, 1.0), [True, False]),
    ],
    ids=str,
)
def test_where_a_divergence_becomes_infinite(p: Any, q: Any, infinite: Any) -> None:
    np.testing.assert_array_equal(np.isinf(kl_divergence(p, q).numpy()), infinite)


def test_gradients_beside_infinite_ones_stay_finite() -> None:
    alpha = Tensor([0.5, 3.0], requires_grad=True)
    finite = kl_divergence(Pareto(1.0, alpha), Normal(0.0, 1.0))[1]
    (gradient,) = autograd.grad(finite, alpha)
    assert gradient.numpy()[0] == 0
    assert np.isfinite(gradient.numpy()).all()


def test_scales_far_apart() -> None:
    """PyTorch squares the ratio of scales first, whose logarithm is then infinite in single precision."""
    found = kl_divergence(Normal(0.0, 1e-25), Normal(0.0, 1.0)).item()
    assert math.isclose(found, 25 * math.log(10) - 0.5, rel_tol=1e-6)


def test_distributions_of_more_dimensions() -> None:
    p, q = Normal(np.zeros((2, 3)), 1.0), Normal(np.ones(3), 2.0)
    whole = kl_divergence(Independent(p, 1), Independent(q, 1))
    np.testing.assert_allclose(whole.numpy(), kl_divergence(p, q).numpy().sum(-1))
    with pytest.raises(NotImplementedError, match="same reinterpreted_batch_ndims, got 2 and 1"):
        kl_divergence(Independent(p, 2), Independent(q, 1))


def test_equal_transforms_change_nothing() -> None:
    p, q = Normal(0.0, 1.0), Normal(1.0, 2.0)
    expected = kl_divergence(p, q).item()
    assert kl_divergence(LogNormal(0.0, 1.0), LogNormal(1.0, 2.0)).item() == expected
    moved = [TransformedDistribution(d, [AffineTransform(1.0, 3.0)]) for d in (p, q)]
    assert kl_divergence(*moved).item() == expected
    with pytest.raises(NotImplementedError, match="equal transforms"):
        kl_divergence(moved[0], TransformedDistribution(q, [AffineTransform(1.0, 4.0)]))


class Base(Distribution):
    arg_constraints: dict[str, Any] = {}


class Left(Base):
    pass


class Deep(Left):
    pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    from minigrad.distributions import kl

    monkeypatch.setattr(kl, "_formulas", dict(kl._formulas))
    monkeypatch.setattr(kl, "_found", {})


@pytest.mark.usefixtures("registry")
def test_the_most_specific_formula_is_taken() -> None:
    register_kl(Base, Base)(lambda p, q: "both bases")
    assert kl_divergence(Deep(), Deep()) == "both bases"
    register_kl(Left, Left)(lambda p, q: "both left")
    assert kl_divergence(Deep(), Left()) == "both left"
    assert kl_divergence(Deep(), Base()) == "both bases"
    register_kl(Deep, Deep)(lambda p, q: "both deep")
    assert kl_divergence(Deep(), Deep()) == "both deep"


@pytest.mark.usefixtures("registry")
def test_an_ambiguous_pair_warns() -> None:
    register_kl(Base, Left)(lambda p, q: 1)
    register_kl(Left, Base)(lambda p, q: 2)
    with pytest.warns(RuntimeWarning, match=r"ambiguous: .*@register_kl\(Left, Left\)"):
        assert kl_divergence(Left(), Left()) == 2
    register_kl(Left, Left)(lambda p, q: 3)
    assert kl_divergence(Left(), Left()) == 3


def test_an_unknown_pair_names_both_and_the_cure() -> None:
    with pytest.raises(NotImplementedError, match=r"p a Cauchy and q a Normal; register one with @register_kl\(Cauchy"):
        kl_divergence(Cauchy(0.0, 1.0), Normal(0.0, 1.0))
    for wrong in (int, Normal(0.0, 1.0), "Normal"):
        with pytest.raises(TypeError, match="two classes derived from Distribution"):
            register_kl(Normal, wrong)  # type: ignore[arg-type]


def test_batches_that_do_not_broadcast_and_what_is_no_distribution() -> None:
    with pytest.raises(ValueError, match=r"got \(2,\) of p, a Normal, and \(3,\) of q, a Normal; sizes must be"):
        kl_divergence(Normal(np.zeros(2), 1.0), Normal(np.zeros(3), 1.0))
    for pair in ((Normal(0.0, 1.0), 1.0), (Normal, Normal(0.0, 1.0))):
        with pytest.raises(TypeError, match="kl_divergence.* compares two distributions, got a (float|type)"):
            kl_divergence(*pair)  # type: ignore[arg-type]
