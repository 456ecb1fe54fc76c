"""Running and scattered extremes and sums of integers and booleans keep their dtype, as in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")

DTYPES = ["int64", "int32", "int8", "uint8", "bool"]


def both(array: np.ndarray) -> tuple[mg.Tensor, torch.Tensor]:
    return mg.Tensor(array), torch.tensor(array)


def same(ours: mg.Tensor, theirs: torch.Tensor) -> None:
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("dtype", DTYPES)
def test_running_extremes(dtype):
    for array in (np.array([[1, 0, 1]], dtype), np.array(1, dtype)):
        ours, theirs = both(array)
        for name in ("cummax", "cummin"):
            same(getattr(ours, name)(-1).values, getattr(theirs, name)(-1).values)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduce", ["sum", "prod", "amax", "amin"])
@pytest.mark.parametrize("include_self", [False, True])
def test_scatter_reduce(dtype, reduce, include_self):
    x, values = np.array([1, 0, 1, 1], dtype), np.array([1, 1, 0, 1, 0], dtype)
    index = np.array([0, 0, 1, 1, 3])
    options = {"include_self": include_self}
    ours = mg.Tensor(x).scatter_reduce(0, mg.Tensor(index), mg.Tensor(values), reduce, **options)
    same(ours, torch.tensor(x).scatter_reduce(0, torch.tensor(index), torch.tensor(values), reduce, **options))
