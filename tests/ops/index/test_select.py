"""Gather, scatter, slices at indices and masks: PyTorch's functions, and NumPy's, with gradients."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.ops.index import basic as index_module
from minigrad.ops.index.basic import put


@pytest.mark.parametrize("few", [1, 4096])
def test_an_index_out_of_range_cannot_land_in_another_row(few, monkeypatch):
    monkeypatch.setattr(index_module, "FEW", few)
    with pytest.raises((ValueError, IndexError)):
        put(np.ones((1,)), index=(np.array([0]), np.array([5])), shape=(3, 4))


def test_products_that_are_scattered_have_second_derivatives_at_zero():
    index = np.array([0, 0, 0, 1])
    x, src = Tensor([2.0, 3.0], True, np.float64), Tensor([0.0, 5.0, 0.0, 7.0], True, np.float64)
    out = x.scatter_reduce(0, index, src, "prod")
    autograd.gradcheck(lambda x, src: x.scatter_reduce(0, index, src, "prod"), (x, src))
    autograd.gradgradcheck(lambda x, src: x.scatter_reduce(0, index, src, "prod"), (x, src))
    assert out.tolist() == [0.0, 21.0]


def test_a_product_does_not_pass_infinity_on_to_other_places():
    src = Tensor([np.inf, 2.0, 3.0], True)
    Tensor([1.0, 1.0]).scatter_reduce(0, [0, 1, 1], src, "prod").sum().backward()
    assert src.grad.tolist() == [1.0, 3.0, 2.0]
