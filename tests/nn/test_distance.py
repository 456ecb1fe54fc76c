"""Distances where PyTorch is no measure: precision, extremes, bad input, second derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.autograd import gradgradcheck
from minigrad.nn import functional as F
from minigrad.nn.kernels import distance as of_distances

RNG = np.random.default_rng(0)
POWERS = (0.0, 0.5, 1.0, 2.0, 3.0, math.inf)


def wide(shape):
    return Tensor(RNG.normal(size=shape), requires_grad=True)


# --- extremes ---------------------------------------------------------------------------------------------------------
def test_zero_vectors_have_finite_derivatives_of_both_orders():
    for dtype in (np.float32, np.float64):
        x, y = (Tensor(np.zeros((2, 3), dtype), requires_grad=True) for _ in range(2))
        for other in (y, mg.ones(2, 3, dtype=dtype).requires_grad_()):
            cosine = F.cosine_similarity(x, other)
            (slope,) = autograd.grad(cosine.sum(), x, create_graph=True)
            bends = autograd.grad(slope.sum(), (x, other))
            assert not cosine.numpy(force=True).any()
            assert all(np.isfinite(t.numpy(force=True)).all() for t in (slope, *bends))


def test_a_vector_below_eps_is_divided_by_eps_and_by_nothing_else():
    x, y = Tensor(np.array([[3e-9, 4e-9]]), requires_grad=True), np.array([[0.6, 0.8]])
    cosine = F.cosine_similarity(x, y)
    assert cosine.item() == pytest.approx(0.5)
    (slope,) = autograd.grad(cosine.sum(), x)
    np.testing.assert_allclose(slope.numpy(), y / 1e-8)  # PyTorch's is (3.3e7, 4.3e7): as if the bound did not hold


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_cosines_do_not_overflow(size):
    x = Tensor(np.array([[3 * size, 4 * size]], np.float32), requires_grad=True)
    eps = 0.0 if size < 1 else 1e-8
    assert F.cosine_similarity(x, np.array([[4.0, 3.0]], np.float32), eps=eps).item() == pytest.approx(0.96)


@pytest.mark.parametrize("mode", ["use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"])
@pytest.mark.parametrize(("offset", "size"), [(1e8, 1.0), (0.0, 1e200), (0.0, 1e-200), (1e4, 1e-4)])
def test_distances_keep_their_digits(offset, size, mode):
    """Also far from the origin, and where squares overflow or vanish; the gradients are directions of length 1."""
    grid = np.arange(12.0).reshape(6, 2)
    points = offset + size * grid
    x = Tensor(points, requires_grad=True)
    y = Tensor(points[::-1].copy())
    steps = points[:, None] - points[::-1][None]
    exact = np.hypot(steps[..., 0], steps[..., 1])
    out = mg.cdist(x, y, 2.0, mode)
    np.testing.assert_allclose(out.numpy(force=True), exact, rtol=1e-14)
    weights = RNG.normal(size=exact.shape)
    (slope,) = autograd.grad((out * weights).sum(), x)
    directions = steps / np.where(exact == 0, 1, exact)[..., None]
    np.testing.assert_allclose(slope.numpy(), (weights[..., None] * directions).sum(1), rtol=1e-10, atol=1e-12)


def test_close_points_among_far_ones():
    """The product serves the far pairs, the differences the close ones; both orders agree with the plain formula."""
    x = RNG.normal(size=(40, 3)) * 5
    y = np.concatenate([x[:10] + 1e-3 * RNG.normal(size=(10, 3)), RNG.normal(size=(30, 3)) * 5])
    found = []
    for mode in ("use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"):
        a, b = Tensor(x, requires_grad=True), Tensor(y, requires_grad=True)
        out = mg.cdist(a, b, 2.0, mode)
        weights = np.random.default_rng(1).normal(size=out.shape)
        first = autograd.grad((out * weights).sum(), (a, b), create_graph=True)
        second = autograd.grad(sum((g * g).sum() for g in first), (a, b))
        found.append([t.numpy(force=True) for t in (out, *first, *second)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())


@pytest.mark.parametrize("block", [2**19, 30])
def test_points_that_all_lie_together(block, monkeypatch):
    """A network that has collapsed: every pair is close. Derivatives of both orders, also in parts that cut rows."""
    monkeypatch.setattr(of_distances, "_BLOCK", block)
    places = RNG.normal(size=(3, 4))
    x = places[RNG.integers(0, 3, 30)] + 1e-4 * RNG.integers(0, 2, (30, 1))
    weights = RNG.normal(size=(2, 30, 30))
    found = []
    for mode in ("use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"):
        a = Tensor(np.stack([x, x[::-1]]), requires_grad=True)
        b = Tensor(np.stack([x, x]), requires_grad=True)
        first = autograd.grad((mg.cdist(a, b, 2.0, mode) * weights).sum(), (a, b), create_graph=True)
        second = autograd.grad(sum((g * g).sum() for g in first), (a, b))
        found.append([t.numpy(force=True) for t in (*first, *second)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())


def test_what_is_not_finite_stays_where_it_is():
    x = RNG.normal(size=(30, 3))
    y = x.copy()
    y[3, 1], y[4, 0] = np.nan, np.inf
    out = mg.cdist(Tensor(x), Tensor(y)).numpy()
    assert np.isnan(out[:, 3]).all() and np.isinf(out[:, 4]).all()
    rest = np.delete(out, [3, 4], axis=1)
    np.testing.assert_allclose(
        rest, np.delete(np.linalg.norm(x[:, None] - x[None], axis=-1), [3, 4], axis=1), atol=1e-14
    )


def test_a_large_product_needs_no_array_of_differences():
    import tracemalloc

    x = Tensor(RNG.normal(size=(600, 128)), requires_grad=True)  # 46 million differences, 369 MB
    for p in (1.0, 2.0):
        tracemalloc.start()
        mg.cdist(x, x, p).sum().backward()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 30e6, p


# --- derivatives ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("p", POWERS[1:-1])
def test_second_derivatives(p):
    gradgradcheck(lambda x, y: mg.cdist(x, y, p), (wide((3, 2)), wide((2, 2))))
    gradgradcheck(lambda x: F.pdist(x, p), (wide((4, 2)),))
    gradgradcheck(lambda x, y: F.pairwise_distance(x, y, p), (wide((3, 2)), wide((3, 2))))
    gradgradcheck(lambda x, y: F.cosine_similarity(x, y), (wide((3, 2)), wide((3, 2))))


def test_the_same_tensor_twice():
    x = wide((30, 3))
    (slope,) = autograd.grad(mg.cdist(x, x).sum(), x)
    y = x.detach().requires_grad_()
    (half,) = autograd.grad(mg.cdist(x, y).sum(), x)
    np.testing.assert_allclose(slope.numpy(), 2 * half.numpy(), rtol=1e-12)


@pytest.mark.parametrize("p", [2.0, math.inf])
def test_ties_for_the_largest_share_the_gradient(p):
    x = Tensor([[1.0, 1.0]], requires_grad=True)
    (slope,) = autograd.grad(mg.cdist(x, [[0.0, 0.0]], math.inf).sum(), x)
    assert slope.tolist() == [[0.5, 0.5]]  # PyTorch: [[1, 1]], which no convex combination of slopes gives


# --- dtypes and bad input ---------------------------------------------------------------------------------------------
def test_dtypes():
    for name in ("cosine_similarity", "pairwise_distance", "cdist"):
        function = getattr(mg, name)
        for first, second in (("float16", "float16"), ("float16", "float32"), ("float32", "float64")):
            x = Tensor(np.ones((3, 2), first), requires_grad=True)
            y = Tensor(np.full((3, 2), 3.0, second), requires_grad=True)
            out = function(x, y)
            assert out.dtype == np.result_type(first, second)
            slopes = autograd.grad(out.sum(), (x, y))
            assert [g.dtype.name for g in slopes] == [first, second]
        assert function([[1.0, 2.0]], [[1.0, 2.0]]).dtype == np.float32
        assert function(Tensor(np.ones((1, 2))), [[1.0, 2.0]]).dtype == np.float64
        with pytest.raises(TypeError, match=f"{name}: the x2 must be floating-point, got int64"):
            function(mg.ones(2, 2), np.ones((2, 2), np.int64))
    large = Tensor(np.full((1, 4), 200.0, np.float16))
    assert mg.cdist(large, -large).item() == 800  # the squares do not fit into half precision


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: mg.cdist(x, mg.ones(2, 2)), r"as many numbers, got 3 and 2 for shapes \(4, 3\) and \(2, 2\)"),
        (lambda x: mg.cdist(x[0], x), r"sets of points are needed.*got \(3,\) and \(4, 3\); one point is"),
        (lambda x: mg.cdist(x, x, -1.0), "p must be at least 0, got -1.0"),
        (lambda x: mg.cdist(x, x, math.nan), "p must be at least 0, got nan"),
        (lambda x: mg.cdist(x, x, 2.0, "mm"), "compute_mode must be one of .*, got 'mm'"),
        (lambda x: mg.cdist(mg.ones(2, 4, 3), mg.ones(3, 4, 3)), r"shapes \(2,\) and \(3,\) do not broadcast"),
        (lambda x: F.pdist(x[0]), r"\(points, numbers\), got shape \(3,\)"),
        (lambda x: F.pdist(x, -2), "p must be at least 0, got -2"),
        (lambda x: F.cosine_similarity(x, mg.ones(4, 2)), r"shapes \(4, 3\) and \(4, 2\) do not broadcast"),
        (lambda x: F.cosine_similarity(x, x, dim=2), "dim"),
        (lambda x: F.pairwise_distance(x, mg.ones(4)), r"shapes \(4, 3\) and \(4,\) do not broadcast"),
        (lambda x: F.pairwise_distance(x[0, 0], x[0, 0]), "vectors are needed, got two single numbers"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises((ValueError, IndexError), match=message):
        call(mg.ones(4, 3))


def test_a_result_does_not_follow_later_writes():
    x, y = np.ones((2, 2)), np.zeros((2, 2))
    a = Tensor(x.copy(), requires_grad=True)
    out = mg.cdist(a, y)
    y[:] = 5
    (slope,) = autograd.grad(out.sum(), a)
    np.testing.assert_allclose(slope.numpy(), np.full((2, 2), math.sqrt(2)))
