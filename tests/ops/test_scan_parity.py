"""Running sums, products and extremes against PyTorch, with zeros and ties."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops import scan
from tests.ops.test_scan import EXTREMES, SCANS  # noqa: E402
from tests.parity import DTYPES, LAYOUTS, compare, random, torch
from tests.samples.scan import WITH_ZEROS


def pair(name):
    """The function here and in PyTorch, both giving values only."""
    if name in SCANS:
        return getattr(scan, name), getattr(torch, name)
    return (lambda *a: getattr(scan, name)(*a).values), (lambda *a: getattr(torch, name)(*a).values)


@DTYPES
@pytest.mark.parametrize(
    ("name", "layout"),
    [*product(SCANS, LAYOUTS), *product(EXTREMES, [layout for layout in LAYOUTS if "empty" not in layout])],
)
def test_along_every_dimension(name, layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype))
    for dim in range(-max(x.ndim, 1), max(x.ndim, 1)):
        compare(*pair(name), x, static=(dim,))


@pytest.mark.parametrize(
    "x", [WITH_ZEROS, np.zeros(4), np.array([2.0, 0.0, 3.0, 0.0, 0.0])], ids=["some", "all", "few"]
)
def test_products_with_zeros(x):
    for dim in range(x.ndim):
        compare(scan.cumprod, torch.cumprod, x, static=(dim,), order=2)


def test_third_derivatives():
    x = random((4,))
    for name in ("cumsum", "cumprod"):
        compare(*pair(name), x, static=(0,), order=3)
    plain = lambda t: torch.log(torch.cumsum(torch.exp(t), 0))  # noqa: E731 - PyTorch's own third derivative is NaN
    compare(lambda t: scan.logcumsumexp(t, 0), plain, x, order=3)


def test_long_products_neither_divide_nor_overflow():
    x = np.full(2000, 0.5)
    x[1000] = 0
    compare(scan.cumprod, torch.cumprod, x, static=(0,), order=1)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 100])
def test_recurrence_is_the_loop(n):
    a, b = random((n, 3), seed=1), random((n, 3), seed=2)
    s, expected = np.zeros(3), []
    for k in range(n):
        s = a[k] * s + b[k]
        expected.append(s)
    np.testing.assert_allclose(scan.recurrence(a, b, axis=0), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", EXTREMES)
def test_indices_and_ties(name):
    x = np.array([[1.0, 3.0, 3.0, 2.0, 3.0], [2.0, 2.0, 1.0, 1.0, 4.0], [1.0, np.nan, 5.0, 0.0, 1.0]])
    for dim in (0, 1):
        ours, theirs = getattr(scan, name)(Tensor(x), dim), getattr(torch, name)(torch.tensor(x), dim)
        np.testing.assert_array_equal(ours.indices.numpy(), theirs.indices.numpy())
        np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())
    compare(*pair(name), x[:2], static=(1,), order=1)


@DTYPES
def test_differences(dtype):
    x, a, b = random((3, 5), dtype), random((3, 2), dtype, seed=1), random((3, 1), dtype, seed=2)
    for n in (0, 1, 2, 4, 6):
        for dim in (0, 1, -2):
            compare(lambda t, n=n, d=dim: scan.diff(t, n, d), lambda t, n=n, d=dim: torch.diff(t, n, d), x, order=1)
    compare(
        lambda t, u, v: scan.diff(t, 1, -1, u, v), lambda t, u, v: torch.diff(t, 1, -1, prepend=u, append=v), x, a, b
    )
    np.testing.assert_array_equal(np.diff(Tensor(x), prepend=0).numpy(), np.diff(x, prepend=x.dtype.type(0)))
    assert scan.diff(Tensor([True, False, False])).tolist() == [True, False]


def test_numpys_signatures():
    x = random((2, 3))
    t = Tensor(x)
    for function in (np.cumsum, np.cumprod):
        np.testing.assert_array_equal(function(t).numpy(), function(x))
        np.testing.assert_array_equal(function(t, axis=1).numpy(), function(x, axis=1))
    np.testing.assert_array_equal(t.cumsum(axis=0).numpy(), np.cumsum(x, 0))
    if hasattr(np, "cumulative_sum"):
        np.testing.assert_array_equal(np.cumulative_sum(t, axis=1).numpy(), np.cumsum(x, 1))
        with pytest.raises(ValueError, match="the axis to run along is needed"):
            np.cumulative_prod(t)
