"""Exponentials, logarithms, error functions and rounding against PyTorch; values and slopes at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.autograd import grad

TWO = ["logaddexp", "logaddexp2", "xlogy", "fmod", "copysign", "fmax", "fmin"]


@pytest.mark.plain
def test_names_that_numpy_has():
    x, y = Tensor([0.5, 1.5]), Tensor([1.0, -2.0])
    for name in ("exp2", "expm1", "log1p", "log2", "log10", "floor", "ceil", "trunc", "cbrt", "reciprocal", "fix",
                 "rint", "round", "around"):  # fmt: skip
        np.testing.assert_array_equal(getattr(np, name)(x).numpy(), getattr(np, name)(x.numpy()), err_msg=name)
    for name in ("logaddexp", "logaddexp2", "fmod", "copysign", "heaviside", "fmax", "fmin"):
        expected = getattr(np, name)(x.numpy(), y.numpy())
        np.testing.assert_array_equal(getattr(np, name)(x, y).numpy(), expected, err_msg=name)


# --- error functions --------------------------------------------------------------------------------------------------
def test_erf_and_erfc_to_the_last_digits():
    """Against Python's own, one number at a time, over all ranges of the approximations."""
    x = np.concatenate([np.linspace(-7, 27, 4001), np.geomspace(1e-300, 1, 300), [0.46875, 4.0, -0.46875]])
    exact = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(mg.erf(x), exact, rtol=1e-15, atol=0)
    exact = np.array([math.erfc(v) for v in x])
    normal = exact > 1e-300
    np.testing.assert_allclose(mg.erfc(x[normal]), exact[normal], rtol=3e-15)
    assert (mg.erfc(x[~normal]) < 1e-300).all()


def test_erf_in_single_precision():
    x = np.linspace(-5, 5, 20001, dtype=np.float32)
    exact = np.array([math.erf(v) for v in x])
    out = mg.erf(x)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, exact, rtol=4e-7)
    exact = np.array([math.erfc(v) for v in x])
    assert mg.erfc(x).dtype == np.float32
    np.testing.assert_allclose(mg.erfc(x), exact, rtol=2e-6)


def test_functions_of_integers_are_floats():
    out = mg.erf(Tensor([0, 1]))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.numpy(), [0, math.erf(1)], rtol=1e-7)
    np.testing.assert_array_equal(np.reciprocal(Tensor([2, 4])).numpy(), np.float32([0.5, 0.25]))
    assert mg.floor(Tensor([1, 2])).numpy().tolist() == [1, 2]


# --- edges ------------------------------------------------------------------------------------------------------------
def slopes(function, *numbers):
    """The value and the derivatives at one point."""
    inputs = [Tensor([number], requires_grad=True) for number in numbers]
    out = function(*inputs)
    return [out.item(), *[g.item() for g in grad(out, inputs, Tensor([1.0]))]]


def test_entropy_of_a_sharp_distribution():
    p = Tensor([1.0, 0.0, 0.0], requires_grad=True)
    entropy = -mg.xlogy(p, p).sum()
    entropy.backward()
    assert entropy.item() == 0
    assert np.isfinite(p.grad.numpy()).all()


def test_logaddexp_far_out():
    assert slopes(mg.logaddexp, -np.inf, -np.inf) == [-np.inf, 0, 0]
    assert slopes(mg.logaddexp, -np.inf, 3.0) == [3, 0, 1]
    assert slopes(mg.logaddexp, 1000.0, 999.0)[1:] == pytest.approx([0.731058, 0.268941], rel=1e-5)


def test_cube_roots_of_negative_numbers():
    value, slope = slopes(mg.cbrt, -8.0)
    assert value == -2 and slope == pytest.approx(1 / 12)


def test_what_does_not_fit():
    for name in TWO:
        with pytest.raises(ValueError, match=r"float32 \(2,\).*float32 \(3,\).*from the right"):
            getattr(mg, name)(Tensor([1.0, 2.0]), Tensor([1.0, 2.0, 3.0]))
