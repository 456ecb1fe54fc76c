"""Gather, scatter, slices at indices and masks: PyTorch's functions, and NumPy's, with gradients."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.ops.index import basic as index_module
from minigrad.ops.index import scatter, select
from minigrad.ops.index.basic import put, settled_index
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch


def theirs(value):
    """Arrays inside arguments as PyTorch's tensors."""
    if isinstance(value, tuple):
        return tuple(map(theirs, value))
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def integers(high, *shape, seed=0):
    return np.random.default_rng([seed, high]).integers(0, high, shape)


MASK = np.array([[True, False, True], [False, False, True]])
READS = [
    ((3, 4), "gather", (1, integers(4, 3, 6))),
    ((3, 4), "gather", (0, integers(3, 5, 2))),
    ((3, 4), "gather", (-1, integers(4, 2, 1))),
    ((2, 3, 4), "gather", (1, integers(3, 2, 5, 3))),
    ((3, 4), "gather", (1, np.zeros((3, 0), int))),
    ((3, 4), "index_select", (0, np.array([2, 0, 2]))),
    ((2, 3, 4), "index_select", (-2, np.array([1, 1]))),
    ((2, 3, 4), "index_select", (2, np.array(3))),
    ((3, 4), "index_select", (0, np.zeros(0, int))),
    ((3, 4), "index_fill", (1, np.array([3, 0]), -2.5)),
    ((3, 4), "take", (np.array([[11, 0], [-1, 0]]),)),
    ((3, 4), "take_along_dim", (integers(3, 2, 4), 0)),
    ((3, 4), "take_along_dim", (integers(4, 1, 2), 1)),
    ((1, 4), "take_along_dim", (integers(4, 3, 2), 1)),
    ((3, 4), "take_along_dim", (integers(12, 5),)),
    ((3, 4), "select", (1, -2)),
    ((3, 4), "narrow", (1, 1, 2)),
    ((3, 4), "narrow", (0, -2, 2)),
    ((2, 3), "masked_fill", (MASK, 7.5)),
    ((2, 3), "masked_fill", (MASK[0], -np.inf)),
    ((3,), "masked_fill", (MASK, 1.0)),
    ((2, 3), "masked_select", (MASK,)),
    ((2, 1), "masked_select", (MASK,)),
    ((2, 3), "masked_select", (~MASK[1],)),
    ((2, 3), "scatter", (1, integers(3, 2, 1), 1.5)),
]


@DTYPES
@pytest.mark.parametrize(("shape", "method", "static"), READS)
def test_of_one_tensor(shape, method, static, dtype):
    compare(lambda x: getattr(x, method)(*static), lambda x: getattr(x, method)(*theirs(static)), random(shape, dtype))


DISTINCT = np.array([[2, 0], [1, 2], [0, 1]])  # along either dimension
WRITES = [
    ((3, 4), (3, 2), "scatter", (1, DISTINCT), {}),
    ((3, 4), (2, 3), "scatter", (0, DISTINCT.T), {}),
    ((3, 4), (3, 6), "scatter_add", (1, integers(4, 3, 6)), {}),
    ((3, 4), (4, 2), "scatter_add", (0, integers(3, 4, 2)), {}),
    ((2, 3, 4), (2, 5, 3), "scatter_add", (1, integers(3, 2, 5, 3)), {}),
    ((3, 4), (4, 4), "index_add", (0, np.array([2, 2, 0, 2])), {}),
    ((3, 4), (3, 2), "index_add", (1, np.array([3, 3])), {"alpha": -2}),
    ((3, 4), (2, 4), "index_copy", (0, np.array([2, 0])), {}),
    ((2, 3, 4), (2, 3, 2), "index_copy", (-1, np.array([3, 0])), {}),
]


@DTYPES
@pytest.mark.parametrize(("shape", "source", "method", "static", "options"), WRITES)
def test_of_two_tensors(shape, source, method, static, options, dtype):
    compare(
        lambda x, y: getattr(x, method)(*static, y, **options),
        lambda x, y: getattr(x, method)(*theirs(static), y, **options),
        random(shape, dtype),
        random(source, dtype, seed=1),
    )


def test_a_source_may_be_larger_than_the_index():
    x, y = leaf(random((2, 3))), leaf(random((2, 4), seed=1))  # PyTorch has no gradient here
    for method in ("scatter", "scatter_add"):
        out = getattr(x, method)(1, [[2, 0]], y)
        small = getattr(x, method)(1, [[2, 0]], y[:1, :2])
        np.testing.assert_array_equal(out.detach().numpy(), small.detach().numpy())
        assert autograd.grad(out.sum(), y)[0].tolist() == [[1, 1, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize(
    ("indices", "source"),
    [
        ((np.array([2, 0]),), (2, 4)),
        ((np.array([2, 0]),), (4,)),
        ((np.array([2, 0]), np.array([[1], [3]])), (2, 2)),
        ((np.array([2, 0]), np.array([1, 1])), ()),
        ((np.array([True, False, True]),), (2, 4)),
    ],
)
def test_index_put(indices, source, accumulate):
    compare(
        lambda x, y: x.index_put(indices, y, accumulate),
        lambda x, y: x.index_put(theirs(indices), y, accumulate),
        random((3, 4)),
        random(source, seed=1),
    )


def test_accumulating_duplicates():
    index = (np.array([1, 1, 1, 0]),)
    arrays = random((3, 2)), random((4, 2), seed=1)
    compare(lambda x, y: x.index_put(index, y, True), lambda x, y: x.index_put(theirs(index), y, True), *arrays)


def test_the_last_of_several_writes_stays_and_gets_the_gradient():
    x, y = leaf(random((1, 3))), leaf(random((1, 4)))
    out = x.scatter(1, [[2, 0, 2, 2]], y)
    np.testing.assert_array_equal(out.detach().numpy()[0], [y[0, 1].item(), x[0, 1].item(), y[0, 3].item()])
    gx, gy = autograd.grad((out * [[1.0, 2.0, 3.0]]).sum(), [x, y])
    assert gx.tolist() == [[0, 2, 0]] and gy.tolist() == [[0, 1, 0, 3]]


@DTYPES
@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["sum", "mean", "amax", "amin"])
def test_scatter_reduce(reduce, include_self, dtype):
    index = integers(4, 3, 6)
    compare(
        lambda x, y: x.scatter_reduce(1, index, y, reduce, include_self=include_self),
        lambda x, y: x.scatter_reduce(1, torch.tensor(index), y, reduce, include_self=include_self),
        random((3, 4), dtype),
        random((3, 6), dtype, seed=1),
    )


@pytest.mark.parametrize("reduce", ["sum", "amax", "amin"])
@pytest.mark.parametrize("include_self", [False, True])
@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8])
def test_scatter_reduce_of_integers(reduce, include_self, dtype):
    """Every value beats the start, also the smallest and the largest that there are."""
    limits = np.iinfo(dtype)
    values = np.array([limits.min, limits.min + 1, limits.max, limits.max - 1], dtype)
    index, start = np.array([0, 0, 1, 1]), np.array([3, 3, 3], dtype)
    ours = Tensor(start).scatter_reduce(0, index, Tensor(values), reduce, include_self=include_self)
    theirs = torch.tensor(start).scatter_reduce(
        0, torch.tensor(index), torch.tensor(values), reduce, include_self=include_self
    )
    assert ours.dtype == dtype and ours.tolist() == theirs.tolist()


def test_equal_extremes_share_the_gradient():
    arrays = np.array([2.0, 1.0]), np.array([2.0, 2.0, 0.5])
    index = np.array([0, 0, 1])
    compare(
        lambda x, y: x.scatter_reduce(0, index, y, "amax"),
        lambda x, y: x.scatter_reduce(0, torch.tensor(index), y, "amax"),
        *arrays,
        order=1,
    )


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if LAYOUTS[name](random).size > 1])
def test_any_layout(layout):
    x = LAYOUTS[layout](random)
    n = x.shape[0]
    index = np.zeros(x.shape, int) + np.arange(n)[::-1].reshape(n, *[1] * (x.ndim - 1))
    y = LAYOUTS[layout](lambda shape: random(shape, seed=1))
    rows = np.arange(n)
    for ours in (
        lambda t, u, as_index: t.gather(0, as_index(index)) * u,
        lambda t, u, as_index: t.scatter(0, as_index(index), u),
        lambda t, u, as_index: t.scatter_add(0, as_index(index), u),
        lambda t, u, as_index: t.index_add(0, as_index(rows), u),
        lambda t, u, as_index: t.index_copy(0, as_index(rows), u),
        lambda t, u, as_index: t.index_select(0, as_index(rows)) * u,
        lambda t, u, as_index: t.masked_fill(as_index(x > 0), 2.0) * u,
        lambda t, u, as_index: t.masked_select(as_index(x > 0)) * 2.0 + u.sum(),
    ):
        compare(lambda t, u: ours(t, u, lambda i: i), lambda t, u: ours(t, u, torch.tensor), x, y)  # noqa: B023


def test_masked_scatter():
    for shape in ((2, 3), (3,)):
        compare(
            lambda x, y: x.masked_scatter(MASK, y),
            lambda x, y: torch.broadcast_to(x, (2, 3)).masked_scatter(torch.tensor(MASK), y),
            random(shape),
            random((2, 2), seed=1),
        )


def test_numpys_doors():
    x = random((3, 4))
    t = leaf(x)
    which = np.array([[0, 1, 2, 0]])
    for function in (
        lambda a: np.take(a, [0, 5, -1]),
        lambda a: np.take(a, [[0, 2], [2, 2]], axis=1),
        lambda a: np.take(a, [0, 7, -9], axis=1, mode="wrap"),
        lambda a: np.take(a, [0, 7, -9], axis=0, mode="clip"),
        lambda a: np.take(a, 2, axis=-1),
        lambda a: np.take_along_axis(a, which, axis=0),
        lambda a: np.take_along_axis(a, which[:, :1], axis=1),
        lambda a: np.take_along_axis(a, np.array([3, 3, 11]), axis=None),
        lambda a: np.compress([True, False, True], a, axis=0),
        lambda a: np.compress([True, False, True], a),
        lambda a: np.delete(a, [1, -1], axis=1),
        lambda a: np.delete(a, slice(0, 2)),
        lambda a: np.delete(a, 1, axis=0),
        lambda a: np.extract(x > 0, a),
        lambda a: np.choose(which, [a, 2 * a, -a]),
        lambda a: np.select([x > 1, x < 0], [a, -a], 0.5),
    ):
        out = function(t)
        assert type(out) is Tensor and out.requires_grad
        np.testing.assert_array_equal(out.detach().numpy(), function(x))
        (grad,) = autograd.grad((out * out).sum(), t)
        moved = np.zeros_like(x)  # numerically: all of these are linear
        for place in np.ndindex(x.shape):
            one = np.zeros_like(x)
            one[place] = 1
            change = (function(x + 1e-6 * one) - function(x)) / 1e-6
            moved[place] = (2 * function(x) * change).sum()
        np.testing.assert_allclose(grad.numpy(), moved, atol=1e-7)


def test_constants():
    labels = np.array([[2, 0], [1, 1]])
    expected = torch.nn.functional.one_hot(torch.tensor(labels)).numpy()
    for got in (select.one_hot(labels), select.one_hot(Tensor(labels), 3)):
        assert got.dtype == np.int64
        np.testing.assert_array_equal(got, expected)
    for name in ("tril_indices", "triu_indices"):
        for args in ((3, 4), (3, 2, 1), (4, 4, -1)):
            np.testing.assert_array_equal(getattr(mg, name)(*args), getattr(torch, name)(*args).numpy())


PLACES = {
    "rows": (np.array([2, 0, -1, 0]),),
    "matrix of rows": (np.array([[2, 0], [-2, 0]]),),
    "pairs": (np.array([2, 0, 2]), np.array([-1, 1, 3])),
    "broadcasting": (np.array([[0], [2]]), np.array([1, 1, -4])),
    "second": (slice(None), np.array([3, 3, -3])),
    "last": (slice(None), slice(None), np.array([4, 4, 0])),
    "all": (np.array([0, 0]), np.array([1, 1]), np.array([2, 2])),
    "with an integer": (np.array([0, 0]), 1),
    "unsigned": (np.array([2, 2], np.uint8),),
    "partly sliced": (np.array([0, 0]), slice(1, 3)),
    "apart": (np.array([0, 0]), slice(None), np.array([1, 1])),
    "mask and integers": (np.array([True, False, True]), np.array([1, 2])),
    "empty": (np.zeros(0, int),),
}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("name", PLACES)
def test_adding_at_flat_places_is_numpys_own_to_the_last_bit(name, dtype, monkeypatch):
    monkeypatch.setattr(index_module, "FEW", 1)
    index, shape = PLACES[name], (3, 4, 5)
    values = random(np.zeros(shape)[index].shape, dtype)
    for layout in (values, np.asfortranarray(values)):
        expected = np.zeros(shape, dtype)
        np.add.at(expected, index, layout)
        got = put(layout, index=index, shape=shape)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


def test_a_caller_who_changes_the_index_afterwards_changes_nothing():
    index = np.array([[0, 0]])
    x = leaf(random((1, 3)))
    outs = [x.gather(1, index), x.take_along_dim(index, 1), x.index_select(1, index[0]), x.take(index)]
    outs.append(x.scatter(1, index, 5.0))
    index[...] = 2
    grads = [autograd.grad(out.sum(), x)[0].tolist() for out in outs]
    assert grads == [[[2, 0, 0]]] * 4 + [[[0, 1, 1]]]


BAD = [
    (lambda x: x.gather(1, [[0, 3], [0, 0]]), IndexError, r"gather: index 3 at position \(0, 1\).*size 3"),
    (lambda x: x.gather(1, [[0, 0], [-1, 0]]), IndexError, r"index -1 at position \(1, 0\).*negative"),
    (lambda x: x.gather(1, [[0.0]]), TypeError, "integers, got float64"),
    (lambda x: x.gather(1, [[True]]), TypeError, "masked_select"),
    (lambda x: x.gather(1, [0]), ValueError, "rank of the input"),
    (lambda x: x.gather(1, [[0], [0], [0]]), ValueError, "exceeds the input"),
    (lambda x: x.gather(2, [[0]]), IndexError, "dimension 2"),
    (lambda x: x.scatter(1, [[0]]), TypeError, "either"),
    (lambda x: x.scatter(1, [[0, 1]], x[:, :1]), ValueError, "does not cover"),
    (lambda x: x.scatter_add(1, [[9]], x), IndexError, "index 9"),
    (lambda x: x.scatter_reduce(1, [[0]], x, "product"), ValueError, "'prod'"),
    (lambda x: x.index_select(0, [2]), IndexError, r"index_select: index 2 at position \(0,\)"),
    (lambda x: x.index_select(0, [[0]]), ValueError, "vector"),
    (lambda x: x.index_add(0, [0], x), ValueError, r"\(1, 3\), got \(2, 3\)"),
    (lambda x: x.index_copy(0, [0], x), ValueError, r"\(1, 3\), got \(2, 3\)"),
    (lambda x: x.index_fill(0, [0], x), ValueError, "single number"),
    (lambda x: x.index_put([0][0], 1.0), TypeError, r"\(index,\)"),
    (lambda x: x.index_put(([5],), 1.0), IndexError, "5"),
    (lambda x: x.index_put(([0],), np.ones(7)), ValueError, "broadcast"),
    (lambda x: x.select(1, 3), IndexError, "index 3"),
    (lambda x: x.narrow(1, 2, 2), IndexError, "size 3"),
    (lambda x: x.take_along_dim([0], 1), ValueError, "rank"),
    (lambda x: x.take([6]), IndexError, "index 6"),
    (lambda x: x.masked_fill(x, 1.0), TypeError, "booleans"),
    (lambda x: x.masked_fill(MASK, x), ValueError, "single number"),
    (lambda x: Tensor([1, 2]).masked_fill([True, False], 1.5), TypeError, "cannot be written into int64"),
    (lambda x: x.masked_fill(MASK.T, 1.0), ValueError, r"\(3, 2\)"),
    (lambda x: x.masked_select(MASK.T), ValueError, "broadcast"),
    (lambda x: x.masked_scatter(MASK, x[0, :2]), ValueError, "asks for 3 values"),
    (lambda x: np.take(x, [3], axis=1), IndexError, "np.take: index 3"),
    (lambda x: np.choose([2], [x, x]), IndexError, "np.choose: index 2"),
    (lambda x: np.select([], []), ValueError, "list|needs"),
    (lambda x: select.one_hot([3], 3), IndexError, "index 3"),
    (lambda x: select.one_hot([]), ValueError, "num_classes"),
]


@pytest.mark.parametrize(("call", "error", "match"), BAD)
def test_bad_input(call, error, match):
    with pytest.raises(error, match=match):
        call(leaf(random((2, 3))))


def test_plain_arrays_stay_plain():
    x = random((2, 3))
    for out in (scatter.gather(x, 1, [[0]]), select.index_select(x, 0, [1]), settled_index(x)):
        assert type(out) is np.ndarray


# --- products and combinations ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("zeros", [0, 1, 3])
def test_products_that_are_scattered(zeros, include_self):
    rng = np.random.default_rng(zeros)
    index = rng.integers(0, 3, (5, 4))
    x, src = rng.uniform(0.5, 2, (3, 4)), rng.uniform(-2, 2, (5, 4))
    src.ravel()[rng.choice(20, zeros, replace=False)] = 0

    def combined(x, src):
        return x.scatter_reduce(
            0, theirs(index) if isinstance(x, torch.Tensor) else index, src, "prod", include_self=include_self
        )

    compare(combined, combined, x, src, order=2 if zeros == 0 else 1)  # PyTorch's second order divides by the zero


@pytest.mark.filterwarnings("ignore:The reduce argument:UserWarning")
@pytest.mark.parametrize("reduce", ["add", "multiply"])
def test_scatter_combines_with_what_is_there(reduce):
    x, src, index = random((3, 4)), random((2, 4), seed=1), integers(3, 2, 4)
    for source in (src, 2.5):
        expected = torch.tensor(x).scatter(0, torch.tensor(index), theirs(source), reduce=reduce)
        got = Tensor(x).scatter(0, index, source, reduce=reduce)
        np.testing.assert_allclose(got.numpy(), expected.numpy())
        changed = Tensor(x).scatter_(0, index, source, reduce=reduce)
        np.testing.assert_allclose(changed.numpy(), expected.numpy())
    # PyTorch has no gradient for it; scatter_reduce, which has, does the same
    other = {"add": "sum", "multiply": "prod"}[reduce]
    compare(
        lambda x, src: x.scatter(0, index, src, reduce=reduce),
        lambda x, src: x.scatter_reduce(0, torch.tensor(index), src, other),
        x,
        src,
    )
    with pytest.raises(ValueError, match="'add' or 'multiply'"):
        Tensor(x).scatter(0, index, 1.0, reduce="prod")
