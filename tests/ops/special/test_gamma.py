"""The gamma functions where they have poles, zeros and no values, and the derivatives by the shape."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, special
from minigrad.autograd import grad, gradcheck, gradgradcheck
from minigrad.ops.special.gammainc import gamma_density, gamma_sample_gradient

inf, nan = math.inf, math.nan


def test_poles_and_no_numbers() -> None:
    x = np.array([0.0, -0.0, -1.0, -7.0, inf, -inf, nan])
    np.testing.assert_array_equal(mg.lgamma(x), [inf, inf, inf, inf, inf, inf, nan])
    np.testing.assert_array_equal(mg.digamma(x), [-inf, inf, nan, nan, inf, nan, nan])
    np.testing.assert_array_equal(mg.polygamma(1, x), [inf, inf, inf, inf, 0, nan, nan])
    np.testing.assert_array_equal(mg.polygamma(2, x), [-inf, -inf, -inf, -inf, 0, nan, nan])
    np.testing.assert_array_equal(mg.lgamma(np.array([1.0, 2.0])), [0, 0])


def test_huge_and_tiny_numbers() -> None:
    assert mg.lgamma(np.array([1.7e308]))[0] == inf
    assert mg.lgamma(np.array([5e-324]))[0] == pytest.approx(744.4400719213812)
    assert mg.digamma(np.array([1e308]))[0] == pytest.approx(math.log(1e308))
    assert mg.polygamma(1, np.array([1e308]))[0] == pytest.approx(1e-308)
    assert mg.lgamma(Tensor([1e38])).item() == inf  # beyond single precision
    assert special.polygamma(200, np.array([5.0]))[0] == pytest.approx(-2.53464866194529e234, rel=1e-12)


def test_factorials() -> None:
    n = np.arange(1, 171)
    np.testing.assert_allclose(mg.lgamma(n + 1.0), [math.log(math.factorial(k)) for k in n.tolist()], rtol=2e-15)
    assert mg.lgamma(Tensor([3, 4])).dtype == np.float32
    np.testing.assert_allclose(mg.lgamma(Tensor([3, 4])).numpy(), np.log([2, 6]), rtol=1e-6)


def test_each_is_the_derivative_of_the_one_before() -> None:
    x = Tensor([0.3, 1.0, 2.0, 6.5, 20.0, -0.6, -3.3], dtype=np.float64, requires_grad=True)
    out = mg.lgamma(x)
    for expected in (mg.digamma(x), *[mg.polygamma(n, x) for n in range(1, 5)]):
        (out,) = grad(out.sum(), x, create_graph=True)
        np.testing.assert_array_equal(out.detach().numpy(), expected.detach().numpy())


def test_arguments_of_polygamma_and_mvlgamma() -> None:
    x = Tensor([2.5])
    assert x.polygamma(1).item() == mg.polygamma(1, x).item() == special.polygamma(n=1, input=x).item()
    assert mg.polygamma(0, x).item() == mg.digamma(x).item()
    with pytest.raises(ValueError, match="at least 0, got -1"):
        mg.polygamma(-1, x)
    with pytest.raises(TypeError, match="n is an integer, got Tensor"):
        mg.polygamma(x, 1)  # SciPy takes arrays of n
    with pytest.raises(ValueError, match="at least 1, got 0"):
        mg.mvlgamma(x, 0)
    assert mg.mvlgamma(x, 1).item() == mg.lgamma(x).item()
    assert mg.mvlgamma([3.0, 4.0], p=2).shape == (2,)


def test_in_place() -> None:
    for name, args in [
        ("lgamma", ()), ("digamma", ()), ("polygamma", (1,)), ("mvlgamma", (2,)), ("erfinv", ()), ("logit", (0.1,)),
        ("i0", ()), ("igamma", (2.0,)), ("igammac", (2.0,)),
    ]:  # fmt: skip
        x = Tensor([0.9, 0.7])
        expected = getattr(x, name)(*args).numpy().copy()
        assert getattr(x, f"{name}_")(*args) is x
        np.testing.assert_array_equal(x.numpy(), expected)


# --- incomplete gamma functions ---------------------------------------------------------------------------------------
def test_incomplete_at_the_edges() -> None:
    a = np.array([0.0, 0.0, 1.0, 1.0, inf, inf, 2.0, -1.0, 1.0, nan, 1.0])
    x = np.array([0.0, 1.0, 0.0, inf, 1.0, inf, 1e-320, 1.0, -1.0, 1.0, nan])
    lower = np.array([nan, 1, 0, 1, 0, nan, 0, nan, nan, nan, nan])
    np.testing.assert_array_equal(special.gammainc(a, x), lower)
    np.testing.assert_array_equal(special.gammaincc(a, x), 1 - lower)


def test_incomplete_far_out() -> None:
    a = np.array([1e8, 1e8, 1e8, 1e15, 1e-300, 1e-300, 5.0])
    x = np.array([1e8, 1.0001e8, 0.9e8, 1e15, 1.0, 1e-300, 1e300])
    lower, upper = special.gammainc(a, x), special.gammaincc(a, x)
    np.testing.assert_allclose(lower + upper, 1)
    np.testing.assert_allclose(lower[[0, 3]], 0.5, rtol=1e-4)
    np.testing.assert_allclose(lower[4:6], 1)
    assert lower[2] == 0 and lower[1] == pytest.approx(0.8413447, rel=1e-3)
    assert upper[4] == pytest.approx(0.21938393439552029e-300, rel=1e-12)  # a · E₁(1)
    assert upper[6] == 0 and lower[6] == 1


def test_incomplete_of_whole_shapes_is_a_sum_of_poisson_probabilities() -> None:
    x = np.array([0.1, 1.0, 3.0, 10.0, 30.0])
    for a in range(1, 8):
        expected = sum(np.exp(-x) * x**k / math.factorial(k) for k in range(a))
        np.testing.assert_allclose(special.gammaincc(float(a), x), expected, rtol=1e-13)


def test_incomplete_takes_numbers_integers_and_shapes_that_broadcast() -> None:
    assert special.gammainc(2.0, Tensor([1.0])).dtype == np.float32
    assert special.gammainc(Tensor([1.0]), 2).dtype == np.float32
    assert special.gammainc(Tensor([1, 2]), Tensor([3, 4])).dtype == np.float32
    assert special.gammainc(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    assert special.gammainc(np.ones((0, 1)), np.ones(4)).shape == (0, 4)
    with pytest.raises(ValueError, match="from the right"):
        special.gammainc(Tensor([1.0, 2.0]), Tensor([1.0, 2.0, 3.0]))


def test_derivatives_of_the_incomplete_functions() -> None:
    a = Tensor([0.3, 0.9, 2.0, 11.0, 30.0], dtype=np.float64, requires_grad=True)
    x = Tensor([0.2, 1.5, 1.0, 14.0, 28.0], dtype=np.float64, requires_grad=True)
    for function in (special.gammainc, special.gammaincc, gamma_density, gamma_sample_gradient):
        assert gradcheck(function, (a, x))
        assert gradgradcheck(function, (a, x))


def test_derivatives_at_zero() -> None:
    a, x = Tensor([0.5, 1.0, 2.0], requires_grad=True), Tensor([0.0, 0.0, 0.0], requires_grad=True)
    by_a, by_x = grad(special.gammainc(a, x).sum(), (a, x))
    assert by_a.tolist() == [0, 0, 0] and by_x.tolist() == [inf, 1, 0]
    assert gamma_sample_gradient(a.detach(), x.detach()).tolist() == [0, 0, 0]


def test_how_samples_move_with_the_shape() -> None:
    """Against differences of the inverse function, over eight decades of shapes."""
    theirs = pytest.importorskip("scipy.special", reason="the inverse is SciPy's")
    alpha = np.repeat(10 ** np.linspace(-3, 4, 15), 7)
    rank = np.tile([1e-4, 0.05, 0.3, 0.5, 0.8, 0.99, 0.9999], 15)
    keep = theirs.gammaincinv(alpha, rank) > 1e-280
    alpha, rank = alpha[keep], rank[keep]
    step, sample = 3e-4 * alpha, theirs.gammaincinv(alpha, rank)
    up, down = (theirs.gammaincinv(alpha + k * step, rank) for k in (1, -1))
    far, near = (theirs.gammaincinv(alpha + k * step, rank) for k in (2, -2))
    slope = (8 * np.log(up / down) - np.log(far / near)) / (12 * step)  # of the logarithm, which is smoother
    expected = sample * slope
    np.testing.assert_allclose(gamma_sample_gradient(alpha, sample), expected, rtol=1e-6)
