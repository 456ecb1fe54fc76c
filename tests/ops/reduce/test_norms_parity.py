"""Products, standard deviations and norms against PyTorch: every choice of dimensions, zeros, kinks."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.autograd import grad
from tests.parity import DTYPES, LAYOUTS, compare, random, torch
from tests.samples.scan import WITH_ZEROS

POWERS = [0, 0.5, 1, 1.5, 2, 3, math.inf, -math.inf, -1, "fro"]
SEVERAL = {
    "std": (lambda x, d, k: mg.std(x, d, keepdim=k), lambda x, d, k: torch.std(x, dim=d, keepdim=k)),
    "biased std": (
        lambda x, d, k: mg.std(x, d, correction=0, keepdim=k),
        lambda x, d, k: torch.std(x, dim=d, correction=0, keepdim=k),
    ),
    "std_mean": (
        lambda x, d, k: mg.std_mean(x, d, keepdim=k)[0] * mg.std_mean(x, d, keepdim=k)[1],
        lambda x, d, k: torch.std_mean(x, dim=d, keepdim=k)[0] * torch.std_mean(x, dim=d, keepdim=k)[1],
    ),
    "var_mean": (
        lambda x, d, k: mg.var_mean(x, d, keepdim=k)[0] * mg.var_mean(x, d, keepdim=k)[1],
        lambda x, d, k: torch.var_mean(x, dim=d, keepdim=k)[0] * torch.var_mean(x, dim=d, keepdim=k)[1],
    ),
    "norm": (lambda x, d, k: mg.norm(x, 2, d, k), lambda x, d, k: torch.norm(x, 2, d, k)),
    "nansum": (mg.nansum, torch.nansum),
    "nanmean": (mg.nanmean, torch.nanmean),
}
ONE = {
    "prod": (mg.prod, torch.prod),
    "aminmax": (
        lambda x, d, k: mg.aminmax(x, dim=d, keepdim=k).min * mg.aminmax(x, dim=d, keepdim=k).max,
        lambda x, d, k: torch.aminmax(x, dim=d, keepdim=k).min * torch.aminmax(x, dim=d, keepdim=k).max,
    ),
}


def several(rank):
    return [c for n in range(1, rank + 1) for c in combinations(range(rank), n)]


@DTYPES
@pytest.mark.parametrize("layout", ["cube", "transposed", "strided", "reversed", "repeated", "ones around"])
@pytest.mark.parametrize("name", [*SEVERAL, *ONE])
def test_over_dimensions(name, layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype))
    for dim in several(x.ndim) if name in SEVERAL else range(-x.ndim, x.ndim):
        if name in ("std", "std_mean", "var_mean") and math.prod(x.shape[d] for d in dim) == 1:
            continue
        if name == "biased std" and math.prod(x.shape[d] for d in dim) == 1:
            continue
        constant = name == "std_mean" and layout == "repeated"  # PyTorch's second derivative is NaN where std is 0
        compare(*{**SEVERAL, **ONE}[name], x, static=(dim, False), order=1 if constant else None)
        compare(*{**SEVERAL, **ONE}[name], x, static=(dim, True), order=1)


@DTYPES
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if not name.startswith("empty")])
def test_over_everything(layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype))
    compare(mg.prod, torch.prod, x)
    compare(mg.norm, torch.norm, x, order=1 if x.size == 1 else None)
    compare(mg.nansum, torch.nansum, x)
    if x.size > 1:
        compare(mg.std, torch.std, x)


def test_of_nothing():
    for shape in [(0,), (2, 0, 3)]:
        x = np.zeros(shape)
        compare(mg.prod, torch.prod, x)
        compare(mg.norm, torch.norm, x)
        for function in (mg.std, mg.aminmax, mg.ptp):
            with pytest.raises(ValueError, match="over no values"):
                function(Tensor(x))


# --- products ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("x", [WITH_ZEROS, np.zeros((2, 2)), np.array([[0.0, 2.0, 3.0]])], ids=["some", "all", "one"])
def test_products_with_zeros(x):
    for dim in (0, 1):
        compare(mg.prod, torch.prod, x, static=(dim,), order=2)
    compare(mg.prod, torch.prod, x, order=2)


def test_products_over_several_dimensions():
    x = random((2, 3, 2, 2))
    x[0, 1, 0, 0] = x[1, 2, 1, 1] = 0
    for dims in several(4):

        def chained(t, dims=dims):
            for d in reversed(dims):
                t = torch.prod(t, d)
            return t

        compare(lambda t, dims=dims: mg.prod(t, dims), chained, x, order=2)


# --- norms ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("p", POWERS, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_power(p, dtype):
    x = random((3, 4), dtype) + np.array(0.01, dtype)
    for dim in (None, 0, (0, 1)):
        compare(lambda t, d=dim: mg.norm(t, p, d), lambda t, d=dim: torch.norm(t, p, d), x)


@pytest.mark.parametrize("p", [0, 1, 1.5, 2, 3, math.inf, "fro"], ids=str)
def test_the_gradient_at_0_is_0(p):
    x = Tensor(np.zeros((2, 3)), requires_grad=True)
    (g,) = grad(mg.norm(x, p), x)
    np.testing.assert_array_equal(g.numpy(), 0)
    compare(lambda t: mg.norm(t, p, 1), lambda t: torch.norm(t, p, 1), np.array([[0.0, 2.0], [0.0, 0.0]]), order=1)


def test_second_derivatives_at_0():
    """0 as well; PyTorch agrees for the deviation, and has NaN for the norm."""
    compare(lambda t: mg.std(t, 1), lambda t: torch.std(t, 1), np.array([[1.0, 2.0], [3.0, 3.0]]), order=2)
    x = Tensor(np.zeros(2), requires_grad=True)
    (first,) = grad(mg.norm(x), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert second.tolist() == [0, 0]


def test_ties_of_the_largest_norm():
    compare(lambda t: mg.norm(t, math.inf), lambda t: torch.norm(t, math.inf), np.array([2.0, -2.0, 1.0]), order=1)


def test_numpys_norm():
    x = random((3, 4))
    cases = [
        {},
        {"axis": 1},
        {"ord": 1, "axis": 0},
        {"ord": 3, "axis": 0},
        {"axis": (0, 1)},
        {"axis": 0, "keepdims": True},
    ]
    for more in [*cases, *[{"ord": o} for o in ("fro", 1, -1, np.inf, -np.inf)], {"ord": 1, "keepdims": True}]:
        expected = np.linalg.norm(x, **more)
        got = np.linalg.norm(Tensor(x), **more).numpy()
        np.testing.assert_allclose(got, expected, rtol=1e-12, err_msg=str(more))
        assert got.shape == np.shape(expected)
    for order in (0, 1, 2, 3.5, -1, np.inf, -np.inf):
        got = np.linalg.norm(Tensor(x[0]), order).item()
        assert got == pytest.approx(np.linalg.norm(x[0], order), rel=1e-12), order
    with pytest.raises(ValueError, match="singular values"):
        np.linalg.norm(Tensor(x), 2)


# --- standard deviation -----------------------------------------------------------------------------------------------
def test_no_spread_no_slope():
    x = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
    compare(lambda t: mg.std(t, 1), lambda t: torch.std(t, 1), x, order=1)
    t = Tensor(np.ones(3), requires_grad=True)
    mg.std(t).backward()
    assert t.grad.tolist() == [0, 0, 0]


def test_both_doors_to_std():
    x = Tensor(random((3, 4)))
    np.testing.assert_allclose(np.std(x, axis=1).numpy(), np.std(x.numpy(), axis=1))
    np.testing.assert_allclose(np.std(x, ddof=1).numpy(), np.std(x.numpy(), ddof=1))
    np.testing.assert_allclose(x.std(False).numpy(), np.std(x.numpy()))
    np.testing.assert_allclose(x.std(dim=1, unbiased=False).numpy(), np.std(x.numpy(), axis=1))
    np.testing.assert_array_equal(np.ptp(x, axis=0).numpy(), np.ptp(x.numpy(), axis=0))


# --- NaN and counts ---------------------------------------------------------------------------------------------------
@DTYPES
def test_passing_over_nan(dtype):
    x = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, 2.0]], dtype)
    for dim in (None, 0, 1):
        compare(lambda t, d=dim: mg.nansum(t, d), lambda t, d=dim: torch.nansum(t, d), x, order=1)
    compare(lambda t: mg.nanmean(t, 1), lambda t: torch.nanmean(t, 1), x, order=1)
    np.testing.assert_array_equal(np.nanmean(Tensor(x), axis=1).numpy(), np.nanmean(x, axis=1))
    assert np.isnan(mg.nanmean(Tensor([np.nan])).item())


def test_counts():
    x = np.array([[0.0, 1.0], [2.0, 3.0]])
    for dim in (None, 0, 1, (0, 1)):
        ours, theirs = mg.count_nonzero(Tensor(x), dim), torch.count_nonzero(torch.tensor(x), dim)
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert np.count_nonzero(Tensor(x)).item() == 3
