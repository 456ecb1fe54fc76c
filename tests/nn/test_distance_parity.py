"""Distances against PyTorch: values and gradients, and the second ones where PyTorch has them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from tests.parity import DTYPES, compare, random, torch

torch.set_num_threads(1)

POWERS = pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, math.inf])
MODES = [f"{word}use_mm_for_euclid_dist{end}" for word, end in (("", "_if_necessary"), ("", ""), ("donot_", ""))]


def all_distances(x, y, p):
    """What ``torch.cdist`` computes, with second derivatives."""
    return torch.linalg.vector_norm(x.unsqueeze(-2) - y.unsqueeze(-3), ord=p, dim=-1)


@DTYPES
@pytest.mark.parametrize(
    ("a", "b", "dim"),
    [
        ((4, 3), (4, 3), 1), ((4, 3), (4, 3), 0), ((4, 3), (3,), -1), ((3,), (3,), 0), ((2, 4, 3), (4, 1), 1),
        ((5, 1, 3), (1, 4, 3), 2), ((0, 3), (0, 3), 1), ((4, 1), (4, 3), 1), ((2, 3), (2, 1, 3), 2),
    ],
)  # fmt: skip
def test_cosine_similarity(a, b, dim, dtype):
    for eps in (1e-8, 0.5):
        compare(
            lambda x, y, eps=eps: F.cosine_similarity(x, y, dim=dim, eps=eps),
            lambda x, y, eps=eps: torch.nn.functional.cosine_similarity(x, y, dim=dim, eps=eps),
            2 + random(a, dtype, seed=3),
            2 + random(b, dtype, seed=4),
        )


def test_cosine_similarity_of_no_numbers_and_of_zero_vectors():
    for shape, dim in (((3, 0), 1), ((0, 3), 0), ((3, 0), 0)):
        compare(
            lambda x, y, dim=dim: F.cosine_similarity(x, y, dim),
            lambda x, y, dim=dim: torch.nn.functional.cosine_similarity(x, y, dim),
            np.zeros(shape),
            np.ones(shape),
        )
    compare(F.cosine_similarity, torch.nn.functional.cosine_similarity, np.zeros((1, 3)), random((1, 3)), order=1)


@DTYPES
@POWERS
def test_pairwise_distance(p, dtype):
    for (a, b), eps, keepdim in itertools.product(
        [((4, 3), (4, 3)), ((3,), (3,)), ((4, 3), (3,)), ((2, 1, 3), (4, 3)), ((0, 3), (0, 3)), ((3, 1), (3, 4))],
        (1e-6, 0.0, 0.25),
        (False, True),
    ):
        compare(
            lambda x, y, *options: F.pairwise_distance(x, y, p, *options),
            lambda x, y, *options: torch.nn.functional.pairwise_distance(x, y, p, *options),
            random(a, dtype, seed=1),
            random(b, dtype, seed=2),
            static=(eps, keepdim),
            order=1 if dtype == "float32" or p == math.inf else None,
        )


@DTYPES
@POWERS
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((4, 3), (5, 3)), ((2, 4, 3), (5, 3)), ((2, 1, 4, 3), (3, 5, 3)), ((1, 3), (1, 3)), ((0, 3), (4, 3)),
        ((4, 3), (0, 3)), ((4, 0), (5, 0)), ((0, 4, 3), (5, 3)), ((27, 2), (3, 2)), ((3, 27, 2), (3, 28, 2)),
    ],
)  # fmt: skip
def test_cdist(a, b, p, dtype):
    x, y = random(a, dtype, seed=1), random(b, dtype, seed=2)
    for mode in MODES if p == 2 else MODES[:1]:
        compare(
            lambda x, y, mode=mode: mg.cdist(x, y, p, mode),
            lambda x, y, mode=mode: torch.cdist(x, y, p, mode),
            x,
            y,
            order=1,
        )
    if dtype == "float64" and x.size and y.size and p != math.inf and x.shape[-2] < 10:
        for mode in MODES if p == 2 else MODES[:1]:
            compare(lambda x, y, mode=mode: mg.cdist(x, y, p, mode), lambda x, y: all_distances(x, y, p), x, y)


@POWERS
@pytest.mark.parametrize("count", [30, 3])
def test_equal_points_have_no_slope(p, count):
    """Some points of both sets are the same, and others share a number."""
    x = random((count, 2), seed=1)
    y = x.copy()
    y[::2] += [1.0, 0.5]
    y[0] = x[0] + [0.0, 1.0]
    compare(lambda x, y: mg.cdist(x, y, p), lambda x, y: torch.cdist(x, y, p, MODES[2]), x, y, order=1)
    if p == 2:
        zero = mg.ones(count, 2, dtype=np.float64).requires_grad_()
        (slope,) = mg.autograd.grad(mg.cdist(zero, zero.detach()).sum(), zero, create_graph=True)
        (bend,) = mg.autograd.grad(slope.sum(), zero, allow_unused=True)
        assert not slope.numpy(force=True).any() and (bend is None or not bend.numpy().any())


@POWERS
@DTYPES
def test_pdist(p, dtype):
    for shape in ((5, 3), (30, 2), (2, 3)):
        x = random(shape, dtype, seed=1)
        compare(lambda x: F.pdist(x, p), lambda x: torch.nn.functional.pdist(x, p), x, order=1)
    for shape in ((1, 3), (0, 3), (3, 0)):  # of these PyTorch's backward ends the process
        x = Tensor(random(shape, dtype), requires_grad=True)
        out = F.pdist(x, p)
        assert out.tolist() == torch.nn.functional.pdist(torch.ones(shape), p).tolist()
        out.sum().backward()
        assert x.grad.shape == shape and not x.grad.numpy().any()


def test_modules():
    x, y = random((4, 3), seed=1), random((4, 3), seed=2)
    for ours, theirs in (
        (nn.CosineSimilarity(0, 1e-3), torch.nn.CosineSimilarity(0, 1e-3)),
        (nn.PairwiseDistance(3.0, 1e-2, True), torch.nn.PairwiseDistance(3.0, 1e-2, True)),
    ):
        compare(ours, theirs, x, y)
        assert repr(ours).split("(")[0] == repr(theirs).split("(")[0]
    assert nn.PairwiseDistance(3.0).norm == torch.nn.PairwiseDistance(3.0).norm


def test_pytorchs_product_cancels_and_ours_does_not():
    x = (1000 + 1e-3 * np.random.default_rng(0).normal(size=(60, 3))).astype(np.float32)
    exact = torch.cdist(torch.tensor(x).double(), torch.tensor(x).double(), 2.0, MODES[2]).numpy()
    for mode in MODES:
        np.testing.assert_allclose(mg.cdist(Tensor(x), Tensor(x), 2.0, mode).numpy(), exact, rtol=1e-6)
    assert np.abs(torch.cdist(torch.tensor(x), torch.tensor(x)).numpy() - exact).max() > 0.1
