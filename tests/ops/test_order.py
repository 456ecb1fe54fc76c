"""Sorting, ranks, medians and quantiles, searching and counting, against PyTorch and NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops import order, scan, search


def test_topk_of_equal_values_names_each_index_once():
    for n in (6, 40):
        x = Tensor(np.ones((2, n)), requires_grad=True)
        values, indices = order.topk(x, 3)
        assert all(len(set(row)) == 3 for row in indices.tolist())
        values.sum().backward()
        assert x.grad.numpy().sum() == 6 and x.grad.numpy().max() == 1


def test_gradient_of_numpys_median():
    x = Tensor([4.0, 1.0, 3.0, 2.0], requires_grad=True)
    np.median(x).backward()
    assert x.grad.tolist() == [0, 0, 0.5, 0.5]


def test_lists_and_arrays_stay_outside_of_tensors():
    rows = [[3.0, 1.0], [2.0, 5.0]]
    for given in (rows, np.array(rows)):
        for out in (
            order.sort(given).values, order.argsort(given), order.topk(given, 1).indices,
            order.kthvalue(given, 1).values,
            order.median(given, 0).values, order.median(given), order.quantile(given, 0.5), search.unique(given),
            scan.cummax(given, 0).indices, scan.diff(given), scan.cumsum(given, 0),
        ):  # fmt: skip
            assert isinstance(out, (np.ndarray, np.generic))
    assert order.median(3.0) == 3 and order.median(Tensor(3.0), 0).indices.item() == 0


# --- what does not fit ------------------------------------------------------------------------------------------------
def test_bad_arguments():
    t = Tensor([[1.0, 2.0]])
    for name in ("sort", "argsort"):
        with pytest.raises(IndexError, match=rf"{name}: dimension 2 does not exist in a Tensor of shape \(1, 2\)"):
            getattr(order, name)(t, 2)
    for k in (-1, 3):
        with pytest.raises(ValueError, match=rf"topk: k is 0 to 2 for dimension -1 of shape \(1, 2\), got {k}"):
            order.topk(t, k)
    with pytest.raises(ValueError, match=r"kthvalue: k is 1 to 2 .*got 0"):
        order.kthvalue(t, 0)
    with pytest.raises(ValueError, match="q is a number or a row of numbers from 0 to 1, got 2"):
        order.quantile(t, 2)
    with pytest.raises(ValueError, match="the interpolation is one of .*got 'cubic'"):
        order.quantile(t, 0.5, interpolation="cubic")
    with pytest.raises(TypeError, match="bincount counts a row of integers, got float32"):
        search.bincount(t)
    with pytest.raises(ValueError, match="from 0 on, got -1"):
        search.bincount(Tensor([-1, 2]))
    with pytest.raises(ValueError, match=r"a sequence of shape \(1, 2\) and values of shape \(2,\)"):
        search.searchsorted(t, Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="one choice is missing"):
        search.where(t > 0, t)
    with pytest.raises(ValueError, match="min=2 is above max=1"):
        search.histc(t, 4, 2, 1)
