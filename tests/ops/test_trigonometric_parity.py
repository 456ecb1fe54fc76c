"""Trigonometric and hyperbolic functions against PyTorch and against identities."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops import trigonometric as trig
from tests.ops.test_trigonometric import TWO  # noqa: E402
from tests.parity import DTYPES, LAYOUTS, compare, random, torch

# Name -> the interval in which it is smooth.
EVERYWHERE = (-2.0, 2.0)
ONE = {
    "sin": EVERYWHERE, "cos": EVERYWHERE, "tan": (-1.2, 1.2), "arcsin": (-0.9, 0.9), "arccos": (-0.9, 0.9),
    "arctan": EVERYWHERE, "sinh": EVERYWHERE, "cosh": EVERYWHERE, "arcsinh": EVERYWHERE, "arccosh": (1.2, 4.0),
    "arctanh": (-0.8, 0.8), "deg2rad": EVERYWHERE, "rad2deg": EVERYWHERE, "asin": (-0.9, 0.9), "acos": (-0.9, 0.9),
    "atan": EVERYWHERE, "asinh": EVERYWHERE, "acosh": (1.2, 4.0), "atanh": (-0.8, 0.8),
}  # fmt: skip
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


@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sinc(layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype, 0.3, 3))
    compare(trig.sinc, torch.sinc, x)
