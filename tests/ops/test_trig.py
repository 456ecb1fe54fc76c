"""Trigonometric and hyperbolic functions against PyTorch and against identities."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.autograd import grad
from minigrad.ops import trigonometric as trig
from tests.parity import DTYPES, LAYOUTS, compare, random, torch

# Name -> the interval in which it is smooth.
EVERYWHERE = (-2.0, 2.0)
ONE = {
    "sin": EVERYWHERE, "cos": EVERYWHERE, "tan": (-1.2, 1.2), "arcsin": (-0.9, 0.9), "arccos": (-0.9, 0.9),
    "arctan": EVERYWHERE, "sinh": EVERYWHERE, "cosh": EVERYWHERE, "arcsinh": EVERYWHERE, "arccosh": (1.2, 4.0),
    "arctanh": (-0.8, 0.8), "deg2rad": EVERYWHERE, "rad2deg": EVERYWHERE, "asin": (-0.9, 0.9), "acos": (-0.9, 0.9),
    "atan": EVERYWHERE, "asinh": EVERYWHERE, "acosh": (1.2, 4.0), "atanh": (-0.8, 0.8),
}  # fmt: skip
TWO = ["arctan2", "atan2", "hypot"]
PAIRS = [((3, 4), (3, 4)), ((3, 1), (4,)), ((), (2, 3)), ((2, 1, 3), (4, 1)), ((0,), (1,))]


@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ONE)
def test_of_one_array(name, layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype, *ONE[name]))
    compare(getattr(trig, name), getattr(torch, name), x)


@DTYPES
@pytest.mark.parametrize("shapes", PAIRS, ids=str)
@pytest.mark.parametrize("name", TWO)
def test_of_two_arrays(name, shapes, dtype):
    x, y = (random(shape, dtype, 0.3, 2, seed=i) * (-1) ** i for i, shape in enumerate(shapes))
    compare(getattr(trig, name), getattr(torch, name), x.astype(dtype), y.astype(dtype))


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_three_doors(name):
    args = [Tensor(random((3,), "float64", *ONE.get(name, (0.5, 1)), seed=i)) for i in range(2 if name in TWO else 1)]
    expected = getattr(np, name)(*[a.numpy() for a in args])
    for call in (getattr(trig, name), getattr(np, name), lambda x, *rest: getattr(x, name)(*rest)):
        out = call(*args)
        assert type(out) is Tensor
        np.testing.assert_array_equal(out.numpy(), expected)


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "sinh", "cosh", "arctan", "arcsinh", "arctanh"])
def test_third_derivatives(name):
    x = random((5,), "float64", -0.8, 0.8)
    compare(getattr(trig, name), getattr(torch, name), x, order=3)


def test_degrees_and_radians_by_numpys_names():
    x = Tensor([180.0], requires_grad=True, dtype=np.float64)
    (g,) = grad(np.radians(x), x, Tensor([1.0], dtype=np.float64))
    assert g.item() == np.pi / 180
    np.testing.assert_array_equal(np.degrees(x).detach().numpy(), np.degrees([180.0]))


@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sinc(layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype, 0.3, 3))
    compare(trig.sinc, torch.sinc, x)


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
