"""Sorting, ranks, medians and quantiles, searching and counting, against PyTorch and NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.autograd import grad
from minigrad.ops import order, search
from tests.parity import DTYPES, LAYOUTS, compare, random, torch

ALONG = {
    "sort": (lambda x, d: order.sort(x, d).values, lambda x, d: torch.sort(x, d).values),
    "descending": (lambda x, d: order.sort(x, d, True).values, lambda x, d: torch.sort(x, d, True).values),
    "topk": (lambda x, d: order.topk(x, 1, d).values, lambda x, d: torch.topk(x, 1, d).values),
    "median": (lambda x, d: order.median(x, d).values, lambda x, d: torch.median(x, d).values),
    "kept median": (lambda x, d: order.median(x, d, True).values, lambda x, d: torch.median(x, d, True).values),
    "kthvalue": (lambda x, d: order.kthvalue(x, 1, d).values, lambda x, d: torch.kthvalue(x, 1, d).values),
    "quantile": (lambda x, d: order.quantile(x, 0.3, d), lambda x, d: torch.quantile(x, 0.3, d)),
}
TIES = np.array([[2.0, 1.0, 2.0, 1.0, 3.0], [1.0, 1.0, 1.0, 1.0, 1.0]])


@DTYPES
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if not name.startswith("empty") and name != "repeated"])
@pytest.mark.parametrize("name", ALONG)
def test_along_every_dimension(name, layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype))
    for dim in range(-max(x.ndim, 1), max(x.ndim, 1)):
        compare(*ALONG[name], x, static=(dim,))


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3)])
def test_sorting_nothing(shape):
    compare(order.msort, torch.msort, np.zeros(shape))
    compare(*ALONG["sort"], np.zeros(shape), static=(-1,))
    for function in (order.median, lambda t: order.kthvalue(t, 1, 0), lambda t: order.quantile(t, 0.5)):
        if shape == (0,):
            with pytest.raises(ValueError, match="of no values"):
                function(Tensor(np.zeros(shape)))


@pytest.mark.parametrize("descending", [False, True])
def test_stable_indices(descending):
    x = np.array([[2.0, 1.0, 2.0, np.nan, 1.0], [3.0, 3.0, 0.0, 0.0, -1.0]])
    for dim in (0, 1):
        theirs = torch.sort(torch.tensor(x), dim=dim, descending=descending, stable=True)
        ours = order.sort(Tensor(x), dim, descending, stable=True)
        np.testing.assert_array_equal(ours.indices.numpy(), theirs.indices.numpy())
        np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())
        np.testing.assert_array_equal(order.argsort(Tensor(x), dim, descending).numpy(), theirs.indices.numpy())


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("k", [0, 1, 3, 10, 40])
def test_topk(k, largest):
    x = random((3, 40))
    theirs = torch.topk(torch.tensor(x), k, -1, largest)
    ours = order.topk(Tensor(x), k, -1, largest)
    np.testing.assert_array_equal(ours.indices.numpy(), theirs.indices.numpy())
    compare(lambda t: order.topk(t, k, 1, largest).values, lambda t: torch.topk(t, k, 1, largest).values, x)


# --- medians and quantiles --------------------------------------------------------------------------------------------
@DTYPES
@pytest.mark.parametrize("shape", [(), (1,), (5,), (4,), (3, 4)], ids=str)
def test_median_of_everything(shape, dtype):
    compare(order.median, torch.median, random(shape, dtype))


def test_medians_with_ties():
    compare(order.median, torch.median, TIES, order=1)
    t = Tensor(TIES, requires_grad=True)
    found = order.median(t, 1)
    found.values.sum().backward()
    expected = np.zeros_like(TIES)
    expected[[0, 1], found.indices.numpy()] = 1
    np.testing.assert_array_equal(t.grad.numpy(), expected)
    np.testing.assert_array_equal(found.values.detach().numpy(), [2, 1])


def test_medians_of_nan_are_nan():
    x = np.array([[1.0, np.nan, 3.0], [1.0, 2.0, 3.0]])
    compare(order.median, torch.median, x, order=1)
    compare(*ALONG["median"], x, static=(1,), order=1)
    assert order.median(Tensor(x), 1).indices.tolist() == torch.median(torch.tensor(x), 1).indices.tolist()
    for axis in (None, 0, 1):
        np.testing.assert_array_equal(np.median(Tensor(x), axis=axis).numpy(), np.median(x, axis=axis))


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_numpys_median_and_quantiles(axis, keepdims):
    x = random((3, 4, 2))
    t = Tensor(x)
    for name, more in (("median", ()), ("quantile", (0.3,)), ("quantile", ([0.1, 0.8],)), ("percentile", (30,))):
        expected = getattr(np, name)(x, *more, axis=axis, keepdims=keepdims)
        got = getattr(np, name)(t, *more, axis=axis, keepdims=keepdims)
        assert got.shape == np.shape(expected)
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12, err_msg=name)


@DTYPES
@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles(interpolation, dtype):
    x = random((3, 5), dtype)
    for q in (0.0, 0.25, 0.61, 1.0):
        for dim in (None, 0, 1):
            for keep in (False, True):
                compare(
                    lambda t, q=q, d=dim, k=keep: order.quantile(t, q, d, k, interpolation=interpolation),
                    lambda t, q=q, d=dim, k=keep: torch.quantile(t, q, d, k, interpolation=interpolation),
                    x,
                    order=1,
                )
    levels = np.array([0.2, 0.7], dtype)
    compare(lambda t: order.quantile(t, levels, 1), lambda t: torch.quantile(t, torch.tensor(levels), 1), x, order=1)


# --- NumPy's functions, and results without gradient ------------------------------------------------------------------
def test_numpys_sort():
    x = random((3, 4))
    for axis in (None, 0, 1):
        np.testing.assert_array_equal(np.sort(Tensor(x), axis=axis).numpy(), np.sort(x, axis=axis))
        np.testing.assert_array_equal(np.argsort(Tensor(x), axis=axis).numpy(), np.argsort(x, axis=axis))


def test_positions():
    x = np.array([[0.0, 1.0], [2.0, 0.0]])
    t, u = Tensor(x, requires_grad=True), torch.tensor(x)
    np.testing.assert_array_equal(search.nonzero(t).numpy(), torch.nonzero(u).numpy())
    np.testing.assert_array_equal(np.argwhere(t).numpy(), np.argwhere(x))
    for found in (np.nonzero(t), t.nonzero(as_tuple=True), np.where(t > 0), search.where(t > 0)):
        assert all(type(row) is Tensor for row in found)
        np.testing.assert_array_equal([row.numpy() for row in found], np.nonzero(x))
        assert t[found].tolist() == [1, 2]
    (g,) = grad(t.where(t > 1, 0.0).sum(), t)
    np.testing.assert_array_equal(g.numpy(), [[0, 0], [1, 0]])
    (g,) = grad(np.where(t > 1, t, 0.0).sum(), t)
    np.testing.assert_array_equal(g.numpy(), [[0, 0], [1, 0]])
    np.testing.assert_array_equal(np.flatnonzero(t).numpy(), [1, 2])


@pytest.mark.parametrize("right", [False, True])
def test_searching(right):
    rows, wanted = np.array([[1.0, 3.0, 3.0, 5.0], [2.0, 4.0, 6.0, 8.0]]), np.array([[3.0, 0.0, 9.0], [4.0, 5.0, 8.0]])
    a, b = torch.tensor(rows), torch.tensor(wanted)
    expected = torch.searchsorted(a, b, right=right)
    np.testing.assert_array_equal(search.searchsorted(rows, Tensor(wanted), right=right).numpy(), expected.numpy())
    ours = search.bucketize(Tensor(wanted), Tensor(rows[0]), right=right)
    np.testing.assert_array_equal(ours.numpy(), torch.bucketize(b, a[0], right=right).numpy())
    side = "right" if right else "left"
    np.testing.assert_array_equal(np.searchsorted(rows[0], Tensor(wanted), side).numpy(), ours.numpy())
    np.testing.assert_array_equal(
        np.digitize(Tensor(wanted), rows[0], right).numpy(), np.digitize(wanted, rows[0], right)
    )


def test_counting():
    x = np.array([[3, 1, 3], [0, 1, 7]])
    t, u = Tensor(x), torch.tensor(x)
    for more in (
        {},
        {"return_inverse": True},
        {"return_counts": True},
        {"return_inverse": True, "return_counts": True},
    ):
        ours, theirs = search.unique(t, **more), torch.unique(u, **more)
        for a, b in zip(*[(r if isinstance(r, tuple) else (r,)) for r in (ours, theirs)], strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    np.testing.assert_array_equal(search.unique(t, dim=1).numpy(), torch.unique(u, dim=1).numpy())
    for a, b in zip(np.unique(t, return_index=True), np.unique(x, return_index=True), strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
    np.testing.assert_array_equal(search.bincount(t.reshape(-1)).numpy(), torch.bincount(u.reshape(-1)).numpy())
    weights = search.bincount(Tensor([0, 2, 2]), Tensor([0.5, 1.0, 2.0]), 5)
    assert weights.dtype == np.float32 and weights.tolist() == [0.5, 0, 3, 0, 0]


def test_histograms():
    x = random((50,), "float32")
    for args in ((), (10,), (4, -1, 1), (5, -3, 3)):
        ours, theirs = search.histc(Tensor(x), *args), torch.histc(torch.tensor(x), *args)
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    for a, b in zip(np.histogram(Tensor(x), 5), np.histogram(x, 5), strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
