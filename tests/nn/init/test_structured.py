"""Initialisers beyond independent uniform and normal values, exact gains, and every distribution beside PyTorch's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Parameter, Tensor, nn
from minigrad.nn import init


def filled(function, shape, *args, seed=0, **kwargs):
    return function(Tensor(np.empty(shape)), *args, generator=np.random.default_rng(seed), **kwargs).numpy()


# --- truncated normal -------------------------------------------------------------------------------------------------
def exact_moments(low, high):
    """Mean and variance of the standard normal distribution on [low, high], by quadrature."""
    low, high = max(low, -40.0), min(high, 40.0)
    if low > 0:
        high = min(high, low + 40 / max(low, 1))
    z = low + (np.arange(400_000) + 0.5) * (high - low) / 400_000
    weight = np.exp((min(abs(low), abs(high)) ** 2 if low * high > 0 else 0) / 2 - z * z / 2)
    mean = (z * weight).sum() / weight.sum()
    return mean, ((z - mean) ** 2 * weight).sum() / weight.sum()


BOUNDS = [
    (-2, 2), (-1, 0.5), (-0.1, 3), (0, 5), (-5, 0), (-0.5, 0.2), (1, 2), (3, 3.1), (6, 8), (-9, -6), (5, math.inf),
    (-math.inf, 0.5), (-math.inf, -12), (30, 31), (0.01, 0.02), (-math.inf, math.inf), (-1, 1e6),
]  # fmt: skip


@pytest.mark.parametrize(("low", "high"), BOUNDS)
def test_truncated_normal_has_the_right_distribution(low, high):
    n = 100_000
    z = filled(init.trunc_normal_, (n,), 0.0, 1.0, low, high)
    assert z.min() >= low and z.max() <= high
    mean, variance = exact_moments(low, high)
    assert abs(z.mean() - mean) < 5 * math.sqrt(variance / n)
    kurtosis = ((z - z.mean()) ** 4).mean() / z.var() ** 2
    assert abs(z.var() / variance - 1) < 5 * math.sqrt((kurtosis - 1) / n)
    # Kolmogorov-Smirnov: the largest distance of the two distribution functions
    grid = np.linspace(max(low, -40), min(high, 40) if low <= 0 else min(high, low + 40 / max(low, 1)), 400_001)
    middle = (grid[1:] + grid[:-1]) / 2
    density = np.exp((np.abs(middle).min() ** 2 - middle**2) / 2)
    cumulative = np.append(0, np.cumsum(density)) / density.sum()
    distance = np.abs(np.interp(np.sort(z), grid, cumulative) - (np.arange(n) + 0.5) / n).max()
    assert distance < 2.3 / math.sqrt(n)  # exceeded with probability 5e-5


def test_truncated_normal_shifts_and_scales():
    values = filled(init.trunc_normal_, (50_000,), mean=3.0, std=0.5, a=3.25, b=10.0)
    mean, variance = exact_moments(0.5, 14)
    assert values.min() >= 3.25
    assert abs(values.mean() - (3 + 0.5 * mean)) < 5 * 0.5 * math.sqrt(variance / 50_000)
    single = init.trunc_normal_(Tensor(np.empty(10_000, np.float32)), 0, 1, 0.1, 0.1001)
    assert single.dtype == np.float32
    assert single.numpy().min() >= np.float32(0.1) and single.numpy().max() <= np.float32(0.1001)
    assert init.trunc_normal_(Tensor(np.empty((0, 3)))).shape == (0, 3)


# --- orthogonal -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 3, 2, 2), (20, 2, 3), (1, 1)])
@pytest.mark.parametrize("gain", [1, 1.7])
def test_orthogonal_rows_or_columns(shape, gain):
    w = filled(init.orthogonal_, shape, gain).reshape(shape[0], -1)
    smaller = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(smaller, gain**2 * np.eye(min(w.shape)), atol=1e-12)


def test_orthogonal_matrices_follow_the_haar_measure():
    """Of a Haar matrix of size n, traces have mean 0 and variance 1, entries variance 1/n; QR alone has trace < 0."""
    n, count = 4, 4000
    rng = np.random.default_rng(0)
    drawn = np.array([init.orthogonal_(Tensor(np.empty((n, n))), generator=rng).numpy() for _ in range(count)])
    traces = np.trace(drawn, axis1=1, axis2=2)
    assert abs(traces.mean()) < 5 / math.sqrt(count)
    assert abs(traces.var() - 1) < 5 * math.sqrt(2 / count)
    assert abs(drawn.mean(0)).max() < 5 * math.sqrt(1 / n / count)
    np.testing.assert_allclose((drawn**2).mean(0), 1 / n, rtol=0.1)
    determinants = np.linalg.det(drawn)
    assert abs((determinants > 0).mean() - 0.5) < 5 * 0.5 / math.sqrt(count)
    plain = np.array([np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(count)])
    assert abs(np.trace(plain, axis1=1, axis2=2).mean()) > 0.3  # what the signs mend


# --- sparse, eye, dirac -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 0.95, 1.0])
def test_sparse(sparsity):
    w = filled(init.sparse_, (40, 500), sparsity, std=0.3)
    zeros = math.ceil(sparsity * 40)
    assert ((w == 0).sum(0) == zeros).all()
    if zeros < 40:
        rest = w[w != 0]
        assert abs(rest.mean()) < 5 * 0.3 / math.sqrt(rest.size)
        assert abs(rest.var() / 0.09 - 1) < 5 * math.sqrt(2 / rest.size)
    if 0 < zeros < 40:  # every row is as likely as any other
        share = (w == 0).mean(1)
        assert abs(share - zeros / 40).max() < 5 * math.sqrt(sparsity * (1 - sparsity) / 500) + 1e-9


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (0, 2)])
def test_eye(shape):
    np.testing.assert_array_equal(init.eye_(Tensor(np.full(shape, 7.0))).numpy(), np.eye(*shape))


def test_dirac_hands_channels_on():
    weight = init.dirac_(Tensor(np.empty((4, 3, 3)))).numpy()
    x = np.random.default_rng(0).standard_normal((3, 10))
    out = np.array([[np.sum(weight[o] * x[:, i : i + 3]) for i in range(8)] for o in range(4)])
    np.testing.assert_array_equal(out[:3], x[:, 1:-1])
    assert not out[3].any()


# --- exact gains ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("function", "gain", "tolerance"),
    [
        ("tanh", 1.5925374197228312, 1e-9),
        (np.tanh, 1.5925374197228312, 1e-9),
        (nn.Tanh(), 1.5925374197228312, 1e-9),
        ("relu", math.sqrt(2), 1e-9),
        ("identity", 1, 1e-9),
        ("linear", 1, 1e-9),
        (lambda z: 2 * z, 0.5, 1e-9),
        (lambda z: z**2, 1 / math.sqrt(3), 1e-9),
        (lambda z: np.exp(z), math.exp(-1), 1e-9),  # E[exp(2z)] = exp(2)
        (lambda z: np.exp(z * z / 8), 0.5**0.25, 1e-9),  # E[exp(z²/4)] = 1/√(1 - 1/2)
        (lambda z: np.cos(z), 1 / math.sqrt((1 + math.exp(-2)) / 2), 1e-9),
        (np.sign, 1, 1e-9),
        (lambda z: np.where(z > 0, z, 0.3 * z), init.calculate_gain("leaky_relu", 0.3), 1e-9),
        (lambda z: np.heaviside(z, 0.0), math.sqrt(2), 1e-9),
        (lambda z: np.tanh(math.sqrt(482) * z), 1.0 / math.sqrt(0.9642), 1e-3),
        (
            lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0))),
            1,
            1e-6,  # SELU's fixed point is mean 0, variance 1
        ),
    ],
)
def test_exact_gain(function, gain, tolerance):
    assert init.exact_gain(function) == pytest.approx(gain, rel=tolerance)


def test_exact_gain_of_a_name_with_an_argument():
    assert init.exact_gain(lambda z, p: p * z, 4.0) == pytest.approx(0.25)


def test_the_exact_gain_keeps_the_second_moment():
    x = np.random.default_rng(0).standard_normal((500, 1000))
    for function in (np.tanh, lambda z: np.maximum(z, 0)):
        weight = filled(init.lecun_normal_, (1000, 1000), seed=1) * init.exact_gain(function)
        z = function(x) @ weight.T
        assert (z**2).mean() == pytest.approx(1, abs=0.02)


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: init.eye_(Tensor([1.0])), ValueError, r"needs a matrix, got shape \(1,\).*dirac_"),
        (lambda: init.dirac_(Parameter([[1.0]])), ValueError, r"3, 4 or 5 dimensions, got shape \(1, 1\)"),
        (lambda: init.dirac_(Tensor(np.ones((3, 1, 1))), 2), ValueError, "divide the 3 output channels.*groups=2"),
        (lambda: init.dirac_(Tensor(np.ones((3, 1, 1))), 0), ValueError, "groups=0"),
        (lambda: init.sparse_(Tensor(np.ones((3, 1, 1))), 0.5), ValueError, "needs a matrix"),
        (lambda: init.sparse_(Parameter([[1.0]]), 1.5), ValueError, "between 0 and 1, got 1.5"),
        (lambda: init.sparse_(Parameter([[1.0]]), 0.5, -1), ValueError, "std >= 0, got -1"),
        (lambda: init.orthogonal_(Tensor([1.0])), ValueError, "at least two dimensions"),
        (lambda: init.orthogonal_(Tensor([[1]])), TypeError, "floating-point Tensor, got int64"),
        (lambda: init.trunc_normal_(Tensor([1.0]), a=2, b=2), ValueError, "a < b, got a=2, b=2"),
        (lambda: init.trunc_normal_(Tensor([1.0]), std=0), ValueError, "std > 0, got mean=0.0, std=0"),
        (lambda: init.trunc_normal_(Tensor([1.0]), generator=3), TypeError, "got int"),
        (lambda: init.exact_gain("no such function"), ValueError, "one in nn.functional, got 'no such function'"),
        (lambda: init.exact_gain(3), ValueError, "takes a function"),
        (lambda: init.exact_gain(lambda z: 0 * z), ValueError, "is 0 everywhere"),
        (lambda: init.exact_gain(lambda z: np.exp(z * z / 4)), ValueError, "is not finite"),
        (lambda: init.exact_gain(lambda z: np.exp(z * z)), ValueError, "is not finite"),
        (lambda: init.exact_gain(lambda z: z.sum()), ValueError, "needs an elementwise function"),
        (lambda: init.exact_gain(lambda z, slope: z), ValueError, "cannot call <lambda>"),
        (lambda: init.exact_gain(lambda z: z * math.nan), ValueError, "NaN"),
    ],
)  # fmt: skip
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message), np.errstate(over="ignore"):
        call()
