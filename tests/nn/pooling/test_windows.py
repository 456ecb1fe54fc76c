"""Pooling beside PyTorch's, over the product of its arguments."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.nn import functional as F
from minigrad.nn.kernels import pooling
from minigrad.nn.kernels.pooling import largest


def test_the_first_of_equals_gets_the_gradient():
    x = Tensor(np.zeros((1, 1, 4, 4)), requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy()[0, 0], np.tile([[1.0, 0.0], [0.0, 0.0]], (2, 2)))


@pytest.mark.parametrize("recorded", [True, False])
def test_indices_cost_no_second_search(monkeypatch, recorded):
    found = []
    monkeypatch.setattr(pooling, "largest", lambda *args, **how: found.append(args[1]) or largest(*args, **how))
    x = Tensor(np.random.default_rng(0).standard_normal((2, 3, 8, 8)), requires_grad=recorded)
    F.max_pool2d(x, 2, return_indices=True)
    assert found == [3, 2]


def test_only_the_winners_are_kept():
    x = Tensor(np.arange(24.0).reshape(1, 1, 4, 6), requires_grad=True)
    pooled = F.max_pool2d(x + 0, 2)
    (winner,) = [part for part in pooled._node.saved if isinstance(part, np.ndarray)]
    assert winner.dtype.kind in "bu" and winner.shape == pooled.shape


def test_gradcheck():
    x = Tensor(np.random.default_rng(0).permutation(2 * 7 * 8).reshape(2, 7, 8) / 10.0, requires_grad=True)
    assert autograd.gradcheck(lambda x: F.max_pool2d(x, 3, 2, 1), x)
    assert autograd.gradgradcheck(lambda x: F.max_pool2d(x, 2) * F.avg_pool2d(x, 2), x)
