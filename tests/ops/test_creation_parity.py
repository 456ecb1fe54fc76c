"""Creation functions against PyTorch's: values, shapes, dtypes; what shares memory; what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops import creation
from tests.parity import torch

DTYPES = {None: None, np.float64: torch.float64, np.float32: torch.float32, np.int64: torch.int64, bool: torch.bool}
SIZES = [(), (0,), (3,), (2, 3), (2, 0, 3)]


def same(ours, theirs):
    assert type(ours) is Tensor and ours.is_leaf
    assert ours.dtype == theirs.numpy().dtype and ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["zeros", "ones"])
def test_by_size(name, size, dtype):
    make, model = getattr(creation, name), getattr(torch, name)
    for arguments in ((size,), (list(size),), size):
        same(make(*arguments, dtype=dtype), model(size, dtype=DTYPES[dtype]))
    assert creation.empty(*size, dtype=dtype).shape == size
    assert creation.empty(size, dtype=dtype).dtype == model(size, dtype=DTYPES[dtype]).numpy().dtype


@pytest.mark.parametrize("value", [1, 1.5, True, -3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_full(value, dtype):
    same(creation.full((2, 3), value, dtype=dtype), torch.full((2, 3), value, dtype=DTYPES[dtype]))
    same(creation.full((), value, dtype=dtype), torch.full((), value, dtype=DTYPES[dtype]))
    same(creation.full((2,), Tensor(value), dtype=dtype), torch.full((2,), value, dtype=DTYPES[dtype]))
    assert creation.full((2,), np.float64(1.5)).dtype == np.float32


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", [np.float32, np.float64, np.int64, bool])
def test_like_another(given, dtype):
    array = np.ones((2, 3), given)
    ours, theirs = Tensor(array), torch.tensor(array)
    same(creation.zeros_like(ours, dtype=dtype), torch.zeros_like(theirs, dtype=DTYPES[dtype]))
    same(creation.ones_like(ours, dtype=dtype), torch.ones_like(theirs, dtype=DTYPES[dtype]))
    same(creation.full_like(ours, 1, dtype=dtype), torch.full_like(theirs, 1, dtype=DTYPES[dtype]))
    assert creation.empty_like(ours, dtype=dtype).dtype == torch.empty_like(theirs, dtype=DTYPES[dtype]).numpy().dtype
    same(ours.new_zeros(2, 2, dtype=dtype), theirs.new_zeros(2, 2, dtype=DTYPES[dtype]))
    same(ours.new_ones((2, 2), dtype=dtype), theirs.new_ones((2, 2), dtype=DTYPES[dtype]))
    same(ours.new_full((2,), 1, dtype=dtype), theirs.new_full((2,), 1, dtype=DTYPES[dtype]))
    assert ours.new_empty(3, dtype=dtype).shape == (3,)
    same(ours.new_tensor([1, 2]), torch.tensor([1, 2], dtype=theirs.dtype))


RANGES = [
    (5,), (0,), (2, 7), (2, 9, 3), (9, 2, -3), (5.0,), (0, 1, 0.25), (0.5, 3), (1, 0, -0.3), (0, 1, 0.1), (-3, 3.5, 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "dtype"),
    [
        (arguments, dtype)
        for arguments in RANGES
        for dtype in (None, np.float64, np.int64)
        if dtype is not np.int64 or all(isinstance(a, int) for a in arguments)  # PyTorch rounds the bounds first
    ],
    ids=str,
)
def test_arange(arguments, dtype):
    same(creation.arange(*arguments, dtype=dtype), torch.arange(*arguments, dtype=DTYPES[dtype]))


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 100])
@pytest.mark.parametrize(("start", "end"), [(0, 1), (3.0, -2.5), (-5, 5), (2, 2)])
@pytest.mark.parametrize("dtype", [None, np.float64])
def test_linspace_and_logspace(start, end, steps, dtype):
    same(creation.linspace(start, end, steps, dtype=dtype), torch.linspace(start, end, steps, dtype=DTYPES[dtype]))
    same(
        creation.logspace(start, end, steps, 2, dtype=dtype), torch.logspace(start, end, steps, 2, dtype=DTYPES[dtype])
    )
    same(creation.linspace(Tensor(start), Tensor(end), steps), torch.linspace(start, end, steps))


@pytest.mark.parametrize("arguments", [(3,), (2, 4), (4, 2), (0,), (0, 3)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_eye(arguments, dtype):
    same(creation.eye(*arguments, dtype=dtype), torch.eye(*arguments, dtype=DTYPES[dtype]))


@pytest.mark.parametrize(
    "data", [1, 1.5, True, [1, 2], [1.0, 2], [[1.0], [2.0]], [], [[]], np.arange(3), np.ones(2), np.float64(2)], ids=str
)
def test_from_data(data):
    theirs = torch.tensor(data)
    if isinstance(data, np.float64):
        theirs = theirs.double()
    for make in (creation.tensor, creation.as_tensor, creation.asarray):
        same(make(data), theirs)
        same(make(data, dtype=np.float64), theirs.double())
