"""Conversions to other types, and what a Tensor says about itself, against PyTorch's methods of the same names."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.core import dtypes
from minigrad.core.tensor import wrap
from minigrad.ops.convert import device
from tests.fake_device import DeviceArray


def test_messages():
    x = Tensor([1.0])
    with pytest.raises(TypeError, match="not a dtype"):
        x.to(3)
    with pytest.raises(TypeError, match="real numbers"):
        x.to(complex)
    with pytest.raises(TypeError, match="not colour"):
        x.to(np.float32, colour=1)
    with pytest.raises(TypeError, match=r"use .to\(dtype\)"):
        x.type_as(np.float32)


def test_device():
    x = Tensor([1.0])
    assert x.device == "cpu" and x.device.type == "cpu" and x.device.index is None
    assert isinstance(x.device, str) and str(x.device) == "cpu" and repr(x.device) == "device('cpu')"
    assert device() == device(None) == x.device and {x.device: 1}["cpu"] == 1
    assert pickle.loads(pickle.dumps(x.device)) == copy.deepcopy(x.device) == "cpu"
    assert x.cpu() is x


class OnGpu(DeviceArray):
    """A device array that tells where it is, as CuPy's do."""

    def __dlpack_device__(self):
        return 2, 1


def test_arrays_elsewhere_stay_there():
    x = wrap(OnGpu(np.array([1.0, 2.0])), None)
    assert x.device == "cuda:1" and x.device.type == "cuda" and x.device.index == 1
    assert x.to("cuda:1") is x
    np.testing.assert_array_equal(x.cpu().numpy(), [1, 2])
    with pytest.raises(ValueError, match=r"cuda:1 is not moved to cpu.*\.detach\(\)\.cpu\(\)"):
        x.to("cpu")
    with pytest.raises(RuntimeError, match=r"cuda:1 that requires grad.*\.detach\(\)\.cpu\(\)"):
        x.requires_grad_().cpu()
    assert wrap(DeviceArray(np.ones(2)), None).device.type == "DeviceArray"


def test_dtypes_are_numpys():
    for name, meant in {"half": "float16", "float_": "float32", "double": "float64", "long": "int64"}.items():
        assert getattr(dtypes, name) is np.dtype(meant) is getattr(dtypes, meant)
    assert Tensor([1.0]).dtype is dtypes.float32 and Tensor([1]).dtype is dtypes.int64
    assert Tensor([True]).dtype is dtypes.bool_ and dtypes.int_ is dtypes.int32 and dtypes.short is dtypes.int16
    assert not Tensor([1]).is_floating_point()
