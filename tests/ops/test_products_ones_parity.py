"""Products over dimensions of size 1, and the shifts of integers."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from tests.parity import torch
from tests.walk import agree


def test_tensordot_over_sizes_of_one() -> None:
    rng = np.random.default_rng(0)
    given = 0
    for _ in range(300):
        ranks = rng.integers(1, 4, 2)
        a, b = (rng.normal(size=rng.integers(1, 3, rank) + (rng.random(rank) < 0.3)) for rank in ranks)
        count = int(rng.integers(0, min(ranks) + 1))
        dims = [rng.permutation(rank)[:count].tolist() for rank in ranks] if rng.random() < 0.7 else count
        given += agree(
            lambda a, b, dims=dims: minigrad.tensordot(a, b, dims),
            lambda a, b, dims=dims: torch.tensordot(a, b, dims),
            a,
            b,
        )
    assert given > 150


def test_numpy_does_not_repeat_a_size_of_one() -> None:
    with pytest.raises(ValueError, match="np.tensordot"):
        np.tensordot(Tensor(np.ones((2, 1))), np.ones((3, 2)), axes=([1], [0]))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "bool"])
@pytest.mark.parametrize("shift", [operator.lshift, operator.rshift, operator.ilshift, operator.irshift])
def test_shifts(shift, dtype) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0 if dtype in ("uint8", "bool") else -100, 100, 20).astype(dtype)
    by = rng.integers(0, 12, 20)
    inplace = shift.__name__.startswith("i")
    for other in (by.astype(dtype) if dtype != "bool" else by, 1):
        if inplace and dtype == "bool":
            continue
        mine, theirs = minigrad.tensor(x), torch.tensor(x)
        got = shift(mine, minigrad.tensor(other) if isinstance(other, np.ndarray) else other)
        expected = shift(theirs, torch.tensor(other) if isinstance(other, np.ndarray) else other)
        assert str(got.dtype) == str(expected.dtype).split(".")[-1]
        np.testing.assert_array_equal(got.numpy(), expected.numpy())
        assert (got is mine) == inplace
    assert (3 << minigrad.tensor([1, 2])).tolist() == [6, 12]
    assert (12 >> minigrad.tensor([1, 2])).tolist() == [6, 3]


def test_floats_are_not_shifted() -> None:
    with pytest.raises(TypeError, match="left_shift"):
        Tensor([1.0]) << 1
    x = minigrad.tensor([6, 5])
    row = x[:1]
    x &= 3
    x |= 8
    x ^= 1
    assert (x.tolist(), row.tolist()) == ([11, 8], [11])
