"""Joining Tensors that may be of PyTorch's old empty shape, (0,)."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from tests.parity import torch
from tests.walk import agree

SHAPES = [(0,), (0,), (2,), (2, 3), (2, 0), (1, 3), (2, 3, 1)]


def test_cat_takes_what_pytorch_takes():
    rng = np.random.default_rng(0)
    given = 0
    for _ in range(600):
        parts = [rng.normal(size=SHAPES[rng.integers(len(SHAPES))]) for _ in range(rng.integers(1, 4))]
        dim = int(rng.integers(-3, 3))
        empties = [p.shape == (0,) for p in parts]
        if not all(empties) or dim in (0, -1):  # of nothing but those, PyTorch does not look at the dimension
            given += agree(
                lambda *t, dim=dim: minigrad.cat(t, dim), lambda *t, dim=dim: torch.cat(t, dim), *parts, order=1
            )
    assert given > 150


def test_an_empty_start_takes_part_in_the_dtype_and_in_the_graph():
    start = Tensor(np.zeros(0, np.float64), requires_grad=True)
    joined = minigrad.cat([start, minigrad.ones(2, 3)], 1)
    assert joined.dtype == np.float64
    assert joined.shape == (2, 3)
    joined.sum().backward()
    assert start.grad.shape == (0,)


def test_the_stacks_that_pytorch_refuses_are_refused():
    parts = [minigrad.zeros(0), minigrad.ones(2, 3)]
    assert minigrad.hstack(parts).shape == (2, 3)
    for join in (minigrad.vstack, minigrad.dstack, minigrad.stack):
        with pytest.raises(ValueError, match="shape|size"):
            join(parts)
