"""Exponentials, logarithms, error functions and rounding against PyTorch; values and slopes at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from tests.ops.special.test_elementary import TWO, slopes  # noqa: E402
from tests.parity import DTYPES, LAYOUTS, compare, random, torch

EVERYWHERE = (-2.0, 2.0)
ONE = {
    "exp2": EVERYWHERE, "expm1": EVERYWHERE, "log1p": (-0.8, 3.0), "log2": (0.3, 3.0), "log10": (0.3, 3.0),
    "rsqrt": (0.3, 3.0), "reciprocal": (0.3, 3.0), "erf": (-3.0, 3.0), "erfc": (-3.0, 3.0), "floor": EVERYWHERE,
    "ceil": EVERYWHERE, "trunc": EVERYWHERE, "round": EVERYWHERE, "frac": EVERYWHERE, "nan_to_num": EVERYWHERE,
}  # fmt: skip
PAIRS = [((3, 4), (3, 4)), ((3, 1), (4,)), ((), (2, 3)), ((2, 1, 3), (4, 1)), ((0,), (1,))]


def theirs(name):
    return getattr(torch, name.rstrip("_"))


@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ONE)
def test_of_one_array(name, layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype, *ONE[name]))
    compare(getattr(mg, name), theirs(name), x)


@DTYPES
@pytest.mark.parametrize("shapes", PAIRS, ids=str)
@pytest.mark.parametrize("name", TWO)
def test_of_two_arrays(name, shapes, dtype):
    x, y = (random(shape, dtype, 0.3, 2, seed=i) for i, shape in enumerate(shapes))
    if name == "fmod" and dtype == "float32":
        x = x + np.float32(0.01)
    compare(getattr(mg, name), theirs(name), x, y)


@pytest.mark.parametrize("name", ["exp2", "expm1", "log1p", "log2", "rsqrt", "reciprocal", "erf", "erfc"])
def test_third_derivatives(name):
    compare(getattr(mg, name), theirs(name), random((5,), "float64", 0.4, 1.8), order=3)


def test_erf_of_many_numbers_is_that_of_each():
    x = random((3, 50, 400), "float64", -5, 5)[:, ::2]
    for function in (mg.erf, mg.erfc):
        out = function(x)
        assert out.shape == x.shape
        np.testing.assert_array_equal(out[1], function(np.array(x[1])))
    half = mg.erf(np.linspace(-3, 3, 50, dtype=np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, [math.erf(v) for v in np.linspace(-3, 3, 50, dtype=np.float16)], rtol=1e-3)


@DTYPES
def test_erf_where_there_is_no_number(dtype):
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0], dtype)
    np.testing.assert_array_equal(mg.erf(x), np.array([1, -1, np.nan, 0, 0], dtype))
    np.testing.assert_array_equal(mg.erfc(x), np.array([0, 2, np.nan, 1, 1], dtype))


def test_0_log_0():
    assert slopes(mg.xlogy, 0.0, 0.0) == [0, 0, 0]
    compare(mg.xlogy, torch.xlogy, np.zeros(3), np.array([0.5, 1.0, 2.0]), order=1)
    assert np.isnan(mg.xlogy(Tensor([0.0]), Tensor([np.nan])).item())
    assert mg.xlogy(Tensor([0.0, 2.0]), 3.0).dtype == np.float32
    assert mg.xlogy(2, Tensor([1, 3])).dtype == np.float32
    np.testing.assert_allclose(mg.xlogy(2, Tensor([1, 3])).numpy(), [0, 2 * math.log(3)], rtol=1e-6)


def test_signs_and_ties():
    assert slopes(mg.copysign, 0.0, -1.0)[1:] == [0, 0]
    assert slopes(mg.copysign, 2.0, -1.0) == [-2, -1, 0]
    assert slopes(mg.heaviside, 0.0, 0.5) == [0.5, 0, 1]
    assert slopes(mg.heaviside, 2.0, 0.5) == [1, 0, 0]
    ties = np.array([1.0, 1.0, np.nan, 2.0]), np.array([1.0, np.nan, 1.0, 3.0])
    for name in ("fmax", "fmin"):
        compare(getattr(mg, name), theirs(name), *ties, order=1)


def test_rounding_to_decimals():
    x = random((3, 4), "float64", -5, 5)
    for decimals in (0, 2, -1):
        compare(lambda t, d=decimals: mg.round(t, d), lambda t, d=decimals: torch.round(t, decimals=d), x)


@DTYPES
def test_replacing_what_is_not_finite(dtype):
    x = np.array([np.nan, np.inf, -np.inf, 2.0], dtype)
    compare(mg.nan_to_num, torch.nan_to_num, x, order=1)
    compare(mg.nan_to_num, torch.nan_to_num, x, static=(1.0, 2.0, -3.0), order=1)
    np.testing.assert_array_equal(np.nan_to_num(Tensor(x), nan=5.0, posinf=1, neginf=-1).numpy(), [5, 1, -1, 2])
