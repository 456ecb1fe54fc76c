"""Conversions to other types, and what a Tensor says about itself, against PyTorch's methods of the same names."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.core import dtypes
from minigrad.core.tensor import wrap
from minigrad.ops.convert import device
from tests.parity import LAYOUTS, compare, leaf, random, torch

CONVERSIONS = ["float", "double", "half", "long", "int", "short", "byte", "bool"]
VALUES = np.array([[-0.0, 1.7, 2.2], [3.0, 250.9, 0.4]])


@pytest.mark.parametrize("source", ["float64", "float32", "float16", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversion(name, source):
    array = VALUES.astype(source)
    ours, theirs = getattr(Tensor(array), name)(), getattr(torch.tensor(array), name)()
    assert ours.dtype == theirs.numpy().dtype
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("name", ["float", "double", "half"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradient_of_a_conversion(name, dtype):
    compare(lambda t: getattr(t * 2, name)(), lambda t: getattr(t * 2, name)(), np.array([1.0, 2.0], dtype), order=1)


@pytest.mark.parametrize("name", ["long", "int", "bool"])
def test_integers_carry_no_gradient(name):
    assert not getattr(leaf(VALUES), name)().requires_grad


def test_to():
    x = leaf(VALUES.astype(np.float32))
    assert x.to(np.float32) is x and x.float() is x and x.to("cpu") is x and x.to(device("cpu")) is x
    assert x.to(dtypes.float64).dtype == x.to("float64").dtype == x.to(float).dtype == x.double().dtype == np.float64
    assert x.to("cpu", np.float64).dtype == x.to(device="cpu", dtype=np.float64).dtype == np.float64
    assert x.to(Tensor([1])).dtype == x.type_as(Tensor([1])).dtype == np.int64
    assert x.to(torch.device("cpu")) is x and x.to(None) is x
    assert x.to("cpu", None, True) is x and x.to(np.float32, non_blocking=True) is x
    duplicate = x.to(np.float32, copy=True)
    assert duplicate is not x and duplicate.requires_grad and not np.shares_memory(duplicate._array, x._array)
    assert x.type() == "float32" and x.type(np.float64).type() == "float64"


@pytest.mark.parametrize("target", ["cuda", "cuda:0", "mps", "meta", torch.device("meta")])
def test_other_devices_are_refused(target):
    x = Tensor([1.0])
    for call in (lambda: x.to(target), lambda: x.to(device=target), lambda: device(target)):
        with pytest.raises(ValueError, match=f"no device '{target}'.*CPU.*cupy"):
            call()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_it_says_about_itself(layout):
    array = LAYOUTS[layout](random)
    ours, theirs = wrap(array, None), torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape))
    for name in ("dim", "numel", "nelement", "element_size", "is_floating_point"):
        assert getattr(ours, name)() == getattr(theirs, name)(), name
    assert ours.nbytes == theirs.nbytes
    assert np.size(ours) == ours.numel()
    assert ours.is_contiguous() == array.flags.c_contiguous
    assert ours.contiguous().is_contiguous()
    assert (ours.contiguous() is ours) == array.flags.c_contiguous
    compare(lambda t: t.contiguous(), lambda t: t.contiguous(), array)


def test_size():
    ours, theirs = Tensor(np.ones((2, 3))), torch.ones(2, 3)
    assert ours.size() == tuple(theirs.size()) == (2, 3)
    for dim in (0, 1, -1, -2):
        assert ours.size(dim) == theirs.size(dim)
    assert Tensor(1.0).size() == ()
    with pytest.raises(IndexError, match=r"size: dimension 2 does not exist .*\(2, 3\)"):
        ours.size(2)
