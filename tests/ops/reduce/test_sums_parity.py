"""Reductions against PyTorch, over every choice of dimensions, with ties, empty inputs and both names of arguments."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch

# Name -> (ours, theirs), both called as f(x, dim, keepdim); PyTorch wants several dimensions as a tuple.
SEVERAL = {
    "sum": (mg.sum, lambda x, dim, k: torch.sum(x, dim=dim, keepdim=k)),
    "mean": (mg.mean, lambda x, dim, k: torch.mean(x, dim=dim, keepdim=k)),
    "var": (lambda x, d, k: mg.var(x, d, keepdim=k), lambda x, dim, k: torch.var(x, dim=dim, keepdim=k)),
    "biased var": (
        lambda x, d, k: mg.var(x, d, unbiased=False, keepdim=k),
        lambda x, dim, k: torch.var(x, dim=dim, unbiased=False, keepdim=k),
    ),
    "amax": (mg.amax, lambda x, dim, k: torch.amax(x, dim=dim, keepdim=k)),
    "amin": (mg.amin, lambda x, dim, k: torch.amin(x, dim=dim, keepdim=k)),
    "logsumexp": (mg.logsumexp, lambda x, dim, k: torch.logsumexp(x, dim=dim, keepdim=k)),
}
ONE = {
    "max": (lambda x, d, k: mg.max(x, d, k).values, lambda x, d, k: torch.max(x, d, k).values),
    "min": (lambda x, d, k: mg.min(x, d, k).values, lambda x, d, k: torch.min(x, d, k).values),
}
ALONG = {
    "softmax": (mg.softmax, torch.softmax),
    "log_softmax": (mg.log_softmax, torch.log_softmax),
}
OVERALL = {
    "sum": (mg.sum, torch.sum),
    "mean": (mg.mean, torch.mean),
    "var": (mg.var, torch.var),
    "max": (mg.max, torch.max),
    "min": (mg.min, torch.min),
    "amax": (mg.amax, torch.amax),
    "amin": (mg.amin, torch.amin),
}


def choices(rank):
    """Every way to name some of the dimensions, from either end."""
    single = list(range(-rank, rank))
    several = [c for n in range(2, rank + 1) for c in combinations(range(rank), n)]
    return single + several + [tuple(d - rank for d in reversed(c)) for c in several]


def cases():
    """(name, shape, dim, keepdim) wherever they fit together; the variance of one value is in test_bad_input.py."""
    for shape in [(3, 4), (2, 3, 4), (1, 3, 2)]:
        for dim in choices(len(shape)):
            count = np.prod([shape[d] for d in np.atleast_1d(dim)])
            for name in SEVERAL if isinstance(dim, tuple) else [*SEVERAL, *ONE]:
                if name != "var" or count > 1:
                    yield from ((name, shape, dim, keepdim) for keepdim in (False, True))


@DTYPES
@pytest.mark.parametrize(("name", "shape", "dim", "keepdim"), list(cases()))
def test_reductions(name, shape, dim, keepdim, dtype):
    ours, theirs = {**SEVERAL, **ONE}[name]
    compare(ours, theirs, random(shape, dtype), static=(dim, keepdim))


@DTYPES
@pytest.mark.parametrize("shape", [(3,), (3, 4), (2, 3, 4), (1, 3, 1)], ids=str)
@pytest.mark.parametrize("name", ALONG)
def test_normalisations(name, shape, dtype):
    ours, theirs = ALONG[name]
    for dim in range(-len(shape), len(shape)):
        compare(ours, theirs, random(shape, dtype), static=(dim,))


@DTYPES
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if not name.startswith("empty")])
def test_over_everything(layout, dtype):
    x = LAYOUTS[layout](lambda shape: random(shape, dtype))
    for name in OVERALL if x.size > 1 else OVERALL.keys() - {"var"}:
        compare(*OVERALL[name], x)


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed", "repeated"])
@pytest.mark.parametrize("name", [*SEVERAL, *ONE, *ALONG])
def test_any_layout(name, layout):
    x = LAYOUTS[layout](random)
    ours, theirs = {**SEVERAL, **ONE, **ALONG}[name]
    more = () if name in ALONG else (False,)
    for dim in (0, -1):
        compare(ours, theirs, x, static=(dim, *more))


@DTYPES
@pytest.mark.parametrize("shape", [(4, 3000), (3000, 4), (5, 60, 40), (40, 60, 5), (2, 5, 3000)], ids=str)
def test_large_arrays(shape, dtype):
    """Sizes at which sums take other paths."""
    x = random(shape, dtype, -1, 2)
    for dim in choices(len(shape)):
        for keepdim in (False, True):
            compare(mg.sum, torch.sum, x, static=(dim, keepdim), order=1)
        compare(mg.logsumexp, torch.logsumexp, x, static=(dim,), order=1)
    compare(mg.softmax, torch.softmax, x, static=(-1,), order=1)
    compare(lambda t: mg.sum(t.mT, 0), lambda t: torch.sum(t.mT, 0), x, order=1)
    compare(lambda t: mg.sum(t.mT, -1), lambda t: torch.sum(t.mT, -1), x, order=1)


def test_sums_of_float32_are_as_accurate_as_numpys():
    x = random((100_000, 2), "float32", 0, 1)
    for array in (x, np.ascontiguousarray(x.T).T, x.reshape(1000, 100, 2)):
        exact = np.sum(array, axis=0, dtype=np.float64)
        error = np.max(np.abs(mg.sum(Tensor(array), 0).numpy() - exact) / exact)
        assert error <= max(2e-6, np.max(np.abs(np.sum(array, axis=0) - exact) / exact))


@pytest.mark.parametrize(("length", "product"), [(1024, True), (1025, False)])
@pytest.mark.plain
def test_rows_of_more_than_1024_numbers_are_summed_pairwise(length, product):
    x = random((16, length), "float32", 0, 1)
    by_product, pairwise = x @ np.ones(length, np.float32), x.sum(-1)
    assert not np.array_equal(by_product, pairwise)
    np.testing.assert_array_equal(mg.sum(Tensor(x), -1).numpy(), by_product if product else pairwise)


# --- ties -------------------------------------------------------------------------------------------------------------
TIES = [
    np.array([[2.0, 2.0], [2.0, 2.0]]),
    np.array([[1.0, 3.0, 3.0], [3.0, 1.0, 0.0]]),
    np.array([[-0.0, 0.0, -1.0], [0.0, -0.0, 0.0]]),
    np.array([[5.0, 5.0, 1.0], [1.0, 1.0, 1.0]]),
]


@pytest.mark.parametrize("x", TIES, ids=range(len(TIES)))
def test_ties(x):
    for name in ("max", "min", "amax", "amin"):
        compare(*OVERALL[name], x)
    for dim in (0, 1, -1):
        for name in ("amax", "amin", "max", "min"):  # the last two give all to the index that they return
            compare(*{**SEVERAL, **ONE}[name], x, static=(dim, False))
    compare(*SEVERAL["amax"], x, static=((0, 1), False))
    compare(*SEVERAL["amin"], x, static=((1, 0), True))


@pytest.mark.parametrize("x", [*TIES, random((3, 4))], ids=range(len(TIES) + 1))
@pytest.mark.parametrize("keepdim", [False, True], ids=["drop", "keep"])
@pytest.mark.parametrize("dim", [None, 0, 1, -1])
def test_indices_are_those_of_the_first_extreme(x, dim, keepdim):
    for ours, numpys in ((mg.argmax, np.argmax), (mg.argmin, np.argmin)):
        got = ours(leaf(x), dim, keepdim)
        assert type(got) is Tensor and not got.requires_grad and got.dtype == np.int64
        np.testing.assert_array_equal(got.numpy(), numpys(x, axis=dim, keepdims=keepdim))
    if dim is not None:
        for extreme, located in ((mg.max, mg.argmax), (mg.min, mg.argmin)):
            result = extreme(leaf(x), dim, keepdim)
            np.testing.assert_array_equal(result.indices.numpy(), located(x, dim, keepdim))
            np.testing.assert_array_equal(result[0].detach().numpy(), result.values.detach().numpy())
            assert not result.indices.requires_grad


def test_ties_by_hand():
    x = leaf(np.array([2.0, 2.0, 1.0]))
    assert mg.autograd.grad(x.max(), x)[0].tolist() == [0.5, 0.5, 0.0]
    assert mg.autograd.grad(x.max(0).values, x)[0].tolist() == [1.0, 0.0, 0.0]


# --- edges ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize("name", [name for name in (*SEVERAL, *ONE, *ALONG) if name != "var"])
def test_a_single_number_along_the_dimension_that_it_does_not_have(name, dim):
    ours, theirs = {**SEVERAL, **ONE, **ALONG}[name]
    for more in [()] if name in ALONG else [(False,), (True,)]:
        compare(ours, theirs, np.array(0.7), static=(dim, *more))
    assert mg.argmax(Tensor(3.0), dim).item() == 0
    assert mg.max(Tensor(3.0), dim).indices.shape == ()


@DTYPES
@pytest.mark.parametrize(
    ("shape", "dim"), [((0,), 0), ((2, 0), 1), ((0, 3), 0), ((2, 0, 3), (1, 2)), ((0, 3), 1)], ids=str
)
def test_the_sum_of_nothing_is_zero(shape, dim, dtype):
    compare(mg.sum, torch.sum, np.zeros(shape, dtype), static=(dim,))
    compare(mg.sum, torch.sum, np.zeros(shape, dtype))


@pytest.mark.filterwarnings("ignore:var... degrees of freedom:UserWarning")  # PyTorch's, without reason
@pytest.mark.parametrize("name", [*SEVERAL, *ONE, *ALONG])
def test_an_empty_input_along_a_dimension_that_is_not_empty(name):
    ours, theirs = {**SEVERAL, **ONE, **ALONG}[name]
    more = () if name in ALONG else (False,)
    compare(ours, theirs, np.zeros((0, 3)), static=(1, *more))
    assert mg.argmax(np.zeros((0, 3)), 1).shape == (0,)


@pytest.mark.parametrize("correction", [0, 1, 2, 0.5])
def test_corrections_of_the_variance(correction):
    x = random((3, 4))
    compare(lambda t: mg.var(t, correction=correction), lambda t: torch.var(t, correction=correction), x)
    compare(lambda t: mg.var(t, 0, correction=correction), lambda t: torch.var(t, 0, correction=correction), x)
    compare(lambda t: np.var(t, axis=1, ddof=correction), lambda t: torch.var(t, 1, correction=correction), x)
    if correction in (0, 1):
        compare(lambda t: mg.var(t, bool(correction)), lambda t: torch.var(t, bool(correction)), x)
        compare(lambda t: t.var(0, bool(correction), True), lambda t: t.var(0, bool(correction), True), x)


def test_the_variance_of_equal_values_is_zero_with_slope_zero():
    compare(mg.var, torch.var, np.full(4, 3.0))


# --- the softmax family at extremes -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "x",
    [
        [1000.0, 0.0, -1000.0],
        [-1000.0, -1000.0, -1001.0],
        [1e4, 1e4, 0.0],
        [0.0, 0.0, 0.0],
        [-np.inf, 0.0, 1.0],
        [3.0],
    ],
    ids=str,
)
@DTYPES
def test_softmax_family_at_extremes(x, dtype):
    x = np.array([x, x[::-1]], dtype)
    for name in ALONG:
        compare(*ALONG[name], x, static=(1,), order=1)
    if dtype == "float64":
        compare(mg.logsumexp, torch.logsumexp, x, static=(1,), order=1)
    t = leaf(x)  # in float32 PyTorch loses digits of the gradient where the result is large
    mg.logsumexp(t, 1).sum().backward()
    np.testing.assert_allclose(t.grad.numpy(), mg.softmax(x.astype(np.float64), 1), rtol=1e-6, atol=1e-30)


def test_logsumexp_of_a_row_of_minus_infinity():
    x = leaf(np.array([[-np.inf, -np.inf], [0.0, 1.0]]))
    out = mg.logsumexp(x, 1)
    np.testing.assert_allclose(out.tolist(), torch.logsumexp(torch.tensor(x.tolist()), 1))
    out.sum().backward()
    assert x.grad[0].tolist() == [0, 0]  # PyTorch says NaN; no element of the row can move it
    np.testing.assert_allclose(x.grad[1].numpy(), mg.softmax(np.array([0.0, 1.0]), 0))


# --- calls ------------------------------------------------------------------------------------------------------------
CALLS = {
    "sum": [
        lambda x: mg.sum(x, 1, True),
        lambda x: mg.sum(x, dim=1, keepdim=True),
        lambda x: mg.sum(x, axis=1, keepdims=True),
        lambda x: mg.sum(input=x, dim=-1, keepdim=True),
        lambda x: x.sum(1, True),
        lambda x: x.sum(dim=1, keepdim=True),
        lambda x: x.sum(axis=1, keepdims=True),
        lambda x: np.sum(x, axis=1, keepdims=True),
        lambda x: np.sum(x, 1, keepdims=True),
        lambda x: x.sum(np.int64(1), True),
        lambda x: x.sum((1,), True),
        lambda x: x.sum([1], True),
    ],
    "mean": [
        lambda x: mg.mean(x, 1),
        lambda x: x.mean(dim=1),
        lambda x: x.mean(axis=-1),
        lambda x: np.mean(x, axis=1),
        lambda x: np.mean(x, 1),
        lambda x: x.mean(np.int64(1)),
        lambda x: x.mean([1]),
    ],
    "var": [
        lambda x: mg.var(x, 1),
        lambda x: x.var(dim=1),
        lambda x: x.var(axis=1),
        lambda x: x.var(1, correction=1),
        lambda x: np.var(x, axis=1, ddof=1),
        lambda x: np.var(x, 1, ddof=1),
        lambda x: x.var(np.int64(1)),
    ],
    "amax": [
        lambda x: mg.amax(x, 1),
        lambda x: x.amax(dim=1),
        lambda x: x.amax(axis=1),
        lambda x: np.max(x, axis=1),
        lambda x: np.amax(x, axis=1),
        lambda x: np.max(x, 1),
        lambda x: x.max(1).values,
        lambda x: x.max(np.int64(1)).values,
        lambda x: mg.max(x, dim=1).values,
    ],
    "amin": [
        lambda x: mg.amin(x, 1),
        lambda x: x.amin(dim=1),
        lambda x: np.min(x, axis=1),
        lambda x: np.amin(x, axis=1),
        lambda x: x.min(1).values,
        lambda x: x.min(axis=1).values,
        lambda x: x.min(np.int64(1)).values,
    ],
    "max of all": [mg.max, Tensor.max, Tensor.amax, np.max, np.amax],
    "min of all": [mg.min, Tensor.min, Tensor.amin, np.min, np.amin],
    "logsumexp": [lambda x: mg.logsumexp(x, 1), lambda x: x.logsumexp(dim=1), lambda x: x.logsumexp(axis=1)],
    "softmax": [lambda x: mg.softmax(x, 1), lambda x: x.softmax(dim=1), lambda x: x.softmax(axis=-1)],
    "log_softmax": [lambda x: mg.log_softmax(x, 1), lambda x: x.log_softmax(-1), lambda x: x.log_softmax(axis=1)],
}


@pytest.mark.parametrize("name", CALLS)
def test_every_door_leads_to_the_same_operation(name):
    x = leaf(random((3, 4)))
    first, *others = [(out, mg.autograd.grad((out * out).sum(), x)[0]) for out in (call(x) for call in CALLS[name])]
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_the_doors_without_a_gradient():
    values = np.array([[1.0, 0.0], [2.0, 3.0]])
    x = leaf(values)
    for call in (mg.argmax, Tensor.argmax, np.argmax):
        assert call(x).item() == 3 and call(x, axis=0).tolist() == [1, 1]
    for call in (mg.argmin, Tensor.argmin, np.argmin):
        assert call(x).item() == 1 and call(x, axis=1).tolist() == [1, 0]
    for call in (mg.all, Tensor.all, np.all):
        assert call(x).item() is False and call(x, axis=1).tolist() == [False, True]
    for call in (mg.any, Tensor.any, np.any):
        assert call(x).item() is True and call(x, axis=0).tolist() == [True, True]
    assert x.argmax(dim=1, keepdim=True).shape == (2, 1) and x.all(dim=0, keepdim=True).shape == (1, 2)


def test_plain_arrays_give_plain_results():
    x = random((3, 4))
    for function in (mg.sum, mg.mean, mg.var, mg.max, mg.min, mg.amax, mg.amin, mg.argmax):
        assert not isinstance(function(x), Tensor)
    np.testing.assert_allclose(mg.sum(x, 0), x.sum(0))
    np.testing.assert_allclose(mg.softmax(x, 1).sum(1), np.ones(3))
