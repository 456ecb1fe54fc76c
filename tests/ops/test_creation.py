"""Creation functions against PyTorch's: values, shapes, dtypes; what shares memory; what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops import creation
from tests.fake_device import DeviceArray


def test_like_another_stays_on_its_device():
    x = Tensor(DeviceArray(np.ones((2, 3))))
    for made in (
        creation.zeros_like(x),
        creation.ones_like(x),
        creation.full_like(x, 2),
        x.new_zeros(2),
        x.new_full((2,), 1),
    ):
        assert isinstance(made._array, DeviceArray)


def test_of_a_tensor_that_requires_grad():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for made in (creation.zeros_like(x), creation.ones_like(x), creation.full_like(x, 2.0), x.new_zeros(3)):
        assert not made.requires_grad
    assert creation.zeros_like(x * 2, requires_grad=True).is_leaf


def test_requires_grad():
    for made in (
        creation.zeros(2, requires_grad=True), creation.ones(2, requires_grad=True),
        creation.eye(2, requires_grad=True),
        creation.full((2,), 1.0, requires_grad=True), creation.linspace(0, 1, 3, requires_grad=True),
        creation.arange(3.0, requires_grad=True), creation.tensor([1.0], requires_grad=True),
        creation.empty(2, requires_grad=True), creation.zeros_like([1.0], requires_grad=True),
        creation.asarray([1.0], requires_grad=True), creation.logspace(0, 1, 3, requires_grad=True),
    ):  # fmt: skip
        assert made.requires_grad and made.is_leaf
        made.sum().backward()
        np.testing.assert_array_equal(made.grad.numpy(), np.ones(made.shape))
    with pytest.raises(TypeError, match=r"floating-point.*int64"):
        creation.arange(3, requires_grad=True)


def test_the_default_dtype_is_followed():
    mg.set_default_dtype(np.float64)
    try:
        for made in (creation.zeros(2), creation.linspace(0, 1, 3), creation.arange(3.0), creation.tensor(1.0)):
            assert made.dtype == np.float64
        assert creation.full((2,), 1.0).dtype == creation.eye(2).dtype == np.float64
    finally:
        mg.set_default_dtype(np.float32)


# --- memory -----------------------------------------------------------------------------------------------------------
def test_sharing():
    array = np.arange(4.0)
    for make in (creation.from_numpy, creation.as_tensor, creation.asarray):
        t = make(array)
        assert t._array is array and t.dtype == np.float64
        t.zero_()
        assert not array.any()
        array[:] = 3
        assert t.tolist() == [3, 3, 3, 3]
    view = np.arange(12.0).reshape(3, 4)[::2, ::-1]
    creation.from_numpy(view)[0, 0] = -1
    assert view.base[3] == -1
    for make in (
        creation.tensor,
        lambda a: creation.asarray(a, copy=True),
        lambda a: creation.as_tensor(a, np.float32),
    ):
        assert not np.shares_memory(make(array)._array, array)


def test_a_read_only_array_stays_so():
    array = np.ones(3)
    array.flags.writeable = False
    t = creation.from_numpy(array)
    with pytest.raises(ValueError, match="read-only"):
        t.zero_()
    assert (t + 1).tolist() == [2, 2, 2]


def test_tensors_keep_their_graph():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    assert creation.as_tensor(y) is y and creation.asarray(y) is y
    creation.as_tensor(y, dtype=np.float64).sum().backward()
    assert x.grad.tolist() == [2, 2]
    assert creation.asarray(x, copy=True)._node.name == "clone"


def test_asarray_copy_false():
    with pytest.raises(ValueError, match=r"copy of this list is needed .*copy=None"):
        creation.asarray([1.0], copy=False)
    with pytest.raises(ValueError, match="copy of this ndarray"):
        creation.asarray(np.ones(2), dtype=np.float32, copy=False)
    assert creation.asarray(np.ones(2), copy=False).shape == (2,)


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "mention"),
    [
        (lambda: creation.zeros(-1, 3), ValueError, r"zeros: a size is at least 0, got \(-1, 3\)"),
        (lambda: creation.ones(2.5), TypeError, r"ones: sizes are integers, got \(?2.5"),
        (lambda: creation.full(("a",), 1), TypeError, "full: sizes are integers"),
        (lambda: creation.full((2,), [1, 2]), TypeError, r"full: fill_value is one number, got shape \(2,\)"),
        (lambda: creation.full((2,), Tensor(1.0, requires_grad=True)), TypeError, r"requires grad.*zeros\(n\) \+ t"),
        (lambda: creation.full((2,), 1j), TypeError, "fill_value is a number"),
        (lambda: creation.full((2,), "a"), TypeError, "fill_value is a number, got 'a'"),
        (lambda: creation.arange(0, 5, 0), ValueError, r"arange\(0, 5, 0\)"),
        (lambda: creation.arange(0, 5, -1), ValueError, r"arange\(0, 5, -1\)"),
        (lambda: creation.arange(0, float("inf")), ValueError, "finite"),
        (lambda: creation.arange([1, 2]), TypeError, "end is one number"),
        (lambda: creation.linspace(0, 1, -1), ValueError, "linspace: a size is at least 0"),
        (lambda: creation.linspace(0, 1, 2.5), TypeError, "linspace: sizes are integers"),
        (lambda: creation.eye(-2), ValueError, "eye"),
        (lambda: creation.zeros(2, device="cuda"), ValueError, "no device 'cuda'"),
        (lambda: creation.tensor([1.0], device="cuda:0"), ValueError, "no device 'cuda:0'"),
        (lambda: creation.zeros(2, dtype=complex), TypeError, "real numbers"),
        (lambda: creation.zeros(2, dtype="nope"), TypeError, "not a dtype"),
        (lambda: creation.from_numpy([1.0]), TypeError, r"ndarray, got list.*minigrad.tensor"),
        (lambda: creation.from_numpy(np.array(["a"])), TypeError, "real numbers"),
        (lambda: Tensor([1.0]).new_zeros(-1), ValueError, "new_zeros: a size"),
        (lambda: creation.full_like(Tensor([1.0]), [1, 2]), TypeError, "full_like: fill_value"),
    ],
)  # fmt: skip
def test_messages(call, error, mention):
    with pytest.raises(error, match=mention):
        call()
