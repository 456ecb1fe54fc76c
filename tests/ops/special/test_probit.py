"""Normal and logistic distribution functions, Bessel functions and entropies at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, special
from minigrad.autograd import grad

inf, nan = math.inf, math.nan


def slopes(function, number, order=2):
    """The value at one point, and its derivatives."""
    x = Tensor([number], requires_grad=True, dtype=np.float64)
    values = [function(x)]
    for _ in range(order):
        values.append(grad(values[-1], x, Tensor(np.ones(1)), create_graph=True)[0])
    return [v.item() for v in values]


def test_inverses_at_the_edges() -> None:
    np.testing.assert_array_equal(special.ndtri(np.array([0.0, 1.0, -0.1, 1.1, nan])), [-inf, inf, nan, nan, nan])
    np.testing.assert_array_equal(special.erfinv(np.array([-1.0, 1.0, -1.1, 2.0, nan])), [-inf, inf, nan, nan, nan])
    np.testing.assert_array_equal(special.logit(np.array([0.0, 1.0, -0.1, 1.1, nan])), [-inf, inf, nan, nan, nan])
    assert slopes(special.erfinv, 1.0, 1) == [inf, inf]
    assert slopes(special.ndtri, 0.0, 1) == [-inf, inf]
    assert slopes(special.logit, 0.0, 1) == [-inf, inf]
    assert np.isnan(slopes(special.logit, 1.5, 1)[1])


def test_inverses_undo_what_they_invert() -> None:
    x = np.linspace(-5, 5, 101)
    np.testing.assert_allclose(special.ndtri(special.ndtr(x)), x, rtol=1e-9)
    np.testing.assert_allclose(special.logit(special.expit(x)), x, rtol=1e-12, atol=1e-15)
    y = np.linspace(-0.999, 0.999, 101)
    np.testing.assert_allclose(special.erf(special.erfinv(y)), y, rtol=1e-14)


def test_log_ndtr_far_out() -> None:
    assert slopes(special.log_ndtr, -1e4)[1:] == pytest.approx([1e4 + 1e-4, -1], rel=1e-7)
    assert slopes(special.log_ndtr, 1e4) == [0, 0, 0]
    np.testing.assert_array_equal(special.log_ndtr(np.array([-inf, inf, nan])), [-inf, 0, nan])
    np.testing.assert_array_equal(special.ndtr(np.array([-inf, inf, nan, -1e300])), [0, 1, nan, 0])


def test_erfcx_at_the_edges() -> None:
    np.testing.assert_array_equal(special.erfcx(np.array([-inf, -27.0, inf, nan, 0.0])), [inf, inf, 0, nan, 1])


def test_limits_of_logit() -> None:
    x = Tensor([0.0, 0.05, 0.5, 1.0], requires_grad=True)
    out = mg.logit(x, eps=0.1)
    np.testing.assert_allclose(out.tolist(), [-math.log(9), -math.log(9), 0, math.log(9)], rtol=1e-6)
    assert grad(out.sum(), x)[0].tolist() == [0, 0, 4, 0]
    with pytest.raises(ValueError, match="at most 0.5, got 0.7"):
        mg.logit(x, 0.7)


def test_terms_of_an_entropy() -> None:
    np.testing.assert_array_equal(special.entr(np.array([0.0, 1.0, -1.0, nan, inf])), [0, 0, -inf, nan, -inf])
    assert slopes(special.entr, 0.0, 1) == [0, inf]
    assert special.xlog1py(Tensor([0.0]), Tensor([-1.0])).item() == 0
    assert np.isnan(special.xlog1py(Tensor([0.0]), Tensor([nan])).item())
    assert special.xlog1py(2, Tensor([1, 3])).dtype == np.float32
    y = Tensor([-1.0], requires_grad=True)
    assert grad(special.xlog1py(Tensor([0.0]), y), y, Tensor([1.0]))[0].item() == 0


def test_bessel_functions_at_the_edges() -> None:
    x = np.array([0.0, inf, -inf, nan, 800.0, -800.0])
    np.testing.assert_array_equal(special.i0(x), [1, inf, inf, nan, inf, inf])
    np.testing.assert_array_equal(special.i1(x), [0, inf, -inf, nan, inf, -inf])
    np.testing.assert_array_equal(special.i0e(x[:4]), [1, 0, 0, nan])
    np.testing.assert_array_equal(special.i1e(x[:4]), [0, 0, 0, nan])
    np.testing.assert_array_equal(np.i0(Tensor([0.0, 1.0])).numpy(), special.i0(Tensor([0.0, 1.0])).numpy())


def test_all_derivatives_of_bessel_functions_at_zero() -> None:
    """I₀ has the coefficients of Σ (x²/4)ᵏ / k!², I₁ those of its derivative."""
    assert slopes(special.i0, 0.0, 4) == [1, 0, 0.5, 0, 0.375]
    assert slopes(special.i1, 0.0, 3) == [0, 0.5, 0, 0.375]


def test_gradients_far_out_stay_finite() -> None:
    assert slopes(special.i0e, 1e6)[1] == pytest.approx(-0.5e-9 / math.sqrt(2 * math.pi), rel=1e-5)
    assert slopes(special.ndtr, 50.0) == [1, 0, 0]
