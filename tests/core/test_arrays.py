"""What users hand over keeps its numbers: the dtype that is asked for, or a refusal that says what does not fit."""

from __future__ import annotations

import array
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


class OnlyArray:
    """An object of a library that NumPy knows by one method alone."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


FOREIGN = {
    "only __array__": OnlyArray(np.array([0.1, 1e300])),
    "array.array": array.array("d", [0.1, 1e300]),
    "memoryview": memoryview(np.array([0.1, 1e300])),
    "list of NumPy's numbers": [np.float64(0.1), 1e300],
    "number, then NumPy's": [0.1, np.float64(1e300)],
}
MAKERS = {
    "Tensor": lambda data, **options: Tensor(data, **options),
    "tensor": mg.tensor,
    "as_tensor": mg.as_tensor,
    "asarray": mg.asarray,
    "new_tensor": lambda data, **options: mg.zeros(1, dtype=mg.float64).new_tensor(data, **options),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_what_says_its_dtype_keeps_it_and_its_digits(data, maker):
    for options in ({}, {"dtype": np.float64}):
        made = maker(data, **options)
        assert made.dtype == np.float64 and made.tolist() == [0.1, 1e300]


def test_data_frames_keep_their_precision():
    pandas = pytest.importorskip("pandas", reason="data frames need pandas")
    frame = pandas.DataFrame({"a": [0.1, 0.2], "b": [1.0, 2.0]})
    assert mg.tensor(frame).dtype == np.float64 and mg.tensor(frame).tolist() == [[0.1, 1.0], [0.2, 2.0]]
    assert mg.tensor(frame["a"], dtype=np.float64).tolist() == [0.1, 0.2]
    assert mg.tensor(frame.astype("float32")).dtype == np.float32


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_numbers_go_straight_into_the_dtype_that_is_asked_for(maker):
    for number in (0.1, 1e300, 1 / 3, 2**53 + 1):
        assert maker(number, dtype=np.float64).item() == float(number)
        assert maker([[number]], dtype=np.float64).tolist() == [[float(number)]]
    assert maker([16777217.0, 2.0**53], dtype=np.int64).tolist() == [16777217, 2**53]
    assert maker([1.5, 2**62 + 1], dtype=np.int64).tolist() == [1, 2**62 + 1]  # no float between can hold it
    assert maker(2**70, dtype=np.float64).item() == 2.0**70
    assert maker(2**63, dtype=np.uint64).item() == 2**63


def test_python_floats_alone_become_the_default_dtype():
    for data in (0.1, [0.1], [[1, 2.5]], (0.1, True), []):
        assert mg.tensor(data).dtype == np.float32
    assert mg.tensor([1, True]).dtype == np.int64 and mg.tensor(range(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("number", [300, -1, 256.0, math.nan, math.inf, np.int64(300), np.float64(-1)], ids=repr)
@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_number_out_of_range_is_refused(maker, number):
    for data in (number, [0, number]):
        with pytest.raises(ValueError, match=r"does not fit into uint8, whose numbers lie between 0 and 255; use"):
            maker(data, dtype=np.uint8)
    assert maker([255, 0.9], dtype=np.uint8).tolist() == [255, 0]
    assert maker(number, dtype=bool).item() is True


@pytest.mark.parametrize("data", [2**63, 2**64, -(2**63) - 1, [1, 2**64], 10**400], ids=lambda data: str(data)[:24])
def test_integers_beyond_64_bits_are_refused(data):
    with pytest.raises(ValueError, match=r"does not fit into int64.*; use a larger dtype, such as np.float64"):
        mg.tensor(data)
    if data != 10**400:
        assert np.isfinite(mg.tensor(data, dtype=np.float64).numpy()).all()
    else:
        with pytest.raises(ValueError, match=r"10000000000000000000... of 401 digits does not fit into float64"):
            mg.tensor(data, dtype=np.float64)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="a long double is a double here")
def test_long_doubles_are_refused_with_the_cure():
    for data in (np.longdouble(1), np.ones(2, np.longdouble), [np.longdouble(1)]):
        with pytest.raises(TypeError, match=r"at most double precision, not .*array.astype\(np.float64\)"):
            mg.tensor(data)
    with pytest.raises(TypeError, match="at most double precision"):
        mg.zeros(2, dtype=np.longdouble)
    with pytest.raises(TypeError, match="at most double precision"):
        Tensor([1.0, 2.0]) * np.ones(2, np.longdouble)


@pytest.mark.parametrize("data", [None, [None], [1, None], "1", ["a"], [object], 1j, b"1"], ids=repr)
def test_what_is_no_number_is_refused(data):
    with pytest.raises(TypeError, match="a Tensor holds real numbers or booleans, not"):
        mg.tensor(data)


def test_floats_in_lists_take_the_precision_of_what_they_meet():
    x = Tensor(np.array([0.5, 0.25]))
    for out, expected in (
        (x + [0.1, 0.2], [0.6, 0.45]),
        ([0.1, 0.2] * x, [0.05, 0.05]),
        (mg.dot(x, [0.1, 0.2]), 0.1),
        (mg.einsum("i,i->i", x, [0.1, 0.2]), [0.05, 0.05]),
        (mg.hstack([x, [0.1]]), [0.5, 0.25, 0.1]),
        (mg.index_put(x, ([0],), [0.1]), [0.1, 0.25]),
    ):
        assert out.dtype == np.float64
        np.testing.assert_allclose(out.numpy(), expected, rtol=1e-15)
    assert mg.equal(x, [0.5, 0.25]) and mg.equal(Tensor([0.1], dtype=np.float64), [0.1])
    assert mg.searchsorted(Tensor([0.1], dtype=np.float64), [0.1]).tolist() == [0]
    assert (Tensor([1.0]) + [0.1]).dtype == np.float32


def test_a_gradient_given_as_numbers_keeps_its_digits():
    x = Tensor(np.ones(2), requires_grad=True)
    (x * 1).backward([0.1, 1e300])
    assert x.grad.tolist() == [0.1, 1e300]


# --- in what precision is computed ------------------------------------------------------------------------------------
@pytest.mark.parametrize("default", [np.float32, np.float64])
def test_functions_of_integers_compute_in_the_default_dtype(default):
    mg.set_default_dtype(default)
    try:
        x = Tensor(np.array([3, 12, 200], "uint8"))
        for function, expected in (
            (mg.exp, np.exp), (mg.sqrt, np.sqrt), (mg.sin, np.sin), (np.exp, np.exp), (np.sqrt, np.sqrt),
            (mg.sigmoid, lambda v: 1 / (1 + np.exp(-v))), (lambda v: v**2.0, np.square), (lambda v: v / 7,) * 2,
        ):  # fmt: skip
            with np.errstate(over="ignore"):
                out = function(x)
                assert out.dtype == default
                np.testing.assert_allclose(out.numpy(), expected(x.numpy().astype(default)), rtol=1e-6)
    finally:
        mg.set_default_dtype(np.float32)


def test_warnings_on_the_way_from_integers_to_fractions_are_those_of_the_result():
    assert mg.exp(Tensor(np.array([12], "int8"))).item() == pytest.approx(math.exp(12))  # inf in half precision
    with pytest.warns(RuntimeWarning, match="overflow encountered in exp"):
        assert mg.exp(Tensor([1000])).item() == math.inf
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert mg.log(Tensor([0])).item() == -math.inf


def test_a_single_number_does_not_widen_an_array():
    single, double = Tensor(np.ones(3, "float32"), requires_grad=True), Tensor(np.array(0.1), requires_grad=True)
    for out in (single * double, double * single, mg.where(Tensor([True, False, True]), single, double)):
        assert out.dtype == np.float32
        grads = mg.autograd.grad(out.sum(), [single, double])
        assert [g.dtype for g in grads] == [np.float32, np.float64]
    assert (Tensor(np.float32(1)) * double).dtype == np.float64  # both are single numbers
    assert (single * Tensor(np.array([0.1]))).dtype == np.float64  # an array of one element is an array


def test_sums_of_unsigned_integers_are_signed():
    x = Tensor(np.array([200, 100], "uint8"))
    for out in (mg.sum(x), mg.prod(x), np.sum(x), x.cumsum(0), mg.trace(Tensor(np.ones((2, 2), "uint8")))):
        assert out.dtype == np.int64
    assert mg.sum(Tensor(np.array([1], "uint64"))).dtype == np.uint64


def test_the_dtype_of_reductions_at_numpys_interface_is_the_third_argument():
    x = Tensor(np.array([[1, 2], [3, 4]], "uint8"))
    for function in (np.sum, np.mean, np.prod, np.nansum, np.nanmean, np.cumsum, np.cumprod):
        out, expected = function(x, 0, np.float64), function(x.numpy(), 0, np.float64)
        assert out.dtype == np.float64
        np.testing.assert_array_equal(out.numpy(), expected)
        assert function(x, axis=0, dtype=np.float32).dtype == np.float32
