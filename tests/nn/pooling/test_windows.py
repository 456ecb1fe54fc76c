"""Pooling beside PyTorch's, over the product of its arguments."""

from __future__ import annotations

import numpy as np

from minigrad import Tensor, autograd
from minigrad.nn import functional as F


def test_the_first_of_equals_gets_the_gradient():
    x = Tensor(np.zeros((1, 1, 4, 4)), requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy()[0, 0], np.tile([[1.0, 0.0], [0.0, 0.0]], (2, 2)))


def test_gradcheck():
    x = Tensor(np.random.default_rng(0).permutation(2 * 7 * 8).reshape(2, 7, 8) / 10.0, requires_grad=True)
    assert autograd.gradcheck(lambda x: F.max_pool2d(x, 3, 2, 1), x)
    assert autograd.gradgradcheck(lambda x: F.max_pool2d(x, 2) * F.avg_pool2d(x, 2), x)
