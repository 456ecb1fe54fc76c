"""Draws of negatives: their frequencies, their table, what is excluded, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad.data import NegativeSampler, negative

RNG = np.random.default_rng(0)
WEIGHTS = {
    "two": np.array([3.0, 1.0]),
    "one": np.array([2.0]),
    "even": np.ones(7),
    "zeros": np.array([0.0, 1.0, 0.0, 2.5, 0.0]),
    "one heavy": np.array([1e6, 1.0, 1.0, 1.0]),
    "one light": np.array([1.0, 1.0, 1e-9, 1.0]),
    "random": RNG.random(50),
    "zipf": 1 / np.arange(1, 2001),
    "steep": RNG.exponential(size=300) ** 4,
    "tiny": np.full(5, 1e-300),
    "huge": np.array([1e308, 1e308, 1e308]),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_table_holds_the_probabilities(name):
    """Each column has height 1; what of them belongs to a class is its probability."""
    sampler = NegativeSampler(WEIGHTS[name])
    kept, alias, n = sampler._kept, sampler._alias, len(sampler)
    assert ((kept >= 0) & (kept <= 1)).all()
    masses = kept / n + np.bincount(alias, (1 - kept) / n, minlength=n)
    np.testing.assert_allclose(masses, sampler.probabilities, rtol=1e-9, atol=1e-15)
    scaled = WEIGHTS[name] / WEIGHTS[name].max()
    np.testing.assert_allclose(sampler.probabilities, scaled / scaled.sum(), rtol=1e-14)


def chi_square(counts, probabilities):
    """How far counts are from what is expected, in standard deviations of a chi-square distribution."""
    possible = probabilities > 0
    assert not counts[~possible].any()
    expected = counts.sum() * probabilities[possible]
    statistic, freedom = ((counts[possible] - expected) ** 2 / expected).sum(), possible.sum() - 1
    return (statistic - freedom) / np.sqrt(2 * max(freedom, 1))


@pytest.mark.parametrize("name", ["two", "even", "zeros", "random", "zipf"])
def test_frequencies(name):
    sampler = NegativeSampler(WEIGHTS[name], generator=np.random.default_rng(1))
    counts = np.bincount(sampler.sample(400_000), minlength=len(sampler))
    assert abs(chi_square(counts, sampler.probabilities)) < 4


@pytest.mark.parametrize("tries", [0, 1, 16])
def test_frequencies_of_what_is_not_excluded(tries, monkeypatch):
    """The others keep their proportions, whether they are drawn again or from what is left."""
    monkeypatch.setattr(negative, "TRIES", tries)
    sampler = NegativeSampler([8.0, 1.0, 0.0, 2.0, 3.0, 1.0], generator=np.random.default_rng(3))
    banned = np.array([[0, 0], [0, 4], [2, 5], [1, 3]])
    drawn = sampler.sample((4, 100_000), exclude=banned)
    for row, numbers in zip(drawn, banned, strict=True):
        left = sampler.probabilities.copy()
        left[numbers] = 0
        assert abs(chi_square(np.bincount(row, minlength=6), left / left.sum())) < 4


def test_power():
    weights = np.array([16.0, 81.0, 1.0, 0.0])
    np.testing.assert_allclose(NegativeSampler(weights, power=0.75).probabilities, np.array([8, 27, 1, 0]) / 36)
    np.testing.assert_allclose(NegativeSampler(weights, power=0).probabilities, [1 / 3, 1 / 3, 1 / 3, 0])


def test_uniform():
    sampler = NegativeSampler.uniform(5, generator=np.random.default_rng(0))
    np.testing.assert_array_equal(sampler.probabilities, np.full(5, 0.2))
    assert set(sampler.sample(200).tolist()) == set(range(5))
    np.testing.assert_allclose(sampler.log_prob([[0], [4]]), np.full((2, 1), -np.log(5)))


def test_the_same_seed_draws_the_same():
    a, b = (NegativeSampler([1, 2, 3], generator=np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(a.sample((3, 4)), b.sample((3, 4)))
    np.testing.assert_array_equal(a.sample((3, 4), exclude=[0, 1, 2]), b.sample((3, 4), exclude=[0, 1, 2]))
    shared = NegativeSampler([1, 2, 3])
    mg.manual_seed(3)
    first = shared.sample(20)
    mg.manual_seed(3)
    np.testing.assert_array_equal(shared.sample(20), first)


def test_sizes():
    sampler = NegativeSampler.uniform(3)
    for size, shape in [((), ()), (4, (4,)), ((2, 3), (2, 3)), ([2], (2,)), ((0, 3), (0, 3)), (np.int64(2), (2,))]:
        drawn = sampler.sample(size)
        assert drawn.shape == shape and drawn.dtype == np.intp
    assert sampler.sample(3, exclude=[0, 1, 2]).shape == (3,)
    assert sampler.sample((2, 3, 4), exclude=[0, 1]).shape == (2, 3, 4)


def test_kinds_of_weights():
    for weights in ([1, 3], (1.0, 3.0), np.array([1, 3]), mg.Tensor([1.0, 3.0]), np.array([1, 3], np.float16)):
        np.testing.assert_array_equal(NegativeSampler(weights).probabilities, [0.25, 0.75])
    weights = np.array([1.0, 3.0])
    sampler = NegativeSampler(weights)
    weights[:] = 0  # the caller's own
    np.testing.assert_array_equal(sampler.probabilities, [0.25, 0.75])
    assert repr(sampler) == "<NegativeSampler of 2 classes>" and len(sampler) == 2
    assert sampler.log_prob(mg.Tensor([0])).tolist() == [np.log(0.25)]
    assert NegativeSampler([0, 1]).log_prob(0) == -np.inf
    np.testing.assert_allclose(NegativeSampler([0.1, 0.9]).probabilities, [0.1, 0.9], rtol=1e-15)  # in double precision


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: NegativeSampler([1.0, -1.0]), ValueError, r"weights\[1\] is -1.0; a weight is finite and at least 0"),
        (lambda: NegativeSampler([np.nan, 1.0]), ValueError, r"weights\[0\] is nan"),
        (lambda: NegativeSampler([1.0, np.inf]), ValueError, r"weights\[1\] is inf"),
        (lambda: NegativeSampler([0.0, 0.0]), ValueError, r"all 2 weights are 0"),
        (lambda: NegativeSampler([]), ValueError, r"one number for each class, got shape \(0,\)"),
        (lambda: NegativeSampler([[1.0]]), ValueError, r"got shape \(1, 1\)"),
        (lambda: NegativeSampler([1.0], power=np.nan), ValueError, r"power must be a finite number, got nan"),
        (lambda: NegativeSampler([1.0], power="¾"), ValueError, r"power must be a finite number, got '¾'"),
        (lambda: NegativeSampler([1.0], generator=3), TypeError, r"generator must be a numpy.random.Generator"),
        (lambda: NegativeSampler.uniform(0), ValueError, r"got shape \(0,\)"),
        (lambda: NegativeSampler.uniform(2).log_prob(2), IndexError, r"2 in indices is no class; they go from 0 to 1"),
        (lambda: NegativeSampler.uniform(2).log_prob([0.0]), TypeError, r"indices must be integers, got float32"),
        (lambda: NegativeSampler.uniform(2).sample(3, exclude=[0]), ValueError, r"exclude has one number, or one row"),
        (lambda: NegativeSampler.uniform(2).sample((), exclude=[0]), ValueError, r"exclude has one number"),
        (lambda: NegativeSampler.uniform(2).sample(1, exclude=[-1]), IndexError, r"-1 in exclude is no class"),
        (lambda: NegativeSampler([0, 1]).sample((1, 2), exclude=[1]), ValueError, r"leaves no class to draw in row 0"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
