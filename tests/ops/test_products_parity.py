"""PyTorch's and NumPy's names for products against theirs: values, gradients to second order, messages."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops import chains, products
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch

# name -> (PyTorch's function, the shapes of several calls)
PRODUCTS = {
    "mm": (torch.mm, [((2, 3), (3, 4)), ((1, 1), (1, 1)), ((2, 0), (0, 3)), ((0, 3), (3, 2))]),
    "bmm": (torch.bmm, [((5, 2, 3), (5, 3, 4)), ((0, 2, 3), (0, 3, 4)), ((1, 2, 0), (1, 0, 4))]),
    "mv": (torch.mv, [((2, 3), (3,)), ((0, 3), (3,)), ((2, 0), (0,))]),
    "dot": (torch.dot, [((3,), (3,)), ((1,), (1,)), ((0,), (0,))]),
    "vdot": (torch.vdot, [((3,), (3,)), ((0,), (0,))]),
    "outer": (torch.outer, [((3,), (2,)), ((0,), (2,)), ((1,), (1,))]),
    "inner": (torch.inner, [((3,), (3,)), ((2, 3), (4, 3)), ((2, 5, 3), (3,)), ((), (2, 3)), ((2, 0), (3, 0))]),
    "kron": (torch.kron, [((2, 3), (3, 2)), ((2,), (3,)), ((2, 1, 2), (3, 2)), ((), (2, 3)), ((0, 2), (2, 2))]),
    "cross": (torch.linalg.cross, [((3,), (3,)), ((4, 3), (4, 3)), ((2, 1, 3), (1, 4, 3)), ((0, 3), (0, 3))]),
    "vecdot": (torch.linalg.vecdot, [((3,), (3,)), ((4, 3), (4, 3)), ((2, 1, 3), (4, 3)), ((0, 3), (0, 3))]),
    "addmm": (torch.addmm, [((2, 4), (2, 3), (3, 4)), ((4,), (2, 3), (3, 4)), ((), (2, 3), (3, 4))]),
    "addmv": (torch.addmv, [((2,), (2, 3), (3,)), ((), (2, 3), (3,)), ((2,), (2, 0), (0,))]),
    "addr": (torch.addr, [((2, 3), (2,), (3,)), ((3,), (2,), (3,)), ((), (0,), (3,))]),
    "baddbmm": (torch.baddbmm, [((5, 2, 4), (5, 2, 3), (5, 3, 4)), ((2, 1), (5, 2, 3), (5, 3, 4))]),
    "addbmm": (torch.addbmm, [((2, 4), (5, 2, 3), (5, 3, 4)), ((2, 4), (0, 2, 3), (0, 3, 4))]),
    "bilinear": (
        torch.nn.functional.bilinear,
        [((4, 2), (4, 3), (5, 2, 3), (5,)), ((2,), (3,), (5, 2, 3)), ((2, 4, 2), (2, 4, 3), (1, 2, 3), (1,))],
    ),
}  # fmt: skip
CASES = [pytest.param(name, shapes, id=f"{name} {shapes}") for name, (_, calls) in PRODUCTS.items() for shapes in calls]


@DTYPES
@pytest.mark.parametrize(("name", "shapes"), CASES)
def test_parity(name, shapes, dtype):
    arrays = [random(shape, dtype, seed=i) for i, shape in enumerate(shapes)]
    compare(getattr(products, name), PRODUCTS[name][0], *arrays)


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed"])
def test_any_layout(layout):
    x = LAYOUTS[layout](random)
    y = random((x.shape[1], 2), seed=1)
    compare(products.mm, torch.mm, x, y)
    np.testing.assert_allclose(products.kron(leaf(x), y).detach().numpy(), np.kron(x, y), rtol=1e-13)
    compare(products.inner, torch.inner, x, y.T)
    compare(lambda a, b: products.tensordot(a, b, 1), lambda a, b: torch.tensordot(a, b, 1), x, y)


@pytest.mark.parametrize("name", ["addmm", "addmv", "addr", "baddbmm", "addbmm"])
@pytest.mark.parametrize("factors", [{"beta": 0.5}, {"alpha": -2.0}, {"beta": 2, "alpha": 0.25}, {"beta": 0}])
def test_factors_of_a_sum(name, factors):
    ours, theirs = getattr(products, name), PRODUCTS[name][0]
    arrays = [random(shape, seed=i) for i, shape in enumerate(PRODUCTS[name][1][0])]
    compare(lambda *t: ours(*t, **factors), lambda *t: theirs(*t, **factors), *arrays)


DIMS = [0, 1, 2, ([1], [0]), ([0, 1], [0, 1]), ([-1, 0], [1, 0]), ([], []), ((2,), (0,)), ([1, 2], [1, 0])]


@pytest.mark.parametrize("dims", DIMS, ids=str)
def test_tensordot(dims):
    a, b = random((2, 2, 2)), random((2, 2, 2), seed=1)
    compare(lambda x, y: products.tensordot(x, y, dims), lambda x, y: torch.tensordot(x, y, dims), a, b)
    np.testing.assert_allclose(np.tensordot(leaf(a), b, dims).detach().numpy(), np.tensordot(a, b, dims), rtol=1e-12)


def test_tensordot_of_different_shapes():
    a, b = random((2, 3, 4)), random((4, 3, 5), seed=1)
    dims = ([1, 2], [1, 0])
    compare(lambda x, y: products.tensordot(x, y, dims), lambda x, y: torch.tensordot(x, y, dims), a, b)
    compare(lambda x, y: products.tensordot(x, y, 0), lambda x, y: torch.tensordot(x, y, 0), a, b)
    assert np.tensordot(leaf(a), b, axes=(2, 0)).shape == (2, 3, 3, 5)


@pytest.mark.parametrize("dim", [0, 1, -1, -2])
def test_dimension_of_cross_and_vecdot(dim):
    a, b = random((3, 3)), random((3, 3), seed=1)
    compare(lambda x, y: products.cross(x, y, dim), lambda x, y: torch.linalg.cross(x, y, dim=dim), a, b)
    compare(lambda x, y: products.vecdot(x, y, axis=dim), lambda x, y: torch.linalg.vecdot(x, y, dim=dim), a, b)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (3, 4)],
        [(10, 2), (2, 10), (10, 3)],
        [(2, 10), (10, 2), (2, 5), (5, 3)],
        [(3,), (3, 4), (4,)],
        [(3,), (3, 4), (4, 2)],
        [(2, 3), (3, 4), (4,)],
        [(3,), (3,)],
        [(2, 0), (0, 3), (3, 2)],
    ],
    ids=str,
)
def test_multi_dot(shapes):
    arrays = [random(shape, seed=i) for i, shape in enumerate(shapes)]
    compare(lambda *t: chains.multi_dot(t), lambda *t: torch.linalg.multi_dot(t), *arrays)
    if all(len(shape) == 2 for shape in shapes):
        compare(chains.chain_matmul, lambda *t: torch.linalg.multi_dot(t), *arrays)


def test_multi_dot_takes_the_cheap_order():
    a, b, c = leaf(random((100, 2))), leaf(random((2, 100))), leaf(random((100, 3)))
    out = chains.multi_dot([a, b, c])
    assert out._node.parents[0] is a._node  # a @ (b @ c), of 1,200 multiplications, rather than 50,000


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (1, 1), (0, 0)], ids=str)
def test_matrix_power(shape, n):
    compare(lambda t: chains.matrix_power(t, n), lambda t: torch.linalg.matrix_power(t, n), random(shape))
    assert chains.matrix_power(random(shape), n).shape == shape


NUMPYS = {
    np.dot: [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((), (2, 3)), ((5, 2, 3), (4, 3, 2)), ((3,), (4, 3, 2))],
    np.inner: [((3,), (3,)), ((2, 3), (4, 3))],
    np.outer: [((3,), (2,)), ((2, 3), (2, 2)), ((), (2,))],
    np.vdot: [((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (6,))],
    np.kron: [((2, 3), (3, 2)), ((2,), (3, 2))],
    np.cross: [((3,), (3,)), ((4, 3), (4, 3)), ((4, 3), (3,))],
    np.vecdot: [((3,), (3,)), ((4, 3), (3,))],
    np.linalg.outer: [((3,), (2,))],
    np.linalg.matmul: [((2, 3), (3, 4))],
    np.linalg.vecdot: [((4, 3), (3,))],
    np.linalg.cross: [((4, 3), (4, 3))],
    np.linalg.tensordot: [((2, 3, 4), (3, 4, 2))],
}  # fmt: skip


@pytest.mark.parametrize("function", NUMPYS, ids=lambda f: f.__name__)
def test_numpy_door(function):
    for shapes in NUMPYS[function]:
        a, b = [random(shape, seed=i) for i, shape in enumerate(shapes)]
        expected = function(a, b)
        for x, y in ((leaf(a), leaf(b)), (leaf(a), b), (a, leaf(b))):
            out = function(x, y)
            assert type(out) is Tensor and out.requires_grad
            np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-12, atol=1e-14)
        x, y = leaf(a), leaf(b)
        function(x, y).sum().backward()
        step = random(a.shape, seed=7)
        np.testing.assert_allclose(np.sum(x.grad.numpy() * step), np.sum(function(step, b)), rtol=1e-9, atol=1e-12)
        step = random(b.shape, seed=8)
        np.testing.assert_allclose(np.sum(y.grad.numpy() * step), np.sum(function(a, step)), rtol=1e-9, atol=1e-12)


def test_numpy_door_with_arguments():
    a, b = random((3, 4)), random((4, 3), seed=1)
    for options in ({"axisa": 0}, {"axisa": 0, "axisc": 0}):
        np.testing.assert_allclose(np.cross(leaf(a), b, **options).detach().numpy(), np.cross(a, b, **options))
    np.testing.assert_allclose(np.cross(leaf(a), a + 1, axis=0).detach().numpy(), np.cross(a, a + 1, axis=0))
    np.testing.assert_allclose(np.linalg.matrix_power(leaf(a @ b), 3).detach().numpy(), (a @ b) @ (a @ b) @ (a @ b))
    np.testing.assert_allclose(np.linalg.multi_dot([leaf(a), b, a]).detach().numpy(), a @ b @ a)


@pytest.mark.parametrize("name", ["mm", "bmm", "mv", "dot", "vdot", "outer", "inner", "kron", "cross", "addmm", "addr"])
def test_methods(name):
    arrays = [random(shape, seed=i) for i, shape in enumerate(PRODUCTS[name][1][0])]
    function, method = getattr(products, name), getattr(Tensor, name)
    np.testing.assert_array_equal(
        method(*map(leaf, arrays)).detach().numpy(), function(*map(leaf, arrays)).detach().numpy()
    )
    assert not isinstance(function(*arrays), Tensor)
