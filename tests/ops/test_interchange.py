"""Memory shared with NumPy and PyTorch, in both directions."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.core.tensor import wrap
from minigrad.ops.creation import from_numpy
from minigrad.ops.interchange import from_dlpack
from tests.fake_device import DeviceArray


def test_read_only_arrays_stay_so():
    array = np.ones(3)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        from_numpy(array).zero_()


@pytest.mark.skipif(np.__version__.startswith("2.0."), reason="NumPy hands out read-only arrays since 2.1")
def test_read_only_arrays_stay_so_through_dlpack():
    array = np.ones(3)
    array.flags.writeable = False
    for t in (from_dlpack(array), from_dlpack(np.from_dlpack(from_numpy(array)))):
        with pytest.raises(ValueError, match="read-only"):
            t.zero_()
    assert not np.from_dlpack(from_numpy(array)).flags.writeable


def test_device_is_told():
    assert Tensor([1.0]).__dlpack_device__() == (1, 0)
    x = DeviceArray(np.ones(2))
    x.__dlpack__ = x.__dlpack_device__ = None
    assert from_dlpack(x)._array is x
    assert from_dlpack(wrap(np.ones(2), None)).shape == (2,)
