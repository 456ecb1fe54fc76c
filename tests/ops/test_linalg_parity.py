"""Matrix products and the linear map against PyTorch, over every combination of ranks and broadcast stacks."""

from __future__ import annotations

import operator
from itertools import product

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.nn.kernels.linear import linear
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch

# Shapes of the left and the right factor by rank, k = 3 being summed over.
LEFT = {1: [(3,)], 2: [(2, 3), (1, 3)], 3: [(5, 2, 3), (1, 2, 3)], 4: [(4, 5, 2, 3), (4, 1, 2, 3), (1, 5, 1, 3)]}
RIGHT = {1: [(3,)], 2: [(3, 2), (3, 1)], 3: [(5, 3, 2), (1, 3, 2)], 4: [(4, 5, 3, 2), (1, 5, 3, 2), (4, 1, 3, 1)]}
PAIRS = [(a, b) for i, j in product(LEFT, RIGHT) for a, b in product(LEFT[i], RIGHT[j])]
EMPTY = [
    ((0,), (0,)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
    ((2, 3), (3, 0)),
    ((2, 3, 0), (0, 4)),
    ((2, 3, 4), (4, 0)),
    ((0, 3, 4), (4, 2)),
    ((0, 3, 4), (0, 4, 2)),
    ((0, 3, 4), (1, 4, 2)),
    ((0,), (0, 3)),
    ((2, 0), (0,)),
    ((3,), (0, 3, 2)),
    ((0, 2, 3), (3,)),
]
COLUMNS_AND_ROWS = [
    ((4, 1), (1, 3)),
    ((1, 1), (1, 1)),
    ((2, 3, 1), (1, 4)),
    ((2, 3, 1), (2, 1, 4)),
    ((3, 1), (5, 1, 2)),
    ((0, 1), (1, 3)),
    ((2, 1), (1, 0)),
    ((1,), (1, 3)),
    ((3, 1), (1,)),
]


@DTYPES
@pytest.mark.parametrize(("a", "b"), PAIRS + EMPTY + COLUMNS_AND_ROWS, ids=str)
def test_matmul(a, b, dtype):
    compare(mg.matmul, torch.matmul, random(a, dtype), random(b, dtype, seed=1))


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed", "repeated"])
def test_matmul_of_any_layout(layout):
    x = LAYOUTS[layout](random)
    for y in (random((x.shape[-1],), seed=1), random((x.shape[-1], 2), seed=1), random((2, x.shape[-1]), seed=1).T):
        compare(mg.matmul, torch.matmul, x, y)
    compare(lambda t: t @ t.mT, lambda t: t @ t.mT, x)


def test_one_matrix_on_both_sides():
    compare(lambda x: x @ x, lambda x: x @ x, np.array([[1.0, 2.0], [3.0, 4.0]]))
    compare(lambda x: x @ x @ x, lambda x: x @ x @ x, random((3, 3)))
    compare(lambda x: x @ x, lambda x: x @ x, random((3,)))
    x = leaf(np.array([[1.0, 2.0], [3.0, 4.0]]))
    (x @ x).sum().backward()
    assert x.grad.tolist() == [[7, 11], [9, 13]]


@pytest.mark.parametrize(("a", "b"), PAIRS[::5], ids=str)
def test_every_door(a, b):
    a, b = random(a), random(b, seed=1)
    results = []
    for call in (mg.matmul, Tensor.matmul, operator.matmul, np.matmul, lambda x, y: y.__rmatmul__(x)):
        x, y = leaf(a), leaf(b)
        out = call(x, y)
        results.append([out.detach().numpy(), *(g.numpy() for g in mg.autograd.grad(out.sum(), [x, y]))])
    for other in results[1:]:
        for mine, first in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(mine, first)
    for mixed in (leaf(a) @ b, a @ leaf(b), np.matmul(a, leaf(b)), leaf(a) @ Tensor(b)):
        assert type(mixed) is Tensor and mixed.requires_grad
        np.testing.assert_array_equal(mixed.detach().numpy(), results[0][0])


def test_large_products():
    a, b = random((40, 200)), random((200, 30), seed=1)
    compare(mg.matmul, torch.matmul, a, b, order=1)
    compare(mg.matmul, torch.matmul, random((3, 40, 200)), b, order=1)


# --- linear -----------------------------------------------------------------------------------------------------------
@DTYPES
@pytest.mark.parametrize("bias", [False, True], ids=["without bias", "with bias"])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (1, 3), (2, 5, 3), (4, 2, 5, 3), (0, 3), (2, 0, 3)], ids=str)
def test_linear(shape, bias, dtype):
    arrays = [random(shape, dtype), random((4, 3), dtype, seed=1)] + [random((4,), dtype, seed=2)] * bias
    compare(linear, torch.nn.functional.linear, *arrays)


@pytest.mark.parametrize("bias", [False, True], ids=["without bias", "with bias"])
@pytest.mark.parametrize(
    ("shape", "features"), [((5, 0), 2), ((5, 3), 0), ((3,), 0), ((2, 5, 3), 0), ((0,), 2)], ids=str
)
def test_linear_without_features(shape, features, bias):
    arrays = [random(shape), random((features, shape[-1]), seed=1)] + [random((features,), seed=2)] * bias
    compare(linear, torch.nn.functional.linear, *arrays)


def test_linear_of_any_layout():
    for layout in ("transposed", "strided", "reversed", "repeated"):
        x = LAYOUTS[layout](random)
        weight = random((x.shape[-1], 4), seed=1).T
        compare(linear, torch.nn.functional.linear, x, weight, random((4,), seed=2))


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_linear_is_the_composition(rank):
    x, weight, bias = leaf(random((2, 4, 5, 3)[4 - rank :])), leaf(random((4, 3), seed=1)), leaf(random((4,), seed=2))
    fused, composed = linear(x, weight, bias), x @ weight.T + bias
    np.testing.assert_allclose(fused.detach().numpy(), composed.detach().numpy(), rtol=1e-13)
    for a, b in zip(
        mg.autograd.grad(fused.tanh().sum(), [x, weight, bias]),
        mg.autograd.grad(composed.tanh().sum(), [x, weight, bias]),
        strict=True,
    ):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


@pytest.mark.parametrize("which", range(3))
def test_linear_where_one_argument_requires_grad(which):
    arrays = [random((5, 3)), random((4, 3), seed=1), random((4,), seed=2)]

    def only(function, constant):
        return lambda t: function(*[t if i == which else constant(a) for i, a in enumerate(arrays)])

    compare(only(linear, Tensor), only(torch.nn.functional.linear, torch.tensor), arrays[which])
