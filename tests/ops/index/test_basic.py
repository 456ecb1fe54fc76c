"""Indexing: NumPy gives the values, counting says where gradients must go; PyTorch is in test_basic_parity.py."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.core.tensor import wrap

X = np.arange(1.0, 61.0).reshape(3, 4, 5) / 7
MASK = X.sum(axis=2) % 1 > 0.5
EVERY = slice(None)

# Name -> an index of X. An array stands for itself, and as a Tensor and a list in further tests.
BASIC = {
    "int": 1,
    "negative int": -1,
    "numpy int": np.int64(2),
    "two ints": (2, -3),
    "all ints": (2, 3, 4),
    "slice": slice(1, 3),
    "slice from the end": slice(-2, None),
    "slice beyond the end": slice(1, 99),
    "empty slice": slice(2, 1),
    "steps": (EVERY, slice(0, None, 2), slice(1, None, 3)),
    "negative steps": (slice(None, None, -1), EVERY, slice(4, 0, -2)),
    "int and slice": (EVERY, 1),
    "None": None,
    "None inside": (EVERY, None, 1, None),
    "ellipsis": ...,
    "ellipsis first": (..., 0),
    "ellipsis last": (0, ...),
    "ellipsis inside": (0, ..., slice(1, 4)),
    "empty ellipsis": (0, 1, ..., 2),
    "empty tuple": (),
}
ADVANCED = {
    "array": np.array([2, 0]),
    "duplicates": np.array([0, 0, 2, 0]),
    "negative duplicates": np.array([-1, 2, 2]),
    "matrix of ints": np.array([[0, 1], [2, 2]]),
    "0-d array": np.array(1),
    "int32": np.array([1, 1], np.int32),
    "uint8": np.array([1, 2], np.uint8),
    "no ints": np.array([], np.int64),
    "second axis": (EVERY, np.array([3, 3, 1])),
    "last axis": (..., np.array([0, 4, 0])),
    "two arrays": (np.array([0, 0, 2]), np.array([1, 1, 3])),
    "two arrays broadcasting": (np.array([[0], [2]]), np.array([1, 1, 3])),
    "three arrays": (np.array([0, 1, 1]), np.array([3, 3, 3]), np.array([4, 0, 0])),
    "array and int": (np.array([0, 1, 1]), 2),
    "int and array side by side": (1, np.array([0, 0])),
    "array and slice": (np.array([0, 1, 1]), slice(1, 3)),
    "arrays apart": (np.array([0, 1, 1]), EVERY, np.array([4, 0, 0])),
    "arrays apart broadcasting": (np.array([[0], [1]]), slice(None, None, 2), np.array([4, 0, 0])),
    "array and None": (np.array([1, 1]), None),
    "None and array": (None, np.array([1, 1])),
    "array and negative step": (np.array([1, 1]), slice(None, None, -1)),
    "array and ellipsis": (np.array([1, 0, 1]), ..., slice(0, 2)),
    "ellipsis between": (np.array([1, 0, 1]), ..., np.array([1, 0, 1])),
    "mask": X > 4,
    "mask of rows": np.array([True, False, True]),
    "mask of two axes": MASK,
    "mask of nothing": np.zeros(3, bool),
    "mask of everything": np.ones((3, 4, 5), bool),
    "mask on the last axis": (..., np.array([True, False, True, False, True])),
    "mask and slice": (np.array([True, False, True]), slice(1, 3)),
    "mask and int": (np.array([True, False, True]), 1),
    "mask and array": (np.array([True, False, True]), np.array([1, 2])),
    "True": True,
    "False": False,
    "True and slice": (True, slice(0, 1)),
}
INDICES = {**BASIC, **ADVANCED}


def leaf(array):
    return wrap(array, None).requires_grad_()


def counted(index, g, shape=X.shape):
    """Where the elements of ``g`` go: an independent adjoint, by numbering the elements."""
    places = np.arange(int(np.prod(shape))).reshape(shape)[index]
    return np.bincount(places.ravel(), weights=np.ravel(g), minlength=int(np.prod(shape))).reshape(shape)


def tensors_inside(index):
    if isinstance(index, tuple):
        return tuple(map(tensors_inside, index))
    return Tensor(index) if isinstance(index, np.ndarray) else index


def lists_inside(index):
    if isinstance(index, tuple):
        return tuple(map(lists_inside, index))
    return index.tolist() if isinstance(index, np.ndarray) and index.ndim else index


def check(index, as_numpy, array=X):
    expected = array[as_numpy]
    x = leaf(array)
    got = x[index]
    assert type(got) is Tensor and got.requires_grad
    assert got.shape == expected.shape and got.dtype == expected.dtype
    np.testing.assert_array_equal(got.detach().numpy(), expected)
    g = np.random.default_rng(0).normal(size=expected.shape).astype(array.dtype)
    got.backward(g)
    assert x.grad.dtype == array.dtype
    np.testing.assert_allclose(x.grad.numpy(), counted(as_numpy, g, array.shape), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", INDICES)
def test_values_are_numpys_and_gradients_go_where_they_came_from(name):
    check(INDICES[name], INDICES[name])


@pytest.mark.parametrize("name", ADVANCED)
def test_tensors_and_lists_as_indices(name):
    index = ADVANCED[name]
    check(tensors_inside(index), index)
    if np.size(index if isinstance(index, np.ndarray) else 1):  # an empty list has no dtype: tested below
        check(lists_inside(index), index)


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed", "repeated"])
@pytest.mark.parametrize("name", ["negative steps", "duplicates", "arrays apart", "mask of rows", "int and slice"])
def test_any_layout(name, layout):
    array = {
        "transposed": np.ascontiguousarray(X.transpose(2, 0, 1)).transpose(1, 2, 0),
        "strided": np.repeat(X, 2, axis=1)[:, ::2],
        "reversed": X[::-1, ::-1],
        "repeated": np.broadcast_to(X[:1], X.shape),
    }[layout]
    check(INDICES[name], INDICES[name], array)


@pytest.mark.parametrize("name", INDICES)
def test_second_derivatives(name):
    """f(x) = Σ w · x[index]³ has gradient 3 w x², put back, and the second one 6 w x · v there."""
    index = INDICES[name]
    x = leaf(X)
    picked = x[index]
    w = np.random.default_rng(1).normal(size=picked.shape)
    v = np.random.default_rng(2).normal(size=X.shape)
    (first,) = mg.autograd.grad((picked * picked * picked * w).sum(), x, create_graph=True)
    np.testing.assert_allclose(first.detach().numpy(), 3 * counted(index, w * X[index] ** 2), rtol=1e-12, atol=1e-12)
    (second,) = mg.autograd.grad((first * v).sum(), x)
    np.testing.assert_allclose(second.numpy(), 6 * v * counted(index, w * X[index]), rtol=1e-12, atol=1e-12)


def test_an_empty_list_picks_nothing():
    x = leaf(X)
    for index in ([], (EVERY, [])):
        out = x[index]
        assert out.shape == X[index].shape
        out.sum().backward()
        assert not x.grad.numpy().any()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 3)], ids=str)
@pytest.mark.parametrize("index", [..., (), None, True, False], ids=repr)
def test_shapes_without_much_in_them(shape, index):
    check(index, index, np.ones(shape))


def test_float32_stays_so():
    for index in INDICES.values():
        check(index, index, X.astype(np.float32))


def test_a_caller_who_changes_the_index_afterwards_changes_nothing():
    for index in (np.array([0, 1]), [0, 1], Tensor([0, 1]), np.array([True, True, False]), (EVERY, np.array([0, 1]))):
        before = _frozen(index)
        expected = counted(before, np.ones(X[before].shape))
        x = leaf(X)
        out = x[index]
        changed = index[1] if isinstance(index, tuple) else index
        changed[0] = changed[1] = 2 if not isinstance(changed, np.ndarray) or changed.dtype != bool else False
        out.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), expected)


def _frozen(index):
    if isinstance(index, tuple):
        return tuple(map(_frozen, index))
    return index if isinstance(index, slice) else np.array(index.numpy() if isinstance(index, Tensor) else index)


def test_iteration_and_unpacking_are_indexing():
    x = leaf(X[:, 0, 0])
    a, b, c = x
    (a * 2 + b * 3 + c * c).backward()
    np.testing.assert_allclose(x.grad.numpy(), [2, 3, 2 * X[2, 0, 0]])
    assert [row.shape for row in leaf(X)] == [(4, 5)] * 3


def test_take_along_axis():
    order = np.argsort(-X, axis=1)[:, [0, 0, 2]]
    x = leaf(X)
    for indices in (order, Tensor(order)):
        out = np.take_along_axis(x, indices, axis=1)
        np.testing.assert_array_equal(out.detach().numpy(), np.take_along_axis(X, order, axis=1))
        w = np.random.default_rng(0).normal(size=out.shape)
        (grad,) = mg.autograd.grad((out * w).sum(), x)
        rows, _, columns = np.indices(order.shape)
        np.testing.assert_allclose(grad.numpy(), counted((rows, order, columns), w))


# --- an integer selects first -----------------------------------------------------------------------------------------
# Index -> the same in two steps. NumPy would put the dimension of the array first.
APART = {
    "int first": ((1, EVERY, np.array([0, 2])), lambda x: x[1][:, [0, 2]]),
    "int in between": ((EVERY, 1, EVERY, np.array([0, 1])), lambda x: x[:, 1][:, :, [0, 1]]),
    "int last": ((EVERY, np.array([3, 0]), EVERY, 1), lambda x: x[:, :, :, 1][:, [3, 0]]),
    "None in between": ((1, None, np.array([0, 2])), lambda x: x[1][None, [0, 2]]),
    "0-d array": ((np.array(-1), EVERY, np.array([0, 2])), lambda x: x[-1][:, [0, 2]]),
    "Tensor": ((Tensor(1), EVERY, Tensor([0, 2])), lambda x: x[1][:, [0, 2]]),
    "mask": ((1, EVERY, np.array([True, False, True, False, False])), lambda x: x[1][:, [0, 2]]),
    "ellipsis": ((1, ..., np.array([0, 1])), lambda x: x[1][..., [0, 1]]),
    "ellipsis for nothing": ((EVERY, np.array([0, 2]), ..., np.array([1, 1]), EVERY), lambda x: x[:, [0, 2], [1, 1]]),
    "arrays apart": ((np.array([0, 1]), EVERY, np.array([0, 2]), 1), lambda x: x[:, :, :, 1][[0, 1], :, [0, 2]]),
}
FOUR = np.arange(1.0, 121.0).reshape(3, 4, 5, 2)


@pytest.mark.parametrize("name", APART)
def test_an_integer_selects_before_arrays_pick(name):
    index, in_steps = APART[name]
    expected, places = in_steps(FOUR), in_steps(np.arange(120).reshape(FOUR.shape))
    x = leaf(FOUR)
    got = x[index]
    np.testing.assert_array_equal(got.detach().numpy(), expected)
    g = np.random.default_rng(0).normal(size=expected.shape)
    right = np.bincount(places.ravel(), weights=g.ravel(), minlength=120).reshape(FOUR.shape)
    np.testing.assert_allclose(mg.autograd.grad(got, x, g)[0].numpy(), right)

    plain, h = Tensor(FOUR), x * 1
    plain[index] = -g
    h[index] = leaf(-g)
    written = FOUR.copy().ravel()
    written[places] = -g
    np.testing.assert_array_equal(plain.numpy().ravel(), written)
    np.testing.assert_array_equal(h.detach().numpy().ravel(), written)


def test_numpys_own_functions_index_as_numpy_does():
    x, rows = leaf(X), np.array([0, 2, 1])
    np.testing.assert_array_equal(np.take(x, rows, axis=2).detach().numpy(), np.take(X, rows, axis=2))
    np.testing.assert_array_equal(np.take(x, rows).detach().numpy(), np.take(X, rows))
