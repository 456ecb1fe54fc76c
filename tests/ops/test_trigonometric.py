"""Trigonometric and hyperbolic functions against PyTorch and against identities."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.autograd import grad
from minigrad.ops import trigonometric as trig

TWO = ["arctan2", "atan2", "hypot"]


def test_degrees_and_radians_by_numpys_names():
    x = Tensor([180.0], requires_grad=True, dtype=np.float64)
    (g,) = grad(np.radians(x), x, Tensor([1.0], dtype=np.float64))
    assert g.item() == np.pi / 180
    np.testing.assert_array_equal(np.degrees(x).detach().numpy(), np.degrees([180.0]))


def test_sinc_at_and_near_0():
    """Even derivatives at 0 are (-π²)ⁿ/(2n+1), odd ones 0; near 0 no digits are lost."""
    x = Tensor(0.0, requires_grad=True, dtype=np.float64)
    expected = [1, 0, -(np.pi**2) / 3, 0, np.pi**4 / 5, 0, -(np.pi**6) / 7]
    value = np.sinc(x)
    for number in expected:
        assert value.item() == pytest.approx(number, rel=1e-13, abs=1e-13)
        (value,) = grad(value, x, create_graph=True)
    near = Tensor(1e-5, requires_grad=True, dtype=np.float64)
    (slope,) = grad(trig.sinc(near), near)
    assert slope.item() == pytest.approx(-(np.pi**2) * 1e-5 / 3 + np.pi**4 * 1e-15 / 30, rel=1e-14)


@pytest.mark.parametrize("order", range(6))
def test_both_ways_to_sinc_meet(order):
    """On either side of the edge between series and recurrence, the next derivative tells the difference."""
    for edge in (0.5 + order / 4, -0.5 - order / 4):
        h = 1e-7
        below, above = (trig.sinc_derivative(np.array(edge + s * h), order=order) for s in (-1, 1))
        slope = trig.sinc_derivative(np.array(edge), order=order + 1)
        assert above - below == pytest.approx(2 * h * slope, rel=1e-3, abs=1e-10)


def test_the_origin():
    """A kink of both: hypot is a norm there, and the angle has no direction to turn to."""
    for name in TWO:
        x, y = (Tensor([0.0], requires_grad=True) for _ in range(2))
        getattr(trig, name)(x, y).backward(Tensor([1.0]))
        assert x.grad.item() == 0 and y.grad.item() == 0


def test_inverse_functions_keep_their_digits_at_the_edge():
    """(1 - x)(1 + x) rather than 1 - x²."""
    x = 1 - 1e-9
    for function, exact in ((trig.arcsin, 22360.679780), (trig.arctanh, 5.0000000027e8)):
        (g,) = grad(function(t := Tensor(np.array(x), requires_grad=True)), t)
        assert g.item() == pytest.approx(exact, rel=1e-7)


def test_what_does_not_broadcast():
    with pytest.raises(ValueError, match=r"arctan2\(x: float32 \(2,\), y: float32 \(3,\)\)"):
        trig.atan2(Tensor([1.0, 2.0]), Tensor([1.0, 2.0, 3.0]))
